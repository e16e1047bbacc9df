"""Importance nested sampling with nautilus (Lange 2023, MNRAS 525, 3181), one batch at a time.

nautilus draws points from nested bounds around the best points so far, and weights every point
with the volume it stands for; the evidence is the sum. Points that shaped the bounds are left out
of it in the end: with them ln Z is 0.05 too small at 400 live points (docs/validation.md).

It is driven batch by batch so that a fit can be stopped, resumed and watched. Slicing changes
nothing: the state between two batches is the state inside its own loop, and a test compares the
two.

The settings of the bounds are chosen for little overhead, since a vectorised light curve costs
less than the training of a network: see `NETWORK`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from nmma_fitter.errors import Interrupted, NotConverged
from nmma_fitter.inference import checkpoint as checkpoints
from nmma_fitter.inference.cube import CubeLikelihood, LogLikelihood
from nmma_fitter.inference.evidence import log_evidence_error
from nmma_fitter.inference.pareto import LARGEST_SHAPE, tail_shape
from nmma_fitter.inference.pool import Evaluate, evaluation_pool
from nmma_fitter.inference.priors import describe, sampled_keys, transform
from nmma_fitter.inference.sampled import (
    FREE,
    UNWATCHED,
    SamplerResult,
    SamplerSettings,
    Watch,
)
from nmma_fitter.inference.weights import Weighted, equal_weight, information
from nmma_fitter.run_progress import Progress

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

FloatArray = NDArray[np.float64]

# One small network that stops early, for the default's four large ones, and fewer bounds: on 5 to 9
# dimensions a quarter of the time for 10 to 30 % more evaluations; ln Z stays within its error.
NETWORKS = 1
NETWORK: dict[str, Any] = {"hidden_layer_sizes": (32, 16), "tol": 1e-4, "n_iter_no_change": 5}
UPDATES_PER_LIVE = 1.5  # new live points, in units of nlive, before the next bound
PEAK_FOUND = 0.9  # share of the evidence in the live points, from which on it falls steadily
LIVE_EVIDENCE = 0.01  # share of the evidence left in the live points when exploring ends
DISCARD_EXPLORATION = True  # leave the points that shaped the bounds out of the result
PLATEAU = 1e-6  # in ln L
PLATEAU_EVALUATIONS = 25  # in units of nlive, before a plateau is believed to be the top
BOUNDS = (NETWORKS, NETWORK, UPDATES_PER_LIVE, LIVE_EVIDENCE, DISCARD_EXPLORATION)
STOPS = (PLATEAU, PLATEAU_EVALUATIONS)
BLIND_EVALUATIONS = 50_000  # without one finite likelihood among them, the fit gives up


def run_nested(
    log_likelihood: LogLikelihood,
    priors: PriorDict,
    settings: SamplerSettings,
    watch: Watch = UNWATCHED,
) -> SamplerResult:
    """Sample the posterior.

    Parameters
    ----------
    log_likelihood : callable
        Parameters, arrays of shape (P,), to values of shape (P,); nan counts as impossible.
    priors : PriorDict
    settings : SamplerSettings
    watch : Watch

    Raises
    ------
    Interrupted
        When asked to stop; the checkpoint has been written.
    NotConverged
        When no point of the prior is possible, or after `max_evaluations`.
    """
    from threadpoolctl import threadpool_limits

    counted = CubeLikelihood(log_likelihood, priors)
    with (
        evaluation_pool(
            *(counted.raw, settings.cores, settings.chunk, settings.limit, counted.note_run_away)
        ) as evaluate,
        threadpool_limits(limits=1),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")  # of sklearn, about networks that stop early
        run = _Run(counted, evaluate, priors, settings, watch)
        run.to_the_end()
        return run.result()


class _Run:
    """One run from a fresh start or a checkpoint to its result."""

    def __init__(
        self,
        counted: CubeLikelihood,
        evaluate: Evaluate,
        priors: PriorDict,
        settings: SamplerSettings,
        watch: Watch,
    ) -> None:
        self.counted, self.evaluate = counted, evaluate
        self.priors, self.settings = priors, settings
        self.watch, self.path, self.clock = watch, watch.checkpoint, watch.clock
        self.mark = fingerprint(priors, settings, watch.identity)
        tally = checkpoints.usable(self.path, self.mark) if self.path else None
        old = self._resumed() if tally else None
        self.resumed = old is not None
        self.sampler = old if old is not None else self._sampler()
        tally = tally if tally and self.resumed else checkpoints.Tally()
        self.counted.n_invalid = tally.n_invalid
        self.resumes = tally.resumes + int(self.resumed)
        self.before = int(self.sampler.n_like)
        self.began = self.clock() - tally.seconds
        self.saved = self.clock()

    def _sampler(self, filepath: Path | None = None) -> Any:
        from nautilus import Sampler

        return Sampler(
            lambda cube: cube,
            lambda cube: self.counted.checked(self.evaluate, cube),
            n_dim=max(2, self.counted.dimensions),  # nautilus needs two; a second is ignored
            n_live=self.settings.nlive,
            n_update=int(UPDATES_PER_LIVE * self.settings.nlive),
            n_networks=NETWORKS,
            neural_network_kwargs=NETWORK,
            n_batch=self.settings.batch,
            vectorized=True,
            seed=self.settings.seed,
            filepath=filepath,
        )

    def _resumed(self) -> Any | None:
        assert self.path is not None
        try:
            sampler = self._sampler(self.path)
        except Exception as error:  # a damaged file fails in any way it likes
            checkpoints.set_aside(self.path, f"cannot be resumed ({error})")
            return None
        sampler.filepath = None  # it would write in place
        return sampler

    def to_the_end(self) -> None:
        """Run batches until the sampler has what it wants."""
        while not self._one_batch():
            self.watch.on_progress(self._progress())
            self._give_up_in_vain()
            if self.watch.should_stop():
                self._interrupt()
            if self.clock() - self.saved >= self.settings.checkpoint_seconds:
                self._save()
        self.watch.on_progress(self._progress())

    def _one_batch(self) -> bool:
        """Add one batch, and say whether the run is complete."""
        # Bounds around points of one likelihood cannot shrink: exploring would never end.
        found = _on_plateau(self.sampler)
        return bool(
            self.sampler.run(
                f_live=1.0 if found else LIVE_EVIDENCE,
                n_eff=self.settings.n_effective,
                n_like_max=self.sampler.n_like + 1,
                discard_exploration=DISCARD_EXPLORATION,
            )
        )

    def _progress(self) -> Progress:
        """Where it stands; how much there is to do is known once it has explored."""
        known = self.sampler.log_z  # None before the first point that counts
        log_z = f", ln Z {known:.2f}" if known is not None and math.isfinite(known) else ""
        evaluations = int(self.sampler.n_like)
        if self.sampler.explored:
            wanted, found = self.settings.n_effective, float(self.sampler.n_eff)
            text = f"sampling{log_z}, {min(found, wanted):.0f} of {wanted} effective samples"
            return Progress(found, wanted, text, evaluations)
        live = float(self.sampler.f_live)
        more = f" (+ {-math.log1p(-live):.2f})" if log_z and 0 < live < 1 else ""
        stage = "exploring" + self._explored(live)
        return Progress(0.0, None, f"{stage}, {evaluations} evaluations{log_z}{more}", evaluations)

    def _explored(self, live: float) -> str:
        """How much of exploring is done, which ends when little evidence is in the live points.

        Once their share falls, it falls with their volume, so that what is to come compares with
        ln of the volume that the bounds have shrunk by. Before that nobody knows.
        """
        if not 0 < live < PEAK_FOUND:
            return ""
        done = max(0.0, -float(self.sampler.bounds[-1].log_v))
        to_come = max(0.0, _log_odds(live) - _log_odds(LIVE_EVIDENCE))
        return f" {100 * done / (done + to_come):.0f} %" if done + to_come > 0 else ""

    def _save(self) -> None:
        if self.path is not None:
            spent = self.counted.n_invalid, self.clock() - self.began
            tally = checkpoints.Tally(*spent, self.resumes)
            checkpoints.save(self.sampler, self.path, self.mark, tally)
        self.saved = self.clock()

    def _interrupt(self) -> None:
        self._save()
        raise Interrupted(f"stopped on request after {self.sampler.n_like} evaluations", self.path)

    def _give_up_in_vain(self) -> None:
        n = int(self.sampler.n_like)
        if n >= BLIND_EVALUATIONS and max(map(_highest, self.sampler.log_l)) == -np.inf:
            raise NotConverged(
                f"none of {n} points of the prior has a finite likelihood "
                f"({self.counted.n_invalid} could not be evaluated): "
                "the priors and what the model allows do not overlap"
            )
        if n >= self.settings.max_evaluations:
            raise NotConverged(
                f"no convergence in {n} evaluations (effective sample size "
                f"{self.sampler.n_eff:.0f} of {self.settings.n_effective}); narrow the priors"
            )

    def result(self) -> SamplerResult:
        """Posterior and evidence of the finished sampler."""
        cube, log_w, log_l = self.sampler.posterior()
        cube = cube[:, : self.counted.dimensions]
        rng = np.random.default_rng([self.settings.seed, 1])  # the sampler's own stays as it is
        kept = equal_weight(log_w, self.settings.n_effective, rng)
        best_log_l, best = self._best()
        log_z, ess = float(self.sampler.log_z), float(self.sampler.n_eff)
        log_z_err = log_evidence_error(self.sampler)
        shape = tail_shape(log_w)
        converged, reason = _verdict(log_z, log_z_err, ess, shape, self.settings)
        return SamplerResult(
            keys=sampled_keys(self.priors),
            cube=cube[kept],
            samples=transform(self.priors, cube[kept]),
            log_l=log_l[kept],
            best=best,
            best_log_l=best_log_l,
            log_z=log_z,
            log_z_err=log_z_err,
            ess=ess,
            information=information(log_w, log_l, log_z),
            evaluations=int(self.sampler.n_like),
            evaluations_before_resume=self.before if self.resumed else 0,
            n_invalid=self.counted.n_invalid,
            seconds=self.clock() - self.began,
            resumed=self.resumed,
            converged=converged,
            reason=reason,
            settings=self.settings,
            resumes=self.resumes,
            method="nested",
            tail_shape=shape,
            run_away=tuple(self.counted.run_away),
            points=_weighted(cube, log_w, log_l, log_z, shape),
        )

    def _best(self) -> tuple[float, dict[str, float]]:
        """Likelihood and parameters of the best point, of exploring or sampling."""
        every = np.concatenate(self.sampler.log_l)
        top = int(np.argmax(every))
        point = np.concatenate(self.sampler.points)[top : top + 1, : self.counted.dimensions]
        return float(every[top]), {k: float(v[0]) for k, v in transform(self.priors, point).items()}


def _weighted(
    cube: FloatArray, log_w: FloatArray, log_l: FloatArray, log_z: float, shape: float
) -> Weighted:
    """Points of all shells, each in place of the share of the prior that it stands for."""
    with np.errstate(invalid="ignore"):
        log_ratio = log_w - float(logsumexp(log_w)) + log_z + np.log(len(log_w)) - log_l
    possible = np.isfinite(log_l)
    return Weighted(cube, log_l, np.where(possible, log_ratio, -np.inf), len(log_l), shape)


def fingerprint(priors: PriorDict, settings: SamplerSettings, identity: Mapping[str, Any]) -> str:
    """Mark of a checkpoint: the same for the same fit only."""
    decisive = asdict(settings)
    for free in ("sampler", *FREE):
        del decisive[free]
    return checkpoints.fingerprint(
        {
            "identity": dict(identity),
            "priors": describe(priors),
            "settings": decisive,
            "network": repr((*BOUNDS, *STOPS)),
            "nautilus": version("nautilus-sampler"),
        }
    )


def _highest(log_l: FloatArray) -> float:
    return float(np.max(log_l, initial=-np.inf))


def _on_plateau(sampler: Any) -> bool:
    """Whether the live points all have the highest likelihood there is."""
    if sampler.n_like < PLATEAU_EVALUATIONS * sampler.n_live:
        return False
    highest = max(map(_highest, sampler.log_l), default=-np.inf)
    ties = sum(int((log_l >= highest - PLATEAU).sum()) for log_l in sampler.log_l)
    return highest > -np.inf and ties >= sampler.n_live


def _log_odds(share: float) -> float:
    return math.log(share) - math.log1p(-share)


def _verdict(
    log_z: float, log_z_err: float, ess: float, shape: float, settings: SamplerSettings
) -> tuple[bool, str]:
    if not (math.isfinite(log_z) and math.isfinite(log_z_err)):
        return False, f"ln Z is {log_z} ± {log_z_err}"
    if ess < settings.n_effective:
        return False, f"effective sample size {ess:.0f} of {settings.n_effective}"
    if shape >= LARGEST_SHAPE:
        return False, f"the weights have a heavy tail (Pareto k {shape:.2f})"
    return True, f"effective sample size {ess:.0f}, ln Z to {log_z_err:.3f}"
