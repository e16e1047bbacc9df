"""Ln Z of a costly model by random walks and a bridge, beside importance sampling.

Walkers (emcee; Foreman-Mackey et al. 2013, PASP 125, 306) step through the flattened likelihood of
the stand-in, at first by each other's places alone. A mixture is fitted to where they went; then
they go on, and a share of their steps leads to draws of the mixture, so that they change between
regions that are far apart. A bridge (Meng & Wong 1996, Statistica Sinica 6, 831) between the
second walk and fresh draws of the mixture gives the flattened ln Z, and the model itself at some of
the walkers' points the rest. No weight decides which points those are, and since the likelihood is
flattened, they are also where the stand-in is off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import emcee
import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from nmma_fitter.errors import NotConverged
from nmma_fitter.inference.alignment import Aligned
from nmma_fitter.inference.cube import CubeLikelihood
from nmma_fitter.inference.evaluations import Evaluations
from nmma_fitter.inference.mixture import Mixture, fit_mixture, log_normal
from nmma_fitter.inference.sampled import Watch
from nmma_fitter.inference.weights import effective_size, equal_weight, possible

FloatArray = NDArray[np.float64]
LogDensity = Callable[[FloatArray], FloatArray]
Moves = list[tuple[emcee.moves.Move, float]]

WALKERS, STEPS, THIN = 500, 2000, 10  # of either walk; every tenth step is kept
BURN_IN = 0.5, 0.1  # share of the first and of the second walk that is left out
BY_MIXTURE = 0.3  # share of the second walk's steps
FITTED, COMPONENTS, WIDER, PRIOR_SHARE = 4000, 8, 1.4, 0.1  # of the mixture
FRESH = 20_000  # draws of the mixture
MOST_ROUNDS, TOLERANCE = 1000, 1e-8  # of the bridge, in ln Z
CHUNK, BATCH = 500, 100  # points per call of the stand-in and of the model


@dataclass(frozen=True, eq=False)
class Flattened:
    """The stand-in's likelihood to a power, over aligned normal coordinates."""

    aligned: Aligned
    power: float

    def values(self, points: FloatArray) -> FloatArray:
        """As of `Aligned`, the log likelihood times the power."""
        cube = np.clip(ndtr(points), 1e-15, 1 - 1e-15)
        found = np.concatenate(
            [self.aligned(cube[i : i + CHUNK]) for i in range(0, len(cube), CHUNK)]
        )
        found[:, 0] *= self.power
        return found

    def log_density(self, points: FloatArray) -> FloatArray:
        """Ln of likelihood times prior, shape (P,)."""
        return np.asarray(Aligned.density(self.values(points)) + log_normal(points))


@dataclass(frozen=True)
class Course:
    """What decides where the walkers go, and the file from which they go on.

    Attributes
    ----------
    seed : int
    mark : str
        Of the fit; what the file has of another is left alone.
    file : Path
    """

    seed: int
    mark: str
    file: Path

    def walk(
        self, name: str, log_density: LogDensity, start: FloatArray, moves: Moves
    ) -> tuple[FloatArray, FloatArray]:
        """Places, shape (T, W, D), and ln densities, shape (T, W)."""
        backend = emcee.backends.HDFBackend(str(self.file), name=f"{self.mark} {name}")
        sampler = emcee.EnsembleSampler(
            *start.shape, log_density, moves=moves, vectorize=True, backend=backend
        )
        sampler.random_state = np.random.RandomState(self.seed).get_state()
        begun = backend.initialized and backend.iteration > 0
        missing = STEPS // THIN - (backend.iteration if begun else 0)
        if missing > 0:
            sampler.run_mcmc(None if begun else start, missing, thin_by=THIN)
        return backend.get_chain(), backend.get_log_prob()

    def evaluate(self, model: CubeLikelihood, cube: FloatArray) -> FloatArray:
        """The model's log likelihoods, shape (P,)."""
        known = Watch(checkpoint=self.file.with_suffix(".model.h5"))
        return possible(Evaluations(model.raw, BATCH, known, mark=self.mark)(cube))


def first_moves() -> Moves:
    """Steps by the other walkers' places."""
    moves = emcee.moves
    far, near = moves.DEMove(), moves.DEMove(gamma0=0.2)
    return [(far, 0.4), (near, 0.2), (moves.StretchMove(), 0.2), (moves.DESnookerMove(), 0.2)]


def to_draws_of(mixture: Mixture) -> emcee.moves.Move:
    """Steps to wherever the mixture leads (independence sampler)."""

    def propose(places: FloatArray, state: np.random.RandomState) -> tuple[FloatArray, FloatArray]:
        drawn = mixture.draw(len(places), np.random.default_rng(state.randint(2**31)))
        return drawn, mixture.log_density(places) - mixture.log_density(drawn)

    return emcee.moves.MHMove(propose)


def bridge(
    log_p: tuple[FloatArray, FloatArray], log_q: tuple[FloatArray, FloatArray]
) -> tuple[float, float]:
    """Ln of the integral of p, and its error, from points of a walk under p and from draws of q.

    Parameters
    ----------
    log_p, log_q : pair of array
        Ln of the densities, q's normalised: along the walk, shape (T, W), and at the draws, (N,).

    Notes
    -----
    The walk counts for as many points as its autocorrelation leaves independent. The error is that
    of Frühwirth-Schnatter (2004, Econometrics J. 7, 143).
    """
    walked, drawn = log_p[0] - log_q[0], log_p[1] - log_q[1]
    log_z = float(logsumexp(drawn) - np.log(drawn.size))
    effective = _independent(-np.logaddexp(walked, log_z))
    share = effective / (effective + drawn.size)
    for _ in range(MOST_ROUNDS):
        above = drawn - np.logaddexp(np.log(share) + drawn, np.log1p(-share) + log_z)
        below = -np.logaddexp(np.log(share) + walked, np.log1p(-share) + log_z)
        before = log_z
        log_z = float(logsumexp(above) - logsumexp(below) - np.log(drawn.size / walked.size))
        if abs(log_z - before) < TOLERANCE:
            break
    return log_z, float(np.sqrt(_relative(above) / drawn.size + _relative(below) / effective))


def _relative(log_values: FloatArray) -> float:
    """Variance over the squared mean."""
    values = np.exp(log_values - np.max(log_values))
    return float(np.var(values) / np.mean(values) ** 2)


def _independent(log_values: FloatArray) -> float:
    """How many independent points a walk is worth, for the mean of values of shape (T, W)."""
    values = np.exp(log_values - np.max(log_values))
    steps = emcee.autocorr.integrated_time(values[:, :, None], tol=0)[0]
    return float(values.size / max(steps, 1.0))


@dataclass(frozen=True, eq=False)
class Bridged:
    """Points of the priors' cube with the weights that the model gives them, and ln Z."""

    cube: FloatArray
    log_w: FloatArray
    log_z: float
    log_z_err: float
    flattened: float

    @property
    def ess(self) -> float:
        """Effective number of points."""
        return effective_size(self.log_w)


def run(flat: Flattened, model: CubeLikelihood, points: int, course: Course) -> Bridged:
    """Walk, bridge, and evaluate the model at about so many of the walkers' points."""
    rng = np.random.default_rng([course.seed, 5])
    places, _ = course.walk("first", flat.log_density, _start(flat, rng), first_moves())
    gone = _flat(places[int(BURN_IN[0] * len(places)) :])
    chosen = gone[rng.choice(len(gone), FITTED)]
    mixture = fit_mixture(chosen, COMPONENTS, WIDER, PRIOR_SHARE, rng)
    moves = [(one, (1 - BY_MIXTURE) * share) for one, share in first_moves()]
    moves.append((to_draws_of(mixture), BY_MIXTURE))
    places, log_p = course.walk("second", flat.log_density, places[-1], moves)
    kept = slice(int(BURN_IN[1] * len(places)), None)
    places, log_p = places[kept], log_p[kept]
    log_q = mixture.log_density(_flat(places)).reshape(log_p.shape)
    fresh = mixture.draw(FRESH, rng)
    flattened, error = bridge((log_p, flat.log_density(fresh)), (log_q, mixture.log_density(fresh)))
    steps = np.linspace(0, len(places) - 1, max(points // WALKERS, 1)).astype(int)
    values = flat.values(_flat(places[steps]))
    cube = values[:, 2:]
    log_w = course.evaluate(model, cube) - values[:, 0]
    log_mean = float(logsumexp(log_w) - np.log(log_w.size))
    error = float(np.hypot(error, _error_by_walker(log_w.reshape(len(steps), -1))))
    return Bridged(cube, log_w, flattened + log_mean, error, flattened)


def _flat(places: FloatArray) -> FloatArray:
    """Of all steps and walkers, shape (T * W, D)."""
    return places.reshape(-1, places.shape[-1])


def _start(flat: Flattened, rng: np.random.Generator) -> FloatArray:
    """Where the walkers begin: points of the prior, weighted by so little that many count."""
    points = rng.standard_normal((20_000, flat.aligned.likelihood.dimensions))
    log_l = flat.log_density(points) - log_normal(points)
    if (count := np.count_nonzero(np.isfinite(log_l))) <= WALKERS / 5:
        raise NotConverged(f"only {count} of {len(points)} points of the prior are possible")
    power = 1.0
    while effective_size(power * log_l) < WALKERS / 5:
        power *= 0.9
    chosen = points[equal_weight(power * log_l, 10 * WALKERS, rng)]
    near = chosen + 0.05 * rng.standard_normal(chosen.shape)  # no two at one place
    return near[np.isfinite(flat.log_density(near))][:WALKERS]


def _error_by_walker(log_w: FloatArray) -> float:
    """Relative error of a mean of weights, shape (T, W), of which those of a walker are alike."""
    sums = np.exp(log_w - np.max(log_w)).sum(axis=0)
    return float(np.std(sums, ddof=1) / np.mean(sums) / np.sqrt(len(sums)))
