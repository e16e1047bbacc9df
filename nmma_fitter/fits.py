"""From a light-curve file to the fits it asks for, and the unit that each becomes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from nmma_fitter import models
from nmma_fitter.candidates.formats import Reading
from nmma_fitter.candidates.formats import read as read_whole
from nmma_fitter.engine.files import Json
from nmma_fitter.engine.reasons import Policy, register
from nmma_fitter.engine.unit import Unit
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_options import settings_of
from nmma_fitter.fit_request import READING, FitRequest
from nmma_fitter.fit_settings import FitSettings, FitsTable
from nmma_fitter.inference.prior_files import names_in, read_text
from nmma_fitter.nearest import nearest
from nmma_fitter.prior_files import origin_of, prior_text
from nmma_fitter.schedulers.base import Resources
from nmma_fitter.truth import truth_of

register("too_few_detections", Policy(skipped=True))
register("unsupported_data", Policy(skipped=True))
register("not_converged", Policy())  # the same seed would fail in the same way

SHARED_COMMAND = (sys.executable, "-P", "-m", "nmma_fitter.warm_fit", "{work}", "{attempt}")
SERVER = (sys.executable, "-P", "-m", "nmma_fitter.warm_server")
log = logging.getLogger(__name__)

# What all models read: the place, the time and the host's dust.
SHARED = ("luminosity_distance", "redshift", "timeshift", "Ebv")

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
    read_file: Callable[..., Reading] = read_whole,
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
    read_file : callable
        Reads the file, as `formats.read` does.

    Raises
    ------
    BadInput
        The file cannot be read, or a model is not known.
    """
    chosen = settings_of(fits, wanted, over or {}, jet)
    found: list[FitRequest] = []
    read: dict[tuple[Any, ...], Reading] = {}
    for model, settings in chosen.items():
        how = {key: getattr(settings, key) for key in READING}
        key = tuple(how.values())
        if key not in read:
            read[key] = read_file(path, name=name, **how)
        lightcurve, rows, notes = read[key]
        merged = tuple(asdict(one) for one in rows)
        if priors:
            text, origin = read_text(priors), origin_of(priors)
        else:
            text, origin = prior_text(fits, model, settings)
        number = cores or (fits.model[model].cores if model in fits.model else 1)
        what = (lightcurve.name, model, settings, text, lightcurve, merged, path.name, number)
        drawn = fits.plots.one_frame
        more: dict[str, Any] = {"priors_from": origin, "notes": notes}
        request = FitRequest(*what, nmma=fits.nmma, one_frame=drawn, **more)
        if fits.plots.truth is not None:
            request = replace(request, truth=truth_of(fits.plots.truth, request))
        found.append(request)
    return found


def check_names(model: str, settings: FitSettings, priors: str, origin: str) -> None:
    """Refuse a misspelt parameter of a prior file; warn of others that the model does not read.

    What NMMA reads cannot be told. Raises `BadInput`.
    """
    if settings.engine == "nmma":
        return
    about = models.MODELS[model]
    used = {*SHARED, *about.also_read, *(one.name for one in about.parameters)}
    given = names_in(priors)
    unused = [name for name in given if name not in used]
    for name in unused:
        if close := nearest(name, used - {*given}):
            raise BadInput(f"{origin}: {model} has no {name}; {close[0]} is missing: correct it")
    if unused:
        log.warning(
            "%s does not use %s of its prior file: its posterior will be its prior",
            *(model, ", ".join(unused)),
        )


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
