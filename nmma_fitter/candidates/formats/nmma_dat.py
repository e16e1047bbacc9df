"""NMMA's ``.dat`` files: date, filter, magnitude, error, without a header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..rows import Place
from ..textfile import has_data
from .base import Content, Format, Photometry
from .table_rows import rows_of

_COLUMNS = ("date", "filter", "magnitude", "error")
_MEANINGS = {"mjd": "date", "band": "filter", "mag": "magnitude", "mag_err": "error"}


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
    return rows_of(content.place, _COLUMNS, _records(content), bands, meanings=_MEANINGS)


def _records(content: Content) -> Iterator[tuple[Place, Mapping[str, str]]]:
    for count, line in enumerate(content.lines, start=1):
        if not has_data(line):
            continue
        place, fields = Place(content.path, count), line.split()
        if len(fields) != len(_COLUMNS):
            raise place.error(
                f"has {len(fields)} fields, not date, filter, magnitude and error; "
                "complete it or remove it"
            )
        yield place, dict(zip(_COLUMNS, fields, strict=True))


FORMAT = Format(
    name="nmma-dat",
    title="NMMA's .dat",
    columns="without header: date (ISO or MJD, UTC), filter, magnitude (AB), error (inf: a limit)",
    recognises=_recognises,
    read=_read,
    suffixes=(".dat", ".txt"),
)
