"""Ka2017 over a small made-up network, and the published one where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nmma_fitter import bands, models
from nmma_fitter.errors import Unavailable
from nmma_fitter.models.base import FloatArray, Model
from nmma_fitter.models.ka2017 import Ka2017
from nmma_fitter.models.surrogate_files import save_weights

Points = dict[str, dict[str, FloatArray]]
TEN_PARSEC = 1e-5  # Mpc
SPEED = 2.99792458e18  # Å/s
SPHERE = 4 * np.pi * (10 * 3.0856775814913674e18) ** 2


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """One hidden value that is a parameter's: log10(L + 1e37) = 37 + 2 / (1 + e^-tanh tanh mass).

    The luminosity per wavelength is the same at every wavelength and time.
    """
    first, second = np.zeros((4, 2), np.float32), np.eye(2, dtype=np.float32)
    first[0, 0] = 1.0
    last = np.zeros((2, 1629), np.float32)
    last[0] = 1.0
    arrays = {
        "offset": np.array([-3.0, -1.5, 1.0, 0.05]),
        "scale": np.array([2.0, 1.1, 8.0, 24.8]),
        "log_luminosity": np.array([1e37, 37.0, 2.0]),
        **{"weight_0": first, "weight_1": second, "weight_2": last},
        "bias_0": np.zeros(2, np.float32),
        "bias_1": np.zeros(2, np.float32),
        "bias_2": np.zeros(1629, np.float32),
    }
    path = tmp_path_factory.mktemp("kasen") / "small.npz"
    made = type("Small", (Ka2017,), {"weights": save_weights(path, arrays)})
    model: Model = made(data=path)
    return model


@pytest.fixture
def grid() -> Model:
    model = models.get("Ka2017")
    try:
        model.check_available()
    except Unavailable as error:
        pytest.skip(str(error))
    return model


def at(
    model: Model,
    points: dict[str, FloatArray],
    band: str,
    days: list[float],
    redshift: float = 0.0,
    distance: float = TEN_PARSEC,
) -> FloatArray:
    count = len(points["log10_mej"])
    return model.magnitudes(
        points,
        np.broadcast_to(days, (count, len(days))),
        [band] * len(days),
        np.full(len(days), bands.wavelength(band)),
        np.full(count, redshift),
        np.full(count, distance),
    )


def test_a_magnitude_is_the_mean_of_f_nu_over_the_band(flat: Model, three_points: Points) -> None:
    points = three_points["Ka2017"]
    hidden = np.tanh(np.tanh((points["log10_mej"] + 3.0) / 2.0))
    luminosity = 10 ** (37 + 2 / (1 + np.exp(-hidden))) - 1e37
    lam = bands.wavelength("ztfr")
    mean = lam**2 * np.sinh(0.2) / 0.2  # of λ² over ln λ, ±0.1
    expected = -2.5 * np.log10(luminosity / SPHERE * mean / SPEED) - 48.6
    found = at(flat, points, "ztfr", [0.01, 0.3, 5.0, 60.0])
    np.testing.assert_allclose(found, expected[:, None].repeat(4, 1), atol=2e-3)


def test_distance_and_redshift_act_as_they_must(flat: Model, three_points: Points) -> None:
    points = three_points["Ka2017"]
    near, far = (
        at(flat, points, "ztfr", [1.0], z, d) for z, d in ((0.0, TEN_PARSEC), (0.5, 100.0))
    )
    # F_ν at a wavelength 1.5 times shorter is 1.5² times less where F_λ is constant
    expected = 35.0 - 2.5 * np.log10(1.5) + 5.0 * np.log10(1.5)
    np.testing.assert_allclose(far - near, expected, atol=2e-3)


def test_a_parameter_that_is_no_number_concerns_its_point_only(
    flat: Model, three_points: Points
) -> None:
    points = {name: values.copy() for name, values in three_points["Ka2017"].items()}
    points["log10_mej"][1] = np.nan
    found = at(flat, points, "ztfr", [1.0, 3.0])
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()


def test_without_weights_it_is_unavailable_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"fetch Ka2017, or put none.npz"):
        models.get("Ka2017", data=tmp_path / "none.npz").check_available()


def test_lanthanides_make_it_fainter_in_the_blue_and_brighter_in_the_red(grid: Model) -> None:
    points = {
        "log10_mej": np.full(2, -1.5),
        "log10_vej": np.full(2, -0.8),
        "log10_Xlan": np.array([-5.0, -1.5]),
    }
    blue, red = (at(grid, points, band, [2.0])[:, 0] for band in ("ztfg", "2massks"))
    assert blue[1] > blue[0] + 3
    assert red[1] < red[0] - 1
