from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.stats import norm, truncnorm

from nmma_fitter.errors import BadInput, ConfigError
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.inference.likelihood import Likelihood, noise_of

nan = float("nan")
DETECTION = (59000.0, "ztfg", 19.0, 0.1, nan)
LIMIT = (59001.0, "ztfr", nan, nan, 20.5)


def constant(rows: int):
    """A model of one parameter: the magnitude at every row."""

    def predict(parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.repeat(np.asarray(parameters["m"], dtype=float)[:, None], rows, axis=1)

    return predict


def log_l(light_curve, magnitudes, **settings) -> np.ndarray:
    likelihood = Likelihood(
        light_curve, 59000.0, FitSettings(**settings), constant(len(light_curve.mjd))
    )
    return likelihood.log_likelihood({"m": np.asarray(magnitudes, dtype=float)})


M = np.array([15.0, 18.7, 19.0, 20.5, 23.0, 40.0])


def test_a_detection_is_gaussian_with_both_errors_in_quadrature(light_curve):
    got = log_l(light_curve(DETECTION), M, sys_error=0.3)
    np.testing.assert_allclose(got, norm.logpdf(19.0, M, np.hypot(0.1, 0.3)), rtol=1e-12)


def test_a_limit_is_the_survival_function_at_its_own_limit(light_curve):
    got = log_l(light_curve(LIMIT), M, sys_error=0.3, limit_error=0.22)
    np.testing.assert_allclose(got, norm.logsf(20.5, M, np.hypot(0.22, 0.3)), rtol=1e-9)


def test_a_limit_without_any_error_is_a_step(light_curve):
    got = log_l(light_curve(LIMIT), [20.4, 20.6], sys_error=0, limit_error=0)
    assert got.tolist() == [-np.inf, 0.0]


def test_a_band_may_have_its_own_systematic_error(light_curve):
    got = log_l(light_curve(DETECTION), M, sys_error=1.0, sys_error_bands={"ztfg": 0.2})
    np.testing.assert_allclose(got, norm.logpdf(19.0, M, np.hypot(0.1, 0.2)))


def test_rows_add_up(light_curve):
    both = log_l(light_curve(DETECTION, LIMIT), M)
    np.testing.assert_allclose(
        both, log_l(light_curve(DETECTION), M) + log_l(light_curve(LIMIT), M)
    )


@pytest.mark.parametrize("row", [DETECTION, LIMIT])
def test_multiplicity_equals_repeated_rows(light_curve, row):
    np.testing.assert_allclose(
        log_l(light_curve(row, times=3), M), log_l(light_curve(row, row, row), M)
    )


def test_truncation_is_scipys_truncated_normal(light_curve):
    got = log_l(light_curve(DETECTION), M, truncate=True, detection_limit=21.5)
    sigma = np.hypot(0.1, 1.0)
    want = truncnorm.logpdf(19.0, -np.inf, (21.5 - M) / sigma, loc=M, scale=sigma)
    np.testing.assert_allclose(got, want, rtol=1e-8)


def test_truncation_leaves_limits_alone(light_curve):
    np.testing.assert_array_equal(
        log_l(light_curve(LIMIT), M, truncate=True, detection_limit={"ztfg": 21.5}),
        log_l(light_curve(LIMIT), M),
    )


def test_zero_flux_agrees_with_a_limit_and_not_with_a_detection(light_curve):
    assert log_l(light_curve(LIMIT), [np.inf]) == [0.0]
    assert log_l(light_curve(DETECTION), [np.inf]) == [-np.inf]
    assert log_l(light_curve(DETECTION), [np.inf], truncate=True, detection_limit=21.0) == [-np.inf]


def test_infinite_flux_is_impossible(light_curve):
    assert log_l(light_curve(LIMIT), [-np.inf]) == [-np.inf]
    assert log_l(light_curve(DETECTION), [-np.inf]) == [-np.inf]


def test_points_that_cannot_be_evaluated_are_impossible_and_counted(light_curve):
    likelihood = Likelihood(light_curve(DETECTION, LIMIT), 59000.0, FitSettings(), constant(2))
    got = likelihood.log_likelihood({"m": np.array([19.0, nan, nan])})
    assert np.isfinite(got[0]) and got[1] == got[2] == -np.inf
    assert (likelihood.n_evaluations, likelihood.n_invalid) == (3, 2)


def test_the_value_does_not_depend_on_how_many_points_come_together(light_curve):
    rows = [(59000.0 + i, "ztfg", 19.0 + 0.1 * i, 0.05, nan) for i in range(37)]
    magnitudes = np.linspace(15, 25, 101)
    together = log_l(light_curve(*rows), magnitudes)
    assert together.tolist() == [log_l(light_curve(*rows), [m])[0] for m in magnitudes]


@pytest.mark.parametrize(
    ("row", "settings", "words"),
    [
        ((59000.0, "ztfg", 19.0, nan, nan), {}, "no finite"),
        ((59000.0, "ztfg", 19.0, -0.1, nan), {}, "negative error"),
        ((59000.0, "ztfg", nan, nan, nan), {}, "no finite"),
        ((59000.0, "ztfg", 19.0, 0.0, nan), {"sys_error": 0.0}, "give mag_err or sys_error"),
        (DETECTION, {"truncate": True, "detection_limit": 18.0}, "fainter than detection_limit"),
    ],
)
def test_rows_that_cannot_be_used_are_named(light_curve, row, settings, words):
    with pytest.raises(BadInput, match=words):
        log_l(light_curve(row), M, **settings)


@pytest.mark.parametrize("limit", [None, {"ztfi": 21.0}])
def test_truncation_needs_a_limit_for_each_band(light_curve, limit):
    with pytest.raises(ConfigError, match="detection_limit"):
        log_l(light_curve(DETECTION), M, truncate=True, detection_limit=limit)


def likelihood_of(light_curve, **settings) -> Likelihood:
    return Likelihood(light_curve, 59000.0, FitSettings(**settings), constant(len(light_curve.mjd)))


def test_the_digest_forgets_the_order_and_knows_the_values(light_curve):
    digest = likelihood_of(light_curve(DETECTION, LIMIT)).data_digest()
    assert likelihood_of(light_curve(LIMIT, DETECTION)).data_digest() == digest
    assert likelihood_of(light_curve(LIMIT)).data_digest() != digest
    assert likelihood_of(light_curve(DETECTION, LIMIT, times=2)).data_digest() != digest


@pytest.mark.parametrize(
    "settings",
    [
        {"sys_error": 0.5},
        {"sys_error_bands": {"ztfr": 0.5}},
        {"limit_error": 1.0},
        {"truncate": True, "detection_limit": 21.5},
    ],
)
def test_comparability_knows_each_setting_of_the_likelihood(light_curve, settings):
    data = light_curve(DETECTION, LIMIT)
    assert likelihood_of(data, **settings).comparability() != likelihood_of(data).comparability()


def test_settings_of_bands_without_data_do_not_matter_to_comparability(light_curve):
    data = light_curve(DETECTION)
    other = likelihood_of(data, sys_error_bands={"ps1::z": 0.1})
    assert other.comparability() == likelihood_of(data).comparability()


def test_a_models_own_error_is_added_in_quadrature_to_the_systematic_one(light_curve):
    data, settings = light_curve(DETECTION, LIMIT), FitSettings(sys_error=0.4)
    without, given = noise_of(data, settings), noise_of(data, settings, 0.3)
    np.testing.assert_allclose(given.total**2 - without.total**2, 0.3**2)
    np.testing.assert_array_equal(given.photometric, without.photometric)
    bare = noise_of(data, FitSettings(sys_error=0.0), 0.3)
    np.testing.assert_allclose(bare.total**2, bare.photometric**2 + 0.3**2)


def test_a_models_own_error_is_recorded(light_curve):
    data = light_curve(DETECTION)
    given = Likelihood(data, 59000.0, FitSettings(), constant(1), 0.3).comparability()
    assert given == likelihood_of(data).comparability() | {"model_error": 0.3}
