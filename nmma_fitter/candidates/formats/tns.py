"""The Transient Name Server: an object's JSON from its interface, and photometry as CSV.

Photometry of an object: www.wis-tns.org/help/api (``obsdate``, ``jd``, ``flux``, ``fluxerr``,
``limflux``, ``flux_unit``, ``filters``), where "flux" is a magnitude where its unit is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Content, Format, Photometry
from .json_text import kind, parsed, text_of, tns_object
from .measurement_lists import Lists

_SYSTEMS = {"abmag": "ab", "vegamag": "vega"}


def _read(content: Content, bands: str) -> Photometry:
    found = tns_object(parsed(content))
    lists = Lists(content.place)
    kept = []
    for entry in found["photometry"]:
        if not isinstance(entry, dict):
            raise content.place.error("photometry has an entry that is no object; deliver it again")
        for place, record in lists.numbered([_measurement(entry)]):
            if record["magsys"]:
                kept.append((place, record))
            else:
                lists.tally.leave_out(place, "a unit that is neither ABMag nor VegaMag")
    lists.add(kept, {"object": text_of(found.get("objname"))})
    return lists.photometry(bands, survey=None)


def _measurement(entry: Mapping[str, Any]) -> dict[str, Any]:
    unit = _name(entry.get("flux_unit")).replace(" ", "").lower()
    return {
        "jd": entry.get("jd"),
        "time": entry.get("obsdate"),
        "mag": entry.get("flux"),
        "magerr": entry.get("fluxerr"),
        "limit": entry.get("limflux"),
        "magsys": _SYSTEMS.get(unit, ""),
        "filter": band_name(_name(entry.get("filters")), _name(entry.get("instrument"))),
        "telescope": _name(entry.get("telescope")),
        "instrument": _name(entry.get("instrument")),
    }


def _name(value: Any) -> str:
    return text_of(value.get("name")) if isinstance(value, dict) else text_of(value)


def band_name(band: str, instrument: str) -> str:
    """TNS's name of a filter with the survey that its instrument says, as ``g-ztf``."""
    words = band.replace("-", " ").split()
    letter = words[0] if words else ""
    where = f"{band} {instrument}".lower()
    for word, prefix in (("ztf", "ztf"), ("atlas", "atlas"), ("ps1", "ps1::"), ("gpc", "ps1::")):
        if word in where and len(letter) == 1:
            return prefix + letter.lower() if prefix else letter
    if letter.lower() in ("cyan", "orange"):
        return f"atlas{letter[0].lower()}"
    if len(words) > 1 and words[1].lower() in ("sloan", "sdss"):
        return f"sdss{letter}"
    return band


FORMAT = Format(
    name="tns-json",
    title="Transient Name Server (JSON)",
    columns="objname, photometry: jd or obsdate, filters, flux and fluxerr (mag), limflux, "
    "flux_unit (ABMag, VegaMag), instrument, telescope",
    recognises=lambda content: kind(content) == "tns",
    read=_read,
    suffixes=(".json",),
)
