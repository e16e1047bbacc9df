"""One fit: a light curve and a model in; posterior, evidence, plots and an outcome out.

``python -m nmma_fitter.nmma_fit WORK ATTEMPT`` is what a job runs. It needs the work folder's
``config.json`` and nothing else: no database, no network.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter import __version__
from nmma_fitter.candidates.lightcurve import LightCurve, detections
from nmma_fitter.candidates.window import days
from nmma_fitter.engine.files import write_json
from nmma_fitter.errors import Interrupted, NmmaFitterError, NotConverged
from nmma_fitter.fits import FitRequest, read_request
from nmma_fitter.models import Model, Prediction

log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

PACKAGES = ("numpy", "scipy", "bilby", "nautilus-sampler", "astropy", "afterglowpy", "sncosmo")
HEARTBEAT_SECONDS = 5.0
LOG_SECONDS = 60.0
CURVE_DRAWS = 100
CURVE_TIMES = 60
VALIDITY_DRAWS = 1000


@dataclass(frozen=True)
class Fitted:
    """What one fit found, for the caller; everything is also in the folder's files."""

    model: str
    log_z: float
    log_z_err: float
    evaluations: int
    seconds: float
    converged: bool


def run_fit(
    request: FitRequest,
    folder: Path,
    *,
    generation: int = 0,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Any], None] = lambda progress: None,
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
    from nmma_fitter.inference.likelihood import Likelihood
    from nmma_fitter.inference.priors import apply_measured, load_priors
    from nmma_fitter.inference.sampler import SamplerSettings, run_sampler

    request.check(fewest=1)
    chosen = request.settings
    window = request.window
    model = request.make_model()
    _say_what_is_fitted(request, window)
    priors = apply_measured(load_priors(request.priors), chosen.redshift, chosen.distance)
    prediction = predict(request, model, window)
    likelihood = Likelihood(window, request.trigger, chosen, prediction)
    settings = SamplerSettings(
        seed=request.seed(generation),
        nlive=chosen.nlive,
        n_effective=chosen.n_effective,
        cores=request.cores,
    )
    sampled = run_sampler(
        likelihood.evaluate,
        priors,
        settings,
        identity={"digest": request.digest},
        checkpoint=folder / "checkpoint.h5",
        should_stop=should_stop,
        on_progress=on_progress,
    )
    if not sampled.converged:
        raise NotConverged(f"{request.object} {request.model}: {sampled.reason}")
    _write_products(request, model, prediction, likelihood, priors, sampled, folder)
    (folder / "checkpoint.h5").unlink(missing_ok=True)
    return Fitted(
        request.model,
        sampled.log_z,
        sampled.log_z_err,
        sampled.evaluations,
        sampled.seconds,
        sampled.converged,
    )


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


def _say_what_is_fitted(request: FitRequest, window: LightCurve) -> None:
    count = detections(window)
    dropped = sum(len(one["dropped"]) for one in request.merged)
    log.info(
        "%s, %s: %d detections and %d limits in the window, day 0 at MJD %.5f",
        *(request.object, request.model, count, len(window) - count, request.trigger),
    )
    if dropped:
        log.info("%d rows that repeat an exposure were merged away", dropped)
    if count < 2:
        log.warning("only %d detection in the window: the fit says little", count)


def _write_products(
    request: FitRequest,
    model: Model,
    prediction: Prediction,
    likelihood: Any,
    priors: Any,
    sampled: Any,
    folder: Path,
) -> None:
    from nmma_fitter.inference.quality import assess
    from nmma_fitter.inference.result import FitRecord, save_result

    some = thinned(sampled.samples, VALIDITY_DRAWS)
    outside = prediction.outside_validity(some)
    rng = np.random.default_rng([sampled.settings.seed, 2])
    quality = assess(likelihood, sampled, rng, outside)
    record = FitRecord(
        object_name=request.object,
        model=request.model,
        kind=model.kind,
        data_digest=likelihood.data_digest(),
        comparability=likelihood.comparability(),
        quality=quality,
        settings=request.settings.model_dump(mode="json"),
        versions=versions(model),
        merged=request.merged,
    )
    save_result(sampled, priors, record, folder)
    curves = posterior_curves(request, prediction, sampled)
    write_json(folder / "lightcurves.json", curves_to_json(curves))
    _plot(request, model, sampled, quality.outside_validity or 0.0, curves, priors, folder)


def _plot(
    request: FitRequest,
    model: Model,
    sampled: Any,
    outside: float,
    curves: Sequence[Any],
    priors: Any,
    folder: Path,
) -> None:
    from nmma_fitter.delivery import plots

    chosen = request.settings
    evidence = {"log_evidence": sampled.log_z, "log_evidence_err": sampled.log_z_err}
    plots.plot_lightcurves(
        folder / "lightcurves.png",
        object_name=request.object,
        model=request.model,
        **evidence,
        lightcurve=request.window,
        trigger_mjd=request.trigger,
        sys_error={
            band: chosen.sys_error_bands.get(band, chosen.sys_error)
            for band in set(request.window.band.tolist())
        },
        curves=curves,
        outside_share=outside if outside >= 0.005 else 0.0,  # it is shown in whole per cent
        valid_until_days=_valid_until(model, sampled),
        notes=[],
    )
    labels = {parameter.name: parameter.latex for parameter in model.parameters} | COMMON_LABELS
    keys = list(sampled.keys)
    plots.plot_corner(
        folder / "corner.png",
        object_name=request.object,
        model=request.model,
        samples=np.column_stack([sampled.samples[key] for key in keys]),
        labels=[labels.get(key, key) for key in keys],
        names=keys,
        **evidence,
        ranges=[(float(priors[key].minimum), float(priors[key].maximum)) for key in keys],
    )


COMMON_LABELS = {
    "luminosity_distance": r"$D_L$ [Mpc]",
    "redshift": r"$z$",
    "timeshift": r"$t_0$ [d]",
    "Ebv": r"$E(B-V)_\mathrm{host}$ [mag]",
}


def _valid_until(model: Model, sampled: Any) -> float | None:
    """Days since the trigger at which the median posterior leaves the model's validity."""
    from nmma_fitter.models import cosmology

    last = model.valid_days[1]
    if not np.isfinite(last):
        return None
    shift = float(np.median(sampled.samples.get("timeshift", np.zeros(1))))
    if "redshift" in sampled.samples:
        redshift = float(np.median(sampled.samples["redshift"]))
    else:
        distance = np.atleast_1d(np.median(sampled.samples["luminosity_distance"]))
        redshift = float(cosmology.redshift(distance)[0])
    return shift + last * (1.0 + redshift)


def posterior_curves(request: FitRequest, prediction: Prediction, sampled: Any) -> list[Any]:
    """The posterior's light curves, one entry per band: median, 5 and 95 %, best fit."""
    from nmma_fitter.delivery.plots import BandCurves

    at: FloatArray = np.asarray(days(request.window, request.trigger), dtype=np.float64)
    bands = sorted(set(request.window.band.tolist()))
    shift = float(np.median(sampled.samples.get("timeshift", np.zeros(1))))
    first = max(min(float(np.min(at)), shift), -10.0)
    times = np.linspace(first - 0.3, float(np.max(at)) + 1.0, CURVE_TIMES)
    dense = prediction.at(np.tile(times, len(bands)), np.repeat(bands, len(times)).tolist())
    drawn = dense(thinned(sampled.samples, CURVE_DRAWS))
    best = dense({key: np.array([value]) for key, value in sampled.best.items()})[0]
    low, median, high = _quantiles(drawn)
    parts = [np.split(values, len(bands)) for values in (median, low, high, best)]
    return [
        BandCurves(band, times, *(part[number] for part in parts))
        for number, band in enumerate(bands)
    ]


def _quantiles(magnitudes: FloatArray) -> FloatArray:
    """5, 50 and 95 % of each column, +inf (no light) counted as faintest, nan left out."""
    known = np.where(np.isnan(magnitudes), np.inf, magnitudes)
    return np.quantile(known, (0.05, 0.5, 0.95), axis=0, method="closest_observation")


def thinned(samples: Mapping[str, FloatArray], most: int) -> dict[str, FloatArray]:
    """At most so many posterior samples, evenly spaced."""
    size = len(next(iter(samples.values())))
    chosen = np.unique(np.linspace(0, size - 1, min(size, most)).astype(int))
    return {key: values[chosen] for key, values in samples.items()}


def curves_to_json(curves: Sequence[Any]) -> dict[str, Any]:
    """Light curves as plain values, None where there is no light."""

    def plain(values: FloatArray) -> list[float | None]:
        return [round(float(v), 5) if np.isfinite(v) else None for v in values]

    names = ("days", "median", "low", "high", "best")
    return {c.band: {name: plain(getattr(c, name)) for name in names} for c in curves}


def versions(model: Model) -> dict[str, str]:
    """What was used, for the record."""
    found = {name: version(name) for name in PACKAGES}
    return {
        "nmma_fitter": __version__,
        "python": platform.python_version(),
        f"{model.name} physics": model.physics,
        **found,
    }


class Heartbeat:
    """Writes ``heartbeat`` in the attempt's folder and, less often, a line to the log."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = folder / "heartbeat"
        self._clock = clock
        self._count = 0
        self._written = self._logged = clock() - LOG_SECONDS

    def __call__(self, progress: Any) -> None:
        """Note progress, at most every few seconds."""
        now = self._clock()
        if now - self._written >= HEARTBEAT_SECONDS:
            self._written = now
            self._count += 1
            finite = np.isfinite([progress.log_z, progress.remaining])
            self._write(
                {
                    "count": self._count,
                    "evaluations": progress.evaluations,
                    "log_z": progress.log_z if finite[0] else None,
                    "remaining": progress.remaining if finite[1] else None,
                    "phase": progress.phase,
                    "ess": progress.ess,
                    "time": int(time.time()),
                }
            )
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.info(
                "%d evaluations, ln Z %.2f + %.2f, %s, ESS %.0f",
                *(progress.evaluations, progress.log_z, progress.remaining),
                *(progress.phase, progress.ess),
            )

    def _write(self, value: dict[str, Any]) -> None:
        """Replace the file without fsync: the next one comes in seconds."""
        temporary = self._path.with_name(".heartbeat.tmp")
        temporary.write_text(json.dumps(value))
        temporary.replace(self._path)


class StopFlag:
    """Raised by SIGTERM, SIGINT or SIGUSR1; the fit stops at the next batch.

    A second Ctrl-C does not wait for that.
    """

    def __init__(self) -> None:
        self._raised = False
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            signal.signal(number, self._raise)

    def _raise(self, number: int, frame: object) -> None:
        self._raised = True
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)

    def __call__(self) -> bool:
        """Whether to stop."""
        return self._raised


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
    try:
        request = read_request(work)
        fitted = run_fit(
            request,
            attempt,
            generation=unit.generation if unit else 0,
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
    write_json(attempt / "outcome.json", done_outcome(request, fitted))
    log.info("done: ln Z = %.2f ± %.2f", fitted.log_z, fitted.log_z_err)
    return 0


def done_outcome(request: FitRequest, fitted: Fitted) -> dict[str, Any]:
    """What ``outcome.json`` says of a fit that ended well."""
    return {
        "outcome": "done",
        "versions": {"nmma_fitter": __version__, "python": platform.python_version()},
        "seed": request.seed(),
        "summary": {
            "log_z": fitted.log_z,
            "log_z_err": fitted.log_z_err,
            "evaluations": fitted.evaluations,
            "seconds": fitted.seconds,
        },
    }


def configure_log(level: int = logging.INFO) -> None:
    """Plain lines with UTC times on standard output."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        stream=sys.stdout,
        level=level,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%SZ",
        force=True,
    )
    for noisy in ("bilby", "matplotlib", "fontTools"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


if __name__ == "__main__":
    configure_log()
    sys.exit(run_in_attempt(Path(sys.argv[1]), Path(sys.argv[2])))
