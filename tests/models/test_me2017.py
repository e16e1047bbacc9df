from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nmma_fitter import models
from nmma_fitter.inference.alignment import CHUNK
from nmma_fitter.models import me2017_grids, me2017_kernel
from nmma_fitter.models.base import FloatArray
from nmma_fitter.models.me2017 import Me2017

from .conftest import predict

DAYS = np.array([0.05, 0.2, 1.0, 2.0, 4.0])
LAMBDA = np.array([4813.95, 6421.81, 7883.03])
Points = dict[str, dict[str, FloatArray]]

ACROSS_THE_PRIOR = {
    "log10_mej": [-1.5, -2.5, -1.0, -3.0, -0.5, -2.0],
    "log10_vej": [-0.9, -0.6, -1.5, -0.5, -2.0, -1.2],
    "beta": [3.0, 4.5, 1.5, 1.0, 5.0, 2.5],
    "log10_kappa_r": [0.3, 1.4, -0.5, -1.0, 2.0, 0.8],
}
# the same grid and steps in double precision and plain numpy, at 100 Mpc, redshift 0.02, 6421.81 Å
PLAINLY = {
    0.05: [20.808476, 22.162654, 20.247656, 20.858097, 25.058091, 21.926381],
    0.3: [19.805922, 21.900173, 19.369824, 21.047903, 24.289968, 21.410007],
    1.0: [19.83486, 23.489519, 19.22036, 25.05904, 24.492314, 21.821946],
    3.0: [21.610849, 30.148407, 19.761106, 39.788986, 25.794399, 23.843592],
    8.0: [29.009041, 53.286355, 22.001864, 78.201326, 28.546117, 30.516861],
    14.0: [39.672548, 82.617847, 25.458097, 122.414956, 31.06889, 40.101995],
}


def across_the_prior(days: FloatArray, **changed: FloatArray) -> FloatArray:
    """Magnitudes of six points, each at its row of days."""
    points = {name: np.array(values) for name, values in ACROSS_THE_PRIOR.items()} | changed
    count = days.shape[1]
    with np.errstate(all="ignore"):
        return models.get("Me2017").magnitudes(
            points,
            days,
            ["ztfr"] * count,
            np.full(count, 6421.81),
            np.full(6, 0.02),
            np.full(6, 100.0),
        )


def test_single_precision_changes_nothing() -> None:
    found = across_the_prior(np.tile(list(PLAINLY), (6, 1)))
    np.testing.assert_allclose(found, np.transpose(list(PLAINLY.values())), rtol=0, atol=2e-5)


def test_an_earlier_observation_of_another_point_changes_nothing() -> None:
    days = np.tile([0.02, 1.0], (6, 1))
    alone = across_the_prior(days)
    days[3, 0] = 1e-5
    np.testing.assert_allclose(across_the_prior(days)[:3], alone[:3], rtol=0, atol=1e-9)


def test_light_rises_smoothly_from_the_merger() -> None:
    days = np.tile(np.geomspace(1e-9, 1e-2, 200), (6, 1))
    magnitudes = across_the_prior(days)
    assert np.isfinite(magnitudes).all()
    assert np.abs(np.diff(magnitudes, n=2, axis=1)).max() < 0.1


@pytest.mark.parametrize("name", list(ACROSS_THE_PRIOR))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_no_number_concerns_its_point_only(name: str, value: float) -> None:
    days = np.tile([0.3, 3.0], (6, 1))
    values = np.array(ACROSS_THE_PRIOR[name])
    values[2] = value
    found = across_the_prior(days, **{name: values})
    assert np.isnan(found[2]).all() or not np.isnan(value)
    np.testing.assert_allclose(np.delete(found, 2, 0), np.delete(across_the_prior(days), 2, 0))


def test_a_time_that_is_no_number_gives_no_magnitude() -> None:
    days = np.tile([np.nan, np.inf, -np.inf, 0.0, 3.0], (6, 1))
    found = across_the_prior(days)
    assert np.isnan(found[:, 0]).all()
    assert np.isposinf(found[:, 1:4]).all()
    np.testing.assert_allclose(found[:, 4], PLAINLY[3.0], atol=2e-5)


def test_times_in_any_order_of_memory() -> None:
    days = np.asfortranarray(np.tile([0.3, 3.0, 8.0], (6, 1)))
    found = across_the_prior(days)
    np.testing.assert_array_equal(found, across_the_prior(np.ascontiguousarray(days)))


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


def test_what_was_asked_before_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    lasting = Me2017()
    for _ in range(300):
        chosen = rng.integers(0, 6, rng.integers(1, 9))
        if rng.random() < 0.8:
            chosen = np.unique(chosen)
        days = rng.choice([1e-4, 0.02, 1.0, 30.0]) * rng.uniform(-0.1, 1, (len(chosen), 4))
        call = points_of(chosen), days, rng.uniform(0, 0.4, len(chosen))
        np.testing.assert_array_equal(seen(lasting, *call), seen(Me2017(), *call))


def test_points_are_integrated_once_for_all_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    integrated: list[int] = []

    def counting(*arguments: object) -> None:
        integrated.append(len(arguments[0]))  # type: ignore[arg-type]
        integrate(*arguments)

    integrate = me2017_kernel.integrate
    monkeypatch.setattr(me2017_kernel, "integrate", counting)
    model, all_six = Me2017(), np.arange(6)
    days = np.tile(DAYS, (6, 1))
    for redshift in (0.02, 0.15, 0.001):
        seen(model, points_of(all_six), days, np.full(6, redshift))
    seen(model, points_of(all_six[::-2]), days[::-2], np.full(3, 0.03))
    assert integrated == [6]
    seen(model, points_of(all_six), days, np.full(6, 0.5))
    assert integrated == [6, 6]


def test_a_samplers_chunk_is_kept_whole() -> None:
    assert CHUNK <= me2017_grids.MOST_KEPT


def points_of(chosen: NDArray[np.int64]) -> dict[str, FloatArray]:
    return {name: np.array(values)[chosen] for name, values in ACROSS_THE_PRIOR.items()}


def seen(
    model: Me2017, points: dict[str, FloatArray], days: FloatArray, redshift: FloatArray
) -> FloatArray:
    """Magnitudes at days in the observer's frame."""
    count, distance = days.shape[1], 4000 * redshift + 10
    with np.errstate(all="ignore"):
        return model.magnitudes(
            points, days, ["ztfr"] * count, np.full(count, 6421.81), redshift, distance
        )
