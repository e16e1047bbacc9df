"""The likelihood over the unit cube, as samplers need it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import BadInput
from nmma_fitter.inference.pool import Evaluate
from nmma_fitter.inference.priors import sampled_keys, transform

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
LogLikelihood = Callable[[Mapping[str, FloatArray]], FloatArray]


class CubeLikelihood:
    """Log likelihood of points of the unit cube, with nan turned into -inf and counted.

    Attributes
    ----------
    dimensions : int
        Parameters that are not fixed.
    n_invalid : int
        Points the model could not evaluate.
    run_away : list of dict of name to float
        Points whose evaluation was ended because it took too long.
    """

    def __init__(self, log_likelihood: LogLikelihood, priors: PriorDict) -> None:
        self.log_likelihood = log_likelihood
        self.priors = priors
        self.dimensions = len(sampled_keys(priors))
        self.n_invalid = 0
        self.run_away: list[dict[str, float]] = []
        if not self.dimensions:
            raise BadInput("every parameter is fixed; give at least one a prior with a width")

    def raw(self, cube: FloatArray) -> FloatArray:
        """Log likelihood of points of the cube; may run in another process."""
        return self.log_likelihood(self.parameters(cube))

    def parameters(self, cube: FloatArray) -> dict[str, FloatArray]:
        """Physical parameters of points of the cube, each of shape (P,)."""
        return transform(self.priors, cube[:, : self.dimensions])

    def note_run_away(self, point: FloatArray) -> None:
        """Remember and report a point, shape (D,), whose evaluation was ended."""
        values = {key: float(value[0]) for key, value in self.parameters(point[None]).items()}
        self.run_away.append(values)
        where = ", ".join(f"{key} {value:.4g}" for key, value in values.items())
        log.warning("an evaluation ran away, and the point counts as impossible: %s", where)

    def checked(self, evaluate: Evaluate, cube: FloatArray) -> FloatArray:
        """Log likelihood as a sampler can use it: no nan, no +inf."""
        values = np.asarray(evaluate(cube), dtype=float)
        invalid = np.isnan(values) | (values == np.inf)
        self.n_invalid += int(invalid.sum())
        return np.where(invalid, -np.inf, values)
