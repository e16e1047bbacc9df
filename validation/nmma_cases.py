"""What of NMMA's ways is followed in a comparison with it, and the models here evaluated so."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import records
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Record = records.Record

ROOT = Path(__file__).resolve().parents[1]
SEED = 5
AS_NMMA, CONTROL = "nothing", "wavelengths as NMMA 1.0.1 comes"
# NMMA turns Pei's B into V by the Milky Way's R_V of 3.08, and then into E(B-V) by the SMC's 2.93.
NMMA_DUST = 2.93 * (1 + 1 / 3.08) / (1 + 2.93)
# Bands that stand ten places later in sncosmo's list, whose wavelengths NMMA 1.0.1 takes.
AS_INSTALLED = {"ztfg": "ps1::open", "ztfr": "ps1::g", "ztfi": "ps1::r"}


@dataclass(frozen=True)
class Case:
    """How the model here is evaluated.

    Attributes
    ----------
    undone : str
        Which of NMMA's ways is not followed.
    options : mapping
        The model's.
    nmma_dust : bool
        Whether E(B-V) is made smaller by 1.2 %, as NMMA's curve is lower by that.
    nmma_redshift : bool
        Whether redshift enters twice as it does in NMMA; see `evaluated_at`.
    """

    undone: str
    options: Mapping[str, Any]
    nmma_dust: bool = True
    nmma_redshift: bool = True


_PI = {"normalisation": "nmma"}
_FINE = {"latRes": 5, "tRes": 1000, "rtol": 0.01}
_DUST = "dust as of Pei (1992)"
CASES: dict[str, tuple[Case, ...]] = {
    "Piro2021": (
        Case(AS_NMMA, _PI),
        Case(_DUST, _PI, nmma_dust=False),
        Case("the blackbody's π", {}),
    ),
    "Me2017": (
        Case(AS_NMMA, {**_PI, "integrator": "nmma"}),
        Case(_DUST, {**_PI, "integrator": "nmma"}, nmma_dust=False),
        Case("the blackbody's π", {"integrator": "nmma"}),
        Case("the integrator", _PI),
    ),
    "TrPi2018": (
        Case(AS_NMMA, _FINE),
        Case(_DUST, _FINE, nmma_dust=False),
        Case("redshift once", _FINE, nmma_redshift=False),
        Case("afterglowpy's settings", {}),
    ),
    "nugent-hyper": (
        Case(AS_NMMA, {}),
        Case(_DUST, {}, nmma_dust=False),
        Case("redshift once", {}, nmma_redshift=False),
    ),
}


@dataclass(frozen=True, eq=False)
class Epochs:
    """When and in which bands a real object was observed."""

    name: str
    days: FloatArray
    bands: tuple[str, ...]


def real_epochs(data: Path) -> list[Epochs]:
    """The distinct light curves of the data folder, in the window that a fit would have."""
    from nmma_fitter.candidates.window import days
    from nmma_fitter.config import load_config
    from nmma_fitter.errors import TooFewDetections
    from nmma_fitter.fits import requests_of

    found: dict[str, Epochs] = {}
    for path in sorted((data / "candidates").glob("*/*/lc_*.csv")):
        request = requests_of(path, ["Piro2021"], load_config().fits)[0]
        try:
            request.check_data()
        except TooFewDetections:
            continue
        window = request.window
        bands = tuple(window.band.tolist())
        found[request.digest] = Epochs(window.name, days(window, request.trigger), bands)
    if not found:
        sys.exit(f"{data}: no light curve under candidates/<survey>/<night>/")
    return list(found.values())


def draws(model: str, count: int) -> dict[str, FloatArray]:
    """Draws of the shipped prior, the same for each call."""
    from nmma_fitter.inference.prior_files import load_priors
    from nmma_fitter.inference.priors import sampled_keys, transform

    priors = load_priors(ROOT / "config" / "priors" / f"{model}.prior")
    cube = np.random.default_rng(SEED).random((count, len(sampled_keys(priors))))
    return transform(priors, cube)


def points_of(model: str, count: int, epochs: list[Epochs]) -> list[Record]:
    """Draws with the epochs of a light curve each, for NMMA and for us."""
    columns = draws(model, count)
    found = []
    for number in range(count):
        own = {name: float(values[number]) for name, values in columns.items()}
        if "wing_ratio" in own:
            own["thetaWing"] = own["wing_ratio"] * own["thetaCore"]
        seen = epochs[number % len(epochs)]
        found.append({"parameters": own, "days": seen.days.tolist(), "bands": list(seen.bands)})
    return found


def evaluated_at(
    model: str, case: Case, grid: FloatArray, redshift: float
) -> tuple[FloatArray, FloatArray, float]:
    """Days since explosion at which the model is evaluated and at which its light is meant to be.

    The third is added to the magnitudes. NMMA's grids are of the source's days, which it stretches
    by 1+z. But afterglowpy's days are the observer's already, and its flux has its 1+z; NMMA asks
    it at the source's days, on another grid of as many, stretches them and brightens by 1+z. The
    supernova's grid is the observer's, and divided by 1+z before sncosmo does it again.
    """
    if model == "nugent-hyper":
        return (grid / (1 + redshift) if case.nmma_redshift else grid), grid, 0.0
    stretched = grid * (1 + redshift)
    if model == "TrPi2018":
        asked = np.geomspace(max(1e-5, grid[0]), grid[-1] + 1, min(len(grid), 201))
        if case.nmma_redshift:
            return asked, stretched, -2.5 * float(np.log10(1 + redshift))
        return asked * (1 + redshift), stretched, 0.0
    return stretched, stretched, 0.0


@lru_cache
def _made(model: str, options: tuple[tuple[str, Any], ...]) -> Any:
    from nmma_fitter import models

    return models.get(model, **dict(options))


def ours(model: str, case: Case, grid: FloatArray, point: Record) -> FloatArray:
    """Magnitudes at a point's epochs by way of NMMA's grid; inf outside it."""
    from nmma_fitter.models import cosmology
    from nmma_fitter.models.observed import Prediction, interpolate

    own = {name: np.array([value]) for name, value in point["parameters"].items()}
    own["Ebv"] = own["Ebv"] * (NMMA_DUST if case.nmma_dust else 1.0)
    redshift = float(cosmology.redshift(own["luminosity_distance"])[0])
    asked, meant, added = evaluated_at(model, case, grid, redshift)
    shift = point["parameters"]["timeshift"]
    if model == "nugent-hyper":  # NMMA's has neither distance nor magnitude
        distance = point["parameters"]["luminosity_distance"]
        added -= 5 * float(np.log10(distance)) + 25 + point["parameters"]["supernova_mag_boost"]
    days, bands = np.array(point["days"]), np.array(point["bands"])
    names = sorted(set(point["bands"]))
    predict = Prediction(
        _made(model, tuple(case.options.items())),
        np.tile(asked + shift, len(names)),
        np.repeat(names, len(asked)).tolist(),
    )
    found = np.full(days.shape, np.inf)
    curves = predict(own).reshape(len(names), len(asked)) + added
    if len(asked) == len(meant) and model == "TrPi2018":  # NMMA's two grids of the afterglow
        stretch = 1.0 if case.nmma_redshift else 1 + redshift
        on_grid = np.broadcast_to(grid, (len(names), len(grid)))
        curves = interpolate(on_grid, asked / stretch, curves)
    for curve, name in zip(curves, names, strict=True):
        lit = np.isfinite(curve)
        if lit.sum() >= 2:
            since = days[bands == name] - shift
            inside = np.interp(since, meant[lit], curve[lit], left=np.inf, right=np.inf)
            found[bands == name] = inside
    return found


def plain(values: FloatArray) -> list[float | None]:
    """Magnitudes as JSON holds them, null for no light."""
    return [round(float(value), 5) if np.isfinite(value) else None for value in values]


def flat(rows: list[list[float | None]]) -> list[float | None]:
    """All rows as one."""
    return [None if value is None else round(value, 5) for row in rows for value in row]
