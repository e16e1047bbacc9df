"""The map from the unit cube to parameters, and priors that a measurement replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.fit_settings import Measured

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

FloatArray = NDArray[np.float64]

WIDTH_OF_MEASURED = 8.0  # sigmas kept each side: 1e-15 of the mass is lost


def apply_measured(
    priors: PriorDict, redshift: Measured | None, distance: Measured | None
) -> PriorDict:
    """Priors with the distance replaced by what was measured of it.

    A redshift replaces ``luminosity_distance`` by ``redshift`` unless a distance (Mpc) is given
    too. An error of 0 fixes the value; else a Gaussian cut to positive values.
    """
    from bilby.core.prior import PriorDict

    replaced = PriorDict(dict(priors))
    if redshift is not None:
        replaced.pop("luminosity_distance", None)
        replaced["redshift"] = _measured("redshift", redshift)
    if distance is not None:
        replaced["luminosity_distance"] = _measured("luminosity_distance", distance)
        if redshift is None:
            replaced.pop("redshift", None)
    return replaced


def _measured(name: str, measured: Measured) -> Any:
    from bilby.core.prior import DeltaFunction, TruncatedGaussian

    mean, sigma = measured.value, measured.error
    if sigma == 0:
        return DeltaFunction(peak=mean, name=name)
    low = max(mean - WIDTH_OF_MEASURED * sigma, 1e-6 * mean)  # positive: a model divides by it
    high = mean + WIDTH_OF_MEASURED * sigma
    return TruncatedGaussian(mu=mean, sigma=sigma, minimum=low, maximum=high, name=name)


def sampled_keys(priors: PriorDict) -> tuple[str, ...]:
    """Names of the parameters that are not fixed, in the file's order, which the cube follows."""
    return tuple(key for key, prior in priors.items() if not prior.is_fixed)


def transform(priors: PriorDict, cube: FloatArray) -> dict[str, FloatArray]:
    """Parameters of many points.

    Parameters
    ----------
    priors : PriorDict
    cube : array, shape (P, D)
        Points of the unit cube, one column per `sampled_keys`.

    Returns
    -------
    dict of name to array, shape (P,)
        The fixed parameters too.
    """
    columns = dict(zip(sampled_keys(priors), np.asarray(cube, dtype=float).T, strict=True))
    return {
        key: np.asarray(prior.rescale(columns[key]), dtype=float)
        if key in columns
        else np.full(len(cube), float(prior.peak))
        for key, prior in priors.items()
    }


def log_prior(priors: PriorDict, parameters: dict[str, FloatArray]) -> FloatArray:
    """Log density of the sampled parameters, shape (P,), as bilby has it.

    bilby normalises Sine and Cosine over their full range, whatever the limits; sampling is not
    touched by that.
    """
    total = np.zeros(len(next(iter(parameters.values()))))
    with np.errstate(divide="ignore"):
        for key in sampled_keys(priors):
            total = total + np.asarray(priors[key].ln_prob(parameters[key]), dtype=float)
    return total


def describe(priors: PriorDict) -> list[str]:
    """One line per prior, as a prior file would have it; part of a checkpoint's fingerprint."""
    return [f"{key} = {prior!r}" for key, prior in priors.items()]
