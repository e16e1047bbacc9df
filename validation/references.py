r"""Make the reference magnitudes that ship with the package, for `nmma-fitter models check`.

    python validation/references.py Me2017 Piro2021 --nmma-python NMMA/bin/python
    python validation/references.py TrPi2018 nugent-hyper
    python validation/references.py Bu2019lm Bu2025 --nmma-python NMMA/bin/python \
        --fiesta-python FIESTA/bin/python --networks DATA/kilonova/Bu2019
    python validation/references.py Ka2017 --redback redback_surrogates-0.2.8-py3-none-any.whl
    python validation/references.py Arnett1982 --mosfit-python MOSFIT/bin/python

Each model's come from another code: NMMA's own functions, afterglowpy and sncosmo called directly,
fiestaEM, MOSFiT. Nothing of the model here takes part but its points; `references_grids.py` has the
kilonova grids.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nmma_process
import numpy as np
import references_grids
from numpy.typing import NDArray
from references_grids import Case, Points, case

from nmma_fitter.bands import wavelength
from nmma_fitter.catalogue.references import FOLDER

FloatArray = NDArray[np.float64]

BANDS = ("ztfg", "ztfr", "ztfi")
LAMBDA = np.array([wavelength(band) for band in BANDS])
LIGHT = 2.99792458e18  # Å/s
MEGAPARSEC = 3.0856775814913674e24  # cm
REDSHIFT, DISTANCE = 0.05, 230.0
INSIDE_MOSFIT = Path(__file__).with_name("inside_mosfit.py")
PI = 2.5 * np.log10(np.pi)  # what NMMA's blackbodies are too faint by

POINTS: Mapping[str, Points] = {
    "Me2017": {
        "log10_mej": [-1.5, -2.5, -1.0],
        "log10_vej": [-0.9, -0.6, -1.5],
        "beta": [3.0, 4.5, 1.5],
        "log10_kappa_r": [0.3, 1.4, -0.5],
    },
    "Piro2021": {
        "log10_Menv": [-1.5, -3.0, -0.5],
        "log10_Renv": [12.5, 11.5, 13.5],
        "log10_Ee": [49.5, 50.5, 49.0],
    },
    "TrPi2018": {
        "inclination_EM": [0.1, 0.5, 0.05],
        "log10_E0": [52.5, 53.0, 51.0],
        "thetaCore": [0.1, 0.08, 0.2],
        "thetaWing": [0.4, 0.32, 0.3],
        "log10_n0": [-1.0, 0.0, -2.0],
        "p": [2.3, 2.5, 2.2],
        "log10_epsilon_e": [-1.0, -1.5, -1.0],
        "log10_epsilon_B": [-2.5, -3.0, -2.0],
    },
    "nugent-hyper": {"supernova_mag_boost": [0.0, -1.0, 2.0]},
    "Arnett1982": {
        "log10_mni": [-0.8, -2.0, -0.1],
        "log10_mej": [0.4, 1.1, 0.1],
        "log10_vph": [4.0, 3.6, 4.4],
        "temperature_floor": [4500.0, 6500.0, 3000.0],
    },
}


def observed(absolute: Any, redshift: float, distance: float) -> FloatArray:
    """Apparent magnitudes of monochromatic ones at 10 pc in the source's frame."""
    dimmed = 5 * np.log10(distance) + 25 - 2.5 * np.log10(1 + redshift)
    return np.asarray(np.array(absolute, dtype=float) + dimmed)


def by_nmma(model: str, python: str, grid: FloatArray, keep: Sequence[int]) -> tuple[Any, str]:
    """Magnitudes (points, bands, kept days) by NMMA's function, and its version."""
    columns = POINTS[model]
    points = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    task = {
        "model": model,
        "points": points,
        "grid": grid.tolist(),
        "keep": list(keep),
        "hertz": (LIGHT / LAMBDA * (1 + REDSHIFT)).tolist(),
    }
    answer = nmma_process.ask(python, "formulas", task, 600.0)
    return observed(answer["magnitudes"], REDSHIFT, DISTANCE), f"NMMA {answer['nmma']}"


def piro2021(given: argparse.Namespace) -> list[Case]:
    """NMMA's formulas, as they are and with the π they leave out."""
    days = np.array([0.05, 0.2, 0.6, 1.0, 2.0, 3.4])
    found, by = by_nmma("Piro2021", given.nmma_python, days, range(days.size))
    seen = days * (1 + REDSHIFT)
    return [
        _in_bands("Piro2021", f"{by}, sc_lc", {"normalisation": "nmma"}, 0.002, seen, found),
        _in_bands(
            "Piro2021", f"{by}, sc_lc with the π of a blackbody", {}, 0.002, seen, found - PI
        ),
    ]


def me2017(given: argparse.Namespace) -> list[Case]:
    """NMMA's integrator on its own grid, and on one so fine that it comes near the integral."""
    grid = np.geomspace(0.01, 14, 150)
    keep = [1, 20, 50, 80, 100, 120, 140, 148]
    found, by = by_nmma("Me2017", given.nmma_python, grid, keep)
    whole = np.full((*found.shape[:2], grid.size), np.nan)
    whole[:, :, keep] = found
    seen = grid * (1 + REDSHIFT)
    options = {"integrator": "nmma", "normalisation": "nmma"}
    first = _in_bands("Me2017", f"{by}, eff_metzger_lc", options, 0.002, seen, whole)
    fine = np.geomspace(1e-3, 14, 6000)
    days = np.array([0.1, 0.3, 1.0, 2.0, 4.0])
    keep = np.searchsorted(fine, days).tolist()
    near, _ = by_nmma("Me2017", given.nmma_python, fine, keep)
    near = np.where(near - PI < 30, near - PI, np.nan)  # fainter, layers count
    told = f"{by}, eff_metzger_lc in 6000 steps, with the π of a blackbody"
    return [first, _in_bands("Me2017", told, {}, 0.1, fine[keep] * (1 + REDSHIFT), near)]


def trpi2018(given: argparse.Namespace) -> list[Case]:
    """Call afterglowpy itself at the resolution of NMMA, and at a fine one for the defaults."""
    days = np.geomspace(0.05, 14, 12)
    coarse = {"latRes": 5, "tRes": 1000, "rtol": 0.01}
    fine = {"latRes": 40, "tRes": 1000, "rtol": 1e-4}
    by = f"afterglowpy {version('afterglowpy')}"
    made = []
    for jet, code in (("gaussian", 0), ("tophat", -1)):
        for accuracy, options, tolerance in ((coarse, coarse, 0.002), (fine, {}, 0.06)):
            found = _jets(code, accuracy, days)
            told = f"{by}, {jet}, latRes {accuracy['latRes']}"
            own = {"jet": jet, **options}
            made.append(_in_bands("TrPi2018", told, own, tolerance, days, found))
    return made


def _jets(code: int, accuracy: Mapping[str, float], days: FloatArray) -> FloatArray:
    import afterglowpy

    columns = POINTS["TrPi2018"]
    rtol = {f"rtol{what}": accuracy["rtol"] for what in ("Struct", "Theta", "Phi")}
    found = []
    for values in zip(*columns.values(), strict=True):
        own = dict(zip(columns, values, strict=True))
        jet = {
            "jetType": code,
            "specType": 0,
            "thetaObs": own["inclination_EM"],
            "thetaCore": own["thetaCore"],
            "thetaWing": own["thetaWing"],
            "p": own["p"],
            "d_L": DISTANCE * MEGAPARSEC,
            "z": REDSHIFT,
            **{"b": 6.0, "xi_N": 1.0, "L0": 0.0, "q": 0.0, "ts": 0.0},
            **{k: 10.0 ** own[f"log10_{k}"] for k in ("E0", "n0", "epsilon_e", "epsilon_B")},
            **{"latRes": accuracy["latRes"], "tRes": accuracy["tRes"], **rtol},
        }
        rows = [afterglowpy.fluxDensity(days * 86400, LIGHT / at, **jet) for at in LAMBDA]
        found.append(-2.5 * np.log10(np.array(rows)) + 16.4)
    return np.array(found)


def nugent_hyper(given: argparse.Namespace) -> list[Case]:
    """Magnitudes over the bandpasses by sncosmo."""
    import sncosmo

    template = sncosmo.Model("nugent-hyper")
    bands = (*BANDS, "sdssu", "ps1::z")
    days = np.array([0.5, 3.0, 8.0, 17.0, 30.0, 60.0, 90.0])
    made = []
    for redshift, distance in ((0.0, 1e-5), (0.0312, 141.3), (0.5013, 2933.0)):
        found = []
        for boost in POINTS["nugent-hyper"]["supernova_mag_boost"]:
            template.set(z=redshift)
            peak = -19.0 + boost + 5 * np.log10(distance) + 25
            template.source.set_peakmag(peak, "sdssu", "ab")
            found.append([template.bandmag(band, "ab", days * (1 + redshift)) for band in bands])
        place = {"redshift": redshift, "distance": distance, "bands": bands}
        seen = days * (1 + redshift)
        by = f"sncosmo {sncosmo.__version__}, z = {redshift:g}"
        made.append(_in_bands("nugent-hyper", by, {}, 0.005, seen, np.array(found), **place))
    return made


def arnett1982(given: argparse.Namespace) -> list[Case]:
    """The modules of MOSFiT's model `ic`, whose integral is a sum of many steps."""
    opacities = {"kappa": 0.07, "kappagamma": 0.027}
    points = [
        {
            "fnickel": 10 ** (nickel - mass),
            "mejecta": 10**mass,
            "vejecta": 10**velocity,
            "temperature": floor,
            **opacities,
        }
        for nickel, mass, velocity, floor in zip(*POINTS["Arnett1982"].values(), strict=True)
    ]
    days = np.array([0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0])
    hertz = (LIGHT / LAMBDA).tolist()
    task = {"points": points, "days": days.tolist(), "hertz": hertz, "redshift": REDSHIFT}
    python = given.mosfit_python
    found, by = references_grids.ask(python, "Arnett1982", task, INSIDE_MOSFIT, "MOSFiT")
    stretch = 1 + REDSHIFT
    at = LAMBDA[:, None] / stretch
    spectral = np.array(found["spectral"]) * at**2 / LIGHT  # erg/s/Hz in the source's frame
    flux = stretch * spectral / (4 * np.pi * (DISTANCE * MEGAPARSEC) ** 2)
    told = f"{by}, its modules nickelcobalt, diffusion, temperature_floor and blackbody"
    seen = days * stretch
    return [_in_bands("Arnett1982", told, {}, 0.002, seen, -2.5 * np.log10(flux) - 48.6)]


def _in_bands(
    model: str,
    by: str,
    options: Mapping[str, Any],
    tolerance: float,
    days: FloatArray,
    magnitudes: FloatArray,
    *,
    bands: Sequence[str] = BANDS,
    redshift: float = REDSHIFT,
    distance: float = DISTANCE,
) -> Case:
    """A case from magnitudes of shape (points, bands, days)."""
    return case(
        by,
        options,
        tolerance,
        POINTS[model],
        [band for band in bands for _ in days],
        np.tile(days, len(bands)),
        magnitudes.reshape(len(magnitudes), -1),
        redshift=redshift,
        distance=distance,
    )


MAKERS = {
    "Me2017": me2017,
    "Piro2021": piro2021,
    "TrPi2018": trpi2018,
    "nugent-hyper": nugent_hyper,
    "Bu2019lm": references_grids.bu2019lm,
    "Bu2025": references_grids.bu2025,
    "Ka2017": references_grids.ka2017,
    "Arnett1982": arnett1982,
}
NEEDS = {
    **dict.fromkeys(("Me2017", "Piro2021"), ("nmma_python",)),
    "Bu2019lm": ("nmma_python", "fiesta_python", "networks"),
    "Bu2025": ("fiesta_python",),
    "Ka2017": ("redback",),
    "Arnett1982": ("mosfit_python",),
}


def main() -> None:
    """Make the files of the models named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="+", choices=list(MAKERS))
    nmma_process.add_option(parser)
    parser.add_argument("--fiesta-python", metavar="PATH", help="interpreter with fiestaEM 0.1.0")
    parser.add_argument("--mosfit-python", metavar="PATH", help="interpreter with MOSFiT 2.1")
    parser.add_argument("--networks", type=Path, help="folder of the pickles of Bu2019lm")
    parser.add_argument("--redback", type=Path, help="wheel redback_surrogates 0.2.8")
    parser.add_argument("--out", type=Path, default=FOLDER)
    given = parser.parse_args()
    given.nmma_python = nmma_process.interpreter(given.nmma_python)
    for model in given.models:
        lacking = [name for name in NEEDS.get(model, ()) if getattr(given, name) is None]
        if lacking:
            sys.exit(f"{model} needs --{lacking[0].replace('_', '-')}")
        cases = MAKERS[model](given)
        text = json.dumps({"model": model, "cases": cases}, indent=None, ensure_ascii=False)
        (given.out / f"{model}.json").write_text(text.replace('{"by"', '\n{"by"') + "\n", "utf-8")
        print(f"{model}: {len(cases)} cases in {given.out}")


if __name__ == "__main__":
    main()
