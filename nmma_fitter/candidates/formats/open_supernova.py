"""The Open Supernova Catalog's JSON of one event (Guillochon et al. 2017, ApJ 835, 64).

Its schema: github.com/astrocatalogs/schema. Photometry is a list of texts; X-ray and radio
measurements, models and corrected magnitudes stand in it too and are left out.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

from .base import Content, Format, Photometry
from .json_text import kind, parsed, text_of
from .measurement_lists import Lists

_MODELLED = ("model", "realization")
_CORRECTED = ("kcorrected", "scorrected", "mcorrected")
_ERRORS = ("e_magnitude", "e_upper_magnitude", "e_lower_magnitude")


def _read(content: Content, bands: str) -> Photometry:
    events = parsed(content)
    if len(events) > 1:
        shown = ", ".join(map(reprlib.repr, list(events)[:5]))
        raise content.place.error(f"holds several events ({shown}); deliver one file per object")
    key, event = next(iter(events.items()))
    lists = Lists(content.place)
    kept = []
    for entry in event["photometry"]:
        if not isinstance(entry, dict):
            raise content.place.error("photometry has an entry that is no object; deliver it again")
        for place, record in lists.numbered([_measurement(entry)]):
            reason = _fault(entry)
            if reason:
                lists.tally.leave_out(place, reason)
            else:
                kept.append((place, record))
    lists.add(kept, {"object": text_of(event.get("name")) or key})
    return lists.photometry(bands)


def _fault(entry: Mapping[str, Any]) -> str:
    if any(entry.get(key) for key in _MODELLED):
        return "a model's magnitude"
    if any(entry.get(key) for key in _CORRECTED):
        return "a magnitude corrected to another frame or for its host"
    if entry.get("magnitude") in (None, ""):
        return "no magnitude (X-ray, radio or spectral flux)"
    if entry.get("band") in (None, ""):
        return "no band"
    unit = text_of(entry.get("u_time")).upper()
    if unit not in ("", "MJD"):
        return "a time that is not MJD"
    return ""


def _measurement(entry: Mapping[str, Any]) -> dict[str, Any]:
    errors = [entry.get(key) for key in _ERRORS if entry.get(key) not in (None, "")]
    time = entry.get("time")
    return {
        "mjd": time[0] if isinstance(time, list) and time else time,
        "filter": text_of(entry.get("band")).replace("'", ""),
        "mag": entry.get("magnitude"),
        "magerr": errors[0] if errors else None,
        "upperlimit": str(bool(entry.get("upperlimit"))),
        "system": entry.get("system"),
        "telescope": entry.get("telescope"),
        "instrument": entry.get("instrument"),
    }


FORMAT = Format(
    name="open-supernova",
    title="Open Supernova Catalog (JSON)",
    columns="name; photometry: time (MJD), band, magnitude, e_magnitude, upperlimit, system, "
    "telescope, instrument",
    recognises=lambda content: kind(content) == "osc",
    read=_read,
    suffixes=(".json",),
)
