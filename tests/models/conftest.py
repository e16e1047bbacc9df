"""Reference numbers, and a home for sncosmo's data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmma_fitter import models
from nmma_fitter.errors import Unavailable
from nmma_fitter.models.base import FloatArray, Model

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "data" / "sncosmo"
if SHARED.is_dir():
    os.environ.setdefault("SNCOSMO_DATA_DIR", str(SHARED))

BANDS = ("ztfg", "ztfr", "ztfi")


@pytest.fixture(scope="session")
def reference() -> dict[str, Any]:
    """Numbers of NMMA 1.0.1's own light-curve functions, with ZTF's true wavelengths."""
    return dict(json.loads((HERE / "nmma_reference.json").read_text()))


@pytest.fixture(scope="session")
def hypernova() -> Model:
    model = models.get("nugent-hyper")
    try:
        model.check_available()
    except Unavailable as error:
        pytest.skip(str(error))
    return model


@pytest.fixture
def three_points() -> dict[str, dict[str, FloatArray]]:
    """Three points of each model, somewhere in its prior."""
    own = {
        "Me2017": {
            "log10_mej": [-1.5, -2.5, -1.0],
            "log10_vej": [-0.9, -0.6, -1.5],
            "beta": [3.0, 4.5, 1.5],
            "log10_kappa_r": [0.3, 1.4, -0.5],
        },
        "Piro2021": {
            "log10_Menv": [-1.5, -1.0, -0.5],
            "log10_Renv": [12.5, 11.5, 13.5],
            "log10_Ee": [49.5, 50.5, 49.0],
        },
        "TrPi2018": {
            "inclination_EM": [0.1, 0.5, 0.05],
            "log10_E0": [52.5, 53.0, 51.0],
            "thetaCore": [0.1, 0.08, 0.2],
            "wing_ratio": [4.0, 4.0, 1.5],
            "log10_n0": [-1.0, 0.0, -2.0],
            "p": [2.3, 2.5, 2.2],
            "log10_epsilon_e": [-1.0, -1.5, -1.0],
            "log10_epsilon_B": [-2.5, -3.0, -2.0],
        },
        "nugent-hyper": {"supernova_mag_boost": [0.0, -1.0, 2.0]},
    }
    return {n: {k: np.array(v) for k, v in point.items()} for n, point in own.items()}


def predict(
    model: Model,
    parameters: dict[str, FloatArray],
    days: FloatArray,
    wavelengths: FloatArray,
    redshift: float,
    distance: float,
) -> FloatArray:
    """Magnitudes at observer-frame days in ztf g, r, i: shape (points, bands, days)."""
    points, n = len(next(iter(parameters.values()))), len(days)
    magnitudes = model.magnitudes(
        parameters,
        np.broadcast_to(np.tile(days, 3), (points, 3 * n)),
        [band for band in BANDS for _ in range(n)],
        np.repeat(wavelengths, n),
        np.full(points, redshift),
        np.full(points, distance),
    )
    return magnitudes.reshape(points, 3, n)


def columns(points: list[dict[str, float]]) -> dict[str, FloatArray]:
    return {name: np.array([point[name] for point in points]) for name in points[0]}
