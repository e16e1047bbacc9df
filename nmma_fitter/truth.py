"""The truth of a simulated object, as a file tells it, for the corner plot.

A truth file is JSON: ``{"model": ..., "parameters": {...}, "explosion_jd": ...}`` of one object, or
``{"objects": {name: that, ...}}``. ``explosion_jd`` (or ``explosion_mjd``) stands for
``timeshift``, whose day zero a fit chooses.
"""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

from nmma_fitter.engine.files import parse_json
from nmma_fitter.errors import BadInput, NmmaFitterError
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.models.base import COMMON

JD_OF_MJD_0 = 2400000.5


def truth_of(path: Path, request: FitRequest) -> dict[str, float]:
    """True parameters of a request's object, as far as its model has them.

    Another model than the true one has distance, redshift, dust and explosion with it in common.
    Empty for an object of which the file says nothing.

    Raises
    ------
    BadInput
        The file cannot be read, or is no truth file.
    """
    try:
        whole = parse_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"truth file {path}: {error.strerror}; give an existing file") from None
    told: Any = whole.get("objects", {request.object: whole}) if whole is not None else None
    if not isinstance(told, dict):
        raise BadInput(f'truth file {path}: not JSON with "objects", or "model" and "parameters"')
    if request.object not in told:
        return {}
    try:
        return _known(told[request.object], request)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"truth file {path}: {request.object}: {error!r}; it needs a model, and parameters "
            "that are numbers"
        ) from None


def _known(entry: Any, request: FitRequest) -> dict[str, float]:
    """An entry's finite parameters that this model has, with the fit's own day zero."""
    shared = {parameter.name for parameter in COMMON}
    same = entry["model"] == request.model
    values = {
        str(name): float(value)
        for name, value in entry["parameters"].items()
        if name != "timeshift" and (same or name in shared)
    }
    explosion = entry.get("explosion_mjd")
    if explosion is None and "explosion_jd" in entry:
        explosion = float(entry["explosion_jd"]) - JD_OF_MJD_0
    if explosion is not None:
        with suppress(NmmaFitterError):  # no detection, no day zero
            values["timeshift"] = float(explosion) - request.trigger
    return {name: value for name, value in values.items() if math.isfinite(value)}
