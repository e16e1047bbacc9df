"""NMMA's ``.dat`` files: date, filter, magnitude, error, without a header."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from ..rows import (
    Place,
    Row,
    band_of,
    checked,
    mjd_from_isot,
    mjd_from_number,
    number,
    report_left_out,
)
from ..textfile import has_data
from .base import Content, Format, Photometry

log = logging.getLogger(__name__)


def _recognises(content: Content) -> bool:
    """Whether the first line with data is a date and a name, and is not separated by commas."""
    first = next((line for line in content.head if has_data(line)), "")
    fields = first.split()
    named = len(fields) > 1 and any(map(str.isalpha, fields[1])) and not _is_number(fields[1])
    return first.strip()[:1].isdigit() and named and not set(first) & set(",;|")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read(content: Content, bands: str) -> Photometry:
    return Photometry(None, tuple(dat_rows(content.path, content.lines, bands)))


def dat_rows(path: Path, lines: Sequence[str], survey: str) -> list[Row]:
    """Measurements of the lines; an error of ``inf`` marks a limit, ``#`` a comment.

    Parameters
    ----------
    path : Path
        For messages.
    lines : sequence of str
        The file's lines.
    survey : str
        Whose g, r, i bare letters are.

    Raises
    ------
    BadInput
        At the first line that cannot be used.
    """
    data = [
        (Place(path, count), line.split())
        for count, line in enumerate(lines, start=1)
        if has_data(line)
    ]
    rows = [_dat_row(place, fields, survey) for place, fields in data]
    empty = [place.row or 0 for (place, _), row in zip(data, rows, strict=True) if row is None]
    report_left_out(path, empty, "neither a magnitude nor a limit", logging.WARNING)
    if any(len(fields[1]) == 1 for _, fields in data):
        log.info("%s: bare band letters are taken as %s's", Place(path), survey)
    return [row for row in rows if row is not None]


def _dat_row(place: Place, fields: list[str], survey: str) -> Row | None:
    if len(fields) != 4:
        raise place.error(
            f"has {len(fields)} fields, not date, filter, magnitude and error; "
            "complete it or remove it"
        )
    date, band, *values = fields
    isot = "-" in date[1:] or ":" in date
    mjd = mjd_from_isot(date, place) if isot else mjd_from_number(date, place, "mjd")
    mag = number(values[0], place, "magnitude")
    error = number(values[1], place, "error")
    is_limit = math.isinf(error)
    return checked(
        place,
        mjd,
        band_of(band, place, survey),
        mag=math.nan if is_limit else mag,
        mag_err=math.nan if is_limit else error,
        limit=mag if is_limit else math.nan,
        forced=False,
    )


FORMAT = Format(
    name="nmma-dat",
    title="NMMA's .dat",
    columns="without header: date (ISO or MJD, UTC), filter, magnitude (AB), error (inf: a limit)",
    recognises=_recognises,
    read=_read,
    suffixes=(".dat", ".txt"),
)
