"""When time starts for a fit, and which measurements enter it."""

from __future__ import annotations

import math
import reprlib
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadInput, TooFewDetections
from .lightcurve import FloatArray, LightCurve, select
from .rows import MJD_RANGE

if TYPE_CHECKING:
    from ..fit_settings import Trigger


def trigger_time(lightcurve: LightCurve, rule: Trigger) -> float:
    """MJD that counts as day zero.

    Parameters
    ----------
    lightcurve : LightCurve
        Merged measurements.
    rule : str or float
        ``first-detection``, ``day-before`` (one day before it), or an MJD.

    Raises
    ------
    BadInput
        When the rule is unknown, or an MJD out of range.
    TooFewDetections
        When the rule needs a detection and there is none.
    """
    if isinstance(rule, (int, float)) and not isinstance(rule, bool):
        return _checked_trigger(float(rule))
    if rule not in {"first-detection", "day-before"}:
        raise BadInput(
            f"unknown trigger {reprlib.repr(rule)}; use first-detection, day-before or an MJD"
        )
    if not lightcurve.detected.any():
        raise TooFewDetections(
            f"{lightcurve.name}: no detection, so no trigger; wait for one or give trigger an MJD"
        )
    first = float(np.min(lightcurve.mjd[lightcurve.detected]))
    return first - 1.0 if rule == "day-before" else first


def _checked_trigger(mjd: float) -> float:
    low, high = MJD_RANGE
    if not (math.isfinite(mjd) and low <= mjd <= high):
        day = mjd - 2400000.5
        jd = f"it looks like a JD, whose MJD is {day:.9g}" if low <= day <= high else "correct it"
        raise BadInput(f"trigger {mjd:.9g} is not an MJD between {low:g} and {high:g}; {jd}")
    return mjd


def days(lightcurve: LightCurve, trigger: float) -> FloatArray:
    """Days (observer frame) of each measurement since the trigger (MJD), shape (n,)."""
    return np.asarray(lightcurve.mjd - trigger, dtype=np.float64)


def in_window(
    lightcurve: LightCurve,
    trigger: float,
    tmin: float = -10.0,
    tmax: float = 14.0,
    open_window: bool = False,
) -> LightCurve:
    """Measurements from `tmin` to `tmax` days after the trigger (MJD), both ends included.

    With `open_window` the ends themselves are left out.
    """
    since = days(lightcurve, trigger)
    if open_window:
        return select(lightcurve, (since > tmin) & (since < tmax))
    return select(lightcurve, (since >= tmin) & (since <= tmax))
