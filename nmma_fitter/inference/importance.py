"""Adaptive importance sampling: for likelihoods of which a hundred thousand cost a second.

The proposal is a mixture of t distributions in normal coordinates. It is fitted again and again to
all points so far, each weighted by the density of the proposals that it might have come from
(Cornuet et al. 2012, Scand. J. Stat. 39, 798), at first with a likelihood flattened by a power so
that enough points count (Cappé et al. 2008, Stat. Comput. 18, 447). Then it is kept as it is, and
posterior and evidence come from fresh points alone: none that shaped the proposal enters them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from nmma_fitter.inference.mixture import Mixture, fit_mixture, log_normal
from nmma_fitter.inference.weights import Weighted, effective_size

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray], FloatArray]

PRIOR_SHARE = 0.1
WIDER, LAST_WIDER = 1.5, 1.4  # on variances: in bent posteriors less leaves heavy tails
MOST_ROUNDS = 40
BLIND = 50_000  # points without a possible one among them, before they are given up
MOST_PRODUCTION = 250_000
TRIES = 2  # productions; the second with a proposal fitted to the points of the first as well
CODE = 5  # raised when the same settings give other points


@dataclass(frozen=True)
class Effort:
    """How much is done to find a proposal.

    Attributes
    ----------
    first, round : int
        Points of the prior; of every further round.
    enough : int
        Effective points that a mixture is fitted to, however much the likelihood is flattened.
    good, longest : int
        Effective points after which the proposal is good; rounds at the whole likelihood after
        which it has to be.
    fitted, components : int
        Points a mixture is fitted to, and its components at most.
    production : int
        Points drawn at least from a proposal that no longer changes.
    """

    first: int = 10_000
    round: int = 4_000
    enough: int = 300
    good: int = 2_000
    longest: int = 3
    fitted: int = 2_000
    components: int = 8
    production: int = 8_000


QUICK = Effort()
ALIGNED = Effort(first=6_000, production=6_000)
"""Where an alignment has laid the posterior flat, so that half of what is drawn counts."""
THOROUGH = Effort(
    first=20_000, round=6_000, enough=1_000, good=6_000, longest=6, fitted=4_000, components=4
)
"""For a dozen parameters, of which a mixture of more components would learn the noise."""


def decisive(effort: Effort) -> str:
    """All settings that decide which points are drawn."""
    fixed = (PRIOR_SHARE, WIDER, LAST_WIDER, MOST_ROUNDS, BLIND, MOST_PRODUCTION)
    return repr((effort, fixed, TRIES, CODE))


def sample(
    evaluate: Evaluate,
    dimensions: int,
    n_effective: int,
    rng: np.random.Generator,
    on_round: Callable[[str, Weighted], None] = lambda phase, points: None,
    effort: Effort = QUICK,
) -> tuple[Weighted, Mixture | None]:
    """Adapt a proposal to the posterior, and draw from it.

    Parameters
    ----------
    evaluate : callable
        Points of the cube, shape (P, D), to log likelihoods, -inf where impossible.
    dimensions : int
    n_effective : int
        Effective sample size to reach, if `MOST_PRODUCTION` points do.
    rng : numpy.random.Generator
    on_round : callable
        Told the phase, exploring or sampling, and the points that count so far.
    effort : Effort

    Returns
    -------
    points : Weighted
        The last that were evaluated, in that order.
    proposal : Mixture or None
        What they were drawn from, in normal coordinates; None where no point is possible.
    """
    population = _Population(dimensions, effort)
    population.draw(None, effort.first, evaluate, rng)
    settled = 0
    for _ in range(MOST_ROUNDS):
        on_round("exploring", population.weighted())
        power = population.power()
        settled += power == 1.0
        if not population.possible and len(population.log_l) >= BLIND:
            return population.weighted(), None
        if settled and (population.ess(1.0) >= effort.good or settled > effort.longest):
            break
        proposal = population.proposal(power, WIDER, rng)
        population.draw(proposal, effort.round, evaluate, rng)
    for _ in range(TRIES):
        proposal = population.proposal(1.0, LAST_WIDER, rng)
        fresh = _produce(proposal, evaluate, n_effective, rng, on_round, effort)
        points = fresh.weighted()
        if not points.trouble(n_effective):
            break
        population.add(proposal, fresh.points, fresh.log_l)
    return points, proposal


def _produce(
    proposal: Mixture,
    evaluate: Evaluate,
    n_effective: int,
    rng: np.random.Generator,
    on_round: Callable[[str, Weighted], None],
    effort: Effort,
) -> _Population:
    """Draw from a proposal that no longer changes, until there are enough."""
    fresh = _Population(len(proposal.means.T), effort)
    size = effort.production
    while True:
        fresh.draw(proposal, size, evaluate, rng)
        points = fresh.weighted()
        on_round("sampling", points)
        total = len(points.log_l)
        if points.ess >= n_effective or total >= MOST_PRODUCTION:
            return fresh
        rounds = total * (n_effective / max(points.ess, 1.0) - 1) / effort.round
        size = effort.round * int(np.clip(np.ceil(rounds), 1, 5))


@dataclass
class _Population:
    """Points of several proposals, in normal coordinates."""

    dimensions: int
    effort: Effort
    points: FloatArray = field(init=False)
    log_l: FloatArray = field(init=False)
    proposals: list[tuple[int, Mixture | None]] = field(default_factory=list)
    densities: FloatArray = field(init=False)  # of each proposal at each point, ln

    def __post_init__(self) -> None:
        self.points = np.empty((0, self.dimensions))
        self.log_l = np.empty(0)
        self.densities = np.empty((0, 0))

    def draw(
        self,
        proposal: Mixture | None,
        size: int,
        evaluate: Evaluate,
        rng: np.random.Generator,
    ) -> None:
        """Draw points of a proposal, or of the prior, and evaluate them."""
        if proposal is None:
            points = rng.standard_normal((size, self.dimensions))
        else:
            points = proposal.draw(size, rng)
        self.add(proposal, points, evaluate(_to_cube(points)))

    def add(self, proposal: Mixture | None, points: FloatArray, log_l: FloatArray) -> None:
        """Add points drawn from a proposal, or from the prior."""
        if not self.proposals or proposal is not self.proposals[-1][1]:
            self.proposals.append((0, proposal))
            old = _log_density(proposal, self.points)
            self.densities = np.vstack([self.densities, old])
        count, _ = self.proposals[-1]
        self.proposals[-1] = count + len(points), proposal
        new = np.array([_log_density(one, points) for _, one in self.proposals])
        self.densities = np.hstack([self.densities, new])
        self.points = np.concatenate([self.points, points])
        self.log_l = np.concatenate([self.log_l, log_l])

    @property
    def possible(self) -> bool:
        """Whether any point is."""
        return bool(np.isfinite(self.log_l).any())

    def log_ratio(self) -> FloatArray:
        """Ln of the prior over all proposals together."""
        counts = np.array([count for count, _ in self.proposals], dtype=float)
        log_q = logsumexp(self.densities + np.log(counts / counts.sum())[:, None], axis=0)
        return np.asarray(log_normal(self.points) - log_q)

    def log_weights(self, power: float) -> FloatArray:
        """Ln of likelihood to a power, times prior, over all proposals together."""
        with np.errstate(invalid="ignore"):
            tempered = np.where(np.isfinite(self.log_l), power * self.log_l, -np.inf)
        return np.asarray(tempered + self.log_ratio())

    def ess(self, power: float) -> float:
        """Effective number of points at a power of the likelihood."""
        return effective_size(self.log_weights(power))

    def power(self) -> float:
        """The largest power, up to 1, at which enough points count."""
        log_ratio, known = self.log_ratio(), np.isfinite(self.log_l)

        def enough(power: float) -> bool:
            return (
                effective_size(power * self.log_l[known] + log_ratio[known]) >= self.effort.enough
            )

        low, high = 0.0, 1.0
        if enough(high):
            return high
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (middle, high) if enough(middle) else (low, middle)
        return low

    def proposal(self, power: float, widen: float, rng: np.random.Generator) -> Mixture:
        """A mixture fitted to the points at a power of the likelihood."""
        log_w = self.log_weights(power)
        if not self.possible:
            log_w = np.zeros(len(self.points))
        weight = np.exp(log_w - np.max(log_w))
        chosen = rng.choice(len(weight), size=self.effort.fitted, p=weight / weight.sum())
        most = int(effective_size(log_w) / (4 * self.dimensions))
        count = int(np.clip(most, 1, self.effort.components))
        return fit_mixture(self.points[chosen], count, widen, PRIOR_SHARE, rng)

    def weighted(self) -> Weighted:
        """All points with their weights."""
        cube = _to_cube(self.points)
        return Weighted(cube, self.log_l, self.log_ratio(), len(self.log_l))


def _log_density(proposal: Mixture | None, points: FloatArray) -> FloatArray:
    return log_normal(points) if proposal is None else proposal.log_density(points)


def _to_cube(points: FloatArray) -> FloatArray:
    """Normal coordinates to the unit cube, its faces left out: priors may be infinite there."""
    return np.asarray(np.clip(ndtr(points), 1e-15, 1 - 1e-15))
