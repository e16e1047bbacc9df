"""Is ln Z of real light curves right, and the posterior? The product's fits against long runs.

    python validation/long_runs.py --data DATA --runs product long plain kept
    python validation/long_runs.py --data DATA --runs dynesty --only ZTF22aauqyuf
    python validation/long_runs.py --data DATA --runs scatter --seeds 50 --sys 1.0 0.1
    python validation/long_runs.py --table

Ten real light curves, of ten objects, with the shipped windows, priors and errors:

- ``product`` is the fit that ``nmma-fit`` makes, with its own seed;
- ``long`` is nested sampling (nautilus) with 2000 live points and 20,000 effective samples, and for
  the afterglow, of which the product samples a stand-in, afterglowpy itself with the shipped ones;
- ``plain`` draws a million points of the prior, and adapts nothing;
- ``dynesty`` is its static sampler, random walks, 1000 live points, to 0.01 in ln Z;
- ``kept`` is a control that must disagree: nested sampling with the points that shaped its bounds;
- ``scatter`` is the product with many seeds, of one light curve.

Stopped and started again it goes on: one line is written per run, and a long run of the afterglow
goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import records
from long_tables import LEVELS, tables
from numpy.typing import NDArray

from nmma_fitter import models
from nmma_fitter.config import load_config
from nmma_fitter.errors import NotConverged
from nmma_fitter.fits import FitRequest, requests_of
from nmma_fitter.inference import nested
from nmma_fitter.inference.cube import CubeLikelihood
from nmma_fitter.inference.importance import effective_size
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.inference.priors import apply_measured, load_priors
from nmma_fitter.inference.sampled import SamplerResult, SamplerSettings
from nmma_fitter.inference.sampler import run_sampler
from nmma_fitter.inference.weights import equal_weight
from nmma_fitter.nmma_fit import predict, stand_in

FloatArray = NDArray[np.float64]
PRODUCTION = "candidates/partnership"
LIGHT_CURVES = {  # the smallest first; of an object that came back, its fullest
    "ZTF22aauqyuf": f"{PRODUCTION}/2459784-2459791/lc_ZTF22aauqyuf_forced1_stacked0.csv",
    "ZTF22aaujrib": f"{PRODUCTION}/2459778-2459785/lc_ZTF22aaujrib_forced1_stacked0.csv",
    "ZTF22aatuvld": f"{PRODUCTION}/2459778-2459785/lc_ZTF22aatuvld_forced1_stacked0.csv",
    "ZTF22aauqgqd": f"{PRODUCTION}/2459783-2459790/lc_ZTF22aauqgqd_forced1_stacked0.csv",
    "ZTF22aawacjw": f"{PRODUCTION}/2459783-2459790/lc_ZTF22aawacjw_forced1_stacked0.csv",
    "ZTF21abdequz": "formats/lc_ZTF21abdequz_forced1_stacked0.csv",
    "ZTF22acaruqr": "formats/lc_ZTF22acaruqr_forced1_stacked0.csv",
    "ZTF23aabmzlp": "formats/ZTF23aabmzlp_fritz.csv",
    "ZTF21abdpqpq": "formats/lc_ZTF21abdpqpq_forced1_stacked0.csv",
    "AT2017gfo": "formats/AT2017gfo_corrected.dat",
}
SCATTERED = "ZTF22aawacjw"  # of the production nights' the one with most detections
LIVE, EFFECTIVE = 2000, 20_000
CHUNK = 500  # points of a cheap model per call
DRAWS = 1_000_000
WALKERS = 1000


@dataclass(frozen=True)
class Found:
    """What one run says; no samples where there are too few."""

    log_z: float
    log_z_err: float
    samples: dict[str, FloatArray]
    evaluations: int
    details: dict[str, Any]


@dataclass(frozen=True)
class Fit:
    """One light curve and model, as the product would fit it."""

    request: FitRequest

    @cached_property
    def model(self) -> models.Model:
        """The model with its settings."""
        return self.request.make_model()

    @cached_property
    def likelihood(self) -> Likelihood:
        """The likelihood of the model itself."""
        one = self.request
        prediction = predict(one, self.model, one.window)
        return Likelihood(one.window, one.trigger, one.settings, prediction)

    @cached_property
    def priors(self) -> Any:
        """The shipped priors."""
        chosen = self.request.settings
        return apply_measured(load_priors(self.request.priors), chosen.redshift, chosen.distance)

    @cached_property
    def cube(self) -> CubeLikelihood:
        """The likelihood over the unit cube."""
        return CubeLikelihood(self.likelihood.evaluate, self.priors)

    def settings(self, seed: int) -> SamplerSettings:
        """The shipped settings of the sampler."""
        chosen = self.request.settings
        return SamplerSettings(seed, chosen.nlive, chosen.n_effective)


def product(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """As `nmma_fit.run_fit` samples."""
    rough = stand_in(fit.request, fit.model, fit.likelihood)
    found = run_sampler(fit.likelihood.evaluate, fit.priors, fit.settings(seed), stand_in=rough)
    return _of(found)


def long(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """Nested sampling of the model itself; with shipped settings where a point is costly."""
    settings = fit.settings(seed)
    if not fit.model.costly:
        size = {"nlive": LIVE, "n_effective": EFFECTIVE}
        settings = replace(settings, **size, batch=CHUNK, chunk=CHUNK)
    path = checkpoint if fit.model.costly else None
    found = nested.run_nested(fit.likelihood.evaluate, fit.priors, settings, checkpoint=path)
    checkpoint.unlink(missing_ok=True)
    return _of(found)


def kept(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """The control: nested sampling with the points that shaped its bounds."""
    settings = replace(fit.settings(seed), batch=CHUNK, chunk=CHUNK)
    discard, nested.DISCARD_EXPLORATION = nested.DISCARD_EXPLORATION, False
    try:
        return _of(nested.run_nested(fit.likelihood.evaluate, fit.priors, settings))
    finally:
        nested.DISCARD_EXPLORATION = discard


def plain(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """The mean likelihood of points of the prior."""
    rng = np.random.default_rng([seed, 3])
    cube = rng.random((DRAWS, fit.cube.dimensions))
    with np.errstate(all="ignore"):
        parts = [fit.cube.raw(cube[i : i + CHUNK]) for i in range(0, DRAWS, CHUNK)]
    log_l = np.nan_to_num(np.concatenate(parts), nan=-np.inf, posinf=-np.inf)
    ess = effective_size(log_l)
    log_z = float(np.logaddexp.reduce(log_l) - np.log(DRAWS))
    samples = {}
    if ess >= fit.request.settings.n_effective:
        samples = fit.cube.parameters(cube[equal_weight(log_l, DRAWS // 50, rng)])
    error = float(np.sqrt(1 / ess - 1 / DRAWS))
    return Found(log_z, error, samples, DRAWS, {"ess": ess})


def dynesty(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """Dynesty's static sampler, one point at a time."""
    from dynesty import NestedSampler

    def log_likelihood(point: FloatArray) -> float:
        with np.errstate(all="ignore"):
            value = float(fit.cube.raw(point[None])[0])
        return value if np.isfinite(value) else -1e100

    rng = np.random.default_rng([seed, 4])
    dimensions = fit.cube.dimensions
    sampler = NestedSampler(
        *(log_likelihood, lambda point: point, dimensions),
        nlive=WALKERS,
        sample="rwalk",
        rstate=rng,
    )
    sampler.run_nested(dlogz=0.01, print_progress=False)
    found = sampler.results
    chosen = found.samples[equal_weight(found.logwt, WALKERS * 5, rng)]
    samples = fit.cube.parameters(chosen)
    return Found(found.logz[-1], found.logzerr[-1], samples, int(np.sum(found.ncall)), {})


def _of(found: SamplerResult) -> Found:
    if not found.converged:
        raise NotConverged(found.reason)
    details = {"ess": found.ess, "tail": found.tail_shape, "method": found.method}
    return Found(found.log_z, found.log_z_err, found.samples, found.evaluations, details)


Way = Callable[[Fit, int, Path], Found]
WAYS: dict[str, Way] = {
    "product": product,
    "long": long,
    "plain": plain,
    "dynesty": dynesty,
    "kept": kept,
    "scatter": product,
}
COSTLY_WAYS = ("product", "long")  # the others would take hours of a model of milliseconds


def wanted(given: argparse.Namespace) -> Iterator[tuple[str, str, str, float, int | None]]:
    """Run, light curve, model, systematic error and seed of all that is asked for."""
    for how in given.runs:
        for name in given.only or (LIGHT_CURVES if how != "scatter" else [SCATTERED]):
            for model in given.models:
                if models.MODELS[model].costly and how not in COSTLY_WAYS:
                    continue
                for sys_error in given.sys if how == "scatter" else given.sys[:1]:
                    for seed in range(given.seeds) if how == "scatter" else [None]:
                        yield how, name, model, sys_error, seed


def run(given: argparse.Namespace) -> None:
    """Make the runs that are not in the file yet."""
    given.out.parent.mkdir(parents=True, exist_ok=True)
    known = {_key(one) for one in records.read(given.out)}
    fits: dict[tuple[str, str, float], Fit] = {}
    for how, name, model, sys_error, seed in wanted(given):
        where = name, model, sys_error
        if where not in fits:
            fits[where] = fit_of(given.data / LIGHT_CURVES[name], model, sys_error)
        fit = fits[where]
        number = fit.request.seed() if seed is None else seed
        record: records.Record = {"run": how, "curve": name, "model": model, "seed": number}
        record |= {"sys_error": sys_error, "digest": fit.request.digest}
        if _key(record) not in known:
            checkpoint = given.out.parent / f"{name}-{model}-{how}.h5"
            record |= one_run(WAYS[how], fit, number, checkpoint)
            records.append(given.out, record)
            said = record.get("reason") or f"{record['log_z']:.3f} ± {record['log_z_err']:.3f}"
            print(
                f"{how} {name} {model} {sys_error:g} mag, seed {number}: {said}, {record['seconds']} s"
            )


def _key(record: records.Record) -> tuple[Any, ...]:
    return record["run"], record["curve"], record["model"], record["digest"], record["seed"]


def fit_of(path: Path, model: str, sys_error: float) -> Fit:
    """The shipped fit of a light curve, at a systematic error."""
    over = {"sys_error": sys_error}
    [request] = requests_of(path, [model], load_config().fits, over=over)
    request.check()
    return Fit(request)


def one_run(way: Way, fit: Fit, seed: int, checkpoint: Path) -> records.Record:
    """What is written of a run."""
    began = time.monotonic()
    try:
        found = way(fit, seed, checkpoint)
    except NotConverged as error:
        return {"converged": False, "reason": str(error), "seconds": _since(began)}
    samples = found.samples
    return {
        "converged": True,
        "log_z": float(found.log_z),
        "log_z_err": float(found.log_z_err),
        "quantiles": {key: np.quantile(one, LEVELS).tolist() for key, one in samples.items()},
        "sd": {key: float(np.std(one)) for key, one in samples.items()},
        "evaluations": found.evaluations,
        "seconds": _since(began),
        "points": len(fit.request.window),
        **found.details,
    }


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the real light curves")
    parser.add_argument("--runs", nargs="+", choices=list(WAYS), default=["product", "long"])
    parser.add_argument("--models", nargs="+", choices=models.names(), default=models.names())
    parser.add_argument("--only", nargs="+", choices=list(LIGHT_CURVES), help="light curves")
    parser.add_argument("--sys", type=float, nargs="+", default=[1.0], help="mag [1.0]")
    parser.add_argument("--seeds", type=int, default=50, help="of scatter [50]")
    parser.add_argument("--out", type=Path, default=Path("validation/out/long_runs.jsonl"))
    parser.add_argument("--table", action="store_true", help="only print what there is")
    given = parser.parse_args()
    if not given.table:
        if given.data is None:
            parser.error("--data is needed")
        run(given)
    text, good = tables(records.read(given.out))
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
