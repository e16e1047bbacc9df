"""Can importance weights be trusted? The shape of their tail says it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LARGEST_SHAPE = 0.7
"""Above it the mean of the weights converges too slowly to be used (Vehtari et al. 2024)."""

_FEWEST = 5  # points of a tail
_ALIKE = 3.0  # largest over least weight of a tail, below which what lies beyond adds little


def tail_shape(log_w: FloatArray) -> float:
    """Shape k of the generalised Pareto distribution of the largest weights.

    The tail are the largest ``min(N/5, 3 sqrt(N))`` of the N weights (Vehtari, Simpson, Gelman,
    Yao & Gabry 2024, JMLR 25, 72), and k is estimated as Zhang & Stephens do (2009,
    Technometrics 51, 316), without the prior that pulls it to 1/2. The variance of the weights is
    finite below 1/2; they are usable below `LARGEST_SHAPE`.

    Parameters
    ----------
    log_w : array, shape (N,)
        ln weights of any normalisation; -inf counts.

    Returns
    -------
    float
        k; inf when fewer than five points have weight, -inf when the tail's are much alike.
    """
    size = int(min(len(log_w) / 5, 3 * np.sqrt(len(log_w))))
    top = np.sort(log_w[np.isfinite(log_w)])[-size - 1 :]
    if size < _FEWEST or len(top) < size + 1:
        return np.inf
    if top[-1] - top[0] < np.log(_ALIKE):
        return -np.inf  # no tail to speak of, and with ties a shape that is none
    weight = np.exp(top - top[-1])
    excess = weight[1:] - weight[0]
    excess = excess[excess > 0]
    return _shape(excess) if len(excess) >= _FEWEST else -np.inf


def _shape(excess: FloatArray) -> float:
    """Zhang & Stephens' estimate from excesses over a threshold, ascending."""
    n = len(excess)
    grid = 30 + int(np.sqrt(n))
    quartile = excess[int(n / 4 + 0.5) - 1]
    theta = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quartile) + 1 / excess[-1]
    theta = theta[theta != 0]
    k = np.mean(np.log1p(-theta[:, None] * excess), axis=1)
    log_likelihood = n * (np.log(-theta / k) - k - 1)
    share = np.exp(log_likelihood - log_likelihood.max())
    theta_mean = np.sum(theta * share) / share.sum()
    return float(np.mean(np.log1p(-theta_mean * excess)))
