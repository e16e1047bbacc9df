"""TOM Toolkit's photometry (tom_dataproducts: time, filter, magnitude, error or limit)."""

from __future__ import annotations

from .base import Content, Format, Photometry
from .table_rows import rows_of
from .text_table import header_names, table

_NEEDED = frozenset(("time", "filter", "magnitude", "error"))
_KNOWN = _NEEDED | {"limit", "source", "telescope", "instrument", "timestamp", "name", "target"}


def _recognises(content: Content) -> bool:
    names = header_names(content)
    return _NEEDED <= names <= _KNOWN


def _read(content: Content, bands: str) -> Photometry:
    columns, records = table(content)
    return rows_of(content.place, columns, records, bands)


FORMAT = Format(
    name="tom",
    title="TOM Toolkit (CSV)",
    columns="time (MJD, JD or ISO), filter, magnitude, error, limit, source",
    recognises=_recognises,
    read=_read,
    suffixes=(".csv",),
)
