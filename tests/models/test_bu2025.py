from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nmma_fitter import bands, models
from nmma_fitter.errors import Unavailable, UnsupportedData
from nmma_fitter.models.base import FloatArray, Model
from nmma_fitter.models.bu2025 import Bu2025
from nmma_fitter.models.network import evaluate
from nmma_fitter.models.observed import Prediction
from nmma_fitter.models.pickled import read_pickle
from nmma_fitter.models.surrogate_files import save_weights

from .conftest import KILONOVA

Points = dict[str, dict[str, FloatArray]]
TEN_PARSEC = 1e-5  # Mpc
ZERO = 2.5 * np.log10(3.631e6)
SPEED = 2.99792458e18  # Å/s


def magnitudes(
    model: Model,
    points: dict[str, FloatArray],
    days: Any,
    wavelengths: Any,
    redshift: Any = 0.0,
    distance: float = TEN_PARSEC,
) -> FloatArray:
    count, lam = len(points["Ye_dyn"]), np.atleast_1d(wavelengths).astype(float)
    return model.magnitudes(
        points,
        np.broadcast_to(days, (count, lam.size)),
        ["ztfg"] * lam.size,
        lam,
        np.broadcast_to(redshift, (count,)).astype(float),
        np.full(count, distance),
    )


@pytest.fixture(scope="module")
def power_law(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Spectra ln F = 20 + Ye_dyn (ln ν - ln ν0) - 2 ln t: exact for what interpolates in these."""
    frequencies, days = np.geomspace(1.2e14, 1.2e15, 12), np.geomspace(0.2, 27.0, 9)
    first = np.zeros((7, 1), dtype=np.float32)
    first[2] = 1.0  # Ye_dyn
    arrays = {
        "offset": np.zeros(7),
        "scale": np.ones(7),
        "days": days,
        "frequencies": frequencies,
        "mean": 20.0 - 2.0 * np.log(days) + np.zeros((12, 1)),
        "basis": (np.log(frequencies / 1e14)[:, None] + np.zeros(9))[:, :, None],
        "weight_0": first,
        "bias_0": np.zeros(1, dtype=np.float32),
    }
    path = tmp_path_factory.mktemp("spectra") / "small.npz"
    made = type("Small", (Bu2025,), {"weights": save_weights(path, arrays)})
    model: Model = made(data=path)
    return model


@pytest.fixture
def grid() -> Model:
    model = models.get("Bu2025")
    try:
        model.check_available()
    except Unavailable as error:
        pytest.skip(str(error))
    return model


def test_distance_and_redshift_act_on_a_power_law_as_they_must(
    power_law: Model, three_points: Points
) -> None:
    points = three_points["Bu2025"]
    z, days, lam = np.array([0.0, 0.1, 0.5]), np.array([1.3, 4.0, 40.0]), [4800.0, 6400.0, 20000.0]
    found = magnitudes(power_law, points, days, lam, z, distance=100.0)
    nu, t = SPEED / np.array(lam) * (1 + z[:, None]), days / (1 + z[:, None])
    log_flux = 20.0 + points["Ye_dyn"][:, None] * np.log(nu / 1e14) - 2.0 * np.log(t)
    expected = ZERO - 2.5 * np.log10(np.exp(log_flux) * (1 + z[:, None])) + 35.0
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_magnitudes_are_held_before_the_grid(power_law: Model, three_points: Points) -> None:
    found = magnitudes(power_law, three_points["Bu2025"], [0.01, 0.1, 0.2], [5000.0] * 3)
    np.testing.assert_allclose(found, found[:, -1:].repeat(3, axis=1), atol=1e-5)


def test_bands_beyond_the_spectra_are_refused_with_the_reason(power_law: Model) -> None:
    with pytest.raises(UnsupportedData, match=r"predict uvot::uvw2: .* from 2498 to 24983 Å"):
        Prediction(power_law, np.array([1.0, 2.0]), ["ztfr", "uvot::uvw2"])


@pytest.mark.parametrize("band", ["ztfg", "ztfr", "ztfi"])
def test_it_agrees_with_the_networks_trained_on_magnitudes(grid: Model, band: str) -> None:
    folder = KILONOVA / "Bu2025_lc"
    if not folder.is_dir():
        pytest.skip("the per-band networks, ../shared/data beside the repository, are not here")

    def read(name: str) -> Any:
        return read_pickle((folder / name).read_bytes(), name)

    metadata, layers = read("Bu2025_metadata.pkl"), read(f"Bu2025_{band}.pkl")["params"]
    ends = metadata["X_scaler"].state["scaler"].state
    low, high = ends["min_val"], ends["max_val"]
    rng = np.random.default_rng(3)
    x = low + (high - low) * rng.random((300, 8))
    x[:, 6], x[:, 7] = np.arccos(rng.random(300)), 0.02 * rng.random(300)
    (svd,) = (one.state for one in metadata["y_scaler"][band].state["scalers"])
    scaled = ((x - low) / (high - low)).astype(np.float32)
    each = [layers[f"layers_{i}"] for i in range(4)]
    out = evaluate(tuple((one["kernel"], one["bias"]) for one in each), scaled)
    span = svd["scaler"].state
    theirs = out @ svd["VA"] * (span["max_val"] - span["min_val"]) + span["min_val"]

    points = {parameter.name: x[:, i] for i, parameter in enumerate(grid.parameters)}
    days = metadata["times"]
    lam = np.full(days.size, bands.wavelength(band))
    ours = magnitudes(grid, points, days * (1 + x[:, 7:]), lam, x[:, 7])
    difference = (theirs - ours)[(ours < -9) & (days < 14)]
    assert abs(np.median(difference)) < 0.1
    assert np.quantile(abs(difference), 0.68) < 0.4
