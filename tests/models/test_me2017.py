from __future__ import annotations

import numpy as np

from nmma_fitter import models
from nmma_fitter.models.base import FloatArray

from .conftest import predict

DAYS = np.array([0.05, 0.2, 1.0, 2.0, 4.0])
LAMBDA = np.array([4813.95, 6421.81, 7883.03])
Points = dict[str, dict[str, FloatArray]]


def test_its_grid_of_layers_has_converged(three_points: Points) -> None:
    ours = predict(models.get("Me2017"), three_points["Me2017"], DAYS, LAMBDA, 0.0, 100.0)
    fine = models.get("Me2017", layers=1500)
    exact = predict(fine, three_points["Me2017"], DAYS, LAMBDA, 0.0, 100.0)
    np.testing.assert_allclose(ours, exact, atol=0.02)


def test_agrees_with_euler_steps_short_and_early_enough(three_points: Points) -> None:
    grid = np.sort(np.concatenate([np.geomspace(1e-3, 5.0, 4000), DAYS]))
    points = {name: values[:1] for name, values in three_points["Me2017"].items()}
    euler = models.get("Me2017", integrator="nmma", layers=1500)
    slow = predict(euler, points, grid, LAMBDA, 0.0, 100.0)[:, :, np.searchsorted(grid, DAYS)]
    ours = predict(models.get("Me2017"), points, DAYS, LAMBDA, 0.0, 100.0)
    np.testing.assert_allclose(ours, slow, atol=0.06)


def test_published_blackbody_radiates_its_luminosity() -> None:
    from nmma_fitter.models import blackbody

    luminosity, radius = np.full((1, 4000), 1e42), np.full((1, 4000), 1e15)
    lam = np.geomspace(300.0, 1e6, 4000)
    distance = 1.0
    nothing = np.zeros(1)
    mags = blackbody.magnitudes(luminosity, radius, lam, nothing, np.array([distance]))
    f_nu = 10 ** (-0.4 * (mags[0] + 48.6))
    nu = blackbody.SPEED_OF_LIGHT / (lam * 1e-8)
    total = -np.trapezoid(f_nu, nu) * 4 * np.pi * (distance * blackbody.MEGAPARSEC) ** 2
    np.testing.assert_allclose(total, 1e42, rtol=1e-3)
