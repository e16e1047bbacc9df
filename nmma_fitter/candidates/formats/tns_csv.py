"""The Transient Name Server's photometry as CSV: names with blanks, as its pages show them."""

from __future__ import annotations

from .base import Content, Format, Photometry
from .table_rows import rows_of
from .text_table import header_names, table
from .tns import band_name

_TIMES = frozenset(("obs-date", "obs date", "obsdate", "obs-date (ut)", "jd"))
_MAGS = ("mag. / flux", "mag/flux", "mag / flux", "flux/mag")
_ERRORS = ("err", "mag. / flux error", "error", "mag/flux err", "flux/mag err")
_LIMITS = ("lim. mag / flux", "lim. mag./flux", "limiting mag/flux", "lim mag/flux", "limit")
_FILTERS = ("filter",)
_UNITS = ("units", "unit", "flux unit", "mag/flux units")
_TELESCOPES = ("tel / inst", "tel/inst", "instrument", "telescope / inst")


def _recognises(content: Content) -> bool:
    names = header_names(content)
    return bool(names & _TIMES) and bool(names & set(_MAGS)) and "filter" in names


def _read(content: Content, bands: str) -> Photometry:
    columns, records = table(content)
    named = {
        "mag": _first(columns, _MAGS),
        "mag_err": _first(columns, _ERRORS),
        "limit": _first(columns, _LIMITS),
        "band": _first(columns, _FILTERS),
        "system": _first(columns, _UNITS),
        "instrument": _first(columns, _TELESCOPES),
        "unit": "",
        "flux": "",
        "flux_err": "",
    }
    kept = (
        (
            place,
            {
                **record,
                "filter": band_name(record["filter"], record.get(named["instrument"], "")),
            },
        )
        for place, record in records
    )
    return rows_of(content.place, columns, kept, bands, meanings=named)


def _first(columns: tuple[str, ...], names: tuple[str, ...]) -> str:
    return next((name for name in names if name in columns), "")


FORMAT = Format(
    name="tns-csv",
    title="Transient Name Server (CSV)",
    columns="Obs-date or JD, Mag. / Flux, Err, Lim. Mag / Flux, Units, Filter, Tel / Inst",
    recognises=_recognises,
    read=_read,
    suffixes=(".csv", ".tsv", ".txt"),
)
