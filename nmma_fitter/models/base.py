"""What every model offers: parameters in, apparent magnitudes of many points at once out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:  # names of models are asked for where there is no need of numpy
    import numpy as np
    from numpy.typing import NDArray

FloatArray: TypeAlias = "NDArray[np.float64]"


@dataclass(frozen=True)
class Parameter:
    """A model parameter as a reader meets it.

    Attributes
    ----------
    name : str
        The name in prior files and results, NMMA's where NMMA has one.
    unit : str
        Unit as text, empty for a pure number.
    latex : str
        Label for plots, with its unit.
    meaning : str
        One line.
    """

    name: str
    unit: str
    latex: str
    meaning: str


COMMON = (
    Parameter("luminosity_distance", "Mpc", r"$D_L$ [Mpc]", "luminosity distance"),
    Parameter("redshift", "", r"$z$", "redshift, instead of the distance or beside it"),
    Parameter("timeshift", "d", r"$t_0$ [d]", "from the trigger to the explosion"),
    Parameter("Ebv", "mag", r"$E(B-V)_\mathrm{host}$ [mag]", "reddening by dust of the host"),
)
"""What all models share."""


class Model(ABC):
    """A transient model: published formulas, evaluated for many points at the observation times.

    A subclass's docstring names the paper and its equations. Keyword arguments of ``__init__``
    are the model's settings (such as ``jet`` of the afterglow) and enter the digest.

    Attributes
    ----------
    name : str
        Name on the command line and in every path.
    kind : str
        kilonova, shock cooling, afterglow, supernova.
    paper : str
        Short reference.
    nmma_name : str or None
        Name within NMMA, whose own code is the engine ``nmma``; None where it has no such model.
    needs : str
        What must be here besides this package and what it installs, as a person reads it; empty
        where that is nothing.
    physics : str
        Version of the formulas and constants; raised whenever a prediction changes, since it
        is part of what makes two fits the same.
    parameters : tuple of Parameter
        Those of the model itself. Common to all, and not listed here: ``luminosity_distance``
        (Mpc) or ``redshift``, ``timeshift`` (days from the trigger to the explosion, ≤ 0 when
        it exploded before), ``Ebv`` (host reddening, mag).
    also_read : tuple of str
        Parameters that it takes where a prior file gives them, in place of declared ones.
    valid_days : (float, float)
        Rest-frame days after explosion between which the formulas are meant to hold. Outside
        the model is still evaluated, and the share of such points is reported.
    costly : bool
        Whether a point takes milliseconds: without a `proxy` it is sampled by nested sampling.
    model_error : float
        1-sigma error, in mag, with which it stands for the physics it was trained on, and a
        `proxy` for its model; 0 for formulas. The likelihood adds it in quadrature to the
        systematic error.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    paper: ClassVar[str]
    nmma_name: ClassVar[str | None] = None
    needs: ClassVar[str] = ""
    physics: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    also_read: ClassVar[tuple[str, ...]] = ()
    valid_days: ClassVar[tuple[float, float]]
    costly: ClassVar[bool] = False
    model_error: float = 0.0

    def check_available(self) -> None:  # noqa: B027
        """Raise `Unavailable` when data or a library this model needs are not here."""

    def check_bands(self, bands: Sequence[str]) -> None:  # noqa: B027
        """Raise `UnsupportedData` naming the bands that this model cannot predict."""

    def proxy(self) -> Model | None:
        """A cheap model much like this one, to be sampled first; None where this one is cheap."""
        return None

    @abstractmethod
    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        """Apparent AB magnitudes without dust.

        Parameters
        ----------
        parameters : mapping of name to array, shape (points,)
            This model's own parameters (others may be present and are ignored).
        days : array, shape (points, observations)
            Observer-frame days since explosion. Entries ≤ 0 are allowed; whatever is returned
            there is replaced by the caller.
        bands, wavelengths : shape (observations,)
            Canonical band and effective wavelength in ångström (observer frame) of each
            observation.
        redshift, distance : array, shape (points,)
            Redshift, and luminosity distance in Mpc.

        Returns
        -------
        array, shape (points, observations)
            +inf where the flux is zero, nan where the model could not be evaluated.
        """
