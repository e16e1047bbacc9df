"""One fit: a light curve and a model in; posterior, evidence, plots and an outcome out.

``python -m nmma_fitter.nmma_fit WORK ATTEMPT`` is what a job runs. It needs the work folder's
``config.json`` and nothing else: no database, no network.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.candidates.lightcurve import LightCurve, detections
from nmma_fitter.candidates.window import days
from nmma_fitter.engine.files import write_json
from nmma_fitter.errors import Interrupted, NmmaFitterError, NotConverged
from nmma_fitter.fit_request import FitRequest, read_request
from nmma_fitter.fit_watch import Heartbeat, StopFlag
from nmma_fitter.log_lines import configure_log
from nmma_fitter.models import Model
from nmma_fitter.models.observed import Prediction
from nmma_fitter.plain import counted
from nmma_fitter.run_progress import Progress
from nmma_fitter.version import versions as own_versions

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

    from nmma_fitter.inference.likelihood import Likelihood
    from nmma_fitter.inference.sampled import SamplerResult, Watch
    from nmma_fitter.inference.stand_in import StandIn

log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

ALLOCATIONS = 50_000  # between collections of garbage: a tenth of a fit's time for 7 MB
EVALUATION_SECONDS = 60.0  # a call of a costly model may take: a thousand times what it does


@dataclass(frozen=True)
class Fitted:
    """What one fit found, for the caller; everything is also in the folder's files."""

    model: str
    log_z: float
    log_z_err: float
    evaluations: int
    seconds: float
    converged: bool
    evaluations_before_resume: int = 0
    resumes: int = 0


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for garbage seldom: a fit imports much that stays, and makes few cycles."""
    before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@few_collections()
def run_fit(
    request: FitRequest,
    folder: Path,
    *,
    generation: int = 0,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Fitted:
    """Fit, and leave result, posterior, plots and light curves in a folder.

    Parameters
    ----------
    request : FitRequest
    folder : Path
        The attempt's own; a checkpoint there is resumed.
    generation : int
        Of the unit, for the seed.
    should_stop : callable
        Asked between batches of evaluations.
    on_progress : callable
        Told after every batch.

    Raises
    ------
    NmmaFitterError
        With the reason under which the unit ends; `Interrupted` after a checkpoint.
    """
    from nmma_fitter.inference.prior_files import load_priors
    from nmma_fitter.inference.priors import apply_measured
    from nmma_fitter.inference.sampled import Watch

    request.check(fewest=1)
    # The work folder's may change later.
    write_json(folder / "config.json", {**request.to_json(), "versions": own_versions()})
    chosen = request.settings
    _say_what_is_fitted(request, request.window)
    priors = apply_measured(
        load_priors(request.priors, request.priors_from), chosen.redshift, chosen.distance
    )
    checkpoint = folder / "checkpoint.h5"
    watch = Watch({"digest": request.digest}, checkpoint, should_stop, on_progress)
    if request.by_nmma:
        from nmma_fitter.nmma_engine.fit import fit_by_nmma as fit
    else:
        fit = fit_here
    sampled = fit(request, priors, request.seed(generation), folder, watch)
    checkpoint.unlink(missing_ok=True)
    return Fitted(
        request.model,
        sampled.log_z,
        sampled.log_z_err,
        sampled.evaluations,
        sampled.seconds,
        sampled.converged,
        sampled.evaluations_before_resume,
        sampled.resumes,
    )


def fit_here(
    request: FitRequest, priors: PriorDict, seed: int, folder: Path, watch: Watch
) -> SamplerResult:
    """Fit with the models and samplers of this package; the products are in the folder then."""
    from nmma_fitter.fit_products import versions, write_products
    from nmma_fitter.inference.alignment import alignment_of
    from nmma_fitter.inference.likelihood import Likelihood
    from nmma_fitter.inference.sampled import SamplerSettings
    from nmma_fitter.inference.sampler import run_sampler
    from nmma_fitter.posterior_curves import posterior_curves

    chosen, window = request.settings, request.window
    model = request.make_model()
    prediction = predict(request, model, window)
    likelihood = Likelihood(window, request.trigger, chosen, prediction, model.model_error)
    rough = stand_in(request, model, likelihood, priors)
    _leave_if_asked(watch)
    settings = SamplerSettings(
        seed=seed,
        nlive=chosen.nlive,
        n_effective=chosen.n_effective,
        cores=request.cores,
        limit=EVALUATION_SECONDS if model.costly else None,
        sampler="nested" if model.costly and rough is None else chosen.sampler,
    )
    aligned = None if model.costly else alignment_of(likelihood, priors)
    sampled = run_sampler(
        likelihood.evaluate, priors, settings, stand_in=rough, alignment=aligned, watch=watch
    )
    if not sampled.converged:
        raise NotConverged(sampled.reason)
    watch.on_progress(Progress(0.0, None, "sampled, drawing the plots", sampled.evaluations))
    curves = posterior_curves(request, prediction, sampled)
    used = versions(model)
    write_products(request, model, likelihood, priors, sampled, curves, used, folder)
    return sampled


def _leave_if_asked(watch: Watch) -> None:
    """Stop before the sampler has begun, where that was asked for while the model was loaded."""
    if watch.should_stop():
        raise Interrupted("stopped on request before the first evaluation", watch.checkpoint)


def predict(request: FitRequest, model: Model, lightcurve: LightCurve) -> Prediction:
    """The model's magnitudes at a light curve's times, as the request's settings want them."""
    return Prediction(
        model,
        days(lightcurve, request.trigger),
        lightcurve.band.tolist(),
        galactic_ebv=request.settings.galactic_ebv,
        wavelengths=request.settings.wavelengths,
        time_grid=request.settings.time_grid,
    )


def stand_in(
    request: FitRequest, model: Model, likelihood: Likelihood, priors: PriorDict
) -> StandIn | None:
    """What is sampled first in place of a costly model; None where the model itself is cheap."""
    from nmma_fitter.inference.likelihood import Likelihood

    proxy = model.proxy()
    if proxy is None:
        return None
    window = likelihood.light_curve
    predicted = predict(request, proxy, window)
    cheap = Likelihood(window, request.trigger, request.settings, predicted, proxy.model_error)
    return stand_in_of(cheap, likelihood, priors)


def stand_in_of(cheap: Likelihood, costly: Likelihood, priors: PriorDict) -> StandIn:
    """A cheap likelihood in place of a costly one of the same data."""
    from nmma_fitter.inference.alignment import STEPS_OF_A_STAND_IN, alignment_of
    from nmma_fitter.inference.likelihood import log_probability
    from nmma_fitter.inference.stand_in import StandIn

    return StandIn(
        cheap.evaluate,
        costly.predict,
        lambda found: log_probability(costly.noise, found),
        alignment_of(cheap, priors, STEPS_OF_A_STAND_IN),
    )


def _say_what_is_fitted(request: FitRequest, window: LightCurve) -> None:
    count = detections(window)
    weak = int(window.measured.sum()) - count
    rest = f", {counted(weak, 'measurement')} below {window.significance:g} sigma" if weak else ""
    dropped = sum(len(one["dropped"]) for one in request.merged)
    log.info(
        "%s, %s: %s%s and %s in the window, day 0 at MJD %.5f",
        *(request.object, request.model, counted(count, "detection"), rest),
        *(counted(len(window) - count - weak, "limit"), request.trigger),
    )
    log.info("priors: %s", request.priors_from or "as in config.json")
    if dropped:
        log.info("%s merged", counted(dropped, "duplicate measurement"))
    if count < 2:
        log.warning("only %s in the window: the fit says little", counted(count, "detection"))


def outcome_of(error: NmmaFitterError) -> dict[str, Any]:
    """What ``outcome.json`` says of a fit that ended in an error."""
    final = error.reason not in ("timeout", "not_converged", "nonzero_exit", "disk_full")
    outcome = "interrupted" if isinstance(error, Interrupted) else "failed"
    return {"outcome": outcome, "reason": error.reason, "message": str(error), "final": final}


def run_in_attempt(work: Path, attempt: Path) -> int:
    """Run the fit of a work folder in an attempt's folder; returns the exit status.

    The outcome is written last, so a run without one was killed.
    """
    from nmma_fitter.engine.unit import read_unit

    stop = StopFlag()
    unit = read_unit(work)
    generation = unit.generation if unit else 0
    try:
        request = read_request(work)
        fitted = run_fit(
            request,
            attempt,
            generation=generation,
            should_stop=stop,
            on_progress=Heartbeat(attempt),
        )
    except NmmaFitterError as error:
        log.error("%s: %s", error.reason, error)
        write_json(attempt / "outcome.json", outcome_of(error))
        return error.exit_status
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        log.error("disk full: %s", error)
        return os.EX_IOERR
    write_json(attempt / "outcome.json", done_outcome(request, fitted, generation))
    log.info("done: ln Z = %.2f ± %.2f", fitted.log_z, fitted.log_z_err)
    return 0


def done_outcome(request: FitRequest, fitted: Fitted, generation: int) -> dict[str, Any]:
    """What ``outcome.json`` says of a fit that ended well."""
    return {
        "outcome": "done",
        "versions": {**own_versions(), "python": platform.python_version()},
        "seed": request.seed(generation),
        "summary": {
            "log_z": fitted.log_z,
            "log_z_err": fitted.log_z_err,
            "evaluations": fitted.evaluations,
            "evaluations_before_resume": fitted.evaluations_before_resume,
            "resumes": fitted.resumes,
            "seconds": fitted.seconds,
        },
    }


if __name__ == "__main__":
    configure_log()
    sys.exit(run_in_attempt(Path(sys.argv[1]), Path(sys.argv[2])))
