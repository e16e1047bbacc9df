"""The ways in which ``long_runs.py`` samples one light curve and model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import bridge as bridges
import numpy as np
from numpy.typing import NDArray

from nmma_fitter import models
from nmma_fitter.config import load_config
from nmma_fitter.errors import NotConverged
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fits import requests_of
from nmma_fitter.inference import nested
from nmma_fitter.inference.alignment import Aligned, alignment_of
from nmma_fitter.inference.cube import CubeLikelihood
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import apply_measured
from nmma_fitter.inference.sampled import SamplerResult, SamplerSettings, Watch
from nmma_fitter.inference.sampler import run_sampler
from nmma_fitter.inference.weights import effective_size, equal_weight, possible
from nmma_fitter.nmma_fit import predict, stand_in

FloatArray = NDArray[np.float64]
LIVE, EFFECTIVE = 2000, 20_000
CHUNK = 500  # points of a cheap model per call
DRAWS, COSTLY_DRAWS = 1_000_000, 6_000
WALKERS = 1000
POWER, POINTS = 0.7, 3_000  # of `bridge`: how flat the stand-in is, and points of the model


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
    """One light curve and model, as the product would fit it; points that `plain` draws of it."""

    request: FitRequest
    draws: int = DRAWS

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


def fit_of(path: Path, model: str, sys_error: float, draws: int | None = None) -> Fit:
    """The shipped fit of a light curve, at a systematic error."""
    over = {"sys_error": sys_error}
    [request] = requests_of(path, [model], load_config().fits, over=over)
    request.check()
    return Fit(request, draws or (COSTLY_DRAWS if models.MODELS[model].costly else DRAWS))


def product(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """As `nmma_fit.run_fit` samples."""
    rough = stand_in(fit.request, fit.model, fit.likelihood, fit.priors)
    aligned = None if fit.model.costly else alignment_of(fit.likelihood, fit.priors)
    found = run_sampler(
        fit.likelihood.evaluate,
        fit.priors,
        fit.settings(seed),
        stand_in=rough,
        alignment=aligned,
    )
    return _of(found)


def long(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """Nested sampling of the model itself; with shipped settings where a point is costly."""
    settings = fit.settings(seed)
    if fit.model.costly:
        return _nested(fit, settings, checkpoint)
    settings = replace(settings, nlive=LIVE, n_effective=EFFECTIVE, batch=CHUNK, chunk=CHUNK)
    try:
        return _nested(fit, settings)
    except NotConverged:  # as the product would
        return _nested(fit, replace(settings, nlive=2 * LIVE))


def _nested(fit: Fit, settings: SamplerSettings, checkpoint: Path | None = None) -> Found:
    found = nested.run_nested(
        fit.likelihood.evaluate, fit.priors, settings, Watch(checkpoint=checkpoint)
    )
    return _of(found)


def kept(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """The control: nested sampling with the points that shaped its bounds."""
    settings = replace(fit.settings(seed), batch=CHUNK, chunk=CHUNK)
    discard, nested.DISCARD_EXPLORATION = nested.DISCARD_EXPLORATION, False
    try:
        return _nested(fit, settings)
    finally:
        nested.DISCARD_EXPLORATION = discard


def plain(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """The mean likelihood of points of the prior.

    Of a costly model's, half have a distance from near where the stand-in's light curve meets the
    data, and all are weighted by both halves. The other parameters are the prior's, so that a
    region where the stand-in is off is not left out.
    """
    rng = np.random.default_rng([seed, 3])
    rough = stand_in(fit.request, fit.model, fit.likelihood, fit.priors)
    draws, log_ratio = fit.draws, np.zeros(fit.draws)
    cube = rng.random((draws, fit.cube.dimensions))
    with np.errstate(all="ignore"):
        if rough is not None and rough.alignment is not None:
            half = draws // 2
            there, aligned = rough.alignment.forward(cube[:half])
            _, as_it_was = rough.alignment.backward(cube[half:])
            cube[:half], log_stretch = there, np.concatenate([aligned, as_it_was])
            log_ratio = np.log(2) - np.logaddexp(0, -log_stretch)
        parts = [fit.cube.raw(cube[i : i + CHUNK]) for i in range(0, draws, CHUNK)]
    log_w = possible(np.concatenate(parts)) + log_ratio
    ess = effective_size(log_w)
    log_z = float(np.logaddexp.reduce(log_w) - np.log(draws))
    samples = {}
    if ess >= fit.request.settings.n_effective:
        samples = fit.cube.parameters(cube[equal_weight(log_w, 20_000, rng)])
    error = float(np.sqrt(1 / ess - 1 / draws))
    return Found(log_z, error, samples, draws, {"ess": ess})


def bridge(fit: Fit, seed: int, checkpoint: Path) -> Found:
    """Of a costly model: random walks under the flattened stand-in, then the model itself."""
    rough = stand_in(fit.request, fit.model, fit.likelihood, fit.priors)
    assert rough is not None and rough.alignment is not None
    aligned = Aligned(CubeLikelihood(rough.log_likelihood, fit.priors), rough.alignment)
    flat = bridges.Flattened(aligned, POWER)
    with np.errstate(all="ignore"):
        course = bridges.Course(seed, fit.request.digest, checkpoint)
        found = bridges.run(flat, fit.cube, POINTS, course)
    chosen = equal_weight(found.log_w, POINTS, np.random.default_rng([seed, 6]))
    samples = fit.cube.parameters(found.cube[chosen])
    details = {"ess": found.ess, "flattened": found.flattened}
    return Found(found.log_z, found.log_z_err, samples, len(found.log_w), details)


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
    tail = found.tail_shape if np.isfinite(found.tail_shape) else None
    details = {"ess": found.ess, "tail": tail, "method": found.method}
    details |= {"nlive": found.settings.nlive}
    return Found(found.log_z, found.log_z_err, found.samples, found.evaluations, details)


Way = Callable[[Fit, int, Path], Found]
WAYS: dict[str, Way] = {
    "product": product,
    "long": long,
    "bridge": bridge,
    "plain": plain,
    "dynesty": dynesty,
    "kept": kept,
    "scatter": product,
}
# The others would take hours of a model of milliseconds.
COSTLY_WAYS = ("product", "long", "bridge", "plain", "scatter")
ONLY_COSTLY = ("bridge",)
