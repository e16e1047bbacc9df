"""What NMMA is asked: its files and arguments, from the same settings as every fit's."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.bands import BANDS
from nmma_fitter.candidates.lightcurve import upper_limits
from nmma_fitter.candidates.window import days
from nmma_fitter.errors import BadInput
from nmma_fitter.nmma_engine import catalogue

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

    from nmma_fitter.fit_request import FitRequest
    from nmma_fitter.nmma_engine.place import Surrogate

FloatArray = NDArray[np.float64]

LIGHT_CURVE, PRIORS = "light_curve.dat", "model.prior"
NMMA_NAMES = {"wing_ratio": "alphaWing"}  # parameters that have another name there
JETS = {"gaussian": 0, "tophat": -1}  # afterglowpy's numbers
STEPS = 300  # of a formula's times
LAST_DAY = 14.0  # NMMA's own default, where the data end earlier
DLOGZ, WALKS, ACCEPTED = 0.1, 100, 60  # the defaults that NMMA states and does not hand on
# Options that are made from the settings; a further one of these would contradict them.
TAKEN = frozenset(
    (
        *("em-model", "light-curve-data", "data", "prior", "prior-file", "trigger-time"),
        *("time-format", "em-error-budget", "sampler", "nlive", "sampling-seed", "seed", "outdir"),
        *("label", "sampler-kwargs", "detection-limit", "config", "skip-sampling"),
    )
)


@dataclass(frozen=True)
class Task:
    """Files of a run by name, and what `inside/run_nmma.py` is told."""

    files: Mapping[str, str]
    content: Mapping[str, Any]


def task_of(
    request: FitRequest,
    priors: PriorDict,
    bands: Sequence[str],
    extinction: FloatArray,
    surrogate: Surrogate | None,
    *,
    seed: int,
    draws: int,
    curve_days: Mapping[str, Sequence[float]],
) -> Task:
    """Say what NMMA is to do.

    Parameters
    ----------
    request : FitRequest
    priors : PriorDict
        With a measured redshift or distance put in.
    bands : sequence of str
        Of the window, each once.
    extinction : array, shape (rows of the window,)
        Milky Way extinction in mag, of which NMMA knows nothing: the data are freed from it.
    surrogate : Surrogate or None
    seed, draws : int
        Of the sampler; posterior samples whose magnitudes come back.
    curve_days : mapping of band to days since the trigger
        At which they come back, besides those of the window.
    """
    window, chosen = request.window, request.settings
    at = days(window, request.trigger)
    parts = catalogue.components(request.model)
    supernovae = [part for part in parts if catalogue.is_supernova(part)]
    of_band = {band: at[window.band == band].tolist() for band in bands}
    content = {
        "arguments": arguments(request, priors, bands, surrogate, seed=seed),
        "wavelengths": {b: chosen.wavelengths.get(b, BANDS[b]) for b in bands},
        "known": dict(BANDS),
        "components": list(parts),
        "model": (*supernovae, parts[0])[0],
        "supernova": bool(supernovae),
        "limit_error": chosen.limit_error,
        "leave": list(chosen.nmma.leave),
        "seed": seed,
        "draws": draws,
        "days": {"rows": of_band, "curves": {b: list(curve_days[b]) for b in bands}},
    }
    files = {LIGHT_CURVE: light_curve_text(request, extinction), PRIORS: prior_text(priors)}
    return Task(files, content)


def arguments(
    request: FitRequest,
    priors: PriorDict,
    bands: Sequence[str],
    surrogate: Surrogate | None,
    *,
    seed: int,
) -> list[str]:
    """Arguments of ``lightcurve-analysis``, for the files of a task in the current folder."""
    chosen, nmma = request.settings, request.settings.nmma
    words = ["--em-model", *catalogue.components(request.model)]
    words += ["--light-curve-data", LIGHT_CURVE, "--prior", PRIORS]
    words += ["--trigger-time", repr(request.trigger), "--time-format", "mjd"]
    words += [f"--data-tmin={chosen.tmin - 1!r}", f"--data-tmax={chosen.tmax + 1!r}"]
    words += ["--em-error-budget", json.dumps(_error_budget(request, bands))]
    words += ["--sampler", nmma.sampler, "--nlive", str(chosen.nlive)]
    words += ["--sampling-seed", str(seed), "--outdir", "out", "--label", "fit"]
    words += ["--sampler-kwargs", json.dumps(_sampler_options(request))]
    if chosen.truncate:
        words += ["--detection-limit", json.dumps(_detection_limits(request, bands))]
    if "jet" in chosen.model_options:
        words += [f"--jet-type={JETS[str(chosen.model_options['jet'])]}"]
    if surrogate is not None:
        words += ["--interpolation-type", surrogate.form, "--local-only"]
        words += ["--svd-path", str(surrogate.files[0].parent)]
    return words + _times(request, priors) + _further(nmma.options)


def _error_budget(request: FitRequest, bands: Sequence[str]) -> dict[str, float]:
    """Systematic error of each band in mag, with the model's own in quadrature."""
    chosen, own = request.settings, request.model_error
    each = {band: chosen.sys_error_bands.get(band, chosen.sys_error) for band in bands}
    return {band: math.hypot(error, own) for band, error in each.items()}


def _sampler_options(request: FitRequest) -> dict[str, Any]:
    nmma = request.settings.nmma
    own: dict[str, Any] = {}
    if nmma.sampler == "dynesty":
        own = {"dlogz": DLOGZ, "walks": WALKS, "naccept": ACCEPTED, "check_point_plot": False}
        own |= {"print_method": "interval-60"}
    return own | dict(nmma.sampler_options)


def _detection_limits(request: FitRequest, bands: Sequence[str]) -> dict[str, float]:
    limit = request.settings.detection_limit
    if limit is None:
        raise BadInput("truncate needs detection_limit, the faintest magnitude recorded")
    if isinstance(limit, float):
        return dict.fromkeys(bands, limit)
    seen = set(request.window.band[request.window.has_magnitude].tolist())
    missing = sorted(seen - set(limit))
    if missing:
        raise BadInput(f"detection_limit says nothing of {', '.join(missing)}; add them")
    return {band: limit[band] for band in bands if band in limit}


def _times(request: FitRequest, priors: PriorDict) -> list[str]:
    """Days since explosion that a formula is evaluated at, so that they cover the data.

    NMMA's own end at 14 d, and at 3.5 d for Piro2021; a later detection would be impossible.
    """
    parts = catalogue.components(request.model)
    if not all(part in catalogue.FORMULAS for part in parts):
        return []
    earliest = float(getattr(priors.get("timeshift"), "minimum", 0.0))
    last = max(float(np.max(days(request.window, request.trigger))) - earliest, LAST_DAY)
    first = max(catalogue.FORMULAS[part] for part in parts)
    return [f"--em-tmin={first!r}", f"--em-tmax={last!r}", f"--em-nsteps={STEPS}"]


def _further(options: Mapping[str, str | float | bool]) -> list[str]:
    """Further options, as the configuration names them."""
    words = []
    for name, value in options.items():
        if name in TAKEN:
            raise BadInput(f"nmma.options: {name} follows from the settings; set it there")
        if value is not False:
            words += [f"--{name}" if value is True else f"--{name}={value}"]
    return words


def light_curve_text(request: FitRequest, extinction: FloatArray) -> str:
    """NMMA's format: a row for each measurement of the window, limits with an infinite error."""
    window = request.window
    rows = zip(
        *(window.mjd, window.band, window.has_magnitude, window.mag, window.mag_err),
        upper_limits(window),
        *(window.multiplicity, extinction),
        strict=True,
    )
    lines = []
    for mjd, band, seen, mag, error, limit, count, dust in rows:
        value, sigma = (mag, error) if seen else (limit, np.inf)
        lines += [f"{mjd:.8f} {band} {value - dust:.6f} {sigma:.6f}"] * int(count)
    return "\n".join(lines) + "\n"


def prior_text(priors: PriorDict) -> str:
    """The priors as NMMA reads them, with its names.

    Raises
    ------
    BadInput
        For priors that NMMA cannot use.
    """
    distance = priors.get("luminosity_distance")
    if distance is not None and not getattr(distance, "minimum", 1.0) > 0:
        raise BadInput(
            "the prior on luminosity_distance starts at 0, where NMMA's cosmology has no redshift; "
            "let it start at 1 Mpc, or above"
        )
    lines = [f"{NMMA_NAMES.get(name, name)} = {prior!r}" for name, prior in priors.items()]
    if "redshift" in priors and distance is None:
        # NMMA takes 10 pc for a distance that is not there; with this it follows from the redshift.
        lines.append(f"Hubble_constant = {HUBBLE}")
    return "\n".join(lines) + "\n"


HUBBLE = "DeltaFunction(peak=67.66, name='Hubble_constant')"  # Planck 2018, as everywhere here
