"""Dust: how many magnitudes of extinction one magnitude of reddening E(B-V) brings."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from nmma_fitter.models.base import FloatArray

R_V_MILKY_WAY = 3.1
R_V_SMC = 2.93

_F99_SHORTEST = 910.0  # ångström; the fitted range ends at the Lyman limit
_PEI_SHORTEST = 150.0  # ångström; NMMA's cut (2e16 Hz), below it dust no longer matters


def fitzpatrick99(wavelength: FloatArray) -> FloatArray:
    """Milky Way extinction curve A(λ)/E(B-V), R_V = 3.1.

    Fitzpatrick (1999, PASP 111, 63): in the ultraviolet the form of Fitzpatrick & Massa (1990)
    with coefficients that depend on R_V, beyond 2700 Å a natural cubic spline through his optical
    and infrared anchors, as in his IDL routine ``fm_unred``.

    Parameters
    ----------
    wavelength : array
        Observer-frame wavelengths in ångström.

    Returns
    -------
    array, same shape
        Magnitudes per magnitude of E(B-V); 0 below 910 Å, where dust is not what absorbs.
    """
    lam = np.asarray(wavelength, dtype=float)
    x = 1e4 / lam
    curve = np.where(lam < 2700.0, _f99_ultraviolet(x), _f99_spline()(np.minimum(x, 1e4 / 2600.0)))
    return np.where(lam < _F99_SHORTEST, 0.0, curve)


def _f99_ultraviolet(x: FloatArray) -> FloatArray:
    """A/E(B-V) at wavenumber x in 1/µm (Fitzpatrick & Massa 1990, with the F99 coefficients)."""
    slope = -0.824 + 4.717 / R_V_MILKY_WAY
    intercept = 2.030 - 3.007 * slope
    bump_centre, bump_width, bump, far_rise = 4.596, 0.99, 3.23, 0.41
    drude = x**2 / ((x**2 - bump_centre**2) ** 2 + (x * bump_width) ** 2)
    far = np.clip(x - 5.9, 0.0, None)
    rise = 0.5392 * far**2 + 0.05644 * far**3
    return R_V_MILKY_WAY + intercept + slope * x + bump * drude + far_rise * rise


@lru_cache(maxsize=1)
def _f99_spline() -> Callable[[FloatArray], FloatArray]:
    """Natural spline of A/E(B-V) over wavenumber (1/µm) through the anchors for R_V = 3.1."""
    r = R_V_MILKY_WAY
    infrared = np.array([26500.0, 12200.0])
    optical = np.array([6000.0, 5470.0, 4670.0, 4110.0])
    ultraviolet = np.array([2700.0, 2600.0])
    x = np.concatenate([[0.0], 1e4 / infrared, 1e4 / optical, 1e4 / ultraviolet])
    optical_anchors = [
        -0.422809 + 1.00270 * r + 2.13572e-4 * r**2,
        -5.13540e-2 + 1.00216 * r - 7.35778e-5 * r**2,
        0.700127 + 1.00184 * r - 3.32598e-5 * r**2,
        1.19456 + 1.01707 * r - 5.46959e-3 * r**2 + 7.97809e-4 * r**3 - 4.45636e-5 * r**4,
    ]
    anchors = np.concatenate(
        [
            [0.0],
            np.array([0.26469, 0.82925]) * r / 3.1,
            optical_anchors,
            _f99_ultraviolet(1e4 / ultraviolet),
        ]
    )
    return natural_spline(x, anchors)


def natural_spline(x: FloatArray, y: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Cubic spline through points, straight at both ends (scipy's takes longer to import)."""
    step, slope = np.diff(x), np.diff(y) / np.diff(x)
    matrix = np.diag(2 * (step[1:] + step[:-1])) + np.diag(step[1:-1], 1) + np.diag(step[1:-1], -1)
    bend = np.pad(np.linalg.solve(matrix, np.diff(slope)), 1)  # a sixth of the second derivative

    def at(value: FloatArray) -> FloatArray:
        i = np.clip(np.searchsorted(x, value) - 1, 0, len(step) - 1)
        right = (value - x[i]) / step[i]
        left = 1.0 - right
        curved = bend[i] * (left**3 - left) + bend[i + 1] * (right**3 - right)
        return left * y[i] + right * y[i + 1] + curved * step[i] ** 2

    return at


_PEI_SMC = np.array(
    # a, centre (µm), b, n: background, far-UV, 2175 Å, 9.7 µm, 18 µm, far-infrared
    [
        [185.0, 0.042, 90.0, 2.0],
        [27.0, 0.08, 5.50, 4.0],
        [0.005, 0.22, -1.95, 2.0],
        [0.010, 9.7, -1.95, 2.0],
        [0.012, 18.0, -1.80, 2.0],
        [0.030, 25.0, 0.00, 2.0],
    ]
)


def pei92_smc(wavelength: FloatArray) -> FloatArray:
    """Extinction curve A(λ)/E(B-V) of the Small Magellanic Cloud, R_V = 2.93.

    Pei (1992, ApJ 395, 130), eq. 20 with the coefficients of his table 4:
    A(λ) = E(B-V) (1 + R_V) ξ(λ), since ξ is normalised to the B band. NMMA 1.0.1 turns B into V
    with the Milky Way's R_V = 3.08 instead, which makes its curve 1.24 % lower everywhere.

    Parameters
    ----------
    wavelength : array
        Wavelengths in the frame of the dust (the host's), ångström.

    Returns
    -------
    array, same shape
        Magnitudes per magnitude of E(B-V); 0 below 150 Å.
    """
    lam = np.asarray(wavelength, dtype=float)
    micron = lam * 1e-4
    xi = np.zeros_like(micron)
    for amplitude, centre, b, n in _PEI_SMC:
        ratio = (micron / centre) ** n
        xi += amplitude / (ratio + 1.0 / ratio + b)
    return np.where(lam < _PEI_SHORTEST, 0.0, (1.0 + R_V_SMC) * xi)
