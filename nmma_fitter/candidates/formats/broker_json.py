"""Light curves as brokers answer in JSON: ALeRCE, Lasair, ANTARES (an object), Fink (a list)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .alerts import add_forced
from .base import Content, Format, Photometry
from .json_text import BROKER_LISTS, broker_lists, kind, parsed
from .measurement_lists import Lists, of_broker

_NAMES = ("oid", "objectId", "diaObjectId", "locus_id")
BAD_QUALITY = "badquality"  # Fink's d:tag of what does not pass its cuts


def _read(content: Content, bands: str) -> Photometry:
    value = parsed(content)
    lists = Lists(content.place)
    name = ""
    if isinstance(value, dict):
        name = next((str(value[key]) for key in _NAMES if value.get(key)), "")
        for key, measurements in broker_lists(value).items():
            _add(lists, measurements, BROKER_LISTS[key], name)
    else:
        dicts = [one for one in value if isinstance(one, dict)]
        if len(dicts) < len(value):
            raise content.place.error("has entries that are no objects; deliver it again")
        _add(lists, dicts, "", name)
    return of_broker(lists, bands)


def _add(lists: Lists, values: Sequence[Mapping[str, Any]], holds: str, name: str) -> None:
    values = [_inner(value) for value in values]
    more = {"object": name} if name else {}
    if any("forcediffimflux" in value for value in values):
        add_forced(lists, values, more)
        return
    kept = []
    for place, record in lists.numbered(values):
        if record.get("tag", "").lower() == BAD_QUALITY:
            lists.tally.leave_out(place, "Fink's mark of bad quality (d:tag)")
        else:
            kept.append((place, record))
    if not kept:
        return
    if holds:
        more["forced"] = "true" if holds == "forced" else "false"
    lists.add(kept, more)


def _inner(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Measurement of an entry; ANTARES has it among the properties of an alert."""
    properties = value.get("properties")
    if not isinstance(properties, dict):
        return value
    return {"mjd": value.get("mjd"), **properties}


FORMAT = Format(
    name="broker-json",
    title="light curves of ALeRCE, Lasair, ANTARES or Fink (JSON)",
    columns="detections, non_detections, forced_photometry (ALeRCE); candidates, forcedphot, "
    "diaSourcesList, diaForcedSourcesList (Lasair); alerts (ANTARES); i: and r: columns (Fink)",
    recognises=lambda content: kind(content) == "broker",
    read=_read,
    suffixes=(".json",),
)
