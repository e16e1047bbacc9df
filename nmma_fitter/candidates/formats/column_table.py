"""Tables that come by column with units (ECSV, VOTable, FITS, Parquet) as records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..columns import chosen
from ..fields import MICROJANSKY
from ..rows import Place
from .base import Photometry
from .table_rows import MOST_ROWS, Record, rows_of

LONGEST_TEXT = 1000  # characters of one field
_SYSTEMS = {"mag(ab)": "ab", "abmag": "ab", "mag_ab": "ab", "mag(vega)": "vega", "vegamag": "vega"}
_PLAIN = ("", "mag", "magnitude")
_SCALES = ("", "utc", "tai")


def rows_of_columns(
    place: Place,
    columns: Mapping[str, Sequence[Any]],
    bands: str,
    *,
    units: Mapping[str, str] | None = None,
    scale: str = "",
) -> Photometry:
    """Photometry of columns of equal length.

    Parameters
    ----------
    place : Place
        The file; rows are counted from 1.
    columns : mapping of name to sequence
        Numbers, texts, bytes, or None where there is no value.
    bands : str
        Survey of bare band letters.
    units : mapping of name to str, optional
        As the file writes them.
    scale : str
        Time scale, where the file states one.

    Raises
    ------
    BadInput
        As `rows_of`; also for a unit or a time scale that is not known.
    """
    names = {name.strip().lower(): values for name, values in columns.items()}
    stated = {name.strip().lower(): unit for name, unit in (units or {}).items()}
    records = _records(place, names)
    return rows_of_records(place, list(names), records, bands, units=stated, scale=scale)


def rows_of_records(
    place: Place,
    columns: Sequence[str],
    records: Iterable[Record],
    bands: str,
    *,
    units: Mapping[str, str],
    scale: str = "",
) -> Photometry:
    """Photometry of records whose columns have units, by lower-case name; else as `rows_of`."""
    found = chosen(columns)
    unit = _flux_unit(place, found.get("flux", ""), units)
    system = _system(place, found.get("mag", ""), units)
    meanings, said = _times(place, found, scale)
    result = rows_of(
        place, columns, records, bands, meanings=meanings, system=system, flux_unit=unit
    )
    return replace(result, notes=(*said, *result.notes))


def _flux_unit(place: Place, column: str, units: Mapping[str, str]) -> str:
    unit = units.get(column, "").strip().lower().replace("micro-", "micro")
    if not unit or unit in MICROJANSKY:
        return unit
    if unit in ("adu", "dn", "count", "ct", "counts", "electron", "maggy", "nmgy"):
        return ""  # of which the zero point says the rest
    raise place.error(
        f"column {column[:40]!a} is in {unit[:40]!a}, which is not read; convert it to uJy"
    )


def _system(place: Place, column: str, units: Mapping[str, str]) -> str:
    unit = units.get(column, "").strip().lower().replace(" ", "")
    if unit in _PLAIN:
        return ""
    if unit in _SYSTEMS:
        return _SYSTEMS[unit]
    raise place.error(
        f"column {column[:40]!a} is in {unit[:40]!a}, not AB or Vega magnitudes; convert it"
    )


def _times(
    place: Place, found: Mapping[str, str], scale: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Meanings of the columns of time in the scale that the file states."""
    scale = scale.strip().lower()
    mjd = next((found[key] for key in ("mjd", "time") if key in found), "")
    if scale == "tai" and mjd and "tai" not in found:
        return {"tai": mjd, "mjd": "", "time": ""}, ()
    if scale in _SCALES:
        return {}, ()
    if scale in ("tdb", "tt", "tcb", "tcg"):
        return {}, (f"times are {scale.upper()}, used as they are: up to 90 s from UTC",)
    raise place.error(f"the time scale {scale[:20]!a} is not known; convert the times to MJD (UTC)")


def check_rows(place: Place, count: int) -> None:
    """Refuse a table of more rows than an object can have, before they are read."""
    if not 0 <= count <= MOST_ROWS:
        raise place.error(
            f"has more than {MOST_ROWS} rows, so is not one object's light curve; "
            "deliver one file per object"
        )


def _records(place: Place, columns: Mapping[str, Sequence[Any]]) -> Iterator[Record]:
    for row, values in enumerate(zip(*columns.values(), strict=True), start=1):
        here = Place(place.path, row)
        yield (
            here,
            {
                name: field_text(here, name, value)
                for name, value in zip(columns, values, strict=True)
            },
        )


def field_text(place: Place, name: str, value: Any) -> str:
    """A value as the field of a text table has it; empty for none."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if value is None or isinstance(value, (list, dict, tuple)):
        return ""
    text = str(value).strip("\0 ")
    if len(text) > LONGEST_TEXT:
        raise place.error(f"{name[:40]!a} is longer than {LONGEST_TEXT} characters; correct it")
    return text
