"""Does the model describe the data at all? The evidence only says which describes it better."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri_exp

from nmma_fitter.inference.likelihood import Likelihood, Noise, log_survival
from nmma_fitter.inference.sampled import SamplerResult
from nmma_fitter.inference.summary import Quality

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

DRAWS = 1000


def assess(
    likelihood: Likelihood,
    sampled: SamplerResult,
    rng: np.random.Generator,
    outside: BoolArray | None = None,
) -> Quality:
    """Compare the data with the best fit and with the posterior.

    Parameters
    ----------
    likelihood : Likelihood
    sampled : SamplerResult
    rng : numpy.random.Generator
        For the replicated data.
    outside : array of bool, shape (P, n), optional
        Where posterior samples put a row outside the times the model is meant for.
    """
    noise = likelihood.noise
    best = sampled.best_magnitudes
    if best is None:
        best = likelihood.predict({k: np.array([v]) for k, v in sampled.best.items()})[0]
    seen = noise.detected
    residual = noise.value[seen] - best[seen]
    predicted = sampled.magnitudes
    if predicted is None:
        predicted = likelihood.predict(thinned(sampled.samples, DRAWS))
    return Quality(
        n_detections=int(seen.sum()),
        n_limits=int((~seen).sum()),
        chi2_photometric=_chi2(residual, noise.photometric[seen]),
        chi2_total=_chi2(residual, noise.total[seen]),
        rms=float(np.sqrt(np.mean(residual**2))) if len(residual) else None,
        limits_violated=int((best[~seen] < noise.value[~seen]).sum()),
        p_value=predictive_p_value(noise, predicted, rng),
        information=sampled.information,
        outside_validity=None if outside is None or not outside.size else float(outside.mean()),
    )


def thinned(samples: Mapping[str, FloatArray], most: int) -> dict[str, FloatArray]:
    """At most so many posterior samples, evenly spaced."""
    size = len(next(iter(samples.values())))
    chosen = np.unique(np.linspace(0, size - 1, min(size, most)).astype(int))
    return {key: values[chosen] for key, values in samples.items()}


def _chi2(residual: FloatArray, sigma: FloatArray) -> float | None:
    if not len(residual) or not (sigma > 0).all():
        return None
    return float(np.sum((residual / sigma) ** 2))


def predictive_p_value(noise: Noise, predicted: FloatArray, rng: np.random.Generator) -> float:
    """Posterior predictive p-value (Gelman, Meng & Stern 1996, Statistica Sinica 6, 733).

    For each posterior sample one data set is drawn from the likelihood: a magnitude for every
    detection, truncated if the likelihood is, and for every limit whether it stays a limit. The
    discrepancy is ``sum z²`` over detections plus ``sum -2 ln P(outcome)`` over limits; the
    p-value is the share of samples whose drawn data are at least as discrepant as the real. It is
    pulled towards 1/2, as the posterior has seen the data, so small values are strong evidence.

    Parameters
    ----------
    noise : Noise
        The n rows; those counted several times are drawn several times.
    predicted : array, shape (P, n)
        Magnitudes of posterior samples.
    rng : numpy.random.Generator
    """
    seen = noise.detected
    real = _observed_z2(noise, predicted) + _observed_limits(noise, predicted)
    drawn = _drawn_z2(noise, predicted, rng) + _drawn_limits(noise, predicted, rng)
    real = np.where(np.isfinite(predicted[:, seen]).all(axis=1), real, np.inf)
    # Without noise in the drawn outcome the two are equal but for rounding.
    return float(np.mean(drawn >= real * (1 - 1e-12)))


def _observed_z2(noise: Noise, predicted: FloatArray) -> FloatArray:
    seen = noise.detected
    z = (noise.value[seen] - predicted[:, seen]) / noise.total[seen]
    return np.asarray((z**2 * noise.multiplicity[seen]).sum(axis=1))


def _drawn_z2(noise: Noise, predicted: FloatArray, rng: np.random.Generator) -> FloatArray:
    columns = _repeated(noise, noise.detected)
    shape = (len(predicted), len(columns))
    if noise.truncation is None:
        return np.asarray(rng.chisquare(1.0, shape).sum(axis=1))
    bright = (noise.truncation[columns] - predicted[:, columns]) / noise.total[columns]
    log_u = np.log1p(-rng.random(shape))  # of (0, 1]
    return np.asarray((ndtri_exp(log_u + log_ndtr(bright)) ** 2).sum(axis=1))


def _observed_limits(noise: Noise, predicted: FloatArray) -> FloatArray:
    faint = ~noise.detected
    log_p = log_survival(noise.value[faint], predicted[:, faint], noise.total[faint])
    return np.asarray((-2 * log_p * noise.multiplicity[faint]).sum(axis=1))


def _drawn_limits(noise: Noise, predicted: FloatArray, rng: np.random.Generator) -> FloatArray:
    columns = _repeated(noise, ~noise.detected)
    limit, sigma, mags = noise.value[columns], noise.total[columns], predicted[:, columns]
    log_p = log_survival(limit, mags, sigma)
    stays = rng.random(mags.shape) < np.exp(log_p)
    detected = log_survival(-limit, -mags, sigma)  # the normal is symmetric
    return np.asarray((-2 * np.where(stays, log_p, detected)).sum(axis=1))


def _repeated(noise: Noise, rows: BoolArray) -> NDArray[np.intp]:
    index = np.flatnonzero(rows)
    return np.repeat(index, noise.multiplicity[index].astype(int))
