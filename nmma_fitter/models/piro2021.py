"""Cooling of shock-heated, extended material around a star: Piro, Haynie & Yao (2021)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from nmma_fitter.models import blackbody
from nmma_fitter.models.base import FloatArray, Model, Parameter

_N, _DELTA = 10.0, 1.1  # outer and inner slopes of the density profile
_K = (_N - 3) * (3 - _DELTA) / (4 * np.pi * (_N - _DELTA))
_KAPPA = 0.2  # cm²/g, electron scattering without hydrogen; the value NMMA takes


class Piro2021(Model):
    """Shock cooling of extended material (Piro, Haynie & Yao 2021, ApJ 909, 209).

    Density falls as v^-n with n = 10 above the transition velocity v_t and as v^-δ with δ = 1.1
    below it; K = (n-3)(3-δ) / (4π(n-δ)) = 0.119, κ = 0.2 cm²/g, and

        v_t² = (n-5)(5-δ) / ((n-3)(3-δ)) 2E/M,   t_d² = 3κKM / ((n-1) v_t c),
        t_ph² = 3κKM / (2(n-1) v_t²),            L_0 = π(n-1)/(3(n-5)) c R v_t² / κ.

    Luminosity: L_0 (t_d/t)^(4/(n-2)) before t_d, L_0 exp(-(t²/t_d² - 1)/2) after it. Photosphere
    (their eq. 7-10): v_t t (t_ph/t)^(2/(n-1)) before t_ph, and v_t t times
    (1 + (δ-1)/(n-1) (t²/t_ph² - 1))^(-1/(δ-1)) after it. It radiates as a blackbody.

    Parameters
    ----------
    normalisation : {"published", "nmma"}
        See `blackbody.magnitudes`.
    """

    name: ClassVar[str] = "Piro2021"
    kind: ClassVar[str] = "shock cooling"
    paper: ClassVar[str] = "Piro, Haynie & Yao 2021, ApJ 909, 209"
    nmma_name: ClassVar[str | None] = "Piro2021"
    physics: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "log10_Menv",
            "log10 solar mass",
            r"$\log_{10} M_{\rm env}/M_\odot$",
            "mass of the extended material",
        ),
        Parameter(
            "log10_Renv",
            "log10 cm",
            r"$\log_{10} R_{\rm env}/{\rm cm}$",
            "radius of the extended material before the shock",
        ),
        Parameter(
            "log10_Ee",
            "log10 erg",
            r"$\log_{10} E_{\rm e}/{\rm erg}$",
            "energy the shock leaves in the extended material",
        ),
    )
    valid_days: ClassVar[tuple[float, float]] = (1.0 / 24.0, 3.5)

    def __init__(self, normalisation: str = "published") -> None:
        self.normalisation = blackbody.check_normalisation(normalisation)

    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        """Apparent magnitudes; +inf at and before the explosion. See `Model.magnitudes`."""
        seconds = days / (1.0 + redshift[:, None]) * blackbody.DAY
        after = seconds > 0
        luminosity, radius = shock_cooling(
            10.0 ** parameters["log10_Menv"] * blackbody.SOLAR_MASS,
            10.0 ** parameters["log10_Renv"],
            10.0 ** parameters["log10_Ee"],
            np.where(after, seconds, 1.0),
        )
        apparent = blackbody.magnitudes(
            luminosity, radius, wavelengths, redshift, distance, self.normalisation
        )
        return np.where(after, apparent, np.inf)


def shock_cooling(
    mass: FloatArray, radius: FloatArray, energy: FloatArray, seconds: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Bolometric luminosity and photospheric radius of the cooling material.

    Parameters
    ----------
    mass, radius, energy : array, shape (points,)
        Of the extended material: g, cm, erg.
    seconds : array, shape (points, observations)
        Source-frame time since the explosion, above 0.

    Returns
    -------
    luminosity, radius : arrays, shape (points, observations)
        erg/s and cm.
    """
    c = blackbody.SPEED_OF_LIGHT
    mass, radius, energy = mass[:, None], radius[:, None], energy[:, None]
    velocity = np.sqrt((_N - 5) * (5 - _DELTA) / ((_N - 3) * (3 - _DELTA)) * 2 * energy / mass)
    diffusion = np.sqrt(3 * _KAPPA * _K * mass / ((_N - 1) * velocity * c))
    scale = np.pi * (_N - 1) / (3 * (_N - 5)) * c * radius * velocity**2 / _KAPPA
    luminosity = scale * np.where(
        seconds < diffusion,
        (diffusion / seconds) ** (4 / (_N - 2)),
        np.exp(-0.5 * ((seconds / diffusion) ** 2 - 1)),
    )
    thin = np.sqrt(3 * _KAPPA * _K * mass / (2 * (_N - 1) * velocity**2))
    ratio = seconds / thin
    inner = 1 + (_DELTA - 1) / (_N - 1) * (np.maximum(ratio, 1.0) ** 2 - 1)
    shrink = np.where(ratio < 1, ratio ** (-2 / (_N - 1)), inner ** (-1 / (_DELTA - 1)))
    return luminosity, shrink * velocity * seconds
