"""Transmission curves of the bands: thinned, in one file that ships (``data/bandpasses.npz``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bands import BANDS, wavelength

DATA = Path(__file__).parent / "data" / "bandpasses.npz"
_SPEED_OF_LIGHT = 2.99792458e18  # Å / s
_ZERO = 3631e-23 * _SPEED_OF_LIGHT  # erg Å / (s cm²): f_λ λ² of AB magnitude 0


class Bandpass(NamedTuple):
    """Transmission of a band for photons, straight between its points and 0 outside.

    Attributes
    ----------
    wavelength : array, shape (n,)
        Rising, in ångström.
    transmission : array, shape (n,)
        Fraction of photons, over its largest value.
    """

    wavelength: NDArray[np.float64]
    transmission: NDArray[np.float64]

    def weights(self, spacing: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Wavelengths (n,), and weights (n,) whose sum with f_λ there is the AB flux.

        The flux of AB magnitude 0 is 1, f_λ is in erg/s/cm²/Å: ∫λ f_λ T dλ / (f₀ c ∫T/λ dλ) with
        f₀ 3631 Jy (Bessell & Murphy 2012, PASP 124, 140, eq. A29), by the rule of midpoints.

        Parameters
        ----------
        spacing : float
            Largest distance of the wavelengths, in ångström.
        """
        low, high = float(self.wavelength[0]), float(self.wavelength[-1])
        count = int(np.ceil((high - low) / spacing))
        wave = low + (np.arange(count) + 0.5) * (high - low) / count
        through = np.interp(wave, self.wavelength, self.transmission)
        return wave, wave * through / (_ZERO * np.sum(through / wave))


@cache
def _curves() -> dict[str, Bandpass]:
    with np.load(DATA) as stored:
        ends = np.cumsum(stored["sizes"])[:-1]
        waves = np.split(stored["wavelength"].astype(float), ends)
        values = np.split(stored["transmission"].astype(float), ends)
        return {
            str(band): Bandpass(wave, value)
            for band, wave, value in zip(stored["bands"], waves, values, strict=True)
        }


def bandpass(band: str) -> Bandpass:
    """Curve of a canonical band.

    Raises
    ------
    BadInput
        When the band is not a key of `bands.BANDS`.
    """
    if band not in BANDS:
        wavelength(band)  # raises, with advice
    return _curves()[band]
