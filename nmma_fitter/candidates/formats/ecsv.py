"""ECSV, astropy's CSV with a header in YAML (astropy APE 6).

The header is read here and as texts only: astropy would build the objects that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..rows import Place
from ..textfile import has_data
from .base import Content, Format, Photometry
from .column_table import rows_of_records
from .header_text import split
from .text_table import records_below

_MARK = "# %ECSV"
LARGEST_HEADER = 100_000  # characters
_DELIMITERS = {"": " ", " ": " ", ",": ","}


def _recognises(content: Content) -> bool:
    head = content.head
    described = any(line.startswith("# datatype:") for line in head)
    return described and head[0].startswith(_MARK)


def _read(content: Content, bands: str) -> Photometry:
    lines = content.lines
    at = next((i for i, line in enumerate(lines) if has_data(line)), None)
    if at is None:
        raise content.place.error("has a header and no table; it may be cut short")
    header = _header(content.place, lines[:at])
    delimiter = _DELIMITERS.get(str(header.get("delimiter") or ""))
    if delimiter is None:
        raise content.place.error("its delimiter is neither a blank nor a comma; write it again")
    columns = tuple(name.strip().lower() for name in split(content.place, lines[at], delimiter))
    units = {
        str(one.get("name", "")).strip().lower(): str(one.get("unit", ""))
        for one in header["datatype"]
    }
    if set(units) != set(columns):
        raise content.place.error("its header does not describe its columns; write it again")
    records = records_below(content.place, lines, at, columns, delimiter)
    return rows_of_records(content.place, columns, records, bands, units=units)


def _header(place: Place, lines: Sequence[str]) -> dict[str, Any]:
    """The header's mapping, every scalar a text."""
    import yaml

    text = "\n".join(line[2:] for line in lines[1:] if line.startswith("# "))
    if len(text) > LARGEST_HEADER:
        raise place.error(f"has a header above {LARGEST_HEADER} characters; write it again")
    try:
        header: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        raise place.error("its header is no YAML; write it again by astropy") from None
    described = header.get("datatype") if isinstance(header, dict) else None
    if not isinstance(described, list) or not all(isinstance(one, dict) for one in described):
        raise place.error("its header has no datatype of the columns; write it again by astropy")
    return header


FORMAT = Format(
    name="ecsv",
    title="ECSV (astropy)",
    columns="as of a table with a header; units of flux and magnitude from its header",
    recognises=_recognises,
    read=_read,
    suffixes=(".ecsv", ".csv", ".txt"),
)
