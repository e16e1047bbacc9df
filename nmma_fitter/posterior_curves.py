"""The posterior's light curves: when they are evaluated, for how many draws, and their quantiles.

All draws are evaluated at the same times and nothing is smoothed over time. A draw that has not
exploded yet counts as infinitely faint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.candidates.window import days
from nmma_fitter.delivery.ranges import INTERVAL, BandCurves
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.inference.pool import evaluation_pool
from nmma_fitter.inference.quality import thinned
from nmma_fitter.models.observed import Prediction

if TYPE_CHECKING:
    from nmma_fitter.inference.sampled import SamplerResult

FloatArray = NDArray[np.float64]

CHUNK = 5
DRAWS, LAGS = 300, 64  # posterior samples, and times from its explosion at which each is evaluated
COSTLY_DRAWS, COSTLY_LAGS = 150, 30  # of a model that takes milliseconds for a time
FIRST_LAG = 0.003  # days, of them the first
AFTER = 1.0  # day after the last measurement at which curves end
NEAR, EVEN, RISING = 60, 90, 40  # their times: from an explosion, even, where draws explode


def posterior_curves(
    request: FitRequest, prediction: Prediction, sampled: SamplerResult
) -> list[BandCurves]:
    """The posterior's light curves, one entry per band: median, 5 and 95 %, best fit."""
    bands = request.bands
    best = {key: np.array([value]) for key, value in sampled.best.items()}
    costly = prediction.model.costly
    some = thinned(sampled.samples, COSTLY_DRAWS if costly else DRAWS)
    lags = COSTLY_LAGS if costly else LAGS
    explosions = np.append(_explosions(some), _explosions(best))
    times = curve_times(days(request.window, request.trigger), explosions)
    points = np.column_stack([np.append(best[key], values) for key, values in some.items()])

    def draw(rows: FloatArray) -> FloatArray:
        return _light(prediction, dict(zip(some, rows.T, strict=True)), times, bands, lags)

    with evaluation_pool(draw, request.cores, CHUNK, sampled.settings.limit) as evaluate:
        drawn = evaluate(points)
    each = np.split(drawn, len(bands), axis=1)
    return [
        band_curves(band, times, own[:1], own[1:]) for band, own in zip(bands, each, strict=True)
    ]


def _explosions(points: Mapping[str, FloatArray]) -> FloatArray:
    """Days since the trigger at which each point explodes."""
    return np.asarray(points.get("timeshift", np.zeros_like(next(iter(points.values())))))


def curve_times(observed: FloatArray, explosions: FloatArray) -> FloatArray:
    """Days since the trigger at which curves are evaluated, ascending.

    They begin where the earliest draw does, are dense where draws rise, and end after the last
    measurement.

    Parameters
    ----------
    observed : array
        Days of the measurements.
    explosions : array
        Days of the draws' explosions.
    """
    last = float(np.max(observed)) + AFTER
    first = min(float(np.min(explosions)), last - AFTER)
    late = min(max(float(np.max(explosions)), first), last)
    span = last - first
    lags = np.geomspace(min(FIRST_LAG, 0.01 * span), span, NEAR)
    # As many in the rise of the typical draw as in that of the earliest.
    rises = np.quantile(explosions.clip(first, late), np.linspace(0.0, 1.0, RISING))
    middle = float(np.median(explosions))
    found = np.concatenate(
        [[first], first + lags, middle + lags, rises, np.linspace(first, last, EVEN)]
    )
    return np.unique(np.round(found[found <= last], 5))


def _light(
    prediction: Prediction,
    points: Mapping[str, FloatArray],
    times: FloatArray,
    bands: Sequence[str],
    count: int,
) -> FloatArray:
    """Magnitudes of points at the times, band after band, shape (points, bands x times).

    A point is evaluated at `count` times from its explosion. Between them magnitudes are linear in
    the logarithm of time: a power law is exact, a peak is good to 0.01 mag.
    """
    since = times - _explosions(points)[:, None]
    lags = np.geomspace(FIRST_LAG, float(np.max(since, initial=2 * FIRST_LAG)), count)
    dense = prediction.at(np.tile(lags, len(bands)), np.repeat(bands, lags.size).tolist())
    coarse = dense({**points, "timeshift": np.zeros(len(since))})
    at, known = np.log(since.clip(min=FIRST_LAG)), np.log(lags)
    found = np.empty((len(since), len(bands), times.size))
    for point, curves in enumerate(coarse.reshape(len(since), len(bands), -1)):
        for band, curve in enumerate(curves):
            found[point, band] = np.interp(at[point], known, curve)
    # a point that could not be evaluated stays nan, also before its explosion
    dark = (since[:, None] <= 0) & ~np.isnan(found)
    return np.where(dark, np.inf, found).reshape(len(since), -1)


def band_curves(band: str, times: FloatArray, best: FloatArray, drawn: FloatArray) -> BandCurves:
    """What is shown of a band: of the best point, shape (1, times), and draws, (draws, times)."""
    low, median, high = _quantiles(drawn)
    return BandCurves(band, times, median, low, high, best[0], len(drawn))


def _quantiles(magnitudes: FloatArray) -> FloatArray:
    """Quantiles of each column, shape (3, times): +inf (no light) is faintest, nan left out.

    Between two draws they are interpolated, except where the fainter one has no light.
    """
    ordered = np.sort(np.where(np.isnan(magnitudes), np.inf, magnitudes), axis=0)
    found = []
    for share in INTERVAL:
        place = share * (len(ordered) - 1)
        below, above = ordered[int(np.floor(place))], ordered[int(np.ceil(place))]
        weight = place - np.floor(place)
        nearest = below if weight < 0.5 else above
        with np.errstate(invalid="ignore"):
            between = below + weight * (above - below)
        found.append(np.where(np.isfinite(above) & np.isfinite(below), between, nearest))
    return np.array(found)
