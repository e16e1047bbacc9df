"""Kilonova of a neutron-star merger by radiative transfer: the grid of Dietrich et al. (2020)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nmma_fitter import bands as band_table
from nmma_fitter.models.base import FloatArray, Parameter
from nmma_fitter.models.kilonova_grid import (
    INCLINATION,
    MASS_DYNAMICAL,
    MASS_WIND,
    KilonovaGrid,
    Reach,
)
from nmma_fitter.models.network import Layers, evaluate
from nmma_fitter.models.surrogate_files import Arrays, layers_of

_REACH = 0.01  # how far outside the bands' wavelengths another may lie, as a fraction
_TAIL = 10  # last intervals (2 d) that give the slope of what follows


class Bu2019lm(KilonovaGrid["_Grid"]):
    """Kilonova of two-component ejecta seen from an angle (Bulla 2019; Dietrich et al. 2020).

    Radiative transfer by POSSIS (Bulla 2019, MNRAS 489, 5037) of lanthanide-rich dynamical ejecta
    within ±Φ about the equator, lanthanide-free towards the poles, and a wind inside (Dietrich et
    al. 2020, Science 370, 1450). The grid is interpolated by the networks of fiestaEM (Koehn et
    al. 2025, arXiv:2507.13807), one per band (SDSS u, Pan-STARRS g to y, 2MASS J, H, Ks), each
    giving the absolute magnitude from 1.5 to 19.9 source-frame days.

    The nine are taken as the spectrum at the bands' effective wavelengths, magnitude linear in
    ln λ between them, and redshifted: m(t, λ) = M(t/(1+z), λ/(1+z)) + 5 log10(d / 10 pc)
    - 2.5 log10(1+z). fiestaEM itself leaves redshift out. A band without a network, such as ZTF's,
    so follows from its two neighbours; one beyond u or Ks is refused. In its first 1.5 days the
    magnitude is that of day 1.5, which the grid does not cover, and after its last day it goes on
    with the slope of its last two.

    Parameters
    ----------
    model_error : float
        See `Model`. No training data are published; the default is an estimate, see
        ``docs/validation.md``.
    data : Path, optional
        See `KilonovaGrid`.
    """

    name: ClassVar[str] = "Bu2019lm"
    paper: ClassVar[str] = "Dietrich et al. 2020, Science 370, 1450; Bulla 2019, MNRAS 489, 5037"
    nmma_name: ClassVar[str | None] = "Bu2019lm"
    needs: ClassVar[str] = "the networks' weights"
    physics: ClassVar[str] = "1"
    weights: ClassVar[str] = "2e1fc50dca50873784f2844ea8b89648250e519516a850b8e8072fd17b669a72"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        MASS_DYNAMICAL,
        MASS_WIND,
        Parameter(
            "KNphi",
            "deg",
            r"$\Phi$ [deg]",
            "half-opening angle of the lanthanide-rich ejecta about the equator",
        ),
        INCLINATION,
    )
    valid_days: ClassVar[tuple[float, float]] = (1.5, 19.9)

    def made_of(self, arrays: Arrays) -> _Grid:
        """The networks of all bands."""
        return _Grid(arrays)

    def reach(self) -> Reach:
        """From the bluest to the reddest of the grid's bands, and a little beyond."""
        grid = self.grid()
        first, last = grid.wavelengths[0] * (1 - _REACH), grid.wavelengths[-1] * (1 + _REACH)
        blue, red = grid.bands[0], grid.bands[-1]
        told = f"its grid has the bands from {blue} ({first:.0f} Å) to {red} ({last:.0f} Å)"
        return Reach(float(first), float(last), told)

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
        grid = self.grid()
        inputs = grid.inputs(parameters)
        stretch = 1.0 + redshift[:, None]
        rest = days / stretch
        shares = grid.shares(wavelengths / stretch)
        absolute = np.zeros(days.shape)
        for number in range(len(grid.bands)):
            here = np.any(shares[number] != 0, axis=0)  # observations that take part in this band
            if here.any():
                curves = grid.curves(number, inputs)
                absolute[:, here] += shares[number][:, here] * grid.at(rest[:, here], curves)
        offset = 5.0 * np.log10(distance) + 25.0 - 2.5 * np.log10(1.0 + redshift)
        return absolute + offset[:, None]


class _Grid:
    """The networks of all bands, the bluest first."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        names = [str(name) for name in arrays["bands"]]
        order = sorted(range(len(names)), key=lambda i: band_table.wavelength(names[i]))
        self.bands = tuple(names[i] for i in order)
        self.wavelengths = np.array([band_table.wavelength(name) for name in self.bands])
        self._networks: list[tuple[Layers, FloatArray, FloatArray, FloatArray]] = []
        for i in order:
            basis, low, span = (arrays[f"band_{i}_{what}"] for what in ("basis", "low", "span"))
            self._networks.append((layers_of(arrays, f"band_{i}_"), basis, low, span))
        self._offset, self._scale = arrays["offset"], arrays["scale"]
        self.days = arrays["days"]

    def inputs(self, parameters: Mapping[str, FloatArray]) -> NDArray[np.float32]:
        """Parameters as the networks take them, shape (points, 4)."""
        own = [parameters[parameter.name] for parameter in Bu2019lm.parameters]
        own[-1] = np.degrees(own[-1])
        scaled = (np.stack(own, axis=1) - self._offset) / self._scale
        return np.asarray(scaled, dtype=np.float32)

    def curves(self, number: int, inputs: NDArray[np.float32]) -> FloatArray:
        """Absolute magnitudes of a band at the grid's days, shape (points, days)."""
        layers, basis, low, span = self._networks[number]
        return np.asarray(low + span * (evaluate(layers, inputs) @ basis))

    def at(self, days: FloatArray, curves: FloatArray) -> FloatArray:
        """Magnitudes at source-frame days, shape (points, observations)."""
        first, last, step = self.days[0], self.days[-1], self.days[1] - self.days[0]
        position = np.nan_to_num((np.clip(days, first, last) - first) / step)
        left = np.minimum(position.astype(int), len(self.days) - 2)
        low = np.take_along_axis(curves, left, axis=1)
        high = np.take_along_axis(curves, left + 1, axis=1)
        slope = (curves[:, -1:] - curves[:, -1 - _TAIL :][:, :1]) / (_TAIL * step)
        after = slope * np.maximum(days - last, 0.0)
        return np.asarray(low + (position - left) * (high - low) + after)

    def shares(self, wavelengths: FloatArray) -> FloatArray:
        """How much each band counts at rest-frame wavelengths, shape (bands, *wavelengths.shape).

        The two neighbours, linearly in ln λ; beyond the ends the line through the last two.
        """
        nodes, at = np.log(self.wavelengths), np.log(wavelengths)
        left = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, len(nodes) - 2)
        part = (at - nodes[left]) / (nodes[left + 1] - nodes[left])
        which = np.arange(len(nodes))[:, None, None]
        return np.asarray(np.where(which == left, 1.0 - part, np.where(which == left + 1, part, 0)))
