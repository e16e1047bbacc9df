"""Redshift and luminosity distance in the Planck 2018 cosmology, for many points at once.

Planck Collaboration VI (2020, A&A 641, A6), Table 2, last column, as `astropy.cosmology.Planck18`
has it; written out here since importing astropy takes most of a second.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nmma_fitter.models.base import FloatArray

MAX_REDSHIFT = 15.0
"""End of the table, where the luminosity distance is 1.7e5 Mpc; beyond it, nan."""

_NODES = 30_000  # straight lines between so many are within 1e-8
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
    log_z1, _, ratio = _table()
    z = np.asarray(redshift, dtype=float)
    return z * np.interp(np.log1p(z), log_z1, ratio, left=np.nan, right=np.nan)


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
    _, log_d1, ratio = _table()
    d = np.asarray(distance, dtype=float)
    return d / np.interp(np.log1p(d / _SCALE), log_d1, ratio, left=np.nan, right=np.nan)


_SCALE = 4430.0  # Mpc, about c/H0: the distance at which space stops looking Euclidean


@lru_cache(maxsize=1)
def _table() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rising ln(1+z) and ln(1+d/scale), and d/z, which is smooth and finite down to zero."""
    log_z1 = np.linspace(0.0, np.log1p(MAX_REDSHIFT), _NODES)
    z1 = np.exp(log_z1)
    speed = _HUBBLE_DISTANCE * z1 / _expansion_rate(z1)  # of the comoving distance over ln(1+z)
    comoving = np.cumsum(np.diff(log_z1) * (speed[1:] + speed[:-1]) / 2)
    distance = np.concatenate([[0.0], z1[1:] * comoving])
    ratio = np.concatenate([[_HUBBLE_DISTANCE], distance[1:] / np.expm1(log_z1[1:])])
    return log_z1, np.log1p(distance / _SCALE), ratio


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
