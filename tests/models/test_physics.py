"""What must hold for any light curve, whatever the model."""

from __future__ import annotations

import numpy as np
import pytest

from nmma_fitter import models
from nmma_fitter.errors import Unavailable
from nmma_fitter.models import cosmology
from nmma_fitter.models.base import FloatArray, Model
from nmma_fitter.models.observed import Prediction

Points = dict[str, dict[str, FloatArray]]
DAYS = np.array([-3.0, 0.4, 1.0, 2.0, 3.5, 6.0])
BANDS = ["ztfg", "ztfr", "ztfi", "ztfg", "ztfr", "ztfi"]


@pytest.fixture(params=models.names())
def model(request: pytest.FixtureRequest) -> Model:
    made = models.get(request.param)
    try:
        made.check_available()
    except Unavailable as error:
        pytest.skip(str(error))
    return made


def placed(points: dict[str, FloatArray], **common: float) -> dict[str, FloatArray]:
    chosen = {"luminosity_distance": 200.0, "timeshift": -0.1, **common}
    return points | {name: np.full(3, value) for name, value in chosen.items()}


def test_no_light_before_the_explosion(model: Model, three_points: Points) -> None:
    magnitudes = Prediction(model, DAYS, BANDS)(placed(three_points[model.name]))
    assert np.all(np.isposinf(magnitudes[:, 0]))
    assert np.all(magnitudes[:, 1:3] < 60)


def test_dims_with_the_square_of_the_distance(model: Model, three_points: Points) -> None:
    predict = Prediction(model, DAYS[1:3], BANDS[1:3])
    near = predict(placed(three_points[model.name], redshift=0.1))
    far = predict(placed(three_points[model.name], redshift=0.1, luminosity_distance=2000.0))
    np.testing.assert_allclose(far - near, 5.0, atol=1e-6)


def test_redshift_stretches_time_and_wavelength(model: Model, three_points: Points) -> None:
    z = 0.3
    points = placed(three_points[model.name], timeshift=0.0)
    wavelengths = np.array([5000.0, 6000.0])
    bands = ["ztfg", "ztfr"]
    if model.name == "nugent-hyper":  # bandpasses do not stretch with the light
        model = models.get(model.name, photometry="monochromatic")

    def at(stretch: float) -> FloatArray:
        return model.magnitudes(
            points,
            np.full((3, 2), 1.3) * stretch,
            bands,
            wavelengths * stretch,
            np.full(3, stretch - 1.0),
            np.full(3, 100.0),
        )

    # f_ν of the same rest-frame instant and wavelength is (1+z) as large
    np.testing.assert_allclose(at(1.0) - at(1.0 + z), 2.5 * np.log10(1.0 + z), atol=0.01)


def test_a_batch_equals_its_points_one_by_one(model: Model, three_points: Points) -> None:
    predict = Prediction(model, DAYS, BANDS, galactic_ebv=0.05)
    points = placed(three_points[model.name], Ebv=0.2)
    together = predict(points)
    for i in range(3):
        alone = predict({name: values[i : i + 1] for name, values in points.items()})
        np.testing.assert_allclose(alone[0], together[i], atol=2e-3)


def test_one_bad_point_spoils_no_other(model: Model, three_points: Points) -> None:
    predict = Prediction(model, DAYS, BANDS)
    points = placed(three_points[model.name])
    good = predict(points)
    name = model.parameters[0].name
    points[name] = points[name].copy()
    points[name][1] = np.nan
    with np.errstate(all="ignore"):
        spoilt = predict(points)
    assert np.all(np.isnan(spoilt[1, 1:]))
    np.testing.assert_allclose(spoilt[[0, 2]], good[[0, 2]], atol=2e-3)


def test_zero_distance_is_harmless(model: Model, three_points: Points) -> None:
    points = placed(three_points[model.name], luminosity_distance=0.0)
    assert not np.isnan(Prediction(model, DAYS, BANDS)(points)).any()


@pytest.mark.filterwarnings("ignore")
def test_validity_counts_rest_frame_days(model: Model, three_points: Points) -> None:
    first, last = model.valid_days
    z = 0.5
    points = placed(three_points[model.name], redshift=z, timeshift=0.0)
    days = np.array([-1.0, (first + 1e-3) * (1 + z), last * (1 + z) * 0.999, last * (1 + z) + 1])
    outside = Prediction(model, days, ["ztfr"] * 4).outside_validity(points)
    assert outside.tolist() == [[False, False, False, True]] * 3


def test_distances_agree_with_astropy() -> None:
    from astropy.cosmology import Planck18

    z = np.geomspace(1e-7, 0.9999 * cosmology.MAX_REDSHIFT, 1000)
    exact = Planck18.luminosity_distance(z).value
    np.testing.assert_allclose(cosmology.luminosity_distance(z), exact, rtol=1e-8)
    np.testing.assert_allclose(cosmology.redshift(exact), z, rtol=1e-8)


def test_zero_distance_is_redshift_zero() -> None:
    assert cosmology.redshift(np.array([0.0]))[0] == 0.0
