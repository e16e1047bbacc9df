from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.inference.likelihood import Likelihood, noise_of
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.quality import assess, predictive_p_value
from nmma_fitter.inference.sampled import SamplerSettings
from nmma_fitter.inference.sampler import run_sampler

nan = float("nan")
ROWS = [(59000.0 + i, "ztfg", m, 0.1, nan) for i, m in enumerate([19.1, 18.8, 19.3])]
LIMIT = (59009.0, "ztfr", nan, nan, 20.5)


def p_value(light_curve, rows, mags, seed=1, draws=4000, **settings):
    noise = noise_of(light_curve(*rows), FitSettings(**settings))
    predicted = np.tile(np.asarray(mags, dtype=float), (draws, 1))
    return predictive_p_value(noise, predicted, np.random.default_rng(seed))


def test_with_one_fixed_model_the_p_value_is_that_of_chi_squared(light_curve):
    got = p_value(light_curve, ROWS, [19.0, 19.0, 19.0], sys_error=0.1)
    want = chi2.sf((0.1**2 + 0.2**2 + 0.3**2) / 0.02, 3)
    assert got == pytest.approx(want, abs=0.03)


def test_a_model_far_from_the_data_has_a_p_value_of_zero(light_curve):
    assert p_value(light_curve, ROWS, [23.0, 23.0, 23.0], sys_error=0.1) == 0


def test_a_bright_model_is_betrayed_by_a_limit(light_curve):
    good = [*(row[2] for row in ROWS), 25.0]
    bright = [*(row[2] for row in ROWS), 17.0]
    assert p_value(light_curve, [*ROWS, LIMIT], good, sys_error=0.1) > 0.9
    assert p_value(light_curve, [*ROWS, LIMIT], bright, sys_error=0.1) == 0


def test_a_step_limit_that_agrees_says_nothing(light_curve):
    got = p_value(light_curve, [LIMIT], [25.0], sys_error=0, limit_error=0)
    assert got == 1.0


def test_truncated_data_are_drawn_brighter_than_the_limit(light_curve):
    # Model at the limit: truncation leaves the bright half, whose z² are still chi squared.
    rows = [(59000.0, "ztfg", 20.5, 0.1, nan)]
    got = p_value(light_curve, rows, [21.5], sys_error=1.0, truncate=True, detection_limit=21.5)
    assert got == pytest.approx(chi2.sf(1 / 1.01, 1), abs=0.03)


def test_the_same_generator_gives_the_same_value(light_curve):
    args = (light_curve, [*ROWS, LIMIT], [19.0, 19.0, 19.0, 21.0])
    assert p_value(*args, seed=3) == p_value(*args, seed=3)


@pytest.fixture
def fitted(light_curve):
    likelihood = Likelihood(
        light_curve(*ROWS, LIMIT),
        59000.0,
        FitSettings(sys_error=0.2),
        lambda p: np.stack([p["m"], p["m"], p["m"], p["m"] + p["fade"]], axis=1),
    )
    priors = load_priors(
        "m = Uniform(minimum=15, maximum=25)\nfade = Uniform(minimum=0, maximum=6)\n"
    )
    settings = SamplerSettings(seed=1, nlive=100, n_effective=300)
    return likelihood, run_sampler(likelihood.evaluate, priors, settings)


def test_the_best_fit_is_described(fitted):
    quality = assess(*fitted, np.random.default_rng(1))
    residual = np.array([19.1, 18.8, 19.3]) - fitted[1].best["m"]
    assert quality.rms == pytest.approx(np.sqrt(np.mean(residual**2)))
    assert quality.chi2_photometric == pytest.approx(np.sum(residual**2) / 0.01)
    assert quality.chi2_total == pytest.approx(np.sum(residual**2) / 0.05)
    assert (quality.n_detections, quality.n_limits, quality.limits_violated) == (3, 1, 0)
    assert 0.2 < quality.p_value <= 1 and quality.outside_validity is None


def test_the_share_outside_validity_is_of_all_pairs(fitted):
    outside = np.array([[True, False, False, False], [False] * 4])
    assert assess(*fitted, np.random.default_rng(1), outside).outside_validity == 0.125


def test_an_error_of_zero_leaves_chi_squared_out(fitted):
    likelihood, sampled = fitted
    likelihood.noise = replace(likelihood.noise, photometric=np.zeros(4))
    quality = assess(likelihood, sampled, np.random.default_rng(1))
    assert quality.chi2_photometric is None and quality.chi2_total is not None
