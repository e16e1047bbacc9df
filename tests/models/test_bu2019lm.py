from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmma_fitter import bands, models
from nmma_fitter.errors import BadInput, Unavailable, UnsupportedData
from nmma_fitter.models.base import FloatArray, Model
from nmma_fitter.models.bu2019lm import Bu2019lm
from nmma_fitter.models.observed import Prediction
from nmma_fitter.models.surrogate_conversion import convert
from nmma_fitter.models.surrogate_files import save_weights

from .published import write_bu2019

Points = dict[str, dict[str, FloatArray]]
TEN_PARSEC = 1e-5  # Mpc


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, dict[str, Any]]:
    """The model over two made-up networks, in ps1::g and 2massks, and what they are."""
    folder = tmp_path_factory.mktemp("published")
    truth = write_bu2019(folder, exp_of_log10=False)
    digest = save_weights(folder / "small.npz", convert("Bu2019lm", folder))
    made = type("Small", (Bu2019lm,), {"weights": digest})
    return made(data=folder / "small.npz"), truth


@pytest.fixture
def grid() -> Model:
    model = models.get("Bu2019lm")
    try:
        model.check_available()
    except Unavailable as error:
        pytest.skip(str(error))
    return model


def at(
    model: Model, points: dict[str, FloatArray], band: str, days: list[float], **place: float
) -> FloatArray:
    count = len(next(iter(points.values())))
    return model.magnitudes(
        points,
        np.broadcast_to(days, (count, len(days))),
        [band] * len(days),
        np.full(len(days), bands.wavelength(band)),
        np.full(count, place.get("redshift", 0.0)),
        np.full(count, place.get("distance", TEN_PARSEC)),
    )


@pytest.mark.parametrize("band", ["ps1::g", "2massks"])
def test_a_band_is_what_its_network_says(
    small: tuple[Model, dict[str, Any]], band: str, three_points: Points
) -> None:
    model, truth = small
    net, basis = truth["nets"][band]
    points = three_points["Bu2019lm"]
    ranges = list(truth["ranges"].values())
    for i in range(3):
        own = [points[parameter.name][i] for parameter in model.parameters]
        own[-1] = own[-1] * 180 / np.pi
        hidden = np.array([(x - r[0]) / (r[1] - r[0]) for x, r in zip(own, ranges, strict=True)])
        for layer in range(3):
            hidden = hidden @ net[f"layers_{layer}"]["kernel"].value
            hidden = hidden + net[f"layers_{layer}"]["bias"].value
            hidden = np.maximum(hidden, 0.0) if layer < 2 else hidden
        expected = hidden @ basis * (truth["high"] - truth["low"]) + truth["low"]
        one = {name: values[i : i + 1] for name, values in points.items()}
        found = at(model, one, band, [1.5, 1.7, 1.8])[0]
        between = (expected[1] + expected[2]) / 2
        np.testing.assert_allclose(found, [*expected[:2], between], atol=1e-3)


def test_magnitudes_are_held_before_the_grid_and_go_on_after_it(
    small: tuple[Model, dict[str, Any]], three_points: Points
) -> None:
    found = at(small[0], three_points["Bu2019lm"], "ps1::g", [0.1, 1.5, 17.9, 19.9, 21.9, 23.9])
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    slope = found[:, 3] - found[:, 2]
    np.testing.assert_allclose(found[:, 4:], found[:, 3:4] + slope[:, None] * [1.0, 2.0])


def test_between_two_bands_the_magnitude_is_linear_in_the_wavelengths_logarithm(
    small: tuple[Model, dict[str, Any]], three_points: Points
) -> None:
    model, points = small[0], three_points["Bu2019lm"]
    ends = [at(model, points, band, [3.0]) for band in ("ps1::g", "2massks")]
    ln = [np.log(bands.wavelength(band)) for band in ("ps1::g", "ztfr", "2massks")]
    part = (ln[1] - ln[0]) / (ln[2] - ln[0])
    expected = (1 - part) * ends[0] + part * ends[1]
    np.testing.assert_allclose(at(model, points, "ztfr", [3.0]), expected)


def test_bands_beyond_the_grids_are_refused_with_the_reason(
    small: tuple[Model, dict[str, Any]],
) -> None:
    with pytest.raises(UnsupportedData, match=r"cannot predict sdssu: its grid .* from ps1::g"):
        Prediction(small[0], np.array([1.0, 2.0]), ["ztfr", "sdssu"])


def test_without_weights_it_is_unavailable_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"fetch Bu2019lm, or put none.npz .*_DATA_DIR"):
        models.get("Bu2019lm", data=tmp_path / "none.npz").check_available()


@pytest.mark.parametrize("error", [-0.1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["Bu2019lm", "Bu2025"])
def test_an_error_that_is_none_is_refused(name: str, error: float) -> None:
    with pytest.raises(BadInput, match=f"of {name}: give magnitudes"):
        models.get(name, model_error=error)


def test_it_is_as_bright_as_a_kilonova_and_reddens(grid: Model, three_points: Points) -> None:
    points = three_points["Bu2019lm"]
    first, later = (
        [at(grid, points, band, [day]) for band in ("ps1::g", "2massks")] for day in (1.5, 7.5)
    )
    assert np.all((first[0] > -16.5) & (first[0] < -11))
    assert np.all(later[0] - later[1] > first[0] - first[1] + 2)
