"""AB magnitudes of a spherical blackbody photosphere."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from nmma_fitter.errors import BadInput
from nmma_fitter.models.base import FloatArray

Normalisation = Literal["published", "nmma"]

# CGS, CODATA 2018 and IAU 2015, as in astropy.constants; written out to import quickly.
SPEED_OF_LIGHT = 2.99792458e10
PLANCK = 6.62607015e-27
BOLTZMANN = 1.380649e-16
STEFAN_BOLTZMANN = 5.6703744191844314e-05
SOLAR_MASS = 1.988409870698051e33
MEGAPARSEC = 3.0856775814913674e24
DAY = 86400.0

_FAINTEST = np.log(np.finfo(float).tiny)  # a flux that a double cannot hold is no light


def check_normalisation(value: str) -> Normalisation:
    """Return `value` as a known normalisation, or raise `BadInput` naming the known ones."""
    for known in get_args(Normalisation):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise BadInput(f"normalisation {value!r} is none of {', '.join(get_args(Normalisation))}")


def magnitudes(
    luminosity: FloatArray,
    radius: FloatArray,
    wavelengths: FloatArray,
    redshift: FloatArray,
    distance: FloatArray,
    normalisation: Normalisation = "published",
) -> FloatArray:
    """Apparent AB magnitudes of a photosphere with T⁴ = L / (4π R² σ).

    The flux density is f_ν = (1+z) π B_ν(ν(1+z), T) R²/d² (Metzger 2017, LRR 20, 3, section
    4, for a source at redshift z). NMMA 1.0.1 leaves out the π, so that its blackbodies radiate
    L/π and are 2.5 log10(π) = 1.243 mag too faint; ``normalisation="nmma"`` does the same.

    Parameters
    ----------
    luminosity, radius : array, shape (points, observations)
        Bolometric luminosity in erg/s and photospheric radius in cm, source frame.
    wavelengths : array, shape (observations,)
        Observer-frame wavelengths in ångström.
    redshift, distance : array, shape (points,)
        Redshift, and luminosity distance in Mpc.
    normalisation : {"published", "nmma"}
        With or without the π.

    Returns
    -------
    array, shape (points, observations)
        +inf where luminosity or radius is zero, nan where either is.
    """
    stretch = 1.0 + redshift[:, None]
    nu = SPEED_OF_LIGHT / (wavelengths * 1e-8) * stretch
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        temperature = (luminosity / (4 * np.pi * radius**2 * STEFAN_BOLTZMANN)) ** 0.25
        x = PLANCK * nu / (BOLTZMANN * temperature)
        # ln of the Planck function, since exp(x) itself overflows in the Wien tail
        log_planck = -x - np.log(-np.expm1(-x))
        log_flux = (
            np.log(2.0 * PLANCK / SPEED_OF_LIGHT**2)
            + 3.0 * np.log(nu)
            + log_planck
            + 2.0 * np.log(radius / (distance[:, None] * MEGAPARSEC))
            + np.log(stretch)
        )
    if normalisation == "published":
        log_flux += np.log(np.pi)
    dark = (luminosity == 0) | (radius == 0) | (log_flux < _FAINTEST)
    return np.where(dark, np.inf, -2.5 / np.log(10) * log_flux - 48.6)
