"""ASAS-SN Sky Patrol, versions 1 and 2 (Kochanek et al. 2017; Hart et al. 2023).

V is taken as Vega, g as AB. The fluxes beside the magnitudes are not used: their zero point in
V is not that of AB (some 3,830 Jy, from rows that have both). A row fainter than its limit is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .base import Content, Format, Photometry
from .table_rows import rows_of
from .tally import Tally
from .text_table import Record, header_names, table

_V1 = frozenset(("hjd", "camera", "limit", "mag", "mag_err", "flux(mjy)"))
_V2 = frozenset(("jd", "flux", "flux error", "mag", "mag error", "limit", "filter", "quality"))
_CLIENT = frozenset(("jd", "flux", "flux_err", "mag", "mag_err", "limit", "phot_filter", "quality"))
_BANDS = {"g": ("sdssg", "ab"), "v": ("bessellv", "vega"), "": ("bessellv", "vega")}


def _recognises(content: Content) -> bool:
    names = header_names(content)
    return any(one <= names for one in (_V1, _V2, _CLIENT))


def _read(content: Content, bands: str) -> Photometry:
    columns, records = table(content)
    band = next((name for name in ("filter", "phot_filter") if name in columns), "")
    meanings = {"flux": "", "flux_err": "", "fid": "", "band": "band", "system": "magsys"}
    meanings |= {"time": "", "object": "asas_sn_id" if "asas_sn_id" in columns else ""}
    tally = Tally()
    if not band:
        tally.say("no column names the filter: it is taken as V, as of version 1")
    kept = [name for name in columns if name not in ("band", "magsys")]
    rows = _rows(records, band, tally)
    found = rows_of(
        content.place,
        [*kept, "band", "magsys"],
        rows,
        bands,
        meanings=meanings,
        instrument="ASAS-SN",
    )
    return replace(found, notes=(*tally.notes(), *found.notes))


def _rows(records: Iterable[Record], band: str, tally: Tally) -> Iterable[Record]:
    for place, record in records:
        if record.get("quality", "G").upper() == "B":
            tally.leave_out(place, "ASAS-SN's mark of bad quality")
            continue
        name = record[band] if band else ""
        known, system = _BANDS.get(name.lower(), (name, ""))
        yield place, {**record, "band": known, "magsys": system}


FORMAT = Format(
    name="asassn",
    title="ASAS-SN Sky Patrol (versions 1 and 2)",
    columns="HJD or JD, Filter (V in Vega, g in AB), mag (>m: a limit), mag_err, Limit, Camera, "
    "Quality",
    recognises=_recognises,
    read=_read,
    suffixes=(".csv", ".txt"),
)
