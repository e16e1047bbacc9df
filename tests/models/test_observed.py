"""Distance, dust, time of explosion and the original's time grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from nmma_fitter import bands, models
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_settings import TimeGrid
from nmma_fitter.models import cosmology, extinction
from nmma_fitter.models.base import FloatArray, Model, Parameter
from nmma_fitter.models.observed import Prediction, interpolate


class Square(Model):
    """Magnitudes t² of the observer-frame days, to see what the layer around a model does."""

    name = "square"
    kind = "test"
    paper = "none"
    physics = "1"
    parameters = (Parameter("slope", "", "", ""),)
    valid_days = (0.0, 10.0)

    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        return parameters["slope"][:, None] * days**2


def one(**values: float) -> dict[str, FloatArray]:
    return {k: np.array([v]) for k, v in {"slope": 1.0, "redshift": 0.0, **values}.items()}


def test_time_runs_from_the_explosion() -> None:
    predict = Prediction(Square(), np.array([1.0, 2.0]), ["ztfg", "ztfr"])
    np.testing.assert_allclose(predict(one(timeshift=-2.0)), [[9.0, 16.0]])
    assert np.isposinf(predict(one(timeshift=1.5))[0, 0])


def test_distance_and_redshift_follow_from_each_other() -> None:
    piro = models.get("Piro2021")
    star = {"log10_Menv": -1.0, "log10_Renv": 12.0, "log10_Ee": 50.0, "timeshift": -0.5}
    points = {k: np.array([v]) for k, v in star.items()}
    predict = Prediction(piro, np.array([0.5]), ["ztfg"])
    z = np.array([0.1])
    by_redshift = predict(points | {"redshift": z})
    by_distance = predict(points | {"luminosity_distance": cosmology.luminosity_distance(z)})
    np.testing.assert_allclose(by_redshift, by_distance, atol=1e-6)


def test_neither_distance_nor_redshift_is_refused() -> None:
    predict = Prediction(Square(), np.array([1.0]), ["ztfg"])
    with pytest.raises(BadInput, match="luminosity_distance nor redshift"):
        predict({"slope": np.array([1.0])})


def test_missing_parameter_is_named() -> None:
    predict = Prediction(Square(), np.array([1.0]), ["ztfg"])
    with pytest.raises(BadInput, match="needs the parameter slope"):
        predict({"redshift": np.array([0.1])})


def test_dust_of_the_milky_way_and_of_the_host() -> None:
    lam = bands.wavelength("ztfg")
    dusty = Prediction(Square(), np.array([1.0]), ["ztfg"], galactic_ebv=0.1)
    z = 0.2
    extra = dusty(one(Ebv=0.3, redshift=z)) - 1.0
    expected = 0.1 * extinction.fitzpatrick99(np.array([lam]))
    expected += 0.3 * extinction.pei92_smc(np.array([lam / (1 + z)]))
    np.testing.assert_allclose(extra[0], expected)


def test_wavelengths_can_be_replaced() -> None:
    dusty = Prediction(
        Square(), np.array([1.0]), ["ztfg"], galactic_ebv=1.0, wavelengths={"ztfg": 6000.0}
    )
    added = dusty(one())[0] - 1.0
    np.testing.assert_allclose(added, extinction.fitzpatrick99(np.array([6000.0])))


def test_grid_interpolates_and_extrapolates_linearly() -> None:
    grid = TimeGrid(start=0.0, stop=3.0, step=1.0)
    predict = Prediction(Square(), np.array([-1.0, 0.5, 2.5, 5.0]), ["ztfg"] * 4, time_grid=grid)
    np.testing.assert_allclose(predict(one()), [[-1.0, 0.5, 6.5, 19.0]])


def test_flux_points_are_interpolated_first() -> None:
    grid = TimeGrid(start=1.0, stop=3.0, step=1.0, flux_points=2)  # evaluated at 1 and 4 d
    predict = Prediction(Square(), np.array([2.0]), ["ztfg"], time_grid=grid)
    np.testing.assert_allclose(predict(one()), [[1.0 + 15.0 / 3.0]])


def test_interpolation_leaves_out_what_is_not_finite() -> None:
    times = np.array([0.0, 1.0, 2.0, 3.0])
    curves = np.array([[np.inf, 1.0, np.nan, 3.0], [np.nan] * 4, [np.inf] * 4])
    found = interpolate(np.full((3, 1), 2.0), times, curves)
    assert found[0, 0] == 2.0
    assert np.isnan(found[1, 0])
    assert np.isposinf(found[2, 0])


def test_dense_grid_for_a_plot() -> None:
    predict = Prediction(Square(), np.array([1.0]), ["ztfg"], galactic_ebv=0.1)
    dense = predict.at(np.linspace(0.1, 5, 40), ["ztfr"] * 40)
    assert dense(one()).shape == (1, 40)
    assert dense.galactic_ebv == 0.1
