"""Kilonova of one component by radiative transfer: the grid of Kasen et al. (2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.models.base import FloatArray, Parameter
from nmma_fitter.models.blackbody import SPEED_OF_LIGHT
from nmma_fitter.models.kilonova_grid import KilonovaGrid, Reach
from nmma_fitter.models.surrogate_files import Arrays, layers_of

_FIRST, _LAST, _WAVELENGTHS = 149.7, 99500.0, 1629  # Å, equidistant in the logarithm
_LOG10_FIRST, _LOG10_SPAN = 2.175198139181011, 2.8224838828121763  # as KilonovaNet has them
_EVERY = 3  # wavelength is evaluated; a band still has 15 of them
_BINS = len(range(0, _WAVELENGTHS, _EVERY))
_HALF = 0.1  # of a band, in ln λ
_DAYS = np.geomspace(0.1, 24.85, 32)  # source frame, at which the network is evaluated
_POINTS = 64  # at a time: their spectra stay in a core's cache
_SPHERE = 4 * np.pi * (10 * 3.0856775814913674e18) ** 2  # cm², of 10 pc
_TO_HERTZ = 1e-8 / SPEED_OF_LIGHT / _SPHERE  # of F_ν at 10 pc, times λ² in Å, from L_λ per Å
_LEAST = 1e-3  # of the network's floor: fainter is nothing


class Ka2017(KilonovaGrid["_Decoder"]):
    """Kilonova of spherical ejecta of one composition (Kasen et al. 2017, Nature 551, 80).

    Radiative transfer by Sedona of ejecta of a mass, a velocity and a fraction of lanthanides; the
    spectra, luminosity per wavelength over 1629 wavelengths (150 to 99,500 Å, equidistant in the
    logarithm), are those of the network of KilonovaNet (Lukošiūtė et al. 2022, MNRAS 516, 1137),
    whose latent variables are at their mean. It is evaluated at 32 days, equidistant in ln t, and
    interpolated between them, ln F over ln t.

    A magnitude is that of the mean F_ν over ln λ within ±0.1 of the band's effective wavelength,
    which is a band's usual width: m(t, λ) = M(t/(1+z), λ/(1+z)) + 5 log10(d / 10 pc)
    - 2.5 log10(1+z). Before day 0.1 it is that of day 0.1, after day 24.85 that of day 24.85.

    The network learned log10(L + 10³⁷ erg/s/Å). Light well below that, about -11.5 mag in g, -12 in
    r and -13 in J at 10 pc, it tells from none with less and less precision.

    Parameters
    ----------
    model_error : float
        See `Model`; the default is an estimate, see ``docs/kilonova_grids.md``.
    data : Path, optional
        See `KilonovaGrid`.
    """

    name: ClassVar[str] = "Ka2017"
    paper: ClassVar[str] = (
        "Kasen et al. 2017, Nature 551, 80; Lukošiūtė et al. 2022, MNRAS 516, 1137"
    )
    nmma_name: ClassVar[str | None] = "Ka2017"
    needs: ClassVar[str] = "the network's weights"
    physics: ClassVar[str] = "1"
    weights: ClassVar[str] = "cf0f4df0042f908b3384f77996bb2e591cf3ccd83f953db4b0675c2cc41d1dd8"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "log10_mej",
            "log10 solar mass",
            r"$\log_{10} M_{\rm ej}/M_\odot$",
            "mass of the ejecta",
        ),
        Parameter(
            "log10_vej",
            "log10 speed of light",
            r"$\log_{10} v_{\rm ej}/c$",
            "velocity of the ejecta, (2 E/M)^1/2",
        ),
        Parameter(
            "log10_Xlan", "log10", r"$\log_{10} X_{\rm lan}$", "mass fraction of the lanthanides"
        ),
    )
    valid_days: ClassVar[tuple[float, float]] = (0.1, 24.85)

    def made_of(self, arrays: Arrays) -> _Decoder:
        """The decoder."""
        return _Decoder(arrays)

    def reach(self) -> Reach:
        """All wavelengths of the spectra, but for half a band."""
        first, last = _FIRST * np.exp(_HALF), _LAST / np.exp(_HALF)
        return Reach(first, last, f"its spectra reach from {_FIRST:.0f} to {_LAST:.0f} Å")

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
        decoder = self.grid()
        own = np.stack([parameters[one.name] for one in self.parameters], axis=1)
        stretch = 1.0 + redshift[:, None]
        rest, at = days / stretch, wavelengths / stretch
        absolute = np.empty(days.shape)
        for start in range(0, len(days), _POINTS):
            some = slice(start, start + _POINTS)
            absolute[some] = decoder.magnitudes(own[some], rest[some], at[some])
        offset = 5.0 * np.log10(distance) + 25.0 - 2.5 * np.log10(1.0 + redshift)
        return absolute + offset[:, None]


class _Decoder:
    """The network: scaled parameters and time in, luminosities per wavelength out."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        *hidden, (weight, bias) = layers_of(arrays)
        some = np.ascontiguousarray(weight[:, ::_EVERY]), np.ascontiguousarray(bias[::_EVERY])
        self._layers = *hidden, some
        self._offset, self._scale = arrays["offset"], arrays["scale"]
        self._floor, self._low, self._span = arrays["log_luminosity"]
        steps = np.linspace(0, 1, _WAVELENGTHS)[::_EVERY] * _LOG10_SPAN
        self._wavelengths = 10 ** (_LOG10_FIRST + steps)
        self._to_hertz = self._wavelengths**2 * _TO_HERTZ

    def magnitudes(self, own: FloatArray, days: FloatArray, wavelengths: FloatArray) -> FloatArray:
        """AB magnitudes at 10 pc of (points, 3) parameters, at (points, observations) of the rest.

        nan in the rows whose parameters are.
        """
        low, high = (self._position(wavelengths * np.exp(side)) for side in (-_HALF, _HALF))
        first, last = max(int(np.min(low)) - 1, 0), min(int(np.max(high)) + 3, _BINS)
        flux = self.flux(own, _DAYS, first, last)
        summed = np.zeros((*flux.shape[:2], last - first + 1))
        np.cumsum(flux, axis=2, out=summed[:, :, 1:])
        least = _LEAST * self._floor * wavelengths**2 * _TO_HERTZ
        left, part = _between_days(days)
        before, after = (
            np.log(np.maximum(_mean(summed, day, low - first, high - first), least))
            for day in (left, left + 1)
        )
        return np.asarray(-2.5 / np.log(10.0) * (before + part * (after - before)) - 48.6)

    def flux(self, own: FloatArray, days: FloatArray, first: int, last: int) -> FloatArray:
        """F_ν (erg/s/cm²/Hz at 10 pc) of each point, day and wavelength from `first` to `last`."""
        points = np.column_stack([own[:, :2], -own[:, 2]])
        scaled = (points - self._offset[:3]) / self._scale[:3]
        times = (days - self._offset[3]) / self._scale[3]
        (weight, bias), (second, second_bias), (out, out_bias) = self._layers
        # the first layer is a sum over parameters and time, so each is multiplied once
        hidden = (scaled.astype(np.float32) @ weight[:3])[:, None, :]
        hidden = np.tanh(hidden + (times.astype(np.float32)[:, None] * weight[3] + bias))
        hidden = np.tanh(hidden.reshape(-1, hidden.shape[-1]) @ second + second_bias)
        raw = hidden @ out[:, first:last] + out_bias[first:last]
        with np.errstate(over="ignore"):
            share = 1.0 / (1.0 + np.exp(-raw))
            # single precision would leave nothing of what is far below the floor
            luminosity = 10.0 ** (share.astype(float) * self._span + self._low) - self._floor
        found = luminosity * self._to_hertz[first:last]
        return np.asarray(found.reshape(len(own), len(days), -1))

    def _position(self, wavelengths: FloatArray) -> FloatArray:
        """Where wavelengths lie among the network's, in bins."""
        at = (np.log10(wavelengths) - _LOG10_FIRST) * (_WAVELENGTHS - 1) / _LOG10_SPAN / _EVERY
        return np.asarray(np.clip(np.nan_to_num(at), 0.0, _BINS - 2.0))


def _between_days(days: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
    """Left neighbour among the network's days, and how far in ln t towards the next, 0 to 1."""
    with np.errstate(invalid="ignore"):
        inside = np.nan_to_num(np.clip(days, _DAYS[0], _DAYS[-1]), nan=_DAYS[0])
    at = np.log(inside / _DAYS[0]) / np.log(_DAYS[1] / _DAYS[0])
    left = np.clip(at.astype(int), 0, len(_DAYS) - 2)
    return left, at - left


def _mean(
    summed: FloatArray, day: NDArray[np.intp], low: FloatArray, high: FloatArray
) -> FloatArray:
    """Mean over bins from `low` to `high` on a day of each point, of sums that start at 0."""
    point = np.arange(len(summed))[:, None]
    ends = []
    for edge in (low + 0.5, high + 0.5):  # a bin reaches half a bin to each side of its wavelength
        whole = edge.astype(int)
        below, above = summed[point, day, whole], summed[point, day, whole + 1]
        ends.append(below + (edge - whole) * (above - below))
    return np.asarray((ends[1] - ends[0]) / (high - low))
