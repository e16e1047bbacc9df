"""NMMA's tables of a model's magnitudes against days: no photometry, and refused as what it is."""

from __future__ import annotations

import re

from ..textfile import has_data
from .base import Content, Format, Photometry

_DAYS = re.compile(r"#\s{0,9}t(ime)?\s{0,9}[\[(]\s{0,9}(days?|d)\s{0,9}[\])]\s", re.IGNORECASE)


def _recognises(content: Content) -> bool:
    """Whether the header is a comment such as ``# t[days] ztfg ztfr``, of numbers below."""
    above: list[str] = []
    for line in content.head:
        if has_data(line):
            return any(_DAYS.match(one.strip() + " ") for one in above)
        above.append(line)
    return False


def _read(content: Content, bands: str) -> Photometry:
    raise content.place.error(
        "is a model's table of magnitudes against days since its start, not photometry: it has no "
        "dates and no errors; give the light curve that was simulated or observed (NMMA's .dat "
        "or .json)"
    )


FORMAT = Format(
    name="nmma-model",
    title="NMMA's table of a model (refused: it is no photometry)",
    columns="none",
    recognises=_recognises,
    read=_read,
    suffixes=(".dat",),
)
