"""sncosmo's light curves: a table below lines of ``@name value``, or its JSON.

Forms of sncosmo.write_lc ("ascii", "json"); columns as in sncosmo.readthedocs.io, "photdata".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..rows import Place
from .base import Content, Format, Photometry
from .json_text import kind, parsed, text_of
from .table_rows import MOST_ROWS, Record, rows_of
from .text_table import FARTHEST_HEADER, delimiter_of, names_in, records_below

_NAMES = ("name", "snid", "sn", "snname", "objid", "object")
_MARK = "@"


def _recognises(content: Content) -> bool:
    """Whether the first line that says something is one of metadata, and a header follows."""
    return kind(content) == "sncosmo" or _header(content.head[:FARTHEST_HEADER]) is not None


def _header(lines: Sequence[str]) -> int | None:
    """Index of the header, below lines of metadata."""
    seen = False
    for index, line in enumerate(lines):
        text = line.strip().lstrip("#").strip()
        if text.startswith(_MARK):
            seen = True
        elif text and (seen or not line.lstrip().startswith("#")):
            return index if seen else None
    return None


def _read(content: Content, bands: str) -> Photometry:
    if kind(content) == "sncosmo":
        return _read_json(content, bands)
    index = _header(content.lines)
    if index is None:
        raise content.place.error("has metadata and no table; write it again")
    header = content.lines[index].strip().lstrip("#").strip()
    delimiter, columns = delimiter_of(header), names_in(header)
    records = records_below(content.place, content.lines, index, columns, delimiter)
    found = rows_of(content.place, columns, records, bands)
    meta = _metadata(content.lines[:index])
    return replace(found, name=found.name or _name(meta))


def _metadata(lines: Sequence[str]) -> dict[str, str]:
    pairs = (line.strip().lstrip("#").strip()[1:].split(None, 1) for line in lines if "@" in line)
    return {pair[0].lower(): pair[1].strip() for pair in pairs if len(pair) == 2}


def _name(meta: Mapping[str, Any]) -> str | None:
    lower = {str(key).lower(): text_of(value).strip() for key, value in meta.items()}
    return next((lower[key] for key in _NAMES if lower.get(key)), None)


def _read_json(content: Content, bands: str) -> Photometry:
    value = parsed(content)
    data = {str(key).strip().lower(): column for key, column in value["data"].items()}
    if not data or not all(isinstance(column, list) for column in data.values()):
        raise content.place.error("data is no object of lists; write it again by sncosmo")
    lengths = {len(column) for column in data.values()}
    if len(lengths) > 1 or max(lengths) > MOST_ROWS:
        raise content.place.error(
            f"its columns differ in length or exceed {MOST_ROWS} rows; write it again"
        )
    records: list[Record] = [
        (Place(content.path, row), dict(zip(data, map(text_of, values), strict=True)))
        for row, values in enumerate(zip(*data.values(), strict=True), start=1)
    ]
    found = rows_of(content.place, list(data), records, bands)
    meta = value["meta"] if isinstance(value["meta"], dict) else {}
    return replace(found, name=found.name or _name(meta))


FORMAT = Format(
    name="sncosmo",
    title="sncosmo (ASCII with @ metadata, JSON)",
    columns="time (MJD), band, flux, fluxerr, zp, zpsys; @name",
    recognises=_recognises,
    read=_read,
    suffixes=(".dat", ".txt", ".json"),
)
