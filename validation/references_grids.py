"""Reference magnitudes of the kilonova grids by other codes, and the form of a reference."""

from __future__ import annotations

import argparse
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from nmma_process import run_quietly
from numpy.typing import NDArray

from nmma_fitter.models.torch_file import read_tensors

FloatArray = NDArray[np.float64]
Case = dict[str, Any]
Points = Mapping[str, list[float]]

INSIDE = Path(__file__).with_name("inside_fiesta.py")
TEN_PARSEC = 1e-5  # Mpc
ZERO = 2.5 * np.log10(3.631e6)  # AB magnitude of 1 mJy
LIGHT = 2.99792458e18  # Å/s
SPHERE = 4 * np.pi * (10 * 3.0856775814913674e18) ** 2  # cm², of 10 pc

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


def ask(python: str, model: str, task: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Hand fiestaEM a task; returns its answer and its name with the version."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "task.json", Path(folder) / "answer.json"
        question.write_text(json.dumps({model: task}), encoding="utf-8")
        words = [python, "-P", str(INSIDE), str(question), str(answer)]
        run_quietly(words, Path(folder), 600.0)
        found = json.loads(answer.read_text(encoding="utf-8"))
    return found[model], f"fiestaEM {found['version']}"


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


def kilonovanet(
    wheel: Path, name: str, points: FloatArray, days: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Spectra of a KilonovaNet network in double precision, its latent variables 0.

    Parameters
    ----------
    wheel : Path
        redback_surrogates, which holds the networks.
    name : str
        ``kasen-bns`` or ``bulla-bns``.
    points : array, shape (points, parameters)
        As the network takes them, before they are scaled.
    days : array, shape (days,)

    Returns
    -------
    wavelengths, spectra : arrays, shapes (wavelengths,) and (points, days, wavelengths)
        Ångström, and erg/s/cm²/Å at 10 pc.
    """
    with zipfile.ZipFile(wheel) as archive:
        folder = "redback_surrogates/surrogate_data/"
        (weights,) = [one for one in archive.namelist() if one.startswith(f"{folder}{name}")]
        tensors = read_tensors(archive.read(weights), name)
        metadata = json.loads(archive.read(f"{folder}metadata_{name.replace('-', '_')}.json"))
    if metadata["wavelengths_style"] == "kasen":
        wavelengths = 10 ** (2.175198139181011 + np.linspace(0, 1, 1629) * 2.8224838828121763)
    else:
        wavelengths = np.linspace(100.0, 99900.0, 500)
    ends = np.array([metadata["x_transforms"][str(i)] for i in range(metadata["input_size"])])
    inputs = np.concatenate(
        [np.repeat(points, len(days), axis=0), np.tile(days, len(points))[:, None]], axis=1
    )
    scaled = (inputs - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
    hidden = np.concatenate([np.zeros((len(scaled), metadata["latent_units"])), scaled], axis=1)
    for layer in (0, 2, 4):
        weight, bias = (tensors[f"decoder.layers.{layer}.{one}"] for one in ("weight", "bias"))
        hidden = hidden @ weight.T.astype(float) + bias
        hidden = np.tanh(hidden) if layer < 4 else 1 / (1 + np.exp(-hidden))
    floor, low, high = metadata["y_transforms"]
    spectra = (10 ** (hidden * (high - low) + low) - floor) / SPHERE
    return wavelengths, spectra.reshape(len(points), len(days), -1)
