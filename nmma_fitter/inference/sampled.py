"""What is asked of the sampler and what it answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.inference.weights import Weighted
from nmma_fitter.run_progress import Progress

FloatArray = NDArray[np.float64]
Method = Literal["importance", "nested"]
FREE = ("cores", "checkpoint_seconds", "max_evaluations", "limit")  # settings


@dataclass(frozen=True)
class SamplerSettings:
    """How to sample.

    All but those in `FREE` decide the result; `limit` does only where an evaluation runs away.

    Attributes
    ----------
    seed : int
        The same seed on the same machine gives the same result.
    nlive, n_effective : int
        Live points, and the effective sample size of the posterior to reach.
    batch, chunk : int
        Points evaluated per step of the sampler, and per call of the likelihood. More than
        ``batch / chunk`` cores are idle.
    cores : int
        Processes that evaluate the likelihood.
    checkpoint_seconds : float
        Time between two checkpoints.
    max_evaluations : int
        After so many without convergence the fit gives up.
    limit : float or None
        Seconds a call of the likelihood may take, before it is ended and its points are tried
        one by one; those that take longer again count as impossible.
    sampler : str
        ``importance``, which turns to nested sampling where it fails, or ``nested``.
    """

    seed: int
    nlive: int = 400
    n_effective: int = 2000
    batch: int = 100
    chunk: int = 25
    cores: int = 1
    checkpoint_seconds: float = 60.0
    max_evaluations: int = 2_000_000
    limit: float | None = None
    sampler: Method = "importance"


@dataclass(frozen=True, eq=False)
class Watch:
    """How a run is watched, stopped and resumed.

    Attributes
    ----------
    identity : mapping of plain JSON values
        What is fitted (data digest, model, physics version, likelihood settings). With priors and
        settings it makes the checkpoint's fingerprint.
    checkpoint : Path or None
        File ending in ``.h5``; resumed when it is there and of the same fit.
    should_stop : callable
        Asked between batches, after which a stop is at most one batch away.
    on_progress : callable
        Told after every round.
    clock : callable
    """

    identity: Mapping[str, Any] = field(default_factory=dict)
    checkpoint: Path | None = None
    should_stop: Callable[[], bool] = lambda: False
    on_progress: Callable[[Progress], None] = lambda progress: None
    clock: Callable[[], float] = time.monotonic


UNWATCHED = Watch()


@dataclass(frozen=True, eq=False)
class SamplerResult:
    """Posterior and evidence.

    Attributes
    ----------
    keys : tuple of str
        Sampled parameters, the columns of `cube`.
    cube : array, shape (S, D)
        ``n_effective`` posterior samples of equal weight in the unit cube; heavy ones repeat.
    samples : dict of name to array, shape (S,)
        The same in physical units, with the fixed parameters.
    log_l : array, shape (S,)
    best : dict of name to float
        The point of highest likelihood of all that were evaluated; `best_log_l` is its value.
    log_z, log_z_err : float
        ln evidence and its 1-sigma error (`evidence.log_evidence_error`).
    ess : float
        Effective sample size of all weighted points, from which `cube` is drawn.
    information : float
        Kullback-Leibler divergence from prior to posterior, E_post[ln L] - ln Z, in nats.
    evaluations, evaluations_before_resume, n_invalid : int
        All likelihood evaluations; those another process made; those the model could not do.
    seconds : float
        Wall time, that before a resume included.
    resumed, converged : bool
    resumes : int
        How often it went on from a checkpoint.
    reason : str
        Why it counts as converged, or not.
    settings : SamplerSettings
    method : str
        How it was sampled in the end.
    tail_shape : float
        Pareto k of the weights (`pareto.tail_shape`).
    run_away : tuple of dict of name to float
        Points whose evaluation was ended for the time it took.
    points : Weighted or None
        All weighted points of nested sampling, for another likelihood to be put in.
    magnitudes, best_magnitudes : array, shape (S, n) and (n,), or None
        What the model predicts for `samples` and `best`, where it was kept.
    """

    keys: tuple[str, ...]
    cube: FloatArray
    samples: dict[str, FloatArray]
    log_l: FloatArray
    best: dict[str, float]
    best_log_l: float
    log_z: float
    log_z_err: float
    ess: float
    information: float
    evaluations: int
    evaluations_before_resume: int
    n_invalid: int
    seconds: float
    resumed: bool
    converged: bool
    reason: str
    settings: SamplerSettings
    resumes: int = 0
    method: str = ""
    tail_shape: float = math.nan
    run_away: tuple[dict[str, float], ...] = ()
    points: Weighted | None = None
    magnitudes: FloatArray | None = None
    best_magnitudes: FloatArray | None = None
