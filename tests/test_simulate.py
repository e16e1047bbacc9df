"""Simulated light curves follow the likelihood's own probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from scipy.stats import binom, kstest, norm

from nmma_fitter.errors import BadInput
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.models.base import FloatArray, Model
from nmma_fitter.simulate import (
    ERROR_AT_LIMIT,
    Errors,
    Exposure,
    photometric_error,
    simulate,
    true_magnitudes,
    ztf_cadence,
)

TRIGGER = 60000.0
SETTINGS = FitSettings(trigger=TRIGGER, sys_error=0.1)


class Constant(Model):
    """A source of one magnitude, with light from day zero on."""

    name, kind, paper, physics = "constant", "test", "none", "1"
    parameters = ()
    valid_days = (0.0, 100.0)

    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        return np.broadcast_to(parameters["m"][:, None], days.shape)


def draw(
    magnitude: float,
    count: int,
    limit: float = 20.5,
    seed: int = 1,
    errors: Errors = "source",
    **settings,
):
    cadence = [Exposure(TRIGGER + 1 + 1e-3 * i, "ztfr", limit) for i in range(count)]
    truth = {"m": magnitude, "luminosity_distance": 100.0}
    chosen = SETTINGS.model_copy(update=settings)
    rng = np.random.default_rng(seed)
    return simulate(Constant(), truth, cadence, chosen, rng, TRIGGER, errors=errors)


@pytest.mark.parametrize("magnitude", [20.2, 20.5, 20.8])
def test_the_share_of_limits_is_the_likelihoods_probability_of_a_limit(magnitude):
    lc = draw(magnitude, 20000)
    expected = norm.cdf((magnitude - 20.5) / np.hypot(0.1, 0.22))
    assert np.mean(~lc.detected) == pytest.approx(expected, abs=0.012)


def test_detections_scatter_by_both_errors():
    lc = draw(19.0, 5000)
    assert lc.detected.all()
    z = (lc.mag - 19.0) / np.hypot(lc.mag_err, 0.1)
    assert kstest(z, "norm").pvalue > 0.01


def test_at_the_limit_the_likelihood_is_a_normalised_density():
    """Censored, not conditioned on being detected: the mean of the score at the truth is zero."""
    lc = draw(20.5, 40000, limit_error=ERROR_AT_LIMIT)
    assert lc.mag[lc.detected].max() <= 20.5
    settings = SETTINGS.model_copy(update={"limit_error": ERROR_AT_LIMIT})
    columns = len(lc)
    likelihood = Likelihood(
        lc, TRIGGER, settings, lambda x: np.repeat(np.asarray(x["m"])[:, None], columns, axis=1)
    )
    grid = np.linspace(20.45, 20.55, 101)
    best = grid[np.argmax(likelihood.log_likelihood({"m": grid}))]
    assert best == pytest.approx(20.5, abs=0.006)


@pytest.mark.parametrize("errors", ["source", "exposure"])
def test_of_many_sources_nine_in_ten_lie_in_their_90_percent_intervals(errors):
    grid = np.linspace(19.0, 22.0, 301)
    truths = np.random.default_rng(0).uniform(19.0, 22.0, 1000)
    ranks = []
    for number, truth in enumerate(truths):
        lc = draw(truth, 4, seed=number, errors=errors)
        likelihood = Likelihood(
            lc, TRIGGER, SETTINGS, lambda x: np.repeat(np.asarray(x["m"])[:, None], 4, axis=1)
        )
        density = np.exp(likelihood.log_likelihood({"m": grid}))
        ranks.append(density[grid < truth].sum() / density.sum())
    inside = np.sum((np.array(ranks) > 0.05) & (np.array(ranks) < 0.95))
    low, high = binom.interval(0.999, len(truths), 0.9)
    assert low <= inside <= high


def test_errors_of_the_exposure_are_those_of_its_limit():
    lc = draw(17.0, 5, errors="exposure")
    np.testing.assert_array_equal(lc.mag_err, SETTINGS.limit_error)


def test_before_the_explosion_there_are_only_limits():
    cadence = [Exposure(TRIGGER - d, "ztfg", 21.0) for d in (3.0, 2.0, 1.0)]
    truth = {"m": 15.0, "luminosity_distance": 100.0}
    lc = simulate(Constant(), truth, cadence, SETTINGS, np.random.default_rng(0), TRIGGER)
    assert not lc.detected.any()
    np.testing.assert_array_equal(lc.limit, 21.0)


def test_the_same_rng_gives_the_same_light_curve_and_another_another():
    np.testing.assert_array_equal(draw(19.0, 9).mag, draw(19.0, 9).mag)
    assert (draw(19.0, 9).mag != draw(19.0, 9, seed=2).mag).all()


def test_systematic_errors_of_a_band_are_used():
    lc = draw(17.0, 4000, sys_error_bands={"ztfr": 0.4})
    assert np.std(lc.mag) == pytest.approx(0.4, rel=0.05)


def test_galactic_reddening_makes_the_source_fainter():
    cadence = [Exposure(TRIGGER + 1, "ztfg", 21.0)]
    truth = {"m": 18.0, "luminosity_distance": 100.0}
    red = SETTINGS.model_copy(update={"galactic_ebv": 0.1})
    clear, dusty = (
        true_magnitudes(Constant(), truth, cadence, s, TRIGGER)[0] for s in (SETTINGS, red)
    )
    assert dusty - clear == pytest.approx(0.37, abs=0.05)


def test_the_error_is_that_of_five_sigma_at_the_limit_and_has_a_floor():
    errors = photometric_error(np.array([20.5, 18.0, 12.0]), np.array(20.5))
    np.testing.assert_allclose(errors, [ERROR_AT_LIMIT, ERROR_AT_LIMIT / 10, 0.01])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"trigger": TRIGGER + 1}, "trigger"),
        ({"truncate": True, "detection_limit": 21.5}, "truncate"),
    ],
)
def test_settings_the_simulation_would_contradict_are_refused(settings, said):
    with pytest.raises(BadInput, match=said):
        draw(19.0, 3, **settings)


def test_a_point_the_model_cannot_evaluate_is_refused():
    with pytest.raises(BadInput, match="cannot be evaluated"):
        draw(float("nan"), 3)


def test_an_empty_cadence_is_refused():
    with pytest.raises(BadInput, match="cadence"):
        draw(19.0, 0)


def test_the_cadence_looks_like_the_surveys():
    cadence = ztf_cadence(np.random.default_rng(3), TRIGGER - 10, TRIGGER + 14)
    bands = [e.band for e in cadence]
    assert bands.count("ztfg") == bands.count("ztfr") > bands.count("ztfi") > 0
    assert 14 < bands.count("ztfg") <= 24
    assert all(TRIGGER - 10 <= e.mjd <= TRIGGER + 14 for e in cadence)
    assert all(20.5 <= e.limit <= 21.0 for e in cadence if e.band != "ztfi")
    assert [e.mjd for e in cadence] == sorted(e.mjd for e in cadence)
