"""A posterior under a stand-in for a costly model, corrected by the model itself.

Points drawn under the stand-in are evaluated by the model with a probability in proportion to
their weight under the stand-in, and for a share to the prior alone, so that what the stand-in knows
nothing of is found out. The weights say what the selection left out: evidence and posterior are
those of the model, whatever the stand-in is; only how many points it takes depends on it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.inference.pareto import LARGEST_SHAPE, tail_shape
from nmma_fitter.inference.weights import Weighted

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray], FloatArray]

PRIOR_SHARE = 0.1  # of the evaluations go to the prior
FIRST = 1.2  # evaluations, in units of the effective sample size wanted
MARGIN = 1.1
MORE = 1.5  # times the evaluations, where only the tail is in doubt
MOST = 8.0  # after which the stand-in is given up, in the same units
ROOM = 1.5  # times the effective points wanted, if all drawn under the stand-in were evaluated
SAMPLES = 6  # of the stand-in, at most
SETTINGS = (PRIOR_SHARE, FIRST, MARGIN, MORE, MOST, ROOM, SAMPLES, 4)  # the last: of the code


def correct(
    rough: Weighted,
    evaluate: Evaluate,
    n_effective: int,
    rng: np.random.Generator,
    on_round: Callable[[str, Weighted], None] = lambda phase, points: None,
    more: Callable[[], Weighted] | None = None,
) -> Weighted:
    """Evaluate as many points by the model as the effective sample size takes.

    Parameters
    ----------
    rough : Weighted
        All points drawn under the stand-in, with its likelihoods.
    evaluate : callable
        Points of the cube, shape (P, D), to the model's log likelihoods.
    n_effective : int
    rng : numpy.random.Generator
    on_round : callable
        Told the phase and the points so far.
    more : callable, optional
        Draws as many points again under the stand-in, where the model's posterior is so much
        narrower that those of the first sample do not suffice. What cannot be trusted is left out,
        and no more is drawn then.

    Returns
    -------
    Weighted
        Those the model evaluated, in the order in which it did.

    Notes
    -----
    Each of the N points is selected with probability p_i of its own (Poisson sampling), and the sum
    of w_i / p_i over the selected is an unbiased estimate of the sum of all N weights w_i (Horvitz
    & Thompson 1952, J. Am. Stat. Assoc. 47, 663). One random number per point decides for every
    sample size, so a larger one keeps the points of a smaller; where more points under the stand-in
    make a point's chance smaller, it keeps the one by which it was selected.

    Two tails decide whether the weights can be trusted: that of the stand-in's weights, and that of
    the model's weights over what the points were selected by. Their product over p_i is of no use,
    as most are equal and those with p_i = 1 stand out.
    """
    luck, chance, samples = rng.random(rough.draws), np.zeros(rough.draws), 1
    evaluated, log_l = np.empty(0, dtype=np.int64), np.empty(0)
    lost = bool(rough.trouble(n_effective))  # then not much is spent on it
    wanted, most = FIRST * n_effective, (FIRST if lost else MOST) * n_effective
    while True:
        merit = _merit(rough)
        chance = np.maximum(chance, _chances(merit, wanted))
        new = np.setdiff1d(np.flatnonzero(luck < chance), evaluated)
        evaluated = np.concatenate([evaluated, new])
        if len(new):
            log_l = np.concatenate([log_l, evaluate(rough.cube[new])])
        log_ratio = rough.log_ratio[evaluated] - np.log(chance[evaluated])
        chosen = log_l + rough.log_ratio[evaluated] - np.log(merit[evaluated])
        tail = max(rough.shape, tail_shape(chosen))
        points = Weighted(rough.cube[evaluated], log_l, log_ratio, rough.draws, tail)
        on_round("sampling", points)
        enough = points.ess >= MARGIN * n_effective
        if (enough and tail < LARGEST_SHAPE) or wanted >= most:
            return points
        if more and not (enough or lost):
            short = ROOM * MARGIN * n_effective / max(_attainable(points, chance[evaluated]), 1.0)
            for _ in range(_further(short, samples)):
                again, samples = more(), samples + 1
                if again.trouble(n_effective):
                    samples = SAMPLES
                    break
                rough = rough.pooled(again)
                luck = np.append(luck, rng.random(again.draws))
                chance = np.append(chance, np.zeros(again.draws))
        # A tail's shape is uncertain where it is short; more points say whether it is heavy.
        growth = MORE if enough else MARGIN * n_effective / max(points.ess, 1.0)
        wanted = min(most, wanted * float(np.clip(1.05 * growth, 1.1, 2.0)))


def _attainable(points: Weighted, chance: FloatArray) -> float:
    """Effective sample size, estimated, if all points under the stand-in were evaluated."""
    log_w = points.log_w - np.max(points.log_w, initial=-np.inf)
    weight = np.exp(np.where(np.isnan(log_w), -np.inf, log_w))
    square = float(np.sum(weight**2 * chance))
    return float(weight.sum() ** 2 / square) if square > 0 else 0.0


def _further(short: float, samples: int) -> int:
    """Samples that are missing where one is too small by a factor; none where most is missing."""
    needed = int(np.ceil(short * samples))
    return needed - samples if samples < needed <= SAMPLES else 0


def _merit(rough: Weighted) -> FloatArray:
    """Share of the evaluations that each point should get, summing to 1."""
    prior = _normalised(rough.log_ratio)
    under = _normalised(rough.log_w) if rough.ess > 0 else prior
    return (1 - PRIOR_SHARE) * under + PRIOR_SHARE * prior


def _normalised(log_w: FloatArray) -> FloatArray:
    weight = np.exp(log_w - np.max(log_w))
    return np.asarray(weight / weight.sum())


def _chances(merit: FloatArray, wanted: float) -> FloatArray:
    """Probabilities in proportion to merit, at most 1, whose sum is what is wanted."""
    chance = np.minimum(1.0, wanted * merit)
    for _ in range(20):
        free = chance < 1.0
        left = wanted - np.count_nonzero(~free)
        if left <= 0 or not free.any():
            break
        chance = np.where(free, np.minimum(1.0, left * merit / merit[free].sum()), 1.0)
    return chance
