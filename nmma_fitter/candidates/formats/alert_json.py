"""Alert packets as JSON: one, or a list of one object's."""

from __future__ import annotations

from typing import Any

from . import alerts
from .base import Content, Format, Photometry
from .json_text import kind, parsed


def _read(content: Content, bands: str) -> Photometry:
    value = parsed(content)
    packets: list[Any] = value if isinstance(value, list) else [value]
    for count, packet in enumerate(packets, start=1):
        if not isinstance(packet, dict) or not _is_packet(packet):
            raise content.place.error(f"entry {count} is no alert packet; deliver it again")
    return alerts.photometry(content.place, packets, bands)


def _is_packet(packet: dict[str, Any]) -> bool:
    return isinstance(packet.get("candidate"), dict) or isinstance(packet.get("diaSource"), dict)


FORMAT = Format(
    name="alert-json",
    title="alert packets of ZTF or Rubin (JSON)",
    columns="ZTF: candidate and prv_candidates (jd, fid, magpsf, sigmapsf, diffmaglim, isdiffpos), "
    "fp_hists (forcediffimflux, magzpsci); Rubin: diaSource, prvDiaSources, prvDiaForcedSources "
    "(midpointMjdTai, band, psfFlux, psfFluxErr in nJy)",
    recognises=lambda content: kind(content) in ("ztf-alert", "rubin-alert"),
    read=_read,
    suffixes=(".json",),
)
