"""FITS binary and ASCII tables (FITS standard 4.0), read by astropy."""

from __future__ import annotations

import io
import warnings
from typing import Any

from ...errors import BadInput
from ..columns import MOST_COLUMNS, chosen, lacking
from ..rows import Place
from .base import Content, Format, Photometry
from .column_table import check_rows, rows_of_columns

_MARK = b"SIMPLE  ="
MOST_TABLES = 20  # extensions that are looked at
_SNANA = {"fluxcal", "fluxcalerr"}


def _read(content: Content, bands: str) -> Photometry:
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(io.BytesIO(content.data), memmap=False, lazy_load_hdus=True) as hdus:
                columns, units, scale = _table(content.place, hdus)
        except BadInput:
            raise
        except Exception:  # astropy raises many kinds
            raise content.place.error(
                "is a damaged FITS file, or cut short; deliver it again"
            ) from None
    return rows_of_columns(content.place, columns, bands, units=units, scale=scale)


def _table(place: Place, hdus: Any) -> tuple[dict[str, Any], dict[str, str], str]:
    """Columns, units and time scale of the first table that can be a light curve."""
    first: tuple[dict[str, Any], dict[str, str], str] | None = None
    for index in range(MOST_TABLES):
        try:
            hdu = hdus[index]
        except IndexError:
            break
        if hdu.header.get("XTENSION") not in ("BINTABLE", "TABLE") or "ZIMAGE" in hdu.header:
            continue
        names = [str(hdu.header.get(f"TTYPE{i}", "")).lower() for i in _fields(place, hdu)]
        if set(names) >= _SNANA:
            raise place.error("is SNANA's FITS of many objects; write one object's text (.DAT)")
        if first is None or not lacking(chosen(names)):
            found = _columns(place, hdu)
            if not lacking(chosen(names)):
                return found
            first = found
    if first is None:
        raise place.error("is FITS without a table (an image?); deliver a table")
    return first


def _fields(place: Place, hdu: Any) -> range:
    count = hdu.header.get("TFIELDS", 0)
    if not 0 < count <= MOST_COLUMNS:
        raise place.error(f"has a table of {count} columns, not a light curve's; deliver another")
    return range(1, count + 1)


def _columns(place: Place, hdu: Any) -> tuple[dict[str, Any], dict[str, str], str]:
    check_rows(place, hdu.header.get("NAXIS2", -1))
    width = hdu.header.get("NAXIS1", 0)
    if width <= 0:
        raise place.error("has a table of empty rows; deliver it again")
    columns, units = {}, {}
    for column in hdu.columns:
        values = None if _is_list(column.format) else hdu.data[column.name]
        if values is not None and values.ndim == 1:
            columns[column.name] = values.tolist()
            units[column.name] = str(column.unit or "")
    return columns, units, str(hdu.header.get("TIMESYS", ""))


def _is_list(form: Any) -> bool:
    """Whether each row has a list whose length the file states elsewhere."""
    return any(letter in str(form) for letter in "PQ")


FORMAT = Format(
    name="fits",
    title="FITS table",
    columns="as of a table with a header; units (TUNIT) and time scale (TIMESYS) from its header",
    recognises=lambda content: content.data.startswith(_MARK),
    read=_read,
    suffixes=(".fits", ".fit"),
)
