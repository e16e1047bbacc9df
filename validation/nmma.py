"""Compare the models with NMMA's own, over draws of the prior and real epochs and bands.

    python validation/nmma.py --data DATA --nmma-python NMMA/bin/python [--models Me2017 ...]
    python validation/nmma.py --data DATA --grid [--models Me2017 ...]
    python validation/nmma.py --data DATA --table

NMMA evaluates each draw on its own grid of times and interpolates at the epochs; the model here is
evaluated at the times of the same grid and interpolated in the same way. The first row of a model
has everything that is known to differ set as NMMA has it, and must agree; each further row undoes
one of these. In the last NMMA has the wavelengths it comes with, and must not agree.

``--grid`` (`nmma_grid.py`) asks something else: what evaluating at the times of the data changes.

Stopped and started again it goes on: one line is written per chunk of draws.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nmma_process
import numpy as np
import records
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Record = records.Record

ROOT = Path(__file__).resolve().parents[1]
SEED = 5
CHUNK = {"TrPi2018": 50}  # draws a line; 250 of the others
MODELS = ("Piro2021", "Me2017", "TrPi2018", "nugent-hyper")
CONTROL_DRAWS = 250  # the wavelengths NMMA comes with: so many are enough
PERCENTILE_LIMIT, LARGEST_LIMIT = 0.01, 0.05  # mag
FAINTEST = 35.0  # mag; nothing will be seen that is fainter
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
    from nmma_fitter.inference.priors import load_priors, sampled_keys, transform

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
    from nmma_fitter.models import Prediction, cosmology
    from nmma_fitter.models.observed import interpolate

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


def compare(given: argparse.Namespace, python: str, model: str, epochs: list[Epochs]) -> None:
    """Evaluate the draws of a model that are not in the file yet."""
    from nmma_fitter.bands import wavelength

    names = sorted({band for one in epochs for band in one.bands})
    right = {name: wavelength(name) for name in names}
    wrong = {name: wavelength(AS_INSTALLED[name]) for name in names}
    have = {(one["model"], one["first"]) for one in records.read(given.out)}
    points = points_of(model, given.draws, epochs)
    size = CHUNK.get(model, 250)
    for first in range(0, given.draws, size):
        if (model, first) in have:
            continue
        chunk = points[first : first + size]
        task = {"model": model, "wavelengths": right, "points": chunk}
        answer = nmma_process.ask(python, "magnitudes", task, given.limit)
        grid = np.array(answer["grid"])
        record: Record = {"model": model, "first": first, "draws": len(chunk)}
        record |= {"nmma": answer["nmma"], "seconds": answer["seconds"]}
        record["theirs"] = _flat(answer["magnitudes"])
        record["ours"] = {
            case.undone: _flat([_plain(ours(model, case, grid, point)) for point in chunk])
            for case in CASES[model]
        }
        if first < CONTROL_DRAWS:
            installed = nmma_process.ask(
                python, "magnitudes", {**task, "wavelengths": wrong}, given.limit
            )
            record["control"] = _flat(installed["magnitudes"])
        records.append(given.out, record)
        print(f"{model}: draws {first} to {first + len(chunk) - 1}", flush=True)


def _plain(values: FloatArray) -> list[float | None]:
    return [round(float(value), 5) if np.isfinite(value) else None for value in values]


def _flat(rows: list[list[float | None]]) -> list[float | None]:
    return [None if value is None else round(value, 5) for row in rows for value in row]


def table(found: list[Record]) -> str:
    """All comparisons, in Markdown."""
    header = ["model", "not as in NMMA", "draws", "magnitudes", "median", "99 %", "largest"]
    header += ["one has no light", ""]
    return records.markdown(header, [row for model in MODELS for row in _rows(model, found)])


def _rows(model: str, found: list[Record]) -> Iterator[list[str]]:
    of_model = [one for one in found if one["model"] == model]
    if not of_model:
        return
    for case in CASES[model]:
        pairs = [(one["draws"], one["ours"][case.undone], one["theirs"]) for one in of_model]
        yield _row(model, case.undone, pairs)
    pairs = [
        (one["draws"], one["ours"][AS_NMMA], one["control"]) for one in of_model if "control" in one
    ]
    yield _row(model, CONTROL, pairs)


def _row(model: str, case: str, pairs: list[tuple[int, Any, Any]]) -> list[str]:
    mine = np.concatenate([np.array(own, dtype=float) for _, own, _ in pairs])
    theirs = np.concatenate([np.array(their, dtype=float) for _, _, their in pairs])
    difference, dark = differences(mine, theirs, constant=model == "nugent-hyper")
    middle, high, largest = np.quantile(difference, [0.5, 0.99, 1.0])
    good = high < PERCENTILE_LIMIT and largest < LARGEST_LIMIT
    numbers = [str(sum(count for count, _, _ in pairs)), str(len(difference))]
    numbers += [f"{value:.5f}" for value in (middle, high, largest)]
    return [model, case, *numbers, str(dark), "agrees" if good else "differs"]


def differences(
    mine: FloatArray, theirs: FloatArray, constant: bool = False
) -> tuple[FloatArray, int]:
    """Absolute differences of magnitudes that somebody might see, and how often one has no light.

    Parameters
    ----------
    mine, theirs : array, shape (n,)
        nan where there is no light, or NMMA's grid has ended.
    constant : bool
        Whether a constant, the median, is taken off first, and nothing is too faint.
    """
    both = np.isfinite(mine) & np.isfinite(theirs)
    if constant:
        apart = mine[both] - theirs[both]
        dark = int((np.isfinite(mine) != np.isfinite(theirs)).sum())
        return np.abs(apart - np.median(apart)), dark
    bright = np.fmin(mine, theirs) < FAINTEST
    return np.abs(mine - theirs)[both & bright], int((bright & ~both).sum())


def leave_the_grid(given: argparse.Namespace) -> int:
    """Do what ``--grid`` asks for; NMMA itself is not needed."""
    import nmma_grid
    from original import light_curve_path

    out = given.out.with_stem(f"{given.out.stem}_grid")
    out.parent.mkdir(parents=True, exist_ok=True)
    for model in () if given.table else given.models:
        for which in ("prior", "posterior"):
            if (model, which) not in {(one["model"], one["which"]) for one in records.read(out)}:
                path = light_curve_path(given.data, given.curve)
                records.append(out, nmma_grid.differences(path, model, which))
    print(nmma_grid.table(records.read(out)))
    return 0


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    nmma_process.add_option(parser)
    parser.add_argument("--data", type=Path, help="folder of the real data")
    parser.add_argument("--out", type=Path, default=ROOT / "validation" / "out" / "nmma.jsonl")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds of each chunk")
    parser.add_argument("--grid", action="store_true", help="NMMA's grid or the data's times")
    parser.add_argument(
        "--curve", default="ZTF22aawacjw/2459783", help="of --grid, OBJECT/FIRST-JD"
    )
    parser.add_argument("--table", action="store_true", help="only print the tables of --out")
    given = parser.parse_args()
    if not given.table and given.data is None:
        parser.error("--data is needed, the folder of the real data")
    if given.grid:
        return leave_the_grid(given)
    python = nmma_process.interpreter(given.nmma_python)
    if python is None and not given.table:
        print(nmma_process.HOW_TO_INSTALL)
        return 0
    given.out.parent.mkdir(parents=True, exist_ok=True)
    if not given.table and python is not None:
        epochs = real_epochs(given.data)
        for model in given.models:
            compare(given, python, model, epochs)
    print(table(records.read(given.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
