"""Redshift and luminosity distance in the Planck 2018 cosmology, for many points at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from nmma_fitter.models.base import FloatArray

MAX_REDSHIFT = 15.0
"""End of the table, where the luminosity distance is 1.7e5 Mpc; beyond it, nan."""

_NODES = 600


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
    from astropy import constants, units
    from astropy.cosmology import Planck18
    from scipy.interpolate import CubicSpline

    z = np.expm1(np.linspace(0.0, np.log1p(MAX_REDSHIFT), _NODES))
    hubble_distance = (constants.c / Planck18.H0).to_value(units.Mpc)
    distance = Planck18.luminosity_distance(z[1:]).to_value(units.Mpc)
    ratio = np.concatenate([[hubble_distance], distance / z[1:]])
    d = z * ratio
    return (
        CubicSpline(np.log1p(z), ratio, extrapolate=False),
        CubicSpline(np.log1p(d / _SCALE), 1.0 / ratio, extrapolate=False),
    )
