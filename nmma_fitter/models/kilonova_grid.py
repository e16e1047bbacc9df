"""What the models have in common whose grid of simulations is interpolated by fetched networks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Generic, NamedTuple, TypeVar

from nmma_fitter import bands as band_table
from nmma_fitter.errors import UnsupportedData
from nmma_fitter.models.base import Model, Parameter
from nmma_fitter.models.surrogate_files import Arrays, checked_error, load_weights, weights_path

MASS_DYNAMICAL = Parameter(
    "log10_mej_dyn",
    "log10 solar mass",
    r"$\log_{10} M_{\rm dyn}/M_\odot$",
    "mass of the dynamical ejecta",
)
MASS_WIND = Parameter(
    "log10_mej_wind",
    "log10 solar mass",
    r"$\log_{10} M_{\rm wind}/M_\odot$",
    "mass of the wind of the disk",
)
INCLINATION = Parameter(
    "inclination_EM", "rad", r"$\iota$ [rad]", "angle between the pole and the line of sight"
)

Grid = TypeVar("Grid")


class Reach(NamedTuple):
    """Wavelengths in Å between which a grid predicts bands, and how a person is told of it."""

    first: float
    last: float
    told: str


class KilonovaGrid(Model, Generic[Grid]):
    """A grid whose networks' weights are loaded when they are first needed.

    Parameters
    ----------
    model_error : float
        See `Model`.
    data : Path, optional
        Weights, another file than that of `surrogate_files.weights_path`.

    Attributes
    ----------
    weights : str
        `surrogate_files.content_digest` of the weights this version is made for; with others
        `physics` must rise.
    """

    kind: ClassVar[str] = "kilonova"
    weights: ClassVar[str]

    def __init__(self, model_error: float = 0.3, data: Path | None = None) -> None:
        self.model_error = checked_error(self.name, model_error)
        self._data = data
        self._loaded: Grid | None = None

    @abstractmethod
    def made_of(self, arrays: Arrays) -> Grid:
        """The grid that the weights make."""

    @abstractmethod
    def reach(self) -> Reach:
        """Which bands it can predict."""

    def grid(self) -> Grid:
        """The grid; raises `Unavailable` when the weights are not here, or are others."""
        if self._loaded is None:
            path = self._data or weights_path(self.name)
            self._loaded = self.made_of(load_weights(self.name, path, self.weights))
        return self._loaded

    def check_available(self) -> None:
        """Raise `Unavailable` when the weights are not here, or are others."""
        self.grid()

    def check_bands(self, bands: Sequence[str]) -> None:
        """Raise `UnsupportedData` naming bands bluer or redder than those of the grid."""
        first, last, told = self.reach()
        beyond = [band for band in bands if not first <= band_table.wavelength(band) <= last]
        if beyond:
            raise UnsupportedData(f"{self.name} cannot predict {', '.join(beyond)}: {told}")
