"""What the interactive chart draws: photometry, and every model's band in each passband."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.candidates.lightcurve import LightCurve, upper_limits
from nmma_fitter.delivery.palette import band_order, band_style, model_colour, model_dashes
from nmma_fitter.delivery.ranges import (
    BandCurves,
    SysError,
    day_range,
    day_zero,
    from_below,
    magnitude_range,
    near_data,
    sys_error_of,
)
from nmma_fitter.engine.files import Json
from nmma_fitter.labels import band_label, model_named

FloatArray = NDArray[np.float64]

# matplotlib's markers in plotly's words.
SYMBOLS = {
    **{"o": "circle", "s": "square", "D": "diamond", "d": "diamond-tall", "^": "triangle-up"},
    **{"v": "triangle-down", "<": "triangle-left", ">": "triangle-right", "P": "cross", "X": "x"},
    **{"p": "pentagon", "h": "hexagon", "H": "hexagon2", "*": "star", "8": "octagon"},
}
DARK_SHARE = 0.45  # of white, mixed into a colour that must stand out on black


def chart(
    lightcurve: LightCurve,
    trigger_mjd: float,
    curves: Mapping[str, Sequence[BandCurves]],
    sys_error: SysError = 0.0,
) -> Json:
    """Plain values for ``chart.js``.

    Parameters
    ----------
    lightcurve : LightCurve
        The measurements that were fitted.
    trigger_mjd : float
        Day zero.
    curves : mapping of model to its curves
        Best first.
    sys_error : float or mapping of band to float
        What the fits add to the photometric errors, in mag.
    """
    drawn = [curve for own in curves.values() for curve in own]
    days = day_range(lightcurve, trigger_mjd, drawn)
    lines = [near_data(c, c.median, lightcurve, trigger_mjd, days) for c in drawn]
    bands = {str(band) for band in lightcurve.band} | {curve.band for curve in drawn}
    faint, bright = magnitude_range(lightcurve, lines, sys_error)
    return {
        "days": list(days),
        "mags": [faint, bright],
        "day_zero": day_zero(trigger_mjd),
        "bands": [
            _band(lightcurve, trigger_mjd, band, sys_error_of(sys_error, band))
            for band in sorted(bands, key=band_order)
        ],
        "models": [
            _model(place, name, own, days, faint)
            for place, (name, own) in enumerate(curves.items())
        ],
    }


def _band(lightcurve: LightCurve, trigger_mjd: float, band: str, systematic: float) -> Json:
    here = lightcurve.band == band
    seen, limit = here & lightcurve.has_magnitude, here & ~lightcurve.has_magnitude
    days = lightcurve.mjd - trigger_mjd
    return {
        "name": band,
        "label": band_label(band),
        "symbol": SYMBOLS[band_style(band).marker],
        "seen": {
            "x": _plain(days[seen], 4),
            "y": _plain(lightcurve.mag[seen], 3),
            "error": _plain(lightcurve.mag_err[seen], 3),
            "total": _plain(np.hypot(lightcurve.mag_err[seen], systematic), 3),
        },
        "limits": {"x": _plain(days[limit], 4), "y": _plain(upper_limits(lightcurve)[limit], 3)},
    }


def _model(
    place: int, name: str, curves: Sequence[BandCurves], days: tuple[float, float], faint: float
) -> Json:
    return {
        "name": model_named(name),
        "colour": model_colour(place),
        "dark": lighter(model_colour(place), DARK_SHARE),
        "dashes": list(model_dashes(place)),
        "curves": {curve.band: _curve(curve, days, faint) for curve in curves},
    }


def _curve(curve: BandCurves, days: tuple[float, float], faint: float) -> Json:
    """A curve over the days shown; an edge of its shade without light lies below the picture."""
    shown = (curve.days >= days[0] - 0.5) & (curve.days <= days[1] + 0.5)
    low, high = (np.where(np.isfinite(e), e, faint + 5.0) for e in (curve.low, curve.high))
    return {
        "x": _plain(curve.days[shown], 3),
        "median": _plain(from_below(curve.median[shown], faint + 5.0), 3),
        "low": _plain(low[shown], 3),
        "high": _plain(high[shown], 3),
    }


def _plain(values: Any, digits: int) -> list[float | None]:
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]


def lighter(colour: str, share: float) -> str:
    """A colour ``#rrggbb`` mixed with so much white."""
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * share):02x}" for part in parts)
