"""Alert packets as JSON: one, or a list of one object's."""

from __future__ import annotations

from typing import Any

from . import alerts
from .base import Content, Format, Photometry
from .json_text import kind, parsed


def _read(content: Content, bands: str) -> Photometry:
    value = parsed(content)
    packets: list[Any] = value if isinstance(value, list) else [value]
    return alerts.photometry(content.place, packets, bands)


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
