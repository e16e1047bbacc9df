"""Rubin's DIASource and forced DIASource tables as text: fluxes in nJy, times in TAI.

Columns: sdm-schemas.lsst.io (APDB DiaSource, DiaForcedSource; ForcedSourceOnDiaObject).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..fields import flag_of
from .base import Content, Format, Photometry
from .table_rows import rows_of
from .tally import Tally
from .text_table import Record, header_names, table

_TIMES = ("midpointmjdtai", "midpointtai", "expmidptmjd")
_FLUXES = ("psfdiffflux", "psfflux")  # that of the difference image first
_FORCED = frozenset(("diaforcedsourceid", "forcedsourceondiaobjectid", "psfdiffflux"))
_BANDS = ("band", "filtername")


def _recognises(content: Content) -> bool:
    names = header_names(content)
    return bool(names & set(_TIMES)) and bool(names & set(_FLUXES)) and bool(names & set(_BANDS))


def _read(content: Content, bands: str) -> Photometry:
    columns, records = table(content)
    flux = next(name for name in _FLUXES if name in columns)
    meanings = {
        "tai": next(name for name in _TIMES if name in columns),
        "mjd": "",
        "flux": flux,
        "flux_err": f"{flux}err" if f"{flux}err" in columns else "",
        "mag": "",
        "mag_err": "",
        "band": next(name for name in _BANDS if name in columns),
        "object": "diaobjectid" if "diaobjectid" in columns else "",
    }
    tally = Tally()
    rows = _unflagged(records, f"{flux}_flag", tally)
    forced = bool(_FORCED & set(columns))
    how = {"survey": "lsst", "flux_unit": "njy", "instrument": "LSST"}
    found = rows_of(content.place, columns, rows, bands, meanings=meanings, forced=forced, **how)
    return replace(found, notes=(*tally.notes(), *found.notes))


def _unflagged(records: Iterable[Record], column: str, tally: Tally) -> Iterable[Record]:
    for place, record in records:
        if column in record and flag_of(record[column], place, column):
            tally.leave_out(place, f"{column} set (the fit failed)")
        else:
            yield place, record


FORMAT = Format(
    name="rubin",
    title="Rubin DIASource and forced DIASource (text)",
    columns="midpointMjdTai (TAI), band, psfFlux or psfDiffFlux and its Err (nJy), its _flag, "
    "diaObjectId",
    recognises=_recognises,
    read=_read,
    suffixes=(".csv", ".txt"),
)
