"""Alert packets of ZTF and of Rubin, from whatever they were packed in.

ZTF: ``candidate``, ``prv_candidates``, ``fp_hists`` (github.com/ZwickyTransientFacility/
ztf-avro-alert, docs/schema.md). Rubin: ``diaSource``, ``prvDiaSources``, ``prvDiaForcedSources``
(sdm-schemas.lsst.io, lsst-alert-packet).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..rows import Place
from .base import Photometry
from .measurement_lists import Lists
from .ztf_quality import fault

_FORCED = {
    "flux": "forcediffimflux",
    "flux_err": "forcediffimfluxunc",
    "zp": "magzpsci",
    "mag": "",
    "mag_err": "",
    "limit": "",
}
UNCORRECTED = (
    "forced fluxes of the alert are used without baseline correction; "
    "ask ZTF's forced-photometry service for better ones"
)


def photometry(place: Place, packets: Sequence[Mapping[str, Any]], bands: str) -> Photometry:
    """Rows of one object's packets, each measurement with its object's name.

    Raises
    ------
    BadInput
        One line; also when packets are of several objects.
    """
    kinds = [_kind(packet) for packet in packets]
    if not all(kinds):
        raise place.error(f"entry {kinds.index('') + 1} is no alert packet; deliver the alert")
    if len(set(kinds)) != 1:
        raise place.error("holds no alerts of one survey; deliver one file per object and survey")
    if kinds[0] == "diaSource":
        return _of_rubin(place, packets, bands)
    lists = Lists(place)
    for packet in packets:
        _add_ztf(lists, packet)
    return lists.photometry(bands, survey="ztf", instrument="ZTF")


def _kind(packet: Any) -> str:
    """Which of the measurements that name a survey's alert a packet has; empty for none."""
    if not isinstance(packet, Mapping):
        return ""
    keys = ("candidate", "diaSource")
    return next((key for key in keys if isinstance(packet.get(key), Mapping)), "")


def _add_ztf(lists: Lists, packet: Mapping[str, Any]) -> None:
    name = {"object": str(packet.get("objectId") or "")}
    sources = [packet["candidate"], *_list(lists.place, packet, "prv_candidates")]
    lists.add(list(lists.numbered(sources)), {"forced": "false", **name})
    add_forced(lists, _list(lists.place, packet, "fp_hists"), name)


def add_forced(lists: Lists, values: Sequence[Mapping[str, Any]], more: Mapping[str, str]) -> None:
    """Add ZTF's forced difference fluxes of an alert, the good ones, to an object's lists."""
    forced = []
    for place, record in lists.numbered(values):
        reason = fault(place, record, "magzpsci")
        if reason:
            lists.tally.leave_out(place, f"forced photometry of {reason}")
        else:
            forced.append((place, record))
    if forced:
        lists.tally.say(UNCORRECTED)
        lists.add(forced, {"forced": "true", **more}, _FORCED)


def _of_rubin(place: Place, packets: Sequence[Mapping[str, Any]], bands: str) -> Photometry:
    lists = Lists(place)
    for packet in packets:
        sources = [packet["diaSource"], *_list(place, packet, "prvDiaSources")]
        lists.add(list(lists.numbered(sources)), {"forced": "false"})
        forced = _list(place, packet, "prvDiaForcedSources")
        lists.add(list(lists.numbered(forced)), {"forced": "true"})
    return lists.photometry(bands, survey="lsst", flux_unit="njy", instrument="LSST")


def _list(place: Place, packet: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = packet.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise place.error(f"{key} is no list of measurements; deliver the alert again")
    return found
