"""Weighted points, what their weights tell, and samples of equal weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from nmma_fitter.inference.pareto import LARGEST_SHAPE, tail_shape

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weighted:
    """Points drawn from a proposal, and what weighs them.

    Attributes
    ----------
    cube : array, shape (N, D)
    log_l, log_ratio : array, shape (N,)
        ln likelihood; ln of prior over proposal.
    draws : int
        How many were drawn, of which N were kept.
    tail : float, optional
        Shape of the weights' tail where it is not to be read off the N weights.
    """

    cube: FloatArray
    log_l: FloatArray
    log_ratio: FloatArray
    draws: int
    tail: float | None = None

    @property
    def log_w(self) -> FloatArray:
        """Ln of the importance weights, likelihood times prior over proposal."""
        return self.log_l + self.log_ratio

    @property
    def log_z(self) -> float:
        """Ln evidence: the mean weight of all that were drawn."""
        return float(logsumexp(self.log_w) - np.log(self.draws))

    @property
    def log_z_err(self) -> float:
        """Its error: the standard error of the mean weight over the mean."""
        return float(np.sqrt(1 / self.ess - 1 / self.draws)) if self.ess > 0 else np.inf

    @property
    def ess(self) -> float:
        """Effective sample size (Kish)."""
        return effective_size(self.log_w)

    @property
    def shape(self) -> float:
        """Of the tail of the weights; see `tail_shape`."""
        return tail_shape(self.log_w) if self.tail is None else self.tail

    def pooled(self, other: Weighted) -> Weighted:
        """This sample and another, of a proposal of its own, as one."""
        return Weighted(
            np.concatenate([self.cube, other.cube]),
            np.concatenate([self.log_l, other.log_l]),
            np.concatenate([self.log_ratio, other.log_ratio]),
            self.draws + other.draws,
        )

    def trouble(self, n_effective: int) -> str:
        """Why the weights cannot be trusted, empty if they can."""
        if not np.isfinite(self.log_w).any():
            return "no point of the prior is possible"
        if self.ess < n_effective:
            return f"effective sample size {self.ess:.0f} of {n_effective}"
        if self.shape >= LARGEST_SHAPE:
            return f"the weights have a heavy tail (Pareto k {self.shape:.2f})"
        return ""


def effective_size(log_w: FloatArray) -> float:
    """Effective sample size (Kish) of ln weights; 0 when all are -inf."""
    top = np.max(log_w, initial=-np.inf)
    if top == -np.inf:
        return 0.0
    weight = np.exp(log_w - top)
    return float(weight.sum() ** 2 / np.sum(weight**2))


def possible(log_l: FloatArray) -> FloatArray:
    """No nan, no +inf: both are impossible."""
    return np.where(np.isnan(log_l) | (log_l == np.inf), -np.inf, log_l)


def equal_weight(log_w: FloatArray, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose points in proportion to their weight, by systematic resampling.

    A point is taken ``size`` times its share of the weight, rounded up or down: a heavy one more
    than once. Keeping each at most once would leave few samples where one weight is large.

    Parameters
    ----------
    log_w : array, shape (N,)
        ln weights, of any normalisation.
    size : int
        Number of samples S.
    rng : numpy.random.Generator

    Returns
    -------
    array of int, shape (S,)
        Indices, in random order.
    """
    cumulative = np.cumsum(np.exp(log_w - np.max(log_w)))
    marks = (np.arange(size) + rng.random()) / size * cumulative[-1]
    return rng.permutation(np.searchsorted(cumulative, marks, side="right"))


def information(log_w: FloatArray, log_l: FloatArray, log_z: float) -> float:
    """Kullback-Leibler divergence from prior to posterior, E_post[ln L] - ln Z, in nats."""
    weight = np.exp(log_w - np.max(log_w))
    possible = weight > 0
    return float(np.average(log_l[possible], weights=weight[possible]) - log_z)
