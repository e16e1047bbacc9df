"""The posterior under a cheap likelihood that stands in for a costly one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import Interrupted, NotConverged
from nmma_fitter.inference import importance
from nmma_fitter.inference.alignment import CHUNK, Aligned, Alignment
from nmma_fitter.inference.cube import CubeLikelihood, LogLikelihood
from nmma_fitter.inference.evaluations import Evaluations
from nmma_fitter.inference.importance import THOROUGH
from nmma_fitter.inference.pool import evaluation_pool
from nmma_fitter.inference.sampled import UNWATCHED, SamplerSettings, Watch
from nmma_fitter.inference.weights import Weighted, possible
from nmma_fitter.run_progress import Progress

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

BATCH = 2000  # points between two looks around
FACTOR = 3  # effective points under the stand-in, for each that is wanted
MOST_NESTED = 250_000  # evaluations, before a stand-in is given up
CODE = 2  # raised when the same settings give other points


@dataclass(frozen=True, eq=False)
class StandIn:
    """A cheap likelihood in place of a costly one, and the costly model itself.

    Attributes
    ----------
    log_likelihood : callable
        Of the cheap one, with errors that contain its own: where it is off, a point must still be
        drawn often enough for the costly one to weigh it.
    predict : callable
        Parameters, arrays of shape (P,), to the costly model's magnitudes, shape (P, n).
    judge : callable
        Magnitudes to log likelihoods, shape (P,).
    alignment : Alignment, optional
        In whose coordinates the cheap one is sampled.
    """

    log_likelihood: LogLikelihood
    predict: LogLikelihood
    judge: Callable[[FloatArray], FloatArray]
    alignment: Alignment | None = None

    @property
    def decisive(self) -> str:
        """All settings that decide which points are drawn under it."""
        aligned = "" if self.alignment is None else self.alignment.decisive
        return repr((FACTOR, CODE, aligned))


def sample_stand_in(
    stand_in: StandIn,
    priors: PriorDict,
    settings: SamplerSettings,
    rng: np.random.Generator,
    watch: Watch = UNWATCHED,
    *,
    last_resort: bool = True,
) -> Weighted:
    """All points drawn under a stand-in: by importance sampling, else by nested sampling.

    Parameters
    ----------
    stand_in : StandIn
    priors : PriorDict
    settings : SamplerSettings
        Of the fit; `FACTOR` times its effective points are drawn.
    rng : numpy.random.Generator
    watch : Watch
        Its checkpoint is not for a stand-in, whose likelihoods are not worth a place there.
    last_resort : bool
        Whether nested sampling follows where importance sampling fails.
    """
    cheap = CubeLikelihood(stand_in.log_likelihood, priors)
    aligned = None if stand_in.alignment is None else Aligned(cheap, stand_in.alignment)
    density = possible if aligned is None else aligned.density
    wanted = FACTOR * settings.n_effective
    unsaved = replace(watch, checkpoint=None)

    def say(phase: str, points: Weighted) -> None:
        log_z = f", ln Z {points.log_z:.2f}" if points.ess > 0 else ""
        watch.on_progress(Progress(0.0, None, f"{phase} with the stand-in{log_z}"))

    with evaluation_pool(aligned or cheap.raw, settings.cores, CHUNK) as evaluate:
        quick = Evaluations(evaluate, BATCH, unsaved)
        points, proposal = importance.sample(
            lambda cube: density(quick(cube)), cheap.dimensions, wanted, rng, say, THOROUGH
        )
        if aligned is not None:
            values = np.concatenate(quick.values)[-len(points.log_l) :]
            points, _ = aligned.with_the_prior(points, values, proposal, rng)
    trouble = points.trouble(settings.n_effective)
    if not (trouble and last_resort):
        return points
    log.info("the stand-in by importance: %s; by nested sampling then", trouble)
    try:
        return _nested(stand_in, priors, settings, unsaved)
    except NotConverged as error:
        log.info("the stand-in by nested sampling: %s", error)
        return points


def sample_again(
    stand_in: StandIn,
    priors: PriorDict,
    settings: SamplerSettings,
    rng: np.random.Generator,
    watch: Watch,
    waiting: Evaluations,
) -> Weighted:
    """More points under a stand-in, by importance sampling; parameters as of `sample_stand_in`.

    The evaluations of the costly model, which wait meanwhile, are saved first.
    """

    def tell(now: Progress) -> None:
        watch.on_progress(replace(now, evaluations=waiting.count))

    waiting.save()
    told = replace(watch, on_progress=tell)
    try:
        return sample_stand_in(stand_in, priors, settings, rng, told, last_resort=False)
    except Interrupted:
        waiting.interrupt()


def _nested(
    stand_in: StandIn,
    priors: PriorDict,
    settings: SamplerSettings,
    watch: Watch,
) -> Weighted:
    from nmma_fitter.inference.nested import run_nested

    of_cheap = replace(
        settings,
        n_effective=FACTOR * settings.n_effective,
        batch=CHUNK,
        chunk=CHUNK,
        cores=1,
        limit=None,
        max_evaluations=MOST_NESTED,
    )
    uncounted = replace(
        watch, on_progress=lambda now: watch.on_progress(replace(now, evaluations=0))
    )
    found = run_nested(stand_in.log_likelihood, priors, of_cheap, uncounted)
    assert found.points is not None
    return found.points
