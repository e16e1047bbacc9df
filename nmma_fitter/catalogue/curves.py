"""Light curves of a model over its prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.delivery.ranges import PRIOR_QUANTILES, PriorCurves
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_request import available_model
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import sampled_keys, transform
from nmma_fitter.models import Model
from nmma_fitter.models.observed import Prediction

FloatArray = NDArray[np.float64]

DRAWS, COSTLY_DRAWS = 2000, 200
LONGEST = 30.0  # days shown of a model that is meant for longer
EARLIEST = 1 / 300  # of the last day: a model meant for seconds is not seen there
TIMES, COSTLY_TIMES = 80, 24
SINGLE = 6  # draws shown one by one


@dataclass(frozen=True, eq=False)
class PriorLight:
    """What a model's prior allows to be seen.

    Attributes
    ----------
    curves : tuple of PriorCurves
        One for each band.
    draws, impossible : int
        How many points of the prior were drawn, and of them the ones that the model excludes.
    redshift : float
        That of the distance.
    """

    curves: tuple[PriorCurves, ...]
    draws: int
    impossible: int
    redshift: float


def prior_light(
    name: str,
    settings: FitSettings,
    priors: str,
    bands: Sequence[str],
    distance: float,
    *,
    days: tuple[float, float] | None = None,
    draws: int | None = None,
    seed: int = 1,
) -> PriorLight:
    """Light curves of a model for points drawn from a prior, all at one distance.

    The explosion is at day 0 whatever the prior says of ``timeshift``, and the redshift that of the
    distance: over their priors the curves of any model would be a smear.

    Parameters
    ----------
    name : str
    settings : FitSettings
        Model options, wavelengths and reddening by the Milky Way count.
    priors : str
        Text of a prior file, or its path.
    bands : sequence of str
        Canonical names.
    distance : float
        Mpc.
    days : (float, float), optional
        First and last; by default those for which the model is meant, at most `LONGEST`.
    draws : int, optional
        By default `DRAWS`, `COSTLY_DRAWS` of a costly model.
    seed : int

    Raises
    ------
    BadInput, Unavailable, UnsupportedData
        Unusable arguments or priors; the model's data are not here; it cannot predict a band.
    """
    model = available_model(name, settings.model_options)
    times = _times(model, days, COSTLY_TIMES if model.costly else TIMES)
    if not distance > 0:
        raise BadInput(f"a distance of {distance:g} Mpc; give a positive one")
    count = draws or (COSTLY_DRAWS if model.costly else DRAWS)
    parameters = _points(priors, count, distance, seed)
    predict = Prediction(
        model,
        np.tile(times, len(bands)),
        [band for band in bands for _ in times],
        galactic_ebv=settings.galactic_ebv,
        wavelengths=settings.wavelengths,
    )
    with np.errstate(all="ignore"):
        magnitudes = predict(parameters).reshape(count, len(bands), times.size)
    possible = ~np.isnan(magnitudes).any(axis=(1, 2))
    if not possible.any():
        raise BadInput(f"{name} can be evaluated at none of {count} draws of its prior")
    good = magnitudes[possible]
    curves = (_band(band, times, good[:, i]) for i, band in enumerate(bands))
    return PriorLight(tuple(curves), count, int((~possible).sum()), _redshift(distance))


def _times(model: Model, days: tuple[float, float] | None, count: int) -> FloatArray:
    if days is None:
        last = min(model.valid_days[1], LONGEST)
        days = max(model.valid_days[0], EARLIEST * last), last
    first, last = days
    if not 0 <= first < last:
        raise BadInput(f"days {first:g} to {last:g}: give a first one, 0 or more, and a later last")
    # closer at the start, where light curves rise within hours
    return np.asarray(first + (last - first) * np.linspace(0.0, 1.0, count) ** 2)


def _points(priors: str, count: int, distance: float, seed: int) -> dict[str, FloatArray]:
    loaded = load_priors(priors)
    cube = np.random.default_rng(seed).random((count, len(sampled_keys(loaded))))
    points = transform(loaded, cube)
    points.pop("redshift", None)
    fixed = {"luminosity_distance": distance, "timeshift": 0.0}
    return points | {name: np.full(count, value) for name, value in fixed.items()}


def _band(band: str, days: FloatArray, magnitudes: FloatArray) -> PriorCurves:
    # not interpolated: between light and none there is no magnitude
    quantiles = np.quantile(magnitudes, PRIOR_QUANTILES, axis=0, method="nearest")
    return PriorCurves(band, days, quantiles, magnitudes[:SINGLE])


def _redshift(distance: float) -> float:
    from nmma_fitter.models import cosmology

    return float(cosmology.redshift(np.array([distance]))[0])
