"""JSON that is a table (a list of objects), and JSON that nothing here reads, refused."""

from __future__ import annotations

from ..rows import Place
from .base import Content, Format, Photometry
from .json_text import DAMAGED, OTHER, kind, parsed
from .measurement_lists import flat
from .table_rows import MOST_ROWS, rows_of


def _read(content: Content, bands: str) -> Photometry:
    value = parsed(content)
    if kind(content) == OTHER:
        raise content.place.error(
            "is JSON, and no light curve that is known here; give a list of objects with mjd, "
            "filter, mag, magerr, or export it as CSV"
        )
    if len(value) > MOST_ROWS or not all(isinstance(one, dict) for one in value):
        raise content.place.error(
            f"is no list of at most {MOST_ROWS} measurements; deliver one object's"
        )
    records = [(Place(content.path, i), flat(one)) for i, one in enumerate(value, start=1)]
    columns = list(dict.fromkeys(name for _, record in records for name in record))
    return rows_of(content.place, columns, records, bands)


FORMAT = Format(
    name="json",
    title="JSON: a list of measurements",
    columns="as of a table with a header",
    recognises=lambda content: kind(content) in ("records", OTHER, DAMAGED),
    read=_read,
    suffixes=(".json",),
)
