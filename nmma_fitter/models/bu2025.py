"""Kilonova of a neutron-star merger by radiative transfer: the grid of Koehn et al. (2025)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.models.base import FloatArray, Parameter
from nmma_fitter.models.blackbody import SPEED_OF_LIGHT
from nmma_fitter.models.kilonova_grid import (
    INCLINATION,
    MASS_DYNAMICAL,
    MASS_WIND,
    KilonovaGrid,
    Reach,
)
from nmma_fitter.models.network import evaluate
from nmma_fitter.models.surrogate_files import Arrays, layers_of

_ROWS = 8192  # predictions at once: what is gathered for them stays in a core's cache
_MAGNITUDE = -2.5 / np.log(10.0)  # of ln F
_ZERO = 2.5 * np.log10(3.631e6)  # AB magnitude of 1 mJy


class Bu2025(KilonovaGrid["_Spectra"]):
    """Kilonova of dynamical ejecta and wind, each with its composition (Koehn et al. 2025).

    Radiative transfer by POSSIS with heating rates, thermalisation and opacities that depend on
    the local state (Bulla 2023, MNRAS 520, 2558), 0.2 to 27 days after the merger. The spectra,
    ln F_ν at 10 pc over 567 frequencies (1,495 to 30,080 Å) and 87 times, equidistant in the
    logarithm, are those of the network ``Bu2025_MLP`` of fiestaEM (Koehn et al. 2025,
    arXiv:2507.13807), which gives their 100 principal components.

    Magnitudes are monochromatic, F_ν at the band's effective wavelength, interpolated in ln F,
    linearly in ln ν and ln t: m(t, λ) = M(t/(1+z), λ/(1+z)) + 5 log10(d / 10 pc)
    - 2.5 log10(1+z). Before the first of its times a magnitude is that of the first; after the
    last it goes on with its last slope in ln t. Shortward of its first wavelength F_ν is that of
    the first. Where the grid has next to no light it says 0.1 mag at 10 pc.

    Parameters
    ----------
    model_error : float
        See `Model`. The default is what this and the networks that fiestaEM trained on magnitudes
        of the same grid differ by in ZTF's bands, see ``docs/validation.md``.
    data : Path, optional
        See `KilonovaGrid`.
    """

    name: ClassVar[str] = "Bu2025"
    paper: ClassVar[str] = "Koehn et al. 2025, arXiv:2507.13807; Bulla 2023, MNRAS 520, 2558"
    nmma_name: ClassVar[str | None] = "Bu2025_MLP"  # by fiestaEM, which it needs for that
    needs: ClassVar[str] = "the networks' weights"
    physics: ClassVar[str] = "1"
    weights: ClassVar[str] = "93bdf91007d577eb30037050db8db16db9f727a274549027665b5b49e97ef359"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        MASS_DYNAMICAL,
        Parameter(
            "v_ej_dyn",
            "speed of light",
            r"$v_{\rm dyn}/c$",
            "mass-averaged velocity of the dynamical ejecta",
        ),
        Parameter(
            "Ye_dyn", "", r"$Y_{e,\rm dyn}$", "mean electron fraction of the dynamical ejecta"
        ),
        MASS_WIND,
        Parameter(
            "v_ej_wind", "speed of light", r"$v_{\rm wind}/c$", "mass-averaged velocity of the wind"
        ),
        Parameter("Ye_wind", "", r"$Y_{e,\rm wind}$", "electron fraction of the wind"),
        INCLINATION,
    )
    valid_days: ClassVar[tuple[float, float]] = (0.2, 27.5)

    def made_of(self, arrays: Arrays) -> _Spectra:
        """The spectra."""
        return _Spectra(arrays)

    def reach(self) -> Reach:
        """All wavelengths of the spectra."""
        first, last = self.grid().wavelengths
        return Reach(first, last, f"its spectra reach from {first:.0f} to {last:.0f} Å")

    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        """Apparent magnitudes. See `Model.magnitudes`."""
        spectra = self.grid()
        components = spectra.components(parameters)
        stretch = 1.0 + redshift[:, None]
        frequencies = SPEED_OF_LIGHT / (wavelengths * 1e-8) * stretch
        log_flux = np.empty(days.shape)
        step = max(1, _ROWS // max(1, days.shape[1]))
        for start in range(0, len(days), step):
            some = slice(start, start + step)
            rest = days[some] / stretch[some]
            log_flux[some] = spectra.at(components[some], rest, frequencies[some])
        offset = _ZERO + 5.0 * np.log10(distance) + 25.0 - 2.5 * np.log10(1.0 + redshift)
        return np.asarray(_MAGNITUDE * log_flux + offset[:, None])


class _Spectra:
    """The network, and the mean and principal components of ln F_ν over frequency and time."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._layers = layers_of(arrays)
        self._offset, self._scale = arrays["offset"], arrays["scale"]
        self._mean, self._basis = arrays["mean"], arrays["basis"]
        self._log_days = np.log(arrays["days"])
        self._log_frequencies = np.log(arrays["frequencies"])
        ends = SPEED_OF_LIGHT * 1e8 / arrays["frequencies"][[-1, 0]]
        self.wavelengths = float(ends[0]), float(ends[1])

    def components(self, parameters: Mapping[str, FloatArray]) -> NDArray[np.float32]:
        """Principal components of each point, shape (points, components)."""
        own = np.stack([parameters[one.name] for one in Bu2025.parameters], axis=1)
        return evaluate(self._layers, ((own - self._offset) / self._scale).astype(np.float32))

    def at(
        self, components: NDArray[np.float32], days: FloatArray, frequencies: FloatArray
    ) -> FloatArray:
        """Find ln F_ν (mJy, 10 pc) at days and Hz in the source's frame, (points, observations)."""
        row, row_part = _position(self._log_frequencies, np.log(frequencies))
        row_part = np.minimum(row_part, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):  # before the merger
            column, column_part = _position(self._log_days, np.log(days))
        found = np.zeros(days.shape)
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            share = (row_part if down else 1 - row_part) * (
                column_part if right else 1 - column_part
            )
            place = row + down, column + right
            light = (self._basis[place] @ components[:, :, None])[:, :, 0]
            found += share * (self._mean[place] + light)
        return found


def _position(grid: FloatArray, at: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """Left neighbour on a grid, and how far towards the next, at least 0; 0 where `at` is nan."""
    at = np.where(np.isnan(at), grid[0], at)
    left = np.clip(np.searchsorted(grid, at, side="right") - 1, 0, len(grid) - 2)
    return left, np.maximum((at - grid[left]) / (grid[left + 1] - grid[left]), 0.0)
