"""Rows of a table with named columns, whatever it was written in: text, FITS, JSON, an alert."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...errors import BadInput
from ..cells import Cells
from ..columns import check_columns, check_meanings, chosen
from ..fluxes import unit_of
from ..lightcurve import is_word
from ..moments import NOTES, mjd_of
from ..rows import Place, Row, is_missing
from .base import Photometry
from .table_bands import Bands
from .table_values import row_of
from .tally import Tally

Record = tuple[Place, Mapping[str, str]]
"""A row: where it is, and the text of each column by its lower-case name."""

MOST_ROWS = 50_000
_FORCED_ORIGINS = ("fp", "forced")  # SkyPortal's origin: "fp", "alert_fp", "forced photometry"
_KEPT = {"", "0", "0.0", "false", "f", "no", "n"}
_DELETED = "a mark of deletion"


def rows_of(
    place: Place,
    columns: Sequence[str],
    records: Iterable[Record],
    bands: str,
    *,
    survey: str | None = None,
    meanings: Mapping[str, str] | None = None,
    system: str = "",
    flux_unit: str = "",
    forced: bool | None = None,
    instrument: str = "",
) -> Photometry:
    """Photometry of a table's records.

    Parameters
    ----------
    place : Place
        The file, for messages about all of it.
    columns : sequence of str
        Names in lower case, in the file's order.
    records : iterable of (Place, mapping of column to text)
        A column that a mapping lacks is an empty field.
    bands : str
        Survey of bare band letters where nothing else says whose they are.
    survey : str, optional
        Whose file it is: bare letters are that survey's, and its R, G, I are its r, g, i.
    meanings : mapping of meaning to column, optional
        Over what the names say, see `columns.chosen`.
    system : str
        ``ab`` or ``vega`` where no column says; empty where it is not known.
    flux_unit : str
        ``ujy``, ``njy``, ``mjy`` or ``jy`` where neither a name nor a column says.
    forced : bool, optional
        Whether all of it is forced photometry; by default columns say, and a flux is.
    instrument : str
        Of all rows where no column says.

    Raises
    ------
    BadInput
        One line with file, row or column, and remedy; also when nothing usable is left.
    """
    check_columns(place, columns)
    found = chosen(columns, meanings)
    check_meanings(place, columns, found)
    found, unit = _with_unit(place, found, flux_unit)
    table = _Table(bands, survey, system, unit, forced, instrument)
    read = [table.row(Cells(where, fields, found)) for where, fields in _bounded(place, records)]
    rows = [row for row in read if row is not None]
    name = table.object_name(place, found)
    notes = table.tally.notes()
    if read and not rows:
        raise table.tally.first or place.error(f"no usable row ({'; '.join(notes)}); check it")
    return Photometry(name, tuple(rows), notes)


def _with_unit(
    place: Place, columns: dict[str, str], given: str
) -> tuple[dict[str, str], str | None]:
    """Columns that count, and the flux's unit: one that is unknown does not spoil magnitudes."""
    has_magnitudes = {"mag", "mag_err"} <= columns.keys()
    if not has_magnitudes:
        return {key: one for key, one in columns.items() if key != "mag"}, unit_of(
            place, columns, given
        )
    try:
        unit = unit_of(place, columns, given)
    except BadInput:
        unit = None
    if unit is None and not {"zp", "unit"} & columns.keys():
        columns = {key: one for key, one in columns.items() if key not in ("flux", "flux_err")}
    return columns, unit


def _bounded(place: Place, records: Iterable[Record]) -> Iterator[Record]:
    for count, record in enumerate(records):
        if count >= MOST_ROWS:
            raise place.error(
                f"has more than {MOST_ROWS} rows, so is not one object's light curve; "
                "deliver one file per object"
            )
        yield record


@dataclass
class _Table:
    """A table as it is being read."""

    bands: str
    survey: str | None
    system: str
    unit: str | None
    forced: bool | None
    instrument: str
    tally: Tally = field(default_factory=Tally)
    objects: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._band = Bands(self.bands, self.survey, self.tally)

    def row(self, cells: Cells) -> Row | None:
        """One row, or None where it is left out."""
        self._note_object(cells)
        if cells.word("delete").lower() not in _KEPT:
            self.tally.leave_out(cells.place, _DELETED)
            return None
        band = self._band.of(cells)
        if band is None:
            return None
        mjd, scale = mjd_of(cells)
        found = row_of(cells, mjd, band, self.system, self.unit, self.tally)
        if found is None:
            return None
        if scale in NOTES:
            self.tally.say(NOTES[scale])
        forced = self._is_forced(cells)
        if forced is None:
            forced = not math.isnan(found.flux)
        return replace(found, forced=forced, instrument=_instrument(cells) or self.instrument)

    def object_name(self, place: Place, columns: Mapping[str, str]) -> str | None:
        """The one object's name, if a column gives it; raises `BadInput` where it gives two."""
        if len(self.objects) < 2:
            return next(iter(self.objects), None)
        names = sorted(self.objects)
        shown = ", ".join(map(reprlib.repr, names[:5])) + (", ..." if len(names) > 5 else "")
        raise place.error(
            f"holds several objects ({shown}, in column {columns['object']}); "
            "deliver one file per object"
        )

    def _note_object(self, cells: Cells) -> None:
        name = cells.text("object")
        if not is_missing(name):
            self.objects.add(name)

    def _is_forced(self, cells: Cells) -> bool | None:
        if self.forced is not None:
            return self.forced
        if cells.has("forced"):
            return bool(cells.flag("forced"))
        if cells.has("origin"):
            origin = cells.text("origin").lower()
            return any(word in origin for word in _FORCED_ORIGINS) or None
        return None


def _instrument(cells: Cells) -> str:
    """Telescope, instrument and camera of a row, as far as columns name them."""
    meanings = ("telescope", "instrument", "camera", "source")
    words = dict.fromkeys(filter(None, map(cells.word, meanings)))
    text = " ".join(words)
    if not is_word(text):
        raise cells.place.error(
            "the name of its telescope is too long or has characters that do not print; correct it"
        )
    return text
