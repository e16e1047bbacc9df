"""From weighted points to samples of equal weight, and what the weights tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


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
