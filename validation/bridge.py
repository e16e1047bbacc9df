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

from nmma_fitter.inference.alignment import Aligned
from nmma_fitter.inference.cube import CubeLikelihood
from nmma_fitter.inference.evaluations import Evaluations
from nmma_fitter.inference.mixture import Mixture, fit_mixture, log_normal
from nmma_fitter.inference.sampled import Watch
from nmma_fitter.inference.weights import effective_size, equal_weight, possible

FloatArray = NDArray[np.float64]
LogDensity = Callable[[FloatArray], FloatArray]

WALKERS, STEPS, THIN = 500, 2000, 10  # of either walk; every tenth step is kept
BURN_IN = 0.5, 0.1  # share of the first and of the second walk that is left out
BY_MIXTURE = 0.3  # share of the second walk's steps
FITTED, COMPONENTS, WIDER, PRIOR_SHARE = 4000, 8, 1.4, 0.1  # of the mixture
FRESH = 20_000  # draws of the mixture
CHUNK = 500


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


def walk(
    log_density: LogDensity, start: FloatArray, moves: list, seed: int, file: Path, name: str
) -> tuple[FloatArray, FloatArray]:
    """Places, shape (T, W, D), and ln densities, shape (T, W), of one walk; it can be resumed."""
    backend = emcee.backends.HDFBackend(str(file), name=name)
    sampler = emcee.EnsembleSampler(
        *start.shape, log_density, moves=moves, vectorize=True, backend=backend
    )
    sampler.random_state = np.random.RandomState(seed).get_state()
    begun = backend.initialized and backend.iteration > 0
    missing = STEPS // THIN - (backend.iteration if begun else 0)
    if missing > 0:
        sampler.run_mcmc(None if begun else start, missing, thin_by=THIN)
    return backend.get_chain(), backend.get_log_prob()


def first_moves() -> list:
    """Steps by the other walkers' places."""
    moves = emcee.moves
    return [(moves.DEMove(), 0.4), (moves.DEMove(gamma0=0.2), 0.2)] + [
        (one, 0.2) for one in (moves.StretchMove(), moves.DESnookerMove())
    ]


def to_draws_of(mixture: Mixture) -> emcee.moves.Move:
    """Steps to wherever the mixture leads (independence sampler)."""

    def propose(places: FloatArray, state: np.random.RandomState) -> tuple[FloatArray, FloatArray]:
        drawn = mixture.draw(len(places), np.random.default_rng(state.randint(2**31)))
        return drawn, mixture.log_density(places) - mixture.log_density(drawn)

    return emcee.moves.MHMove(propose)


def bridge(
    log_p: tuple[FloatArray, FloatArray], log_q: tuple[FloatArray, FloatArray], effective: float
) -> tuple[float, float]:
    """Ln of the integral of p, and its error, from points of p and of q.

    Parameters
    ----------
    log_p, log_q : pair of array
        Ln of the densities, q's normalised: at points of p, shape (T, W), and at those of q, (N,).
    effective : float
        Number of independent points that those of p are worth; only the error hangs on it, and how
        much either sample counts.

    Notes
    -----
    The error is that of Frühwirth-Schnatter (2004, Econometrics J. 7, 143).
    """
    walked, drawn = log_p[0] - log_q[0], log_p[1] - log_q[1]
    share = effective / (effective + drawn.size)
    log_share = np.log(share), np.log1p(-share)
    log_z = float(logsumexp(drawn) - np.log(drawn.size))
    for _ in range(1000):
        above = drawn - np.logaddexp(log_share[0] + drawn, log_share[1] + log_z)
        below = -np.logaddexp(log_share[0] + walked, log_share[1] + log_z)
        before = log_z
        log_z = float(logsumexp(above) - logsumexp(below) - np.log(drawn.size / walked.size))
        if abs(log_z - before) < 1e-8:
            break
    parts = (_relative(above) / drawn.size, _relative(below) / effective)
    return log_z, float(np.sqrt(sum(parts)))


def _relative(log_values: FloatArray) -> float:
    """Variance over the squared mean."""
    values = np.exp(log_values - np.max(log_values))
    return float(np.var(values) / np.mean(values) ** 2)


def independent(log_values: FloatArray) -> float:
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


def run(
    aligned: Aligned, model: CubeLikelihood, power: float, points: int, seed: int, checkpoint: Path
) -> Bridged:
    """Walk, bridge, and evaluate the model at about so many of the walkers' points."""
    rng = np.random.default_rng([seed, 5])
    flat = Flattened(aligned, power)
    start = _start(flat, rng)
    places, _ = walk(flat.log_density, start, first_moves(), seed, checkpoint, "first")
    gone = places[int(BURN_IN[0] * len(places)) :].reshape(-1, places.shape[-1])
    chosen = gone[rng.choice(len(gone), FITTED)]
    mixture = fit_mixture(chosen, COMPONENTS, WIDER, PRIOR_SHARE, rng)
    moves = [(one, (1 - BY_MIXTURE) * share) for one, share in first_moves()]
    moves.append((to_draws_of(mixture), BY_MIXTURE))
    places, log_p = walk(flat.log_density, places[-1], moves, seed + 1, checkpoint, "second")
    kept = slice(int(BURN_IN[1] * len(places)), None)
    places, log_p = places[kept], log_p[kept]
    log_q = mixture.log_density(places.reshape(-1, places.shape[-1])).reshape(log_p.shape)
    fresh = mixture.draw(FRESH, rng)
    at_fresh = flat.log_density(fresh), mixture.log_density(fresh)
    effective = independent(-np.logaddexp(log_p, log_q + logsumexp(at_fresh[0] - at_fresh[1])))
    flattened, error = bridge((log_p, at_fresh[0]), (log_q, at_fresh[1]), effective)

    steps = np.linspace(0, len(places) - 1, max(points // WALKERS, 1)).astype(int)
    values = flat.values(places[steps].reshape(-1, places.shape[-1]))
    known = Watch(checkpoint=checkpoint.with_suffix(".model.h5"))
    evaluated = Evaluations(model.raw, 100, known, mark=f"{seed} {power}")
    log_w = possible(evaluated(values[:, 2:])) - values[:, 0]
    log_mean = float(logsumexp(log_w) - np.log(log_w.size))
    error = float(np.hypot(error, _error_by_walker(log_w.reshape(len(steps), -1))))
    return Bridged(values[:, 2:], log_w, flattened + log_mean, error, flattened)


def _start(flat: Flattened, rng: np.random.Generator) -> FloatArray:
    """Where the walkers begin: points of the prior, weighted by so little that many count."""
    points = rng.standard_normal((20_000, flat.aligned.likelihood.dimensions))
    log_l = flat.log_density(points) - log_normal(points)
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
