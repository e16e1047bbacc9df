"""redback's tables of optical transients (github.com/nikhil-sarin/redback, get_data)."""

from __future__ import annotations

from .base import Content, Format, Photometry
from .table_rows import rows_of
from .text_table import header_names, table

_OWN = "time (days)"
_OFF = {"flux": "", "flux_err": "", "unit": ""}  # made of the magnitudes by redback


def _recognises(content: Content) -> bool:
    names = header_names(content)
    return _OWN in names and "band" in names and bool(names & {"magnitude", "flux_density(mjy)"})


def _read(content: Content, bands: str) -> Photometry:
    columns, records = table(content)
    if "time" not in columns:
        raise content.place.error(
            "gives days after the event only; add a column time with the MJD of each row"
        )
    return rows_of(content.place, columns, records, bands, meanings={"time": "time", **_OFF})


FORMAT = Format(
    name="redback",
    title="redback (CSV)",
    columns="time (MJD), magnitude, e_magnitude, band, system, event",
    recognises=_recognises,
    read=_read,
    suffixes=(".csv",),
)
