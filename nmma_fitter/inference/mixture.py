"""A mixture of Student's t distributions, fitted to points: what importance sampling draws from.

Everything here is in normal coordinates: each prior is mapped onto a standard normal, so that a
parameter the data say nothing of is one, and no edge cuts the posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

FloatArray = NDArray[np.float64]

FREEDOM = 8.0  # degrees of freedom: tails heavier than those of a posterior
ROUNDS = 40  # of expectation maximisation
FLOOR = 1e-3  # of the whole variance, added to each component's


@dataclass(frozen=True, eq=False)
class Mixture:
    """t distributions, and the prior itself for a share of the points.

    Attributes
    ----------
    shares : array, shape (K,)
        Of the components, summing to 1.
    means : array, shape (K, D)
    factors : array, shape (K, D, D)
        Lower Cholesky factors of their scale matrices.
    prior_share : float
        Share drawn from the prior, a standard normal: no weight exceeds its inverse times the
        likelihood (Hesterberg 1995, Technometrics 37, 185).
    """

    shares: FloatArray
    means: FloatArray
    factors: FloatArray
    prior_share: float

    def draw(self, size: int, rng: np.random.Generator) -> FloatArray:
        """Points, shape (size, D)."""
        chance = np.append(self.shares * (1 - self.prior_share), self.prior_share)
        which = rng.choice(len(chance), size=size, p=chance / chance.sum())
        points = rng.standard_normal((size, self.means.shape[1]))
        stretch = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, size))[:, None]
        for k, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            mine = which == k
            points[mine] = mean + (points[mine] @ factor.T) * stretch[mine]
        return points

    def log_density(self, points: FloatArray) -> FloatArray:
        """Ln density, shape (N,), of points of shape (N, D)."""
        parts = [
            np.log(share * (1 - self.prior_share)) + _log_student(points, mean, factor)
            for share, mean, factor in zip(self.shares, self.means, self.factors, strict=True)
        ]
        if self.prior_share > 0:
            parts.append(np.log(self.prior_share) + log_normal(points))
        return np.asarray(logsumexp(parts, axis=0))


def log_normal(points: FloatArray) -> FloatArray:
    """Ln density of the prior in normal coordinates."""
    dimensions = points.shape[1]
    return np.asarray(-0.5 * np.sum(points**2, axis=1) - dimensions / 2 * np.log(2 * np.pi))


def _log_student(points: FloatArray, mean: FloatArray, factor: FloatArray) -> FloatArray:
    d = len(mean)
    distance = _distances(points, mean, factor)
    constant = gammaln((FREEDOM + d) / 2) - gammaln(FREEDOM / 2) - d / 2 * np.log(FREEDOM * np.pi)
    volume = np.sum(np.log(np.diag(factor)))
    return np.asarray(constant - volume - (FREEDOM + d) / 2 * np.log1p(distance / FREEDOM))


def _distances(points: FloatArray, mean: FloatArray, factor: FloatArray) -> FloatArray:
    """Squared Mahalanobis distances, shape (N,)."""
    return np.asarray(np.sum(((points - mean) @ np.linalg.inv(factor).T) ** 2, axis=1))


def fit_mixture(
    points: FloatArray, count: int, widen: float, prior_share: float, rng: np.random.Generator
) -> Mixture:
    """Fit by expectation maximisation (Dempster, Laird & Rubin 1977).

    Parameters
    ----------
    points : array, shape (N, D)
        Of equal weight; repeated ones are welcome.
    count : int
        Components at most; those that hold few points are dropped.
    widen : float
        Factor on the covariances, since a proposal has to be wider than its target.
    prior_share : float
    rng : numpy.random.Generator
        For the first guess.
    """
    dimensions = points.shape[1]
    spread = np.cov(points.T).reshape(dimensions, dimensions) + 1e-8 * np.eye(dimensions)
    floor = FLOOR * np.diag(np.diag(spread))
    means = points[_seeds(points, count, np.linalg.cholesky(spread), rng)]
    covariances = np.repeat(spread[None] / count ** (2 / dimensions), count, axis=0)
    shares = np.full(count, 1 / count)
    for _ in range(ROUNDS):
        factors = np.linalg.cholesky(covariances)
        holds = _responsibilities(points, shares, means, factors)
        held = holds.sum(axis=1)
        kept = held > 2 * dimensions
        kept[np.argmax(held)] = True
        holds, held = holds[kept], held[kept]
        shares, means = held / held.sum(), holds @ points / held[:, None]
        offsets = points - means[:, None]
        weighted = holds[:, :, None] * offsets
        covariances = np.swapaxes(weighted, 1, 2) @ offsets / held[:, None, None] + floor
    return Mixture(shares, means, np.linalg.cholesky(widen * covariances), prior_share)


def _seeds(
    points: FloatArray, count: int, factor: FloatArray, rng: np.random.Generator
) -> list[int]:
    """Points far from each other (Arthur & Vassilvitskii 2007, SODA, 1027)."""
    chosen = [int(rng.integers(len(points)))]
    nearest = np.full(len(points), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, _distances(points, points[chosen[-1]], factor))
        if not nearest.any():  # fewer different points than components
            chosen.append(chosen[0])
        else:
            chosen.append(int(rng.choice(len(points), p=nearest / nearest.sum())))
    return chosen


def _responsibilities(
    points: FloatArray, shares: FloatArray, means: FloatArray, factors: FloatArray
) -> FloatArray:
    """Probability of each component for each point, shape (K, N)."""
    log_p = np.array(
        [
            np.log(share) - np.sum(np.log(np.diag(factor))) - 0.5 * _distances(points, mean, factor)
            for share, mean, factor in zip(shares, means, factors, strict=True)
        ]
    )
    return np.asarray(np.exp(log_p - logsumexp(log_p, axis=0)))
