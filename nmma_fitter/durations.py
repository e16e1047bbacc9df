"""Spans of time as people write them: ``90s``, ``25m``, ``2h``, ``1d``."""

from __future__ import annotations

import re

from nmma_fitter.errors import BadInput

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.ASCII)


def parse_duration(option: str, text: str) -> float:
    """Seconds of a text such as ``90s``, ``25m``, ``2h`` or ``1d``; a bare number is seconds.

    Raises
    ------
    BadInput
        Anything else, or nothing at all; the message names the option.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if seconds <= 0:
        raise BadInput(f"{option} {text!r}: write a time such as 90s, 25m or 2h")
    return seconds


def roughly(seconds: float) -> str:
    """A span that is only estimated, no finer than that is worth: ``about 4 min``."""
    if seconds < 15:
        return "under 15 s"
    steps = ((90, 15), (600, 60), (3600, 300), (36000, 1800))  # below so many seconds, so coarsely
    step = next((step for below, step in steps if seconds < below), 3600)
    return f"about {in_words(step * round(seconds / step))}"


def in_words(seconds: float) -> str:
    """A span of time with its two largest units: ``12 s``, ``3 min``, ``2 h 10 min``, ``4 d``."""
    seconds = max(0.0, seconds)
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours // 24} d"
