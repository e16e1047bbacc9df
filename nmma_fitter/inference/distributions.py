"""The priors that fits use most, as bilby has them but quick to import.

Names, arguments, values and what a result file says of them are those of bilby 2, whose own
classes take most of a second to import; a test compares the two.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, betaln, erf, erfinv, xlogy

FloatArray = NDArray[np.float64]
Priors = dict[str, Any]
"""Parameter names to priors, ours or bilby's; the cube follows their order."""


@dataclass(frozen=True)
class Prior:
    """A density of one parameter between two ends.

    Attributes
    ----------
    minimum, maximum : float
    name, latex_label, unit : str or None
        The label is the name where none is given.
    boundary : {None, "periodic", "reflective"}
        Kept for the result; no sampler here uses it.
    """

    minimum: float
    maximum: float
    name: str | None = None
    latex_label: str | None = None
    unit: str | None = None
    boundary: str | None = None
    is_fixed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.maximum <= self.minimum:
            raise ValueError(f"maximum {self.maximum} <= minimum {self.minimum}")
        if self.boundary not in (None, "periodic", "reflective"):
            raise ValueError(f"{self.boundary} is not a boundary")
        _label(self)

    def rescale(self, u: Any) -> Any:
        """Values whose cumulative probability is `u`, 0 to 1."""
        return self._quantile(u)

    def ln_prob(self, x: Any) -> FloatArray:
        """Log density, -inf outside the two ends."""
        inside = (x >= self.minimum) & (x <= self.maximum)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(inside, self._ln_density(x), -np.inf)

    def _quantile(self, u: Any) -> Any:
        raise NotImplementedError

    def _ln_density(self, x: Any) -> Any:
        raise NotImplementedError


@dataclass(frozen=True)
class Uniform(Prior):
    """The same density everywhere."""

    def _quantile(self, u: Any) -> Any:
        return self.minimum + u * (self.maximum - self.minimum)

    def _ln_density(self, x: Any) -> Any:
        return -np.log(self.maximum - self.minimum)


@dataclass(frozen=True)
class LogUniform(Prior):
    """Uniform in the logarithm."""

    def _quantile(self, u: Any) -> Any:
        return self.minimum * np.exp(u * np.log(self.maximum / self.minimum))

    def _ln_density(self, x: Any) -> Any:
        return -np.log(x) - np.log(np.log(self.maximum / self.minimum))


@dataclass(frozen=True)
class Sine(Prior):
    """Uniform in the cosine. bilby's density is normalised over 0 to pi, whatever the ends."""

    minimum: float = 0
    maximum: float = np.pi

    def _quantile(self, u: Any) -> Any:
        low, high = np.cos(self.minimum), np.cos(self.maximum)
        return np.arccos(low - u * (low - high))

    def _ln_density(self, x: Any) -> Any:
        return np.log(np.sin(x) / 2)


@dataclass(frozen=True)
class Cosine(Prior):
    """Uniform in the sine, normalised as `Sine` is."""

    minimum: float = -np.pi / 2
    maximum: float = np.pi / 2

    def _quantile(self, u: Any) -> Any:
        low, high = np.sin(self.minimum), np.sin(self.maximum)
        return np.arcsin(u * (high - low) + low)

    def _ln_density(self, x: Any) -> Any:
        return np.log(np.cos(x) / 2)


# The bases whose fields come first stand last.
@dataclass(frozen=True)
class _MeanAndWidth:
    mu: float
    sigma: float


@dataclass(frozen=True)
class TruncatedGaussian(Prior, _MeanAndWidth):
    """A normal density cut at both ends."""

    def _quantile(self, u: Any) -> Any:
        low, high = self._ends()
        return erfinv(low + u * (high - low)) * 2**0.5 * self.sigma + self.mu

    def _ln_density(self, x: Any) -> Any:
        low, high = self._ends()
        mass = (high - low) / 2 * self.sigma * (2 * np.pi) ** 0.5
        return -((x - self.mu) ** 2) / (2 * self.sigma**2) - np.log(mass)

    def _ends(self) -> Any:
        ends = np.array([self.minimum, self.maximum])
        return erf((ends - self.mu) / 2**0.5 / self.sigma)


@dataclass(frozen=True)
class _Shape:
    alpha: float
    beta: float


@dataclass(frozen=True)
class Beta(Prior, _Shape):
    """A beta density between the two ends."""

    minimum: float = 0
    maximum: float = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.alpha <= 0 or self.beta <= 0:
            raise ValueError("alpha and beta must both be positive")

    def _quantile(self, u: Any) -> Any:
        width = self.maximum - self.minimum
        return betaincinv(self.alpha, self.beta, u) * width + self.minimum

    def _ln_density(self, x: Any) -> Any:
        shape = xlogy(self.alpha - 1, x - self.minimum) + xlogy(self.beta - 1, self.maximum - x)
        width = self.maximum - self.minimum
        return shape - betaln(self.alpha, self.beta) - xlogy(self.alpha + self.beta - 1, width)


@dataclass(frozen=True)
class DeltaFunction:
    """One value."""

    peak: float
    name: str | None = None
    latex_label: str | None = None
    unit: str | None = None
    is_fixed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _label(self)

    @property
    def minimum(self) -> float:
        """The value."""
        return self.peak

    @property
    def maximum(self) -> float:
        """The value."""
        return self.peak

    def rescale(self, u: Any) -> Any:
        """The value, in the shape of `u`."""
        return self.peak * u**0


OWN: dict[str, type[Prior] | type[DeltaFunction]] = {
    one.__name__: one
    for one in (Uniform, LogUniform, Sine, Cosine, TruncatedGaussian, Beta, DeltaFunction)
}


def _label(prior: Prior | DeltaFunction) -> None:
    if prior.latex_label is None:
        object.__setattr__(prior, "latex_label", prior.name)


def prior_class(name: str) -> Any:
    """A prior's class: ours, or else bilby's."""
    if name in OWN:
        return OWN[name]
    import bilby.core.prior

    return getattr(bilby.core.prior, name)


def as_bilby_json(prior: Any) -> dict[str, Any]:
    """A prior as bilby stores it in a result file, and reads it back."""
    if not isinstance(prior, (Prior, DeltaFunction)):
        stored: dict[str, Any] = json.loads(prior.to_json())
        return stored
    return {
        "__prior__": True,
        "__module__": "bilby.core.prior.analytical",
        "__name__": type(prior).__name__,
        "kwargs": asdict(prior),
    }
