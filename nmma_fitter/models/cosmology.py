"""Redshift and luminosity distance in the Planck 2018 cosmology, for many points at once.

Planck Collaboration VI (2020, A&A 641, A6), Table 2, last column, as `astropy.cosmology.Planck18`
has it; written out here since importing astropy takes most of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from nmma_fitter.models.base import FloatArray

MAX_REDSHIFT = 15.0
"""End of the table, where the luminosity distance is 1.7e5 Mpc; beyond it, nan."""

_NODES = 600
_HUBBLE_DISTANCE = 299792.458 / 67.66  # c/H0, Mpc
# Densities today over the critical one; photons of 2.7255 K; the rest is the cosmological constant.
_MATTER, _PHOTONS = 0.30966, 5.402015137e-5
_NEUTRINOS = 3.046  # effective number of the three kinds, of which one has 0.06 eV
_NEUTRINO_MASS = 357.91212  # over k T of the neutrinos today


def luminosity_distance(redshift: FloatArray) -> FloatArray:
    """Luminosity distance of a redshift.

    Parameters
    ----------
    redshift : array
        Redshifts from 0 to `MAX_REDSHIFT`.

    Returns
    -------
    array, same shape
        Mpc, within 1e-6 of `astropy.cosmology.Planck18`; nan outside the table.
    """
    distance_over_redshift, _ = _tables()
    z = np.asarray(redshift, dtype=float)
    return z * distance_over_redshift(np.log1p(z))


def redshift(distance: FloatArray) -> FloatArray:
    """Redshift of a luminosity distance, the inverse of `luminosity_distance`.

    Parameters
    ----------
    distance : array
        Luminosity distances from 0 to 1.7e5 Mpc.

    Returns
    -------
    array, same shape
        Within 1e-6 of astropy's Planck18; nan outside the table.
    """
    _, redshift_over_distance = _tables()
    d = np.asarray(distance, dtype=float)
    return d * redshift_over_distance(np.log1p(d / _SCALE))


_SCALE = 4430.0  # Mpc, about c/H0: the distance at which space stops looking Euclidean


@lru_cache(maxsize=1)
def _tables() -> tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]:
    """Splines of d/z and z/d: both ratios stay smooth and finite down to zero."""
    from scipy.interpolate import CubicSpline

    log_z1 = np.linspace(0.0, np.log1p(MAX_REDSHIFT), _NODES)
    z = np.expm1(log_z1)
    distance = (1.0 + z[1:]) * np.cumsum(_comoving_steps(log_z1))
    ratio = np.concatenate([[_HUBBLE_DISTANCE], distance / z[1:]])
    d = z * ratio
    return (
        CubicSpline(log_z1, ratio, extrapolate=False),
        CubicSpline(np.log1p(d / _SCALE), 1.0 / ratio, extrapolate=False),
    )


def _comoving_steps(log_z1: FloatArray) -> FloatArray:
    """Comoving distances between neighbouring values of ln(1+z), Mpc, by Gauss-Legendre."""
    half = np.diff(log_z1)[:, None] / 2
    inside = log_z1[:-1, None] + half * (1.0 + np.sqrt(0.6) * np.array([-1.0, 0.0, 1.0]))
    speed = _HUBBLE_DISTANCE * np.exp(inside) / _expansion_rate(np.exp(inside))
    return np.asarray(np.sum(half * np.array([5.0, 8.0, 5.0]) / 9.0 * speed, axis=1))


def _expansion_rate(z1: FloatArray) -> FloatArray:
    """H/H0 at 1+z of a flat universe."""
    constant = 1.0 - _MATTER - _light(np.ones(1))
    return np.sqrt(_MATTER * z1**3 + _light(z1) * z1**4 + constant)


def _light(z1: FloatArray) -> FloatArray:
    """Density of photons and neutrinos at 1+z, over today's critical one and (1+z)^4.

    The neutrinos' after Komatsu et al. (2011, ApJS 192, 18), equations 25 and 26.
    """
    heavy = (1.0 + (0.3173 * _NEUTRINO_MASS / z1) ** 1.83) ** (1 / 1.83)
    each: float = 7 / 8 * (4 / 11) ** (4 / 3) * _NEUTRINOS / 3
    return _PHOTONS * (1.0 + each * (2.0 + heavy))
