"""From a light-curve file to the fits it asks for, and the unit that each becomes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import ValidationError

from nmma_fitter import models
from nmma_fitter.candidates.formats import read_and_merge
from nmma_fitter.candidates.lightcurve import LightCurve
from nmma_fitter.config import fit_settings
from nmma_fitter.engine.files import Json
from nmma_fitter.engine.reasons import Policy, register
from nmma_fitter.engine.unit import Unit
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fit_settings import FitSettings, FitsTable
from nmma_fitter.nmma_engine import catalogue
from nmma_fitter.prior_files import prior_text
from nmma_fitter.schedulers.base import Resources
from nmma_fitter.truth import truth_of

register("too_few_detections", Policy(skipped=True))
register("unsupported_data", Policy(skipped=True))
register("not_converged", Policy())  # the same seed would fail in the same way

SHARED_COMMAND = (sys.executable, "-P", "-m", "nmma_fitter.warm_fit", "{work}", "{attempt}")
SERVER = (sys.executable, "-P", "-m", "nmma_fitter.warm_server")
COMMAND = (sys.executable, "-P", "-m", "nmma_fitter.nmma_fit", "{work}", "{attempt}")


def requests_of(
    path: Path,
    wanted: Sequence[str],
    fits: FitsTable,
    *,
    name: str | None = None,
    over: Json | None = None,
    priors: Path | None = None,
    cores: int | None = None,
    jet: str | None = None,
) -> list[FitRequest]:
    """The fits of one light-curve file, one per model, not yet checked.

    Parameters
    ----------
    path : Path
    wanted : sequence of str
        Models.
    fits : FitsTable
    name : str, optional
        The object's name instead of the file's.
    over : dict, optional
        Settings over those of the configuration, for every model.
    priors : Path, optional
        A prior file instead of the model's own.
    cores : int, optional
        Cores of one fit instead of the model's own.
    jet : str, optional
        Jet of the afterglow; the other models have none.

    Raises
    ------
    BadInput
        The file cannot be read, or a model is not known.
    """
    found: list[FitRequest] = []
    read: dict[tuple[str, bool], tuple[LightCurve, tuple[Json, ...]]] = {}
    for model in wanted:
        settings = _overridden(fit_settings(fits, model), over or {}, model, jet)
        check_name(model, settings)
        how = (settings.bands, settings.keep_duplicates)
        if how not in read:
            lightcurve, merged = read_and_merge(
                path, bands=how[0], keep_duplicates=how[1], name=name
            )
            read[how] = lightcurve, tuple(asdict(one) for one in merged)
        lightcurve, notes = read[how]
        text = priors.read_text(encoding="utf-8") if priors else prior_text(fits, model, settings)
        number = cores or (fits.model[model].cores if model in fits.model else 1)
        what = (lightcurve.name, model, settings, text, lightcurve, notes, path.name, number)
        request = FitRequest(*what, nmma=fits.nmma, one_frame=fits.plots.one_frame)
        if fits.plots.truth is not None:
            request = replace(request, truth=truth_of(fits.plots.truth, request))
        found.append(request)
    return found


def check_name(model: str, settings: FitSettings) -> None:
    """Raise `BadInput` where the engine cannot know a model of that name."""
    if settings.engine == "nmma":
        catalogue.components(model)
    else:
        models.get(model)


def _overridden(settings: FitSettings, over: Json, model: str, jet: str | None) -> FitSettings:
    table = {**settings.model_dump(), **over}
    if jet is not None and model == "TrPi2018":
        table["model_options"] = {**settings.model_options, "jet": jet}
    try:
        return FitSettings.model_validate(table)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise BadInput(f"setting {key}: {problem['msg']} (got {problem['input']!r})") from None


def make_unit(
    request: FitRequest,
    night: str,
    folder: Path,
    resources: Resources,
    generation: int = 0,
    *,
    together: bool = False,
) -> Unit:
    """The unit of one fit in a work folder; `together` if it may share a job with others."""
    return Unit(
        campaign="fits",
        night=night,
        object=request.object,
        task=request.model,
        digest=request.digest,
        generation=generation,
        folder=folder,
        command=SHARED_COMMAND if together else COMMAND,
        outputs=outputs_of(request.model),
        resources=resources,
        inputs={"config.json": request.to_json()},
        group="fits" if together else "",
        server=SERVER if together else (),
    )


def outputs_of(model: str) -> tuple[str, ...]:
    """Files a fit leaves."""
    return (
        "posterior_samples.dat",
        f"{model}_result.json",
        "lightcurves.png",
        "lightcurves.json",
        "corner.png",
    )


def result_path(folder: Path, model: str) -> Path:
    """Where a unit's published result lies."""
    return folder / f"{model}_result.json"
