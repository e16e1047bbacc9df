from __future__ import annotations

import numpy as np
import pytest

from nmma_fitter import models
from nmma_fitter.models.base import FloatArray, Model

from .conftest import predict

DAYS = np.array([0.3, 1.0, 3.0, 8.0])
LAMBDA = np.array([4813.95, 6421.81, 7883.03])
Points = dict[str, dict[str, FloatArray]]


def light(model: Model, points: dict[str, FloatArray]) -> FloatArray:
    return predict(model, points, DAYS, LAMBDA, 0.1, 475.0)


@pytest.fixture
def jets(three_points: Points) -> dict[str, FloatArray]:
    return three_points["TrPi2018"]


def test_default_accuracy(jets: dict[str, FloatArray]) -> None:
    fine = models.get("TrPi2018", latRes=40, tRes=1000, rtol=1e-4)
    np.testing.assert_allclose(light(models.get("TrPi2018"), jets), light(fine, jets), atol=0.05)


def test_wing_ratio_is_another_way_to_give_thetawing(jets: dict[str, FloatArray]) -> None:
    by_wing = {k: v for k, v in jets.items() if k != "wing_ratio"}
    by_wing["thetaWing"] = jets["wing_ratio"] * jets["thetaCore"]
    model = models.get("TrPi2018")
    np.testing.assert_array_equal(light(model, by_wing), light(model, jets))


def test_top_hat_needs_no_wings(jets: dict[str, FloatArray]) -> None:
    no_wings = {k: v for k, v in jets.items() if k != "wing_ratio"}
    assert np.isfinite(light(models.get("TrPi2018", jet="tophat"), no_wings)).all()


@pytest.mark.parametrize(
    ("changed", "options"),
    [
        ({"log10_epsilon_e": -0.2, "log10_epsilon_B": -0.2}, {}),
        ({"thetaCore": 0.05, "wing_ratio": 13.0}, {"max_wing_ratio": 12.0}),
        ({"thetaCore": 0.5, "wing_ratio": 4.0}, {}),
        ({"p": 0.5}, {}),
    ],
)
def test_excluded_point_is_nan_throughout(
    jets: dict[str, FloatArray], changed: dict[str, float], options: dict[str, float]
) -> None:
    points = {k: v.copy() for k, v in jets.items()}
    for name, value in changed.items():
        points[name][1] = value
    magnitudes = light(models.get("TrPi2018", **options), points)
    assert np.isnan(magnitudes[1]).all()
    assert np.isfinite(magnitudes[[0, 2]]).all()


def test_dark_point_is_excluded_only_by_the_originals_rule(jets: dict[str, FloatArray]) -> None:
    points = {k: v[:1].copy() for k, v in jets.items()}
    points["log10_E0"][:] = -290.0
    assert not np.isfinite(light(models.get("TrPi2018", refuse_dark=True), points)).any()
