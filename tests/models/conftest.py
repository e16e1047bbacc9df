"""Reference numbers, and a home for sncosmo's data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nmma_fitter import models
from nmma_fitter.errors import Unavailable
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import sampled_keys, transform
from nmma_fitter.models.base import FloatArray, Model
from nmma_fitter.models.bu2019lm import Bu2019lm
from nmma_fitter.models.surrogate_fetch import convert_from
from nmma_fitter.models.surrogate_files import FOLDER
from nmma_fitter.shipped import shipped

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "data" / "sncosmo"
if SHARED.is_dir():
    os.environ.setdefault("SNCOSMO_DATA_DIR", str(SHARED))

KILONOVA = HERE.parents[2] / "shared" / "data" / "kilonova"

BANDS = ("ztfg", "ztfr", "ztfi")


@pytest.fixture(scope="session", autouse=True)
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A data folder of the tests' own, with the surrogates that can be converted here."""
    if os.environ.get(FOLDER):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(tmp_path_factory.mktemp("data")))
        if KILONOVA.is_dir():
            convert_from("Bu2019lm", KILONOVA / "Bu2019", Bu2019lm.weights)
        yield


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
        "Bu2019lm": {
            "log10_mej_dyn": [-2.3, -2.8, -1.9],
            "log10_mej_wind": [-1.3, -1.8, -1.0],
            "KNphi": [45.0, 20.0, 70.0],
            "inclination_EM": [0.4, 0.1, 1.4],
        },
        "Ka2017": {
            "log10_mej": [-1.6, -1.4, -2.0],
            "log10_vej": [-0.52, -1.0, -0.7],
            "log10_Xlan": [-4.0, -2.0, -5.0],
        },
        "Bu2025": {
            "log10_mej_dyn": [-2.3, -2.8, -1.5],
            "v_ej_dyn": [0.2, 0.15, 0.25],
            "Ye_dyn": [0.25, 0.2, 0.3],
            "log10_mej_wind": [-1.3, -1.8, -1.0],
            "v_ej_wind": [0.1, 0.06, 0.14],
            "Ye_wind": [0.3, 0.22, 0.38],
            "inclination_EM": [0.4, 0.1, 1.4],
        },
    }
    listed = {n: {k: np.array(v) for k, v in point.items()} for n, point in own.items()}
    return {n: _from_prior(n) for n in models.names() if n not in listed} | listed


def _from_prior(name: str) -> dict[str, FloatArray]:
    """Three points on the diagonal of a model's prior."""
    priors = load_priors(shipped("config", "priors", f"{name}.prior"))
    cube = np.repeat([[0.3], [0.5], [0.6]], len(sampled_keys(priors)), axis=1)
    own = {parameter.name for parameter in models.MODELS[name].parameters}
    return {k: v for k, v in transform(priors, cube).items() if k in own}


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
