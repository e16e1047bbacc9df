"""NMMA's likelihood at points of the fast engine's posterior: where a fit takes it days."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from nmma_fitter.by_hand import fit_by_hand
from nmma_fitter.engine.files import folder_name
from nmma_fitter.engines import by_engine, read_samples, request_of
from nmma_fitter.fit_order import FitOrder
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fits import result_path
from nmma_fitter.inference.sampled import Watch
from nmma_fitter.inference.weights import effective_size

FloatArray = NDArray[np.float64]
LARGEST_SHIFT, SMALLEST_SHARE = 0.1, 0.9  # of ln Z, and of the points' effective number


@dataclass(frozen=True)
class Shift:
    """What putting NMMA's likelihood in the place of the fast one's does to a fit.

    Attributes
    ----------
    log_z, log_z_err : float
        Added to ln Z by importance weights, and its 1-sigma error.
    share : float
        Effective number of points over their number.
    largest : float
        The largest difference of ln L at one point.
    seconds : float
        Processor time of one call of NMMA's, median.
    points : int
    """

    log_z: float
    log_z_err: float
    share: float
    largest: float
    seconds: float
    points: int


def compare_points(order: FitOrder, count: int, *, force: bool = False) -> int:
    """Fit by the fast engine, ask NMMA at points of its posterior, print; returns the exit status.

    0 when the two agree, 1 when they do not; a fit that failed ends it with its own status.
    """
    own, request = by_engine(order, "fast"), request_of(by_engine(order, "nmma"))
    request.check(fewest=1)
    status = fit_by_hand(own, force=force)
    if status:
        return status
    folder = own.outdir / folder_name(request.object) / request.model
    found = shift(request, result_path(folder, request.model), count)
    print(table(found))
    return 0 if agrees(found) else 1


def shift(request: FitRequest, result: Path, count: int) -> Shift:
    """Ask NMMA at so many posterior points of a result of the fast engine."""
    from nmma_fitter.inference.prior_files import load_priors
    from nmma_fitter.inference.priors import apply_measured
    from nmma_fitter.nmma_engine import place
    from nmma_fitter.nmma_engine.fit import make_task
    from nmma_fitter.nmma_engine.process import prepare, run
    from nmma_fitter.nmma_engine.task import NMMA_NAMES, Task

    chosen = request.settings
    priors = apply_measured(load_priors(request.priors), chosen.redshift, chosen.distance)
    samples, fast = read_samples(result)
    picked = np.unique(np.linspace(0, len(fast) - 1, min(count, len(fast))).astype(int))
    columns = {NMMA_NAMES.get(name, name): samples[name][picked].tolist() for name in priors}
    points = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    task = make_task(request, priors, request.seed(), np.zeros(1), draws=0)
    with tempfile.TemporaryDirectory(prefix="nmma_fitter-") as name:
        work = Path(name)
        prepare(work, Task(task.files, {**task.content, "points": points}))
        python = place.interpreter(request.nmma.environment)
        answer = run(python, "likelihood", work, Watch())
    theirs = np.array(answer["log_likelihood"], dtype=float)
    return weighed(theirs - fast[picked], float(np.median(answer["seconds"])))


def weighed(differences: FloatArray, seconds: float) -> Shift:
    """The shift from differences of ln L, NMMA's less ours, at equally weighted points."""
    usable: FloatArray = np.where(np.isfinite(differences), differences, -np.inf)
    number = len(usable)
    ess = effective_size(usable)
    log_z = float(logsumexp(usable)) - math.log(number)
    error = math.sqrt(max(1 / ess - 1 / number, 0.0)) if ess > 0 else math.inf
    return Shift(log_z, error, ess / number, float(np.max(np.abs(usable))), seconds, number)


def agrees(found: Shift) -> bool:
    """Whether NMMA's likelihood would have given the same fit."""
    return abs(found.log_z) < LARGEST_SHIFT and found.share > SMALLEST_SHARE


def table(found: Shift) -> str:
    """The comparison as plain text."""
    verdict = "they agree" if agrees(found) else "they do not agree"
    return "\n".join(
        [
            f"NMMA's likelihood at {found.points} points of the fast engine's posterior",
            f"ln Z would shift by {found.log_z:+.3f} ± {found.log_z_err:.3f} "
            f"(allowed: {LARGEST_SHIFT:g})",
            f"effective points: {100 * found.share:.1f} % (needed: {100 * SMALLEST_SHARE:g} %)",
            f"largest difference of ln L: {found.largest:.3f}",
            f"one call of NMMA's takes {found.seconds:.3g} s of processor time",
            verdict,
        ]
    )
