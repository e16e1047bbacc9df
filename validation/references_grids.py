"""Reference magnitudes of the kilonova grids by other codes, and the form of a reference."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kilonovanet import LIGHT, kilonovanet
from nmma_process import run_quietly
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Case = dict[str, Any]
Points = Mapping[str, list[float]]

INSIDE = Path(__file__).with_name("inside_fiesta.py")
TEN_PARSEC = 1e-5  # Mpc
ZERO = 2.5 * np.log10(3.631e6)  # AB magnitude of 1 mJy

BU2019LM: Points = {
    "log10_mej_dyn": [-2.3, -2.8, -1.9],
    "log10_mej_wind": [-1.3, -1.8, -1.0],
    "KNphi": [45.0, 20.0, 70.0],
    "inclination_EM": [0.4, 0.1, 1.4],
}
KA2017: Points = {
    "log10_mej": [-1.6, -1.4, -2.0],
    "log10_vej": [-0.52, -1.0, -0.7],
    "log10_Xlan": [-4.0, -2.0, -5.0],
}
BU2025: Points = {
    "log10_mej_dyn": [-2.3, -2.8, -1.5],
    "v_ej_dyn": [0.2, 0.15, 0.25],
    "Ye_dyn": [0.25, 0.2, 0.3],
    "log10_mej_wind": [-1.3, -1.8, -1.0],
    "v_ej_wind": [0.1, 0.06, 0.14],
    "Ye_wind": [0.3, 0.22, 0.38],
    "inclination_EM": [0.4, 0.1, 1.4],
}


def case(
    by: str,
    options: Mapping[str, Any],
    tolerance: float,
    parameters: Points,
    bands: Sequence[str],
    days: FloatArray,
    magnitudes: FloatArray,
    *,
    redshift: float,
    distance: float,
    wavelengths: FloatArray | None = None,
) -> Case:
    """A case of `nmma_fitter.catalogue.references`, ready for JSON."""
    made: Case = {
        "by": by,
        "options": dict(options),
        "tolerance": tolerance,
        "redshift": redshift,
        "distance": distance,
        "parameters": dict(parameters),
        "bands": list(bands),
        "days": [float(f"{day:.9g}") for day in days],
    }
    if wavelengths is not None:
        made["wavelengths"] = [float(f"{at:.9g}") for at in wavelengths]
    made["magnitudes"] = [
        [round(float(m), 5) if np.isfinite(m) else None for m in row] for row in magnitudes
    ]
    return made


def ask(
    python: str,
    model: str,
    task: Mapping[str, Any],
    inside: Path = INSIDE,
    code: str = "fiestaEM",
) -> tuple[dict[str, Any], str]:
    """Hand another code a task; returns its answer and its name with the version."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "task.json", Path(folder) / "answer.json"
        question.write_text(json.dumps({model: task}), encoding="utf-8")
        words = [python, "-P", str(inside), str(question), str(answer)]
        run_quietly(words, Path(folder), 600.0)
        found = json.loads(answer.read_text(encoding="utf-8"))
    return found[model], f"{code} {found['version']}"


def _rows(columns: Points) -> list[dict[str, float]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def bu2019lm(given: argparse.Namespace) -> list[Case]:
    """What fiestaEM reads from the networks, put right by ln 10 (docs/kilonova_grids.md)."""
    bands = ["sdssu", "ps1::g", "ps1::r", "ps1::y", "2massj", "2massks"]
    points = [
        {**point, "inclination_EM": float(np.degrees(point["inclination_EM"]))}
        for point in _rows(BU2019LM)
    ]
    folder = str(given.networks.resolve())
    task = {"folder": folder, "parameters": points, "bands": bands, "times": [0, 10, 30, 60, 92]}
    found, by = ask(given.fiesta_python, "Bu2019lm", task)
    published = np.array([[one[band] for band in bands] for one in found["magnitudes"]])
    right = ZERO + np.log(10.0) * (published - ZERO)
    return [
        _simulated(given.nmma_python),
        case(
            f"{by} on the published networks, times ln 10",
            {},
            0.005,
            BU2019LM,
            [band for band in bands for _ in found["days"]],
            np.tile(found["days"], len(bands)),
            right.reshape(len(points), -1),
            redshift=0.0,
            distance=TEN_PARSEC,
        ),
    ]


def _simulated(python: str) -> Case:
    """Simulations of the grid that come with NMMA: nothing of a network is in them."""
    import possis

    bands, days = ("ps1::i", "ps1::z", "ps1::y", "2massj", "2massh"), np.array([2.0, 4.0, 6.0, 8.0])
    masses = ((0.005, 0.05), (0.001, 0.09), (0.02, 0.13))
    known = [one for one in possis.simulations(python) if (one.dynamical, one.wind) in masses]
    columns = [possis.COLUMNS.index(band) for band in bands]
    found = [
        [np.interp(days, one.days - possis.LATE, one.magnitudes[:, i]) for i in columns]
        for one in known
    ]
    parameters = {
        "log10_mej_dyn": [float(np.log10(one.dynamical)) for one in known],
        "log10_mej_wind": [float(np.log10(one.wind)) for one in known],
        "KNphi": [one.phi for one in known],
        "inclination_EM": [float(np.radians(one.angle)) for one in known],
    }
    return case(
        "POSSIS, three simulations of the grid",
        {},
        0.3,
        parameters,
        [band for band in bands for _ in days],
        np.tile(days, len(bands)),
        np.array(found).reshape(len(known), -1),
        redshift=0.0,
        distance=TEN_PARSEC,
    )


def bu2025(given: argparse.Namespace) -> list[Case]:
    """The spectra at nodes of the grid, and magnitudes over bandpasses, which are not the same."""
    bands = ["besselli", "bessellv", "2massj"]
    nodes = [(100, 0), (200, 20), (300, 40), (400, 60), (50, 86)]
    task = {"parameters": _rows(BU2025), "bands": bands, "nodes": nodes, "times": [10, 30, 45]}
    found, by = ask(given.fiesta_python, "Bu2025", task)
    hertz, days = np.array(found["nodes"]).T
    spectra = case(
        f"{by}, its spectra at nodes of its grid",
        {},
        0.005,
        BU2025,
        ["ztfr"] * len(nodes),
        days,
        ZERO - 2.5 / np.log(10.0) * np.array(found["log_flux"]),
        redshift=0.0,
        distance=TEN_PARSEC,
        wavelengths=LIGHT / hertz,
    )
    over = np.array([[one[band] for band in bands] for one in found["magnitudes"]])
    over = np.where(over < 20, over, np.nan)  # the next half magnitude is a steep spectrum's
    passed = case(
        f"{by} over bandpasses, which here are one wavelength",
        {},
        0.25,
        BU2025,
        [band for band in bands for _ in found["days"]],
        np.tile(found["days"], len(bands)),
        over.reshape(len(over), -1),
        redshift=0.1,
        distance=40.0,
    )
    return [spectra, passed]


def ka2017(given: argparse.Namespace) -> list[Case]:
    """KilonovaNet's decoder in double precision, at the very times, over sncosmo's bandpasses."""
    import sncosmo

    bands = ["ztfg", "ztfr", "ztfi", "ps1::z", "2massj", "2massh"]
    days = np.array([0.15, 0.5, 1.3, 2.6, 4.2, 6.9])
    points = np.array(list(KA2017.values())).T
    wavelengths, spectra = kilonovanet(given.redback, "kasen-bns", points * [1, 1, -1], days)
    found = []
    for band in bands:
        bandpass = sncosmo.get_bandpass(band)
        at = np.linspace(bandpass.minwave(), bandpass.maxwave(), 600)
        passed = bandpass(at)
        flux = np.apply_along_axis(lambda row: np.interp(at, wavelengths, row), 2, spectra)  # noqa: B023
        mean = (flux * at * passed).sum(axis=2) / (passed / at).sum() / LIGHT
        with np.errstate(invalid="ignore", divide="ignore"):
            magnitude = -2.5 * np.log10(mean) - 48.6
        found.append(np.where(magnitude < -11.5, magnitude, np.nan))  # brighter than its floor
    return [
        case(
            "KilonovaNet's network at the very times, over bandpasses",
            {},
            0.15,
            KA2017,
            [band for band in bands for _ in days],
            np.tile(days, len(bands)),
            np.stack(found, axis=1).reshape(len(points), -1),
            redshift=0.0,
            distance=TEN_PARSEC,
        )
    ]
