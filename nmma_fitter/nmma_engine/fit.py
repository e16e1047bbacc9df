"""A fit by NMMA, from the same request as any other and to the same products."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.bands import BANDS
from nmma_fitter.candidates.window import days
from nmma_fitter.engine.files import Json, read_json
from nmma_fitter.inference.sampled import SamplerResult, SamplerSettings, Watch
from nmma_fitter.models import extinction
from nmma_fitter.nmma_engine import catalogue, place
from nmma_fitter.nmma_engine.answer import by_row, sampled_by_nmma
from nmma_fitter.nmma_engine.fetch import verify
from nmma_fitter.nmma_engine.process import prepare, run
from nmma_fitter.nmma_engine.task import Task, task_of
from nmma_fitter.version import versions as own_versions

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

    from nmma_fitter.delivery.plots import BandCurves
    from nmma_fitter.fit_request import FitRequest

log = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
DRAWS = 500  # posterior samples whose light curves NMMA is asked for
DAYS_BEFORE = 3.0  # the first measurement, at which the plotted curves start
EXPLOSIONS = 50  # between the prior's ends, near which curves are dense
FOLDER = "nmma"  # of an attempt, with everything of NMMA's


def _surrogate(request: FitRequest) -> place.Surrogate | None:
    folder = place.models_folder(request.nmma.surrogates)
    return place.surrogate_of(request.model, folder, request.bands)


def make_task(
    request: FitRequest, priors: PriorDict, seed: int, curve_days: FloatArray, draws: int = DRAWS
) -> Task:
    """The task of a fit; `curve_days` are those of the plot, the same for each band."""
    bands = request.bands
    return task_of(
        request,
        priors,
        bands,
        galactic_extinction(request, request.window.band.tolist()),
        _surrogate(request),
        seed=seed,
        draws=draws,
        curve_days={band: curve_days.tolist() for band in bands},
    )


def galactic_extinction(request: FitRequest, bands: Sequence[str]) -> FloatArray:
    """Milky Way extinction in mag, of which NMMA knows nothing; shape (bands,)."""
    chosen = request.settings
    used = np.array([chosen.wavelengths.get(band, BANDS[band]) for band in bands])
    return np.asarray(chosen.galactic_ebv * extinction.fitzpatrick99(used))


def fit_by_nmma(
    request: FitRequest, priors: PriorDict, seed: int, folder: Path, watch: Watch
) -> SamplerResult:
    """Fit by NMMA in an attempt's folder; the products are there then, and NMMA's in ``nmma/``."""
    from nmma_fitter.fit_products import write_products
    from nmma_fitter.inference.likelihood import Likelihood

    chosen, window = request.settings, request.window
    python = place.interpreter(request.nmma.environment)
    log.info("by NMMA %s of %s", place.packages(python)["nmma"], python)
    work = folder / FOLDER
    resumed = watch.checkpoint is not None and watch.checkpoint.is_file()
    at = days(window, request.trigger)
    times = _curve_times(at, priors)
    if (surrogate := _surrogate(request)) is not None:
        verify(place.models_folder(request.nmma.surrogates), surrogate.files)
    prepare(work, make_task(request, priors, seed, times))
    began = time.monotonic()
    answer = run(python, "fit", work, watch)
    _say_repairs(work)
    sampled = sampled_by_nmma(
        *(work / "out" / "fit_result.json", answer, priors),
        SamplerSettings(seed=seed, nlive=chosen.nlive),
        *(window.band, galactic_extinction(request, window.band.tolist())),
        seconds=time.monotonic() - began,
        resumed=resumed,
    )
    described = catalogue.described(request.model)
    likelihood = Likelihood(window, request.trigger, chosen, _predict_nothing, request.model_error)
    curves, used = _curves(request, answer, times), versions(answer)
    write_products(request, described, likelihood, priors, sampled, curves, used, folder)
    return sampled


def _predict_nothing(parameters: Mapping[str, FloatArray]) -> FloatArray:
    raise AssertionError("NMMA has said what it predicts; it is not asked again")


def _curve_times(at: FloatArray, priors: PriorDict) -> FloatArray:
    """Days of the plotted curves, which NMMA must know before it fits: from the prior."""
    from nmma_fitter.posterior_curves import curve_times

    first = max(float(np.min(at)) - DAYS_BEFORE, -10.0)
    ends = [first, float(np.min(at))]
    if "timeshift" in priors:
        ends = [max(float(priors["timeshift"].minimum), first), float(priors["timeshift"].maximum)]
    return curve_times(at, np.linspace(ends[0], max(ends), EXPLOSIONS))


def _curves(request: FitRequest, answer: Json, times: FloatArray) -> list[BandCurves]:
    from nmma_fitter.posterior_curves import band_curves

    found = answer["magnitudes"]["curves"]
    bands = request.bands
    dust = galactic_extinction(request, bands)
    curves = []
    for band, extinct in zip(bands, dust, strict=True):
        at = by_row([{band: point[band]} for point in found], np.full(len(times), band)) + extinct
        curves.append(band_curves(band, times, at[:1], at[1:]))
    return curves


def versions(answer: Json) -> dict[str, str]:
    """What was used, for the record: of our own, and of what NMMA's process had."""
    return {
        **{**own_versions(), "adapter": catalogue.PHYSICS},
        **{name: str(value) for name, value in answer["versions"].items()},
    }


def _say_repairs(work: Path) -> None:
    """Say in the fit's log what NMMA would have done, and whether it was mended."""
    checks = read_json(work / "checks.json") or {}
    for one in checks.get("repairs", []):
        if one.get("fault"):
            done = "repaired" if one.get("repaired") else "left as it is, as asked"
            log.info("NMMA: %s (%s): %s", one.get("says"), one.get("name"), done)
