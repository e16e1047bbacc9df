"""Supernova powered by the decay of nickel: Arnett (1982), with the escape of gamma rays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from nmma_fitter.models import blackbody
from nmma_fitter.models.base import FloatArray, Model, Parameter

_KAPPA = 0.07  # cm²/g, mean opacity of stripped-envelope ejecta (Chugai 2000; Taddia et al. 2018)
_KAPPA_GAMMA = 0.027  # cm²/g, of the gamma rays of 56Co (Cappellaro et al. 1997)
_BETA = 13.7  # Arnett's constant of the density profile
# Power of a solar mass of 56Ni and of its 56Co, erg/s, and their lifetimes (Nadyozhin 1994)
_NICKEL, _NICKEL_LIFETIME = 6.45e43, 8.8 * blackbody.DAY
_COBALT, _COBALT_LIFETIME = 1.45e43, 111.3 * blackbody.DAY
_KILOMETRE = 1e5


class Arnett1982(Model):
    """Supernova powered by radioactive nickel (Arnett 1982, ApJ 253, 785).

    One zone in homologous expansion is heated by P(t) = M_Ni (6.45e43 exp(-t / 8.8 d) +
    1.45e43 exp(-t / 111.3 d)) erg/s per solar mass (Nadyozhin 1994, ApJS 92, 527), and cools by
    diffusion in the time τ, with τ² = 2 κ M / (13.7 c v) and κ = 0.07 cm²/g:

        L(t) = (2/τ²) exp(-t²/τ²) ∫_0^t P(s) s exp(s²/τ²) ds (1 - exp(-A/t²)).

    The last factor is the share of the gamma rays that does not escape, A = 3 κ_γ M / (4π v²) with
    κ_γ = 0.027 cm²/g (Clocchiatti & Wheeler 1997, ApJ 491, 375; in this form Chatzopoulos, Wheeler
    & Vinko 2012, ApJ 746, 121, eq. 9). The photosphere grows as v t until its temperature
    has fallen to a floor, and then recedes at that temperature (Nicholl, Guillochon & Berger 2017,
    ApJ 850, 55, eq. 8 and 9). It radiates as a blackbody.

    Heat that the shock left, which the first day or two may show, is not part of it, nor is the
    nebular phase.
    """

    name: ClassVar[str] = "Arnett1982"
    kind: ClassVar[str] = "supernova"
    paper: ClassVar[str] = "Arnett 1982, ApJ 253, 785; Chatzopoulos et al. 2012, ApJ 746, 121"
    physics: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "log10_mni",
            "log10 solar mass",
            r"$\log_{10} M_{\rm Ni}/M_\odot$",
            "mass of radioactive nickel",
        ),
        Parameter(
            "log10_mej",
            "log10 solar mass",
            r"$\log_{10} M_{\rm ej}/M_\odot$",
            "mass of the ejecta",
        ),
        Parameter(
            "log10_vph",
            "log10 km/s",
            r"$\log_{10} v_{\rm ph}/{\rm km\,s^{-1}}$",
            "velocity of the ejecta, which the photosphere has at first",
        ),
        Parameter(
            "temperature_floor",
            "K",
            r"$T_{\rm floor}$ [K]",
            "temperature at which the photosphere begins to recede",
        ),
    )
    valid_days: ClassVar[tuple[float, float]] = (1.0, 60.0)

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
        seconds = np.where(after, seconds, 1.0)
        velocity = 10.0 ** parameters["log10_vph"] * _KILOMETRE
        luminosity = nickel_luminosity(
            10.0 ** parameters["log10_mni"],
            10.0 ** parameters["log10_mej"] * blackbody.SOLAR_MASS,
            velocity,
            seconds,
        )
        coolest = 4 * np.pi * blackbody.STEFAN_BOLTZMANN * parameters["temperature_floor"] ** 4
        radius = np.minimum(velocity[:, None] * seconds, np.sqrt(luminosity / coolest[:, None]))
        apparent = blackbody.magnitudes(luminosity, radius, wavelengths, redshift, distance)
        return np.where(after, apparent, np.inf)


def nickel_luminosity(
    nickel: FloatArray, mass: FloatArray, velocity: FloatArray, seconds: FloatArray
) -> FloatArray:
    """Bolometric luminosity of ejecta that decaying nickel heats.

    Parameters
    ----------
    nickel, mass, velocity : array, shape (points,)
        Nickel in solar masses, ejecta in g, and their velocity in cm/s.
    seconds : array, shape (points, observations)
        Source-frame time since the explosion, above 0.

    Returns
    -------
    array, shape (points, observations)
        erg/s.
    """
    c = blackbody.SPEED_OF_LIGHT
    diffusion = np.sqrt(2 * _KAPPA * mass / (_BETA * c * velocity))[:, None]
    trapped = 3 * _KAPPA_GAMMA * mass / (4 * np.pi * velocity**2)
    heat = _NICKEL * _diffused(seconds, diffusion, _NICKEL_LIFETIME)
    heat += _COBALT * _diffused(seconds, diffusion, _COBALT_LIFETIME)
    return nickel[:, None] * heat * -np.expm1(-trapped[:, None] / seconds**2)


def _diffused(seconds: FloatArray, diffusion: FloatArray, lifetime: float) -> FloatArray:
    """Diffusion's answer to a power exp(-t / lifetime), by Dawson's integral D.

    With x = t/τ and y = τ/(2 lifetime), completing the square in Arnett's integral gives

        2 exp(-x²) ∫_0^x s exp(s² - 2 s y) ds
            = exp(-2xy) - exp(-x²) + 2y (exp(-2xy) D(x - y) + exp(-x²) D(y)),

    which has no number that could overflow. What is left to rounding is 1e-16 of the power.
    """
    from scipy.special import dawsn

    x, y = seconds / diffusion, diffusion / (2 * lifetime)
    decayed, diffused = np.exp(-2 * x * y), np.exp(-(x**2))
    answer = decayed - diffused + 2 * y * (decayed * dawsn(x - y) + diffused * dawsn(y))
    return np.asarray(np.maximum(answer, 0.0))
