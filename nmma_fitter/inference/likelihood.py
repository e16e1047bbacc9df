"""The probability of a light curve given a model's magnitudes, for many points at once.

A detection of magnitude m with error e is Gaussian in magnitude about the model's, with variance
``e² + sys² + model²``. An upper limit is the probability that the model is fainter than the limit,
with variance ``limit_error² + sys² + model²``: a 5-sigma limit is itself uncertain by
2.5 / (5 ln 10) = 0.22 mag. The model's own error is 0 but for surrogates.
This is the likelihood of NMMA (Pang et al. 2023, Nature Communications 14, 8352), whose limits
take the systematic error alone and whose detections are always truncated (see `Noise.truncation`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from nmma_fitter.candidates.lightcurve import LightCurve, photometry_digest, upper_limits
from nmma_fitter.errors import BadInput, ConfigError
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.inference.summary import MODEL_ERROR, Comparability

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Predictor = Callable[[Mapping[str, FloatArray]], FloatArray]

LIMIT_TREATMENT = "log P(model fainter than the row's own limit)"


@dataclass(frozen=True, eq=False)
class Noise:
    """What the likelihood knows of each row, apart from the model.

    Attributes
    ----------
    value : array, shape (n,)
        AB magnitude of a detection, limiting magnitude otherwise.
    photometric, total : array, shape (n,)
        1-sigma error in mag, without and with the systematic and the model's own error.
    detected : array of bool, shape (n,)
    multiplicity : array, shape (n,)
        How many times the row's term counts.
    truncation : array, shape (n,), or None
        Magnitude fainter than which a detection could not have been recorded; the term of a
        detection is divided by the normal's mass on the bright side. Right only for light curves
        whose non-detections were not recorded: together with limits they count twice.
    """

    value: FloatArray
    photometric: FloatArray
    total: FloatArray
    detected: BoolArray
    multiplicity: FloatArray
    truncation: FloatArray | None


class Likelihood:
    """Log likelihood of one light curve.

    Parameters
    ----------
    light_curve : LightCurve
        Merged and cut to the window; every row given enters.
    trigger : float
        MJD of day 0. The predictor knows it too; here it is only recorded.
    settings : FitSettings
        Errors and the treatment of limits.
    predict : callable
        Parameters, arrays of shape (P,), to AB magnitudes, shape (P, n): +inf where the flux is
        zero, nan where the model could not be evaluated.
    model_error : float
        The model's own 1-sigma error in mag (see `models.Model`); it belongs to the model, and
        fits with different ones may be compared.

    Attributes
    ----------
    n_evaluations, n_invalid : int
        Points given to `log_likelihood` in this process, and those the model could not evaluate.
    """

    def __init__(
        self,
        light_curve: LightCurve,
        trigger: float,
        settings: FitSettings,
        predict: Predictor,
        model_error: float = 0.0,
    ) -> None:
        self.light_curve = light_curve
        self.trigger = float(trigger)
        self.settings = settings
        self.predict = predict
        self.model_error = float(model_error)
        self.noise = noise_of(light_curve, settings, self.model_error)
        self.n_evaluations = 0
        self.n_invalid = 0

    def evaluate(self, parameters: Mapping[str, FloatArray]) -> FloatArray:
        """Log likelihood, shape (P,), nan where the model could not be evaluated.

        Hand this one to the sampler: it counts the nan itself, also over processes and resumes.
        """
        return log_probability(self.noise, self.predict(parameters))

    def log_likelihood(self, parameters: Mapping[str, FloatArray]) -> FloatArray:
        """Log likelihood, shape (P,); -inf, and counted, where the model could not be evaluated."""
        log_l = self.evaluate(parameters)
        invalid = np.isnan(log_l)
        self.n_evaluations += len(log_l)
        self.n_invalid += int(invalid.sum())
        return np.where(invalid, -np.inf, log_l)

    def data_digest(self) -> str:
        """Sha256 of the measurements that entered, the same for any order of the rows."""
        return photometry_digest(self.light_curve)

    def comparability(self) -> Comparability:
        """Name what must be equal, besides the data, for two evidences to be compared.

        A model's own error is named too, under `MODEL_ERROR`, and may differ.
        """
        found = comparability(self.light_curve, self.trigger, self.settings)
        return found | ({MODEL_ERROR: self.model_error} if self.model_error else {})


def log_probability(noise: Noise, magnitudes: FloatArray) -> FloatArray:
    """Log probability of the rows given predicted magnitudes.

    Parameters
    ----------
    noise : Noise
        The n rows.
    magnitudes : array, shape (P, n)
        Predicted AB magnitudes; +inf is zero flux, nan not evaluable.

    Returns
    -------
    array, shape (P,)
        nan where any magnitude is nan.
    """
    with np.errstate(invalid="ignore"):  # inf - inf of a row that is replaced below
        terms = np.where(
            noise.detected,
            _detection_terms(noise, magnitudes),
            log_survival(noise.value, magnitudes, noise.total),
        )
    terms = np.where(np.isnan(magnitudes), np.nan, terms)
    # Not a matrix product: its rounding may depend on how many points are evaluated together.
    return np.asarray((terms * noise.multiplicity).sum(axis=1))


def _detection_terms(noise: Noise, magnitudes: FloatArray) -> FloatArray:
    """Gaussian terms, shape (P, n); those of limits mean nothing."""
    sigma = np.where(noise.detected, noise.total, 1.0)
    z = (noise.value - magnitudes) / sigma
    terms = -0.5 * z**2 - np.log(sigma) - 0.5 * np.log(2 * np.pi)
    if noise.truncation is not None:
        terms = terms - log_ndtr((noise.truncation - magnitudes) / sigma)
    return np.where(np.isinf(magnitudes), -np.inf, terms)


def log_survival(limit: FloatArray, magnitudes: FloatArray, sigma: FloatArray) -> FloatArray:
    """Log probability that magnitudes scattered by sigma are fainter than a limit.

    All broadcast together; a sigma of 0 makes a step: 0 where fainter than the limit, else -inf.
    """
    step = np.where(magnitudes > limit, 0.0, -np.inf)
    smooth = log_ndtr((magnitudes - limit) / np.where(sigma > 0, sigma, 1.0))
    return np.where(sigma > 0, smooth, step)


def noise_of(light_curve: LightCurve, settings: FitSettings, model_error: float = 0.0) -> Noise:
    """Errors and limits of each row, all errors in quadrature.

    Raises
    ------
    BadInput
        For rows that cannot enter a likelihood; the message names the first.
    """
    lc = light_curve
    systematic = np.array([_systematic(str(band), settings) for band in lc.band], dtype=float)
    photometric = np.where(lc.has_magnitude, lc.mag_err, settings.limit_error)
    noise = Noise(
        value=np.where(lc.has_magnitude, lc.mag, upper_limits(lc)).astype(float),
        photometric=photometric,
        total=np.hypot(photometric, np.hypot(systematic, model_error)),
        detected=np.asarray(lc.has_magnitude, dtype=bool),
        multiplicity=np.asarray(lc.multiplicity, dtype=float),
        truncation=_truncation(lc, settings) if settings.truncate else None,
    )
    _check(lc, noise)
    return noise


def _systematic(band: str, settings: FitSettings) -> float:
    return settings.sys_error_bands.get(band, settings.sys_error)


def _truncation(light_curve: LightCurve, settings: FitSettings) -> FloatArray:
    """Take the detection limit of each row, +inf for limits, which are not truncated."""
    limit = settings.detection_limit
    if limit is None:
        raise ConfigError("truncate needs detection_limit, the faintest magnitude recorded")
    if isinstance(limit, float):
        limit = {str(band): limit for band in light_curve.band}
    missing = sorted({str(b) for b in light_curve.band[light_curve.has_magnitude]} - set(limit))
    if missing:
        raise ConfigError(f"detection_limit says nothing of {', '.join(missing)}; add them")
    rows = [limit.get(str(band), np.inf) for band in light_curve.band]
    return np.where(light_curve.has_magnitude, rows, np.inf)


def _check(light_curve: LightCurve, noise: Noise) -> None:
    if not len(noise.value):
        raise BadInput(f"{light_curve.name}: no measurement in the window; widen tmin and tmax")
    faults = {
        "no finite magnitude, error or limit": ~np.isfinite(noise.value + noise.total),
        "a negative error": noise.photometric < 0,
        "no error at all; give mag_err or sys_error": noise.detected & (noise.total == 0),
        "a multiplicity below 1": noise.multiplicity < 1,
    }
    if noise.truncation is not None:
        faults["a detection fainter than detection_limit; raise it"] = (
            noise.value > noise.truncation
        )
    for fault, rows in faults.items():
        if rows.any():
            row = int(np.flatnonzero(rows)[0])
            where = f"{light_curve.band[row]} at MJD {light_curve.mjd[row]:.5f}"
            raise BadInput(f"{light_curve.name}: {where} has {fault}")


def comparability(light_curve: LightCurve, trigger: float, settings: FitSettings) -> Comparability:
    """Name the settings that change what the evidence is the evidence of; plain JSON values.

    Per-band values are listed for the bands of this light curve only.
    """
    found: Comparability = {
        "trigger_mjd": round(trigger, 6),  # 0.09 s
        "limit_treatment": LIMIT_TREATMENT,
        "limit_error": settings.limit_error,
        "truncate": settings.truncate,
        "galactic_ebv": settings.galactic_ebv,
    }
    for band in sorted({str(b) for b in light_curve.band}):
        found[f"sys_error[{band}]"] = _systematic(band, settings)
    if settings.truncate:
        truncation = _truncation(light_curve, settings)
        for band in sorted({str(b) for b in light_curve.band[light_curve.has_magnitude]}):
            rows = light_curve.has_magnitude & (light_curve.band == band)
            found[f"detection_limit[{band}]"] = float(truncation[rows][0])
    return found
