"""Tables with a header: what surveys, SkyPortal, brokers and people write as text."""

from __future__ import annotations

from dataclasses import replace

from ..columns import folded
from .base import Content, Format, Photometry
from .header_text import table_of
from .table_rows import rows_of
from .tally import Tally

_OF_SURVEY = (
    ("ztf", {"magunc", "limmag"}),
    ("ztf", {"magpsf", "sigmapsf"}),
    ("lsst", {"diaobjectid"}),
    ("lsst", {"midpointmjdtai"}),
)
"""Columns that only a survey's own files and alerts have: their bare letters are its bands."""


def _read(content: Content, bands: str) -> Photometry:
    table = table_of(content.place, content.lines)
    names = set(map(folded, table.columns))
    survey = next((survey for survey, own in _OF_SURVEY if own <= names), None)
    tally = Tally()
    found = rows_of(table.place, table.columns, table.records(tally), bands, survey=survey)
    return replace(found, notes=(*tally.notes(), *found.notes))


FORMAT = Format(
    name="table",
    title="table with a header (survey, SkyPortal, alerts, brokers, spreadsheets)",
    columns="time (mjd, jd, hjd, bjd, ISO), filter or fid, mag and magerr (AB or Vega by magsys) "
    "or flux, fluxerr and zp or unit; limiting_mag, upperlimit, isdiffpos, object, instrument, "
    "forced, delete",
    recognises=lambda content: bool(content.head),
    read=_read,
)
