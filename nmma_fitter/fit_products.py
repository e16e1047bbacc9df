"""What a finished fit leaves: result, posterior, light curves and plots.

Imports plotting and results' libraries, so it is itself imported late.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.candidates.window import days
from nmma_fitter.delivery import plots
from nmma_fitter.delivery.ranges import curves_to_json
from nmma_fitter.engine.files import write_json
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.inference.quality import assess, thinned
from nmma_fitter.inference.result import FitRecord, save_result
from nmma_fitter.inference.sampled import SamplerResult
from nmma_fitter.labels import model_title
from nmma_fitter.models import Model, cosmology
from nmma_fitter.models.base import COMMON
from nmma_fitter.models.observed import outside_validity
from nmma_fitter.nmma_engine.catalogue import Described
from nmma_fitter.version import versions as own_versions

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

FloatArray = NDArray[np.float64]

PACKAGES = ("numpy", "scipy", "bilby", "nautilus-sampler", "astropy", "afterglowpy", "sncosmo")
VALIDITY_DRAWS = 1000


def write_products(
    request: FitRequest,
    model: Model | Described,
    likelihood: Likelihood,
    priors: PriorDict,
    sampled: SamplerResult,
    curves: Sequence[plots.BandCurves],
    used: Mapping[str, str],
    folder: Path,
) -> None:
    """Write result, posterior, light curves and plots of a finished fit into its folder.

    Parameters
    ----------
    request : FitRequest
    model : Model or Described
    likelihood : Likelihood
        Asked for magnitudes only where `sampled` has none.
    priors : PriorDict
    sampled : SamplerResult
    curves : sequence of BandCurves
        The posterior's light curves, one of each band.
    used : mapping of name to version
    folder : Path
    """
    some = thinned(sampled.samples, VALIDITY_DRAWS)
    at = np.asarray(days(request.window, request.trigger), dtype=np.float64)
    share = outside_validity(model.valid_days, at, some)
    rng = np.random.default_rng([sampled.settings.seed, 2])
    quality = assess(likelihood, sampled, rng, share)
    record = FitRecord(
        object_name=request.object,
        model=request.model,
        kind=model.kind,
        data_digest=likelihood.data_digest(),
        comparability=likelihood.comparability(),
        quality=quality,
        settings=request.settings.model_dump(mode="json"),
        versions=used,
        merged=request.merged,
        notes=request.notes,
    )
    save_result(sampled, priors, record, folder)
    write_json(folder / "lightcurves.json", curves_to_json(curves))
    outside = quality.outside_validity or 0.0
    draw_pictures(request, model, sampled, outside, curves, priors, used, folder)


def draw_pictures(
    request: FitRequest,
    model: Model | Described,
    sampled: SamplerResult,
    outside: float,
    curves: Sequence[plots.BandCurves],
    priors: PriorDict,
    used: Mapping[str, str],
    folder: Path,
) -> None:
    """Draw ``lightcurves.png`` and ``corner.png`` of a fit, under its request's name."""
    chosen = request.settings
    title = model_title(request.model, model.kind, chosen.engine)
    evidence = {"log_evidence": sampled.log_z, "log_evidence_err": sampled.log_z_err}
    plots.plot_lightcurves(
        folder / "lightcurves.png",
        object_name=request.object,
        title=title,
        **evidence,
        lightcurve=request.window,
        trigger_mjd=request.trigger,
        sys_error=request.sys_error,
        curves=curves,
        outside_share=outside,
        valid_until_days=_valid_until(model, sampled),
        notes=[f"Fitted by NMMA {used['nmma']}."] if request.by_nmma else [],
        distance=request.known_distance,
        one_frame=request.one_frame,
    )
    labels = {parameter.name: parameter.latex for parameter in (*model.parameters, *COMMON)}
    keys = list(sampled.keys)
    plots.plot_corner(
        folder / "corner.png",
        object_name=request.object,
        title=title,
        samples=np.column_stack([sampled.samples[key] for key in keys]),
        labels=[labels.get(key, key) for key in keys],
        names=keys,
        **evidence,
        ranges=[(float(priors[key].minimum), float(priors[key].maximum)) for key in keys],
        truth=[request.truth.get(key) for key in keys],
    )


def _valid_until(model: Model | Described, sampled: SamplerResult) -> float | None:
    """Days since the trigger at which the median posterior leaves the model's validity."""
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


def versions(model: Model) -> dict[str, str]:
    """What was used, for the record."""
    found = {name: version(name) for name in PACKAGES}
    return {
        **own_versions(),
        "python": platform.python_version(),
        f"{model.name} physics": model.physics,
        **found,
    }
