"""Sample a posterior: by importance sampling where that is trusted, else by nested sampling.

Each way judges its own weights (effective sample size, and the shape of their tail). One that
does not pass is followed by the next: importance sampling, nested sampling, and nested sampling
with twice the live points. What none of them samples well has not converged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.inference import checkpoint as checkpoints
from nmma_fitter.inference import corrected, importance
from nmma_fitter.inference.alignment import CHUNK, Aligned, Alignment
from nmma_fitter.inference.cube import CubeLikelihood, LogLikelihood
from nmma_fitter.inference.evaluations import Evaluations
from nmma_fitter.inference.importance import ALIGNED, QUICK, THOROUGH, Effort
from nmma_fitter.inference.mixture import Mixture
from nmma_fitter.inference.pool import Evaluate, evaluation_pool
from nmma_fitter.inference.priors import describe, sampled_keys
from nmma_fitter.inference.sampled import (
    FREE,
    UNWATCHED,
    SamplerResult,
    SamplerSettings,
    Watch,
)
from nmma_fitter.inference.stand_in import BATCH, StandIn, sample_again, sample_stand_in
from nmma_fitter.inference.weights import Weighted, equal_weight, information, possible
from nmma_fitter.run_progress import Progress

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

COSTLY_CHUNK = 5
EXPLORING = Progress(0.0, None, "exploring")


def run_sampler(
    log_likelihood: LogLikelihood,
    priors: PriorDict,
    settings: SamplerSettings,
    *,
    stand_in: StandIn | None = None,
    alignment: Alignment | None = None,
    watch: Watch = UNWATCHED,
) -> SamplerResult:
    """Sample the posterior.

    Parameters
    ----------
    log_likelihood : callable
        Parameters, arrays of shape (P,), to values of shape (P,); nan counts as impossible.
    priors : PriorDict
    settings : SamplerSettings
    stand_in : StandIn, optional
        Makes importance sampling of a costly likelihood possible.
    alignment : Alignment, optional
        In whose coordinates importance sampling draws, where there is no stand-in.
    watch : Watch

    Returns
    -------
    SamplerResult
        Of the first way that converged, or else of the last.

    Raises
    ------
    Interrupted
        When asked to stop; the checkpoint has been written.
    NotConverged
        When no point of the prior is possible, or after `max_evaluations`.
    """
    from nmma_fitter.inference import nested

    more = replace(settings, nlive=2 * settings.nlive)
    ways: list[Callable[[], SamplerResult]] = [
        partial(nested.run_nested, log_likelihood, priors, one, watch) for one in (settings, more)
    ]
    marks = [nested.fingerprint(priors, one, watch.identity) for one in (settings, more)]
    if settings.sampler == "importance":
        first = partial(
            run_importance,
            log_likelihood,
            priors,
            settings,
            stand_in=stand_in,
            alignment=alignment,
            watch=watch,
        )
        ways.insert(0, first)
        marks.insert(0, "")
    begun = [
        number for number, mark in enumerate(marks) if checkpoints.is_of(watch.checkpoint, mark)
    ]
    return _first_that_converges(ways[begun[0] if begun else 0 :], watch.checkpoint)


def _first_that_converges(
    ways: list[Callable[[], SamplerResult]], checkpoint: Path | None
) -> SamplerResult:
    evaluations, seconds = 0, 0.0
    for number, way in enumerate(ways, start=1):
        result = way()
        evaluations, seconds = evaluations + result.evaluations, seconds + result.seconds
        if result.converged or number == len(ways):
            break
        log.info("%s sampling did not converge (%s); going on", result.method, result.reason)
        if checkpoint is not None:
            checkpoint.unlink(missing_ok=True)
    return replace(result, evaluations=evaluations, seconds=seconds)


def run_importance(
    log_likelihood: LogLikelihood,
    priors: PriorDict,
    settings: SamplerSettings,
    *,
    stand_in: StandIn | None = None,
    alignment: Alignment | None = None,
    watch: Watch = UNWATCHED,
) -> SamplerResult:
    """Sample by importance alone; parameters as of `run_sampler`."""
    from threadpoolctl import threadpool_limits

    mark = fingerprint(priors, settings, watch.identity, stand_in, alignment)
    run = _Run(CubeLikelihood(log_likelihood, priors), settings, watch, mark)
    with np.errstate(all="ignore"), threadpool_limits(limits=1):
        if stand_in is not None:
            return run.corrected(stand_in)
        return run.plain() if alignment is None else run.aligned(alignment)


def fingerprint(
    priors: PriorDict,
    settings: SamplerSettings,
    identity: Mapping[str, Any],
    stand_in: StandIn | None = None,
    alignment: Alignment | None = None,
) -> str:
    """Mark of a checkpoint of importance sampling."""
    effort = THOROUGH if stand_in else ALIGNED if alignment else QUICK
    decisive = asdict(settings)
    for free in ("nlive", "batch", "chunk", *FREE):
        del decisive[free]
    return checkpoints.fingerprint(
        {
            "identity": dict(identity),
            "priors": describe(priors),
            "settings": decisive,
            "importance": importance.decisive(effort),
            "corrected": repr((corrected.SETTINGS, stand_in.decisive)) if stand_in else "",
            "aligned": alignment.decisive if alignment else "",
        }
    )


@dataclass(eq=False)
class _Run:
    """One run of importance sampling to its result."""

    likelihood: CubeLikelihood
    settings: SamplerSettings
    watch: Watch
    mark: str
    _found: Progress = EXPLORING

    def plain(self) -> SamplerResult:
        """With the likelihood itself."""
        rng = np.random.default_rng(self.settings.seed)
        points, _, evaluations = self._sampled(self.likelihood.raw, possible, QUICK, rng)
        values = np.concatenate(evaluations.values)
        return self._result(points, evaluations, "importance", np.isnan(values))

    def aligned(self, alignment: Alignment) -> SamplerResult:
        """With the likelihood itself, in the coordinates of an alignment."""
        aligned = Aligned(self.likelihood, alignment)
        rng = np.random.default_rng(self.settings.seed)
        drawn, proposal, evaluations = self._sampled(aligned, aligned.density, ALIGNED, rng)
        last = np.concatenate(evaluations.values)[-len(drawn.log_l) :]
        points, more = aligned.with_the_prior(drawn, last, proposal, rng)
        values = np.concatenate([*evaluations.values, more])
        invalid = np.isnan(values[:, 0]) & np.isfinite(values[:, 1])
        return self._result(points, evaluations, "importance", invalid)

    def _sampled(
        self, raw: Evaluate, density: Evaluate, effort: Effort, rng: np.random.Generator
    ) -> tuple[Weighted, Mixture | None, Evaluations]:
        with self._pool(raw, CHUNK, self.settings.limit) as evaluate:
            evaluations = self._saved(evaluate, BATCH, self._tell_count)
            points, proposal = importance.sample(
                lambda cube: density(evaluations(cube)),
                self.likelihood.dimensions,
                self.settings.n_effective,
                rng,
                lambda phase, points: self._tell(phase, points, evaluations.count),
                effort,
            )
        return points, proposal, evaluations

    def corrected(self, stand_in: StandIn) -> SamplerResult:
        """With a stand-in first, whose likelihoods are not worth a place in the checkpoint."""
        rng = np.random.default_rng(self.settings.seed)
        arguments = stand_in, self.likelihood.priors, self.settings, rng, self.watch
        rough = sample_stand_in(*arguments)

        def predict(cube: FloatArray) -> FloatArray:
            return stand_in.predict(self.likelihood.parameters(cube))

        with self._pool(predict, COSTLY_CHUNK, self.settings.limit) as evaluate:
            batch = COSTLY_CHUNK * 4 * self.settings.cores
            evaluations = self._saved(evaluate, batch, self._tell_costly)
            points = corrected.correct(
                rough,
                lambda cube: possible(stand_in.judge(evaluations(cube))),
                self.settings.n_effective,
                rng,
                lambda phase, points: self._tell_effective(points, evaluations.count),
                partial(sample_again, *arguments, evaluations),
            )
        magnitudes = np.concatenate(evaluations.values)
        invalid = np.isnan(magnitudes).any(axis=1)
        return self._result(points, evaluations, "corrected importance", invalid, magnitudes)

    def _saved(
        self, evaluate: Evaluate, batch: int, tell: Callable[[int, int], None]
    ) -> Evaluations:
        every = self.settings.checkpoint_seconds
        return Evaluations(evaluate, batch, self.watch, mark=self.mark, every=every, tell=tell)

    def _pool(
        self, raw: Evaluate, chunk: int, limit: float | None = None
    ) -> AbstractContextManager[Evaluate]:
        noted = self.likelihood.note_run_away
        return evaluation_pool(raw, self.settings.cores, chunk, limit, noted)

    def _tell(self, phase: str, points: Weighted, count: int) -> None:
        """Say what a round has found."""
        if phase == "sampling":
            self._tell_effective(points, count)
        else:
            self._found = Progress(0.0, None, "exploring" + _known(points), count)
            self._tell_count(count, count)

    def _tell_count(self, count: int, planned: int) -> None:
        """Say how many evaluations there are, in the middle of a round."""
        found = self._found
        exploring = found.total is None
        text = f"{found.text}, {count} evaluations" if exploring else found.text
        self.watch.on_progress(replace(found, text=text, evaluations=count))

    def _tell_effective(self, points: Weighted, count: int) -> None:
        """Say how many effective samples there are."""
        wanted = self.settings.n_effective
        got = f", {min(points.ess, wanted):.0f} of {wanted} effective samples"
        self._found = Progress(points.ess, wanted, "sampling" + _known(points) + got, count)
        self.watch.on_progress(self._found)

    def _tell_costly(self, count: int, planned: int) -> None:
        """Say how many of the evaluations of a costly model that are planned are done."""
        text = f"sampling with the model itself, {count} of {planned} evaluations"
        self.watch.on_progress(Progress(count, planned, text, count))

    def _result(
        self,
        points: Weighted,
        evaluations: Evaluations,
        method: str,
        invalid: NDArray[np.bool_],
        magnitudes: FloatArray | None = None,
    ) -> SamplerResult:
        settings = self.settings
        trouble = points.trouble(settings.n_effective)
        rng = np.random.default_rng([settings.seed, 1])
        weighted = points.ess > 0
        log_w = points.log_w if weighted else points.log_ratio
        kept = equal_weight(log_w, settings.n_effective, rng)
        top = int(np.argmax(points.log_l))
        best = self.likelihood.parameters(points.cube[top : top + 1])
        return SamplerResult(
            keys=sampled_keys(self.likelihood.priors),
            cube=points.cube[kept],
            samples=self.likelihood.parameters(points.cube[kept]),
            log_l=points.log_l[kept],
            best={key: float(value[0]) for key, value in best.items()},
            best_log_l=float(points.log_l[top]),
            log_z=points.log_z,
            log_z_err=points.log_z_err,
            ess=points.ess,
            information=information(log_w, points.log_l, points.log_z) if weighted else np.nan,
            evaluations=len(invalid),  # with the prior's points
            evaluations_before_resume=min(evaluations.before, evaluations.count),
            n_invalid=int(invalid.sum()),
            seconds=evaluations.seconds,
            resumed=evaluations.resumes > 0,
            converged=not trouble,
            reason=trouble or _praise(points),
            settings=settings,
            resumes=evaluations.resumes,
            method=method,
            tail_shape=points.shape,
            run_away=tuple(self.likelihood.run_away),
            magnitudes=None if magnitudes is None else magnitudes[kept],
            best_magnitudes=None if magnitudes is None else magnitudes[top],
        )


def _known(points: Weighted) -> str:
    return f", ln Z {points.log_z:.2f}" if points.ess > 0 else ""


def _praise(points: Weighted) -> str:
    tail = f"Pareto k {points.shape:.2f}" if np.isfinite(points.shape) else "weights much alike"
    return f"effective sample size {points.ess:.0f}, {tail}, ln Z to {points.log_z_err:.3f}"
