"""Which days and magnitudes a figure of a light curve shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.candidates.lightcurve import LightCurve, upper_limits
from nmma_fitter.engine.files import Json
from nmma_fitter.errors import BadInput

FloatArray = NDArray[np.float64]
SysError = float | Mapping[str, float]

MODEL_REACH = 1.5  # mag beyond the data that a model's curve may stretch the axis
PRIOR_QUANTILES = (0.025, 0.16, 0.5, 0.84, 0.975)
LIMIT_REACH = 2.5  # mag beyond the detections up to which a limit is shown
RISE_REACH = 0.4  # of the days shown, by which the axis may grow to show the explosion

# Median and 90 % interval: the one that every band, title and table states.
INTERVAL = (0.05, 0.5, 0.95)
INTERVAL_WORDS = "90 %"
MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)
CURVES = ("days", "median", "low", "high", "best")  # of a band, as they are stored


@dataclass(frozen=True, eq=False)
class BandCurves:
    """A model's light curves in one band; +inf or nan where there is no flux.

    Attributes
    ----------
    band : str
        Canonical band name.
    days : array, shape (T,)
        Days since the trigger, ascending.
    median, low, high : array, shape (T,)
        50, 5 and 95 % quantile of the posterior's AB magnitudes; `low` is the bright edge.
    best : array, shape (T,)
        AB magnitudes of the sample of highest likelihood.
    draws : int or None
        How many posterior samples the quantiles are of; None where that is not known.

    Raises
    ------
    BadInput
        When the arrays are not one-dimensional and of one length.
    """

    band: str
    days: FloatArray
    median: FloatArray
    low: FloatArray
    high: FloatArray
    best: FloatArray
    draws: int | None = None

    def __post_init__(self) -> None:
        shapes = {np.shape(a) for a in (self.days, self.median, self.low, self.high, self.best)}
        if shapes != {(np.size(self.days),)}:
            raise BadInput(f"curves of band {self.band} differ in shape: {sorted(shapes)}")


def curves_to_json(curves: Sequence[BandCurves]) -> Json:
    """Light curves as plain values, None where there is no light, with the number of draws."""

    def plain(values: FloatArray) -> list[float | None]:
        return [round(float(v), 5) if np.isfinite(v) else None for v in values]

    return {
        c.band: {"draws": c.draws} | {name: plain(getattr(c, name)) for name in CURVES}
        for c in curves
    }


def curves_from_json(stored: Json) -> list[BandCurves]:
    """Read back `curves_to_json`, also of a release that did not say how many draws there were."""
    return [
        BandCurves(band, **{n: _numbers(curve[n]) for n in CURVES}, draws=curve.get("draws"))
        for band, curve in stored.items()
    ]


def _numbers(values: Sequence[Any]) -> FloatArray:
    return np.array([np.inf if value is None else value for value in values], dtype=float)


@dataclass(frozen=True, eq=False)
class PriorCurves:
    """A model's light curves in one band over its prior; +inf where there is no light.

    Attributes
    ----------
    band : str
        Canonical band name.
    days : array, shape (T,)
        Days since the explosion, which is the trigger here.
    quantiles : array, shape (5, T)
        AB magnitudes at `PRIOR_QUANTILES`, the bright edge first.
    single : array, shape (S, T)
        Some draws, the same ones in every band.
    """

    band: str
    days: FloatArray
    quantiles: FloatArray
    single: FloatArray


def finite_or_nan(values: FloatArray) -> FloatArray:
    """`values` with nan for every infinity, so that a line breaks there."""
    array = np.asarray(values, dtype=float)
    return np.where(np.isfinite(array), array, np.nan)


def magnitude_range(
    lightcurve: LightCurve, lines: Sequence[FloatArray], sys_error: SysError = 0.0
) -> tuple[float, float]:
    """Faint and bright end of the magnitude axis.

    Detections and their errors set it, limits and the model's `lines` stretch it a little; a
    curve that falls to nothing or a limit of a bad night does not flatten the data.
    """
    seen = lightcurve.has_magnitude
    limits = finite_or_nan(upper_limits(lightcurve)[~seen])
    mag = finite_or_nan(lightcurve.mag[seen])
    systematic = [sys_error_of(sys_error, str(band)) for band in lightcurve.band[seen]]
    error = np.hypot(np.nan_to_num(lightcurve.mag_err[seen], posinf=0.0), systematic)
    detections = np.concatenate([mag - error.clip(max=1.5), mag + error.clip(max=1.5)])
    model = np.concatenate([np.empty(0), *(finite_or_nan(line) for line in lines)])
    core = next((a for a in (detections, limits, model) if np.isfinite(a).any()), np.array([20.0]))
    bright, faint = float(np.nanmin(core)), float(np.nanmax(core))
    for extra, reach in ((limits, LIMIT_REACH), (model, MODEL_REACH)):
        near = extra[(extra > bright - reach) & (extra < faint + reach)]
        bright, faint = float(min([bright, *near])), float(max([faint, *near]))
    pad = max(0.07 * (faint - bright), 0.5 * (1.0 - (faint - bright)), 0.1)
    return faint + pad * 1.3, bright - pad


def from_below(values: FloatArray, faintest: float) -> FloatArray:
    """Magnitudes whose line, where there is no light yet or any more, lies below the axis.

    A curve then comes up from the panel's edge instead of beginning within it.
    """
    return np.where(np.isposinf(values), faintest, finite_or_nan(values))


def day_zero(trigger_mjd: float) -> str:
    """Name of an axis of days: which moment is day zero."""
    try:
        moment = MJD_0 + timedelta(days=trigger_mjd)
    except OverflowError:
        return f"Days since MJD {trigger_mjd:.4f}"
    return f"Days since {moment:%Y-%m-%d %H:%M} UTC (MJD {trigger_mjd:.4f})"


def distance_modulus(distance: float) -> float:
    """Apparent minus absolute magnitude at a luminosity distance in Mpc; no K correction."""
    return 5.0 * math.log10(distance) + 25.0


def day_range(
    lightcurve: LightCurve, trigger_mjd: float, curves: Sequence[BandCurves]
) -> tuple[float, float]:
    """First and last day shown: the data with a margin, or the curves when there are no data.

    Where models explode not long before the data their rise is shown too.
    """
    days = lightcurve.mjd - trigger_mjd
    if not days.size:
        days = np.concatenate([np.zeros(1), *(finite_or_nan(c.days) for c in curves)])
    first, last = float(np.nanmin(days)), float(np.nanmax(days))
    pad = max(0.06 * (last - first), 0.5 * (2.0 - (last - first)), 0.3)
    lit = [c.days[np.isfinite(c.low)][:1] for c in curves if np.size(c.days)]
    reach = max(RISE_REACH * (last - first), pad)
    rises = [float(day) for days_ in lit for day in days_ if first - reach <= day < first]
    return min([first - pad, *(day - 0.5 * pad for day in rises)]), last + pad


def near_data(
    curve: BandCurves,
    values: FloatArray,
    lightcurve: LightCurve,
    trigger_mjd: float,
    shown: tuple[float, float],
) -> FloatArray:
    """Return a curve's values at its band's observations, and its peak over the days shown."""
    if not np.size(curve.days):
        return np.empty(0)
    observed = lightcurve.mjd[lightcurve.band == curve.band] - trigger_mjd
    at = np.searchsorted(curve.days, observed).clip(max=np.size(curve.days) - 1)
    magnitudes = finite_or_nan(values)
    visible = magnitudes[(curve.days >= shown[0]) & (curve.days <= shown[1])]
    peak = min(visible[np.isfinite(visible)].tolist(), default=np.inf)
    return np.append(magnitudes[at], peak)


def at_detections(
    curve: BandCurves, lightcurve: LightCurve, trigger_mjd: float
) -> list[FloatArray]:
    """Both edges of a band's interval where its detections are, so that the axis has room."""
    seen = (lightcurve.band == curve.band) & lightcurve.has_magnitude
    if not np.size(curve.days) or not seen.any():
        return []
    at = np.searchsorted(curve.days, lightcurve.mjd[seen] - trigger_mjd)
    at = at.clip(max=np.size(curve.days) - 1)
    return [finite_or_nan(edge)[at] for edge in (curve.low, curve.high)]


def sys_error_of(sys_error: SysError, band: str) -> float:
    """Systematic error of one band in mag; none for a band that is not listed."""
    return float(sys_error.get(band, 0.0) if isinstance(sys_error, Mapping) else sys_error)


def hidden_limits_note(lightcurve: LightCurve, axis: tuple[float, float]) -> list[str]:
    """Return a note when upper limits lie beyond the magnitude axis."""
    limits = upper_limits(lightcurve)[~lightcurve.has_magnitude]
    hidden = int(((limits > axis[0]) | (limits < axis[1])).sum())
    return [f"{hidden} of {limits.size} upper limits lie outside the axes."] if hidden else []
