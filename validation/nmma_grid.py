"""What leaving NMMA's grid of times for the times of the data changes.

NMMA evaluates a model on a grid and interpolates linearly in magnitude; here it is evaluated at
the times of the data. The same model, with the same settings, is evaluated in both ways, for draws
of the prior and for draws of the posterior of a fit to a real light curve.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import records
from numpy.typing import NDArray

from nmma_fitter.config import load_config
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fits import requests_of
from nmma_fitter.inference.likelihood import log_probability, noise_of
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import sampled_keys, transform
from nmma_fitter.models import cosmology
from nmma_fitter.models.observed import Prediction
from nmma_fitter.nmma_fit import predict, run_fit

if TYPE_CHECKING:
    from collections.abc import Mapping

FloatArray = NDArray[np.float64]
SEED = 6
FAINTEST = 35.0  # mag
COUNT = {"TrPi2018": 100}  # draws; 1000 of the others
# NMMA's own, in days since the explosion: the source's, but of the supernova the observer's. The
# first two end at 14 and 3.5 d of their own accord; for priors that let a transient explode ten
# days before the first detection NMMA asks for more, and then takes 150 times.
GRIDS = {
    "Piro2021": np.geomspace(1 / 24, 25.0, 150),
    "Me2017": np.geomspace(0.01, 25.0, 150),
    "TrPi2018": np.geomspace(1e-5, 200.0, 201),
    # NMMA's starts at 0, where the template is as bright as after 1e-11 d and a model here is dark.
    "nugent-hyper": np.linspace(1e-11, 117.0, 200),
}
LIKELY = 30.0  # below the best log likelihood of the draws; the others tell of no fit


@dataclass(frozen=True, eq=False)
class Both:
    """Magnitudes at the data's times, evaluated there and by way of the grid, (draws, epochs)."""

    direct: FloatArray
    by_grid: FloatArray


def differences(path: Path, model: str, which: str) -> records.Record:
    """Differences for draws from ``prior`` or ``posterior``, in magnitudes and log likelihood."""
    request = requests_of(path, [model], load_config().fits)[0]
    count = COUNT.get(model, 1000)
    points = prior_draws(request, count) if which == "prior" else posterior_draws(request, count)
    prediction = predict(request, request.make_model(), request.window)
    both = evaluate(prediction, points, GRIDS[model], stretched=model != "nugent-hyper")
    seen = np.isfinite(both.direct) & np.isfinite(both.by_grid)
    bright = np.fmin(both.direct, both.by_grid) < FAINTEST
    noise = noise_of(request.window, request.settings)
    covered = ~((np.isfinite(both.direct) & ~np.isfinite(both.by_grid)).any(axis=1))
    with np.errstate(all="ignore"):
        apart = np.abs(both.by_grid - both.direct)
        direct = log_probability(noise, both.direct)
        log_l = np.abs(log_probability(noise, both.by_grid) - direct)
    likely = covered & (direct > np.nanmax(direct) - LIKELY)
    return {
        "model": model,
        "which": which,
        "curve": f"{request.object}/{path.parent.name}",
        "draws": len(both.direct),
        "uncovered": int((~covered).sum()),
        "magnitude": _quantiles(apart[seen & bright]),
        "likely": int(likely.sum()),
        "log_l": _quantiles(log_l[likely]),
    }


def _quantiles(values: FloatArray) -> list[float]:
    return np.quantile(values, [0.5, 0.99, 1.0]).tolist() if values.size else []


def prior_draws(request: FitRequest, count: int) -> dict[str, FloatArray]:
    """Draws of the prior, by a fixed seed."""
    priors = load_priors(request.priors)
    return transform(priors, np.random.default_rng(SEED).random((count, len(sampled_keys(priors)))))


def posterior_draws(request: FitRequest, count: int) -> dict[str, FloatArray]:
    """Draws of the posterior of a fit with the shipped settings."""
    import pandas as pd

    seeded = replace(request, settings=request.settings.model_copy(update={"seed": SEED}))
    with tempfile.TemporaryDirectory() as folder:
        run_fit(seeded, Path(folder))
        found = pd.read_csv(Path(folder) / "posterior_samples.dat", sep=" ")
    chosen = found.iloc[:: max(len(found) // count, 1)][:count]
    return {str(name): chosen[name].to_numpy(dtype=float) for name in chosen}


def evaluate(
    prediction: Prediction, points: Mapping[str, FloatArray], grid: FloatArray, *, stretched: bool
) -> Both:
    """Evaluate at the data's times, and on the grid with NMMA's interpolation, inf outside it."""
    days, bands = prediction.days, np.asarray(prediction.bands)
    by_grid = np.full((len(points["timeshift"]), len(days)), np.inf)
    redshift = cosmology.redshift(points["luminosity_distance"])
    names = sorted(set(prediction.bands))
    for number, shift in enumerate(points["timeshift"]):
        times = grid * (1 + redshift[number] if stretched else 1.0) + shift
        on_grid: Any = prediction.at(
            np.tile(times, len(names)), np.repeat(names, len(times)).tolist()
        )
        one = {name: values[number : number + 1] for name, values in points.items()}
        for curve, name in zip(on_grid(one).reshape(len(names), -1), names, strict=True):
            lit = np.isfinite(curve)
            if lit.sum() >= 2:
                here = bands == name
                by_grid[number, here] = np.interp(
                    days[here], times[lit], curve[lit], left=np.inf, right=np.inf
                )
    return Both(prediction(points), by_grid)


def table(found: list[records.Record]) -> str:
    """All differences, in Markdown."""
    header = ["model", "draws of the", "draws", "median, mag", "99 %", "largest"]
    header += ["of them likely", "median, log L", "99 %", "largest", "not covered"]
    return records.markdown(header, [_row(one) for one in found])


def _row(one: records.Record) -> list[str]:
    mags, log_l = ([f"{value:.2g}" for value in one[key]] for key in ("magnitude", "log_l"))
    start = [one["model"], one["which"], str(one["draws"])]
    return [*start, *mags, str(one["likely"]), *log_l, str(one["uncovered"])]
