"""Light curves simulated from a model, with noise drawn from the likelihood that fits them.

Each exposure at limit L of a source of true magnitude m draws one standard normal deviate z.

- It becomes an upper limit when ``m + σ_L z > L`` with ``σ_L² = sys² + limit_error²``: with
  probability Φ((m - L) / σ_L), the likelihood's term of a limit.
- Otherwise it is a detection at ``m + σ z`` with ``σ² = mag_err² + sys²``: with the density
  N(m, σ), the likelihood's term of a detection, over the magnitudes that the same z allows.

The two add up to one, so this is the process the likelihood describes; it is the censored
regression of Tobin (1958, Econometrica 26, 24). A second deviate for the magnitude would not be:
the density of a detection would then be N(m, σ) times the probability of being detected, which
the likelihood does not contain (it does not condition detections on being detected).

With ``errors="exposure"`` every detection has the error of a limit, ``σ = σ_L``, and the process
is the likelihood's own, exactly: it is for tests of the inference. With ``errors="source"``, the
default, a detection's error follows from the source's magnitude, which looks like a survey's, and
is not exact:

- The faintest magnitude a detection can have, ``m + σ (L - m) / σ_L``, is L itself only where
  ``σ = σ_L``, at the limit. For a brighter source it is brighter than L and depends on m, which the
  likelihood does not know. At 3 σ_L above the limit this concerns 0.1 % of the detections.
- ``mag_err`` follows from the true magnitude; the likelihood takes it as known beforehand and
  learns nothing from it. Its intervals are wider than they might be: of 20,000 draws of a source of
  constant magnitude, 10 exposures each, 90.6 % were inside 90 %, against 89.8 % with "exposure".
- A real error is estimated from the measured flux instead, and real noise is Gaussian in flux, not
  in magnitude; neither is simulated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.bands import canonical
from nmma_fitter.candidates.lightcurve import LightCurve, from_columns
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.models import Model
from nmma_fitter.models.observed import Prediction

FloatArray = NDArray[np.float64]
Errors = Literal["source", "exposure"]

ERROR_AT_LIMIT = 2.5 / math.log(10) / 5  # mag, of a 5-sigma measurement
CALIBRATION_ERROR = 0.01  # mag, the smallest error of any measurement
SIDEREAL_SHIFT = -0.0027  # days a field rises earlier each night


@dataclass(frozen=True)
class Exposure:
    """One exposure: its time (MJD), canonical band and 5-sigma limiting AB magnitude."""

    mjd: float
    band: str
    limit: float


def simulate(
    model: Model,
    parameters: Mapping[str, float],
    cadence: Sequence[Exposure],
    settings: FitSettings,
    rng: np.random.Generator,
    trigger: float,
    *,
    name: str = "simulated",
    errors: Errors = "source",
) -> LightCurve:
    """Draw the light curve that a survey would record of a source.

    Parameters
    ----------
    model : Model
    parameters : mapping of name to float
        The truth: the model's own parameters and the common ones of `Prediction`.
    cadence : sequence of Exposure
    settings : FitSettings
        Errors, reddening and wavelengths, as the fit will have them. Windows do not cut here, and
        `truncate` must be off: non-detections are recorded.
    rng : numpy.random.Generator
        One deviate is drawn per exposure, in the order of the cadence.
    trigger : float
        MJD of day zero, fixed before anything is drawn. A fit of the light curve needs it as
        ``settings.trigger``: one derived from the first detection would be another day zero.
    name : str
        Of the simulated object.
    errors : "source" or "exposure"
        What photometric errors follow from: the source's magnitude, or ``settings.limit_error``.

    Returns
    -------
    LightCurve
        One row per exposure, detections with their limits.

    Raises
    ------
    BadInput
        When the settings fix another trigger or truncate, the cadence is empty, or the model cannot
        be evaluated at the parameters.
    """
    _check(settings, cadence, trigger)
    magnitudes = true_magnitudes(model, parameters, cadence, settings, trigger)
    limit = np.array([exposure.limit for exposure in cadence])
    systematic = np.array(
        [settings.sys_error_bands.get(e.band, settings.sys_error) for e in cadence]
    )
    z = rng.standard_normal(len(cadence))
    at_limit = magnitudes + np.hypot(settings.limit_error, systematic) * z
    error = photometric_error(magnitudes, limit)
    if errors == "exposure":
        error = np.full(len(cadence), settings.limit_error)
    detected = at_limit <= limit
    with np.errstate(invalid="ignore"):  # no light: never detected
        measured = magnitudes + np.hypot(error, systematic) * z
    return from_columns(
        name,
        mjd=[exposure.mjd for exposure in cadence],
        band=[exposure.band for exposure in cadence],
        mag=np.where(detected, measured, np.nan).tolist(),
        mag_err=np.where(detected, error, np.nan).tolist(),
        limit=limit.tolist(),
        multiplicity=[1] * len(cadence),
    )


def true_magnitudes(
    model: Model,
    parameters: Mapping[str, float],
    cadence: Sequence[Exposure],
    settings: FitSettings,
    trigger: float,
) -> FloatArray:
    """Magnitudes of the source itself, shape (exposures,); +inf where it has no light."""
    prediction = Prediction(
        model,
        np.array([exposure.mjd for exposure in cadence]) - trigger,
        [exposure.band for exposure in cadence],
        galactic_ebv=settings.galactic_ebv,
        wavelengths=settings.wavelengths,
        time_grid=settings.time_grid,
    )
    magnitudes = prediction({key: np.array([value]) for key, value in parameters.items()})[0]
    if np.isnan(magnitudes).any():
        raise BadInput(f"{model.name} cannot be evaluated at {dict(parameters)}; change them")
    return np.asarray(magnitudes)


def photometric_error(magnitudes: FloatArray, limit: FloatArray) -> FloatArray:
    """1-sigma error in mag, 2.5 / (S/N ln 10) with S/N = 5 at the limit and in ratio to the flux.

    The noise is the sky's, the same for every source of an exposure; never below the error of
    the calibration, `CALIBRATION_ERROR`.
    """
    return np.maximum(ERROR_AT_LIMIT * 10 ** (0.4 * (magnitudes - limit)), CALIBRATION_ERROR)


def ztf_cadence(
    rng: np.random.Generator, first: float, last: float, *, every: float = 1.0, clear: float = 0.85
) -> list[Exposure]:
    """Exposures like those of ZTF's public survey in a season: g and r a night, i now and then.

    Parameters
    ----------
    rng : numpy.random.Generator
    first, last : float
        MJD of the first possible night and the end.
    every : float
        Days between two visits.
    clear : float
        Share of the nights with data; every fifth of these also has an i.

    Returns
    -------
    list of Exposure
        In time. Limits are between 20.5 and 21, and half a magnitude less in i.
    """
    exposures: list[Exposure] = []
    for visit in range(int((last - first) / every)):
        night = first + visit * (every + SIDEREAL_SHIFT)
        seen, with_i = rng.random(2)
        hours, depth = rng.uniform(0, 0.1, 3), rng.uniform(20.5, 21.0, 3)
        if seen >= clear:
            continue
        for number, band in enumerate("gri" if with_i < 0.2 else "gr"):
            deep = float(depth[number]) - (0.5 if band == "i" else 0.0)
            when = night + 0.1 * number + float(hours[number])
            exposures.append(Exposure(when, canonical(band, default="ztf"), deep))
    return exposures


def _check(settings: FitSettings, cadence: Sequence[Exposure], trigger: float) -> None:
    if settings.truncate:
        raise BadInput("simulated light curves record their non-detections: set truncate = false")
    if isinstance(settings.trigger, float) and settings.trigger != trigger:
        raise BadInput(
            f"settings.trigger is {settings.trigger}, the light curve's {trigger}; give one MJD"
        )
    if not cadence:
        raise BadInput("a cadence without exposures: make it longer, or clear > 0")
