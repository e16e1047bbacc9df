"""Tables with a header: survey files, SkyPortal exports, alerts."""

from __future__ import annotations

import csv
import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..rows import Place, Row, band_of, checked, mjd_from_number, number, report_left_out
from .base import Content, Format, Photometry

log = logging.getLogger(__name__)

MOST_COLUMNS = 1000
NOT_MEASURED = 99.0  # the survey's mark
_ALERT_BANDS = {1.0: "ztfg", 2.0: "ztfr", 3.0: "ztfi"}  # fid of ZTF alerts
_NO = {"", "0", "0.0", "false", "f", "no", "n", "none", "nan"}
_OBJECT_COLUMNS = ("obj_id", "object_id", "objectid")
_FORCED_ORIGINS = ("fp", "forced")  # SkyPortal's origin: "fp", "alert_fp", "forced photometry"


@dataclass(frozen=True)
class Layout:
    """Which column of a table holds what.

    Attributes
    ----------
    name : str
        Name of the format.
    mag, mag_err, limit : str
        Columns, in lower case.
    survey : str, optional
        Survey of bare band letters; None where the reader must be told.
    """

    name: str
    mag: str
    mag_err: str
    limit: str
    survey: str | None = None


LAYOUTS = (
    Layout("survey", "mag", "mag_unc", "limmag", "ztf"),
    Layout("skyportal", "mag", "magerr", "limiting_mag"),
    Layout("alert", "magpsf", "sigmapsf", "diffmaglim", "ztf"),
)


def table_rows(path: Path, lines: Sequence[str], bands: str) -> tuple[str | None, list[Row]]:
    """Object's name, where the table has one, and its measurements.

    Parameters
    ----------
    path : Path
        For messages.
    lines : sequence of str
        The file's lines, the header first.
    bands : str
        Survey of bare band letters where the format leaves it open.

    Raises
    ------
    BadInput
        At the header or the first row that cannot be used.
    """
    records = _records(path, lines)
    header = next(records, None)
    if header is None:
        raise Place(path).error("is empty; write or deliver it again")
    columns = _columns(*header)
    layout = _layout(header[0], columns)
    if layout.survey is None:
        log.info("%s: bare band letters, if any, are taken as %s's", Place(path), bands)
    data = [(place, _record(place, columns, fields)) for place, fields in records]
    wanted = [(place, record) for place, record in data if not _unwanted(record)]
    rows = [_table_row(place, record, layout, bands) for place, record in wanted]
    _report(path, data, wanted, rows)
    return _object(path, [record for _, record in data]), [row for row in rows if row is not None]


_Record = tuple[Place, Mapping[str, str]]


def _report(path: Path, data: list[_Record], wanted: list[_Record], rows: list[Row | None]) -> None:
    used = {place.row for place, _ in wanted}
    unwanted = [place.row or 0 for place, _ in data if place.row not in used]
    report_left_out(path, unwanted, "a mark of deletion or a negative subtraction", logging.INFO)
    empty = [place.row or 0 for (place, _), row in zip(wanted, rows, strict=True) if row is None]
    report_left_out(path, empty, "neither a magnitude nor a limit", logging.WARNING)


def _record(place: Place, columns: list[str], fields: list[str]) -> Mapping[str, str]:
    if len(fields) != len(columns):
        raise place.error(
            f"has {len(fields)} fields where the header has {len(columns)}; "
            "the file may be cut short, deliver it again"
        )
    return dict(zip(columns, fields, strict=True))


def _records(path: Path, lines: Sequence[str]) -> Iterator[tuple[Place, list[str]]]:
    """Lines split into fields, each with its place; blank ones are skipped.

    Each line on its own: were fields allowed to span lines, one stray quote would swallow rows
    without a word.
    """
    header = next(line for line in lines if line.strip())
    delimiter = max(",;\t", key=header.count)
    for count, line in enumerate(lines, start=1):
        place = Place(path, count)
        try:
            fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            raise place.error(f"is not CSV ({error}); correct it or remove it") from None
        if any(field.strip() for field in fields):
            yield place, fields


def _columns(place: Place, header: list[str]) -> list[str]:
    columns = [name.strip().lower() for name in header]
    if len(columns) > MOST_COLUMNS:
        raise place.error(
            f"has {len(columns)} columns, not a light curve's; deliver the file again"
        )
    counts = Counter(name for name in columns if name)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise place.error(f"column {twice[0][:40]!r} appears twice; remove one")
    return columns


def _layout(place: Place, columns: list[str]) -> Layout:
    """Layout of a header; its date, band, magnitude and error columns must all be there."""

    def missing(layout: Layout) -> list[str]:
        lacks = [name for name in (layout.mag, layout.mag_err) if name not in columns]
        lacks += [] if "jd" in columns or "mjd" in columns else ["jd or mjd"]
        return lacks + ([] if "filter" in columns or "fid" in columns else ["filter"])

    best = min(LAYOUTS, key=lambda layout: len(missing(layout)))
    lacks = missing(best)
    if not lacks:
        return best
    if len(lacks) == 4:
        known = "; ".join(f"{one.mag}, {one.mag_err}, {one.limit}" for one in LAYOUTS)
        raise place.error(
            "is not the header of a format known here, nor an NMMA .dat line; give jd or mjd, "
            f"filter, and magnitude, error, limit as one of: {known}"
        )
    raise place.error(f"the header lacks {', '.join(lacks)} (format {best.name}); add it")


def _table_row(place: Place, record: Mapping[str, str], layout: Layout, bands: str) -> Row | None:
    if record.get("magsys", "").strip().lower() not in {"", "ab"}:
        raise place.error("magsys is not ab; export magnitudes in the AB system")
    date = "mjd" if "mjd" in record else "jd"
    return checked(
        place,
        mjd_from_number(record[date], place, date),
        _band(place, record, layout.survey or bands),
        mag=_magnitude(record, layout.mag, place),
        mag_err=number(record[layout.mag_err], place, layout.mag_err),
        limit=_magnitude(record, layout.limit, place),
        forced=_forced(record),
    )


def _magnitude(record: Mapping[str, str], column: str, place: Place) -> float:
    value = number(record.get(column, ""), place, column)
    return math.nan if value == NOT_MEASURED else value


def _band(place: Place, record: Mapping[str, str], survey: str) -> str:
    if "filter" in record:
        return band_of(record["filter"], place, survey)
    fid = number(record["fid"], place, "fid")
    if fid not in _ALERT_BANDS:
        raise place.error(f"fid is {fid:g}, not 1 (g), 2 (r) or 3 (i); correct it")
    return _ALERT_BANDS[fid]


def _forced(record: Mapping[str, str]) -> bool:
    if "forced" in record:
        return record["forced"].strip().lower() not in _NO
    return any(word in record.get("origin", "").lower() for word in _FORCED_ORIGINS)


def _unwanted(record: Mapping[str, str]) -> bool:
    """Whether a person struck the row out, or the source is fainter than in the reference."""
    if record.get("delete", "").strip().lower() not in _NO:
        return True
    return record.get("isdiffpos", "t").strip().lower() in {"f", "0", "false"}


def _object(path: Path, records: list[Mapping[str, str]]) -> str | None:
    names = {record.get(column, "").strip() for record in records for column in _OBJECT_COLUMNS}
    found = sorted(names - {""})
    if len(found) > 1:
        raise Place(path).error("holds several objects; deliver one file per object")
    return found[0] if found else None


def _read(content: Content, bands: str) -> Photometry:
    name, rows = table_rows(content.path, content.lines, bands)
    return Photometry(name, tuple(rows))


FORMAT = Format(
    name="table",
    title="table with a header (survey, SkyPortal, alerts)",
    columns="jd or mjd, filter or fid, magnitude, error, limit (AB mag)",
    recognises=lambda content: bool(content.head),
    read=_read,
)
