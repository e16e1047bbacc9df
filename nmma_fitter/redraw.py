"""The pictures of a fit drawn once more for another object, whose photometry is the same.

A light curve is fitted once, under the name that it came with first; whoever looks at another
object with the same measurements sees that object's own name.
"""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nmma_fitter import models
from nmma_fitter.delivery.products import PICTURES, load_curves
from nmma_fitter.engine.files import Json
from nmma_fitter.fit_products import draw_pictures
from nmma_fitter.fit_request import FitRequest, read_request
from nmma_fitter.fits import result_path
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import apply_measured
from nmma_fitter.inference.sampled import SamplerResult, SamplerSettings
from nmma_fitter.inference.summary import SECTION
from nmma_fitter.nmma_engine import catalogue


def draw_again(run: Path, model: str, name: str, folder: Path, prefix: str) -> None:
    """Draw a run's pictures under another name, each as ``<prefix><picture>`` in a folder."""
    request = replace(read_request(run), object=name)
    stored = json.loads(result_path(run, model).read_text(encoding="utf-8"))
    ours = stored["meta_data"][SECTION]
    settings = request.settings
    priors = apply_measured(load_priors(request.priors), settings.redshift, settings.distance)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".redrawn-") as drawn:
        draw_pictures(
            request,
            _model_of(request),
            _sampled(stored, ours),
            float(ours["quality"]["outside_validity"] or 0.0),
            load_curves(run),
            priors,
            ours["versions"],
            Path(drawn),
        )
        for picture in PICTURES:
            (Path(drawn) / picture).replace(folder / f"{prefix}{picture}")


def _model_of(request: FitRequest) -> models.Model | catalogue.Described:
    if request.by_nmma:
        return catalogue.described(request.model)
    return models.get(request.model, **request.settings.model_options)


def _sampled(stored: Json, ours: Json) -> SamplerResult:
    """What a result file says of the sampling: all that pictures show."""
    table: Any = stored["posterior"]["content"]
    columns = {key: np.asarray(values, dtype=np.float64) for key, values in table.items()}
    log_l = columns.pop("log_likelihood")
    columns.pop("log_prior")
    best = dict(ours["best_fit"])
    return SamplerResult(
        keys=tuple(stored["search_parameter_keys"]),
        cube=np.empty((len(log_l), 0)),
        samples=columns,
        log_l=log_l,
        best_log_l=float(best.pop("log_likelihood")),
        best=best,
        log_z=float(stored["log_evidence"]),
        log_z_err=float(stored["log_evidence_err"]),
        ess=float(ours["effective_sample_size"]),
        information=float(stored["information_gain"]),
        evaluations=int(stored["num_likelihood_evaluations"]),
        evaluations_before_resume=0,
        n_invalid=0,
        seconds=float(ours["seconds"]),
        resumed=False,
        converged=True,
        reason=str(ours["reason"]),
        settings=SamplerSettings(seed=int(ours["seed"])),
        method=str(stored["sampler"]),
        tail_shape=math.nan,
    )
