"""A distance sampled by the shift it makes: the same evidence, where plain sampling finds none."""

from itertools import count

import numpy as np
import pytest
from scipy.special import log_ndtr, logsumexp

from nmma_fitter.errors import Interrupted
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.inference.alignment import STEPS_OF_A_STAND_IN, alignment_of
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.sampled import SamplerSettings, Watch
from nmma_fitter.inference.sampler import run_importance
from nmma_fitter.inference.stand_in import StandIn, sample_stand_in

PRIORS = load_priors(
    "power = Uniform(minimum=-5, maximum=5)\n"
    "fading = Uniform(minimum=0, maximum=0.2)\n"
    "luminosity_distance = LogUniform(minimum=10, maximum=10000)\n"
)
DAYS = np.arange(6.0)
SEEN = 20 + 0.1 * DAYS + np.array([0.02, -0.01, 0.01, 0.03, -0.02, 0.0])
nan = float("nan")


def source(power, fading):
    """Magnitudes at 1 Mpc: in the plane of power and distance a bent strip fits."""
    return (10 - power - 0.1 * power**2)[..., None] + fading[..., None] * DAYS


def magnitudes(p):
    shift = 5 * np.log10(p["luminosity_distance"] * (1 + p["luminosity_distance"] / 1e5))
    return source(p["power"], p["fading"]) + shift[:, None]


def make(light_curve, error):
    rows = [(59000 + t, "ztfg", m, 0.0, nan) for t, m in zip(DAYS, SEEN, strict=True)]
    settings = FitSettings(sys_error=error)
    return Likelihood(light_curve(*rows), 59000.0, settings, magnitudes)


def true_log_z(error):
    """By a grid over power and fading, in closed form over the distance."""
    power = (np.arange(2000) + 0.5) / 2000 * 10 - 5
    fading = (np.arange(2000) + 0.5) / 2000 * 0.2
    missed = SEEN - source(power[:, None], fading[None])
    centre, n = missed.mean(axis=-1), len(DAYS)
    spread = np.square(missed - centre[..., None]).sum(axis=-1)
    width = error / np.sqrt(n)
    low, high = (5 * np.log10(d * (1 + d / 1e5)) for d in (10.0, 10000.0))
    # ln of d's prior density over that of the shift, where (1 + d / 1e5) makes them differ
    d = np.geomspace(10, 10000, 4000)
    shift = 5 * np.log10(d * (1 + d / 1e5))
    slope = np.gradient(np.log(d), shift) / np.log(1000)
    inside = log_ndtr((high - centre) / width) + np.log1p(
        -np.exp(np.minimum(log_ndtr((low - centre) / width) - log_ndtr((high - centre) / width), 0))
    )
    log_l = (
        *(-n * np.log(error * np.sqrt(2 * np.pi)) - spread / (2 * error**2) + inside,),
        np.log(width * np.sqrt(2 * np.pi)) + np.log(np.interp(centre, shift, slope)),
    )
    return float(logsumexp(sum(log_l)) - 2 * np.log(2000))


def drawn(likelihood, alignment, seed=1):
    judge = StandIn(likelihood.evaluate, magnitudes, lambda found: found[:, 0], alignment)
    settings = SamplerSettings(seed=seed, n_effective=500)
    rng = np.random.default_rng(seed)
    return sample_stand_in(judge, PRIORS, settings, rng)


@pytest.fixture(scope="module")
def thin(light_curve):
    """Points of a posterior that is a hundredth of a magnitude thick."""
    likelihood = make(light_curve, 0.01)
    return drawn(likelihood, alignment_of(likelihood, PRIORS, STEPS_OF_A_STAND_IN))


def test_the_evidence_is_that_of_a_grid(thin):
    assert not thin.trouble(1500)
    assert abs(thin.log_z - true_log_z(0.01)) < 4 * thin.log_z_err


def test_the_prior_is_among_what_is_drawn_so_no_weight_is_large(thin):
    assert thin.log_ratio.max() <= np.log(10) + 1e-9
    weight = np.exp(thin.log_ratio) / len(thin.log_ratio)
    error = np.sqrt(np.sum(weight**2))
    assert abs(weight.sum() - 1) < 4 * error
    for column in thin.cube.T:  # without the likelihood the points are the prior's
        for power in (1, 2):
            assert abs(weight @ column**power - 1 / (power + 1)) < 4 * error


def test_there_and_back_again(light_curve):
    alignment = alignment_of(make(light_curve, 0.1), PRIORS)
    cube = np.random.default_rng(2).random((50, 3))
    there, stretch = alignment.forward(cube)
    known = np.isfinite(stretch) & (there[:, 2] > 0) & (there[:, 2] < 1)
    back, again = alignment.backward(there[known])
    assert known.sum() > 20
    np.testing.assert_allclose(back, cube[known], atol=1e-6)
    np.testing.assert_allclose(again, stretch[known], atol=1e-6)


def test_where_nothing_can_be_aligned_nothing_is(light_curve):
    fixed = load_priors("power = Uniform(0, 1)\nfading = 0\nluminosity_distance = 40\n")
    narrow = load_priors("power = Uniform(0, 1)\nluminosity_distance = Gaussian(40, 0.1)\n")
    likelihood = make(light_curve, 0.1)
    assert alignment_of(likelihood, fixed) is None
    assert alignment_of(likelihood, narrow) is None
    unseen = [(59000.0, "ztfg", nan, nan, 20.5)]
    limit = Likelihood(light_curve(*unseen), 59000.0, FitSettings(), magnitudes)
    assert alignment_of(limit, PRIORS) is None


# A likelihood that needs no stand-in

SETTINGS = SamplerSettings(seed=1, n_effective=1000)


def sampled(likelihood, seed=1, **more):
    settings = SamplerSettings(seed=seed, n_effective=1000)
    alignment = alignment_of(likelihood, PRIORS)
    return run_importance(likelihood.evaluate, PRIORS, settings, alignment=alignment, **more)


@pytest.mark.parametrize("error", [0.01, 1.0])
def test_sampled_so_its_evidence_is_that_of_a_grid(light_curve, error):
    found = [sampled(make(light_curve, error), seed) for seed in range(4)]
    assert all(one.converged for one in found)
    pulls = [(one.log_z - true_log_z(error)) / one.log_z_err for one in found]
    assert np.sum(np.square(pulls)) < 13.3  # chi² of 4 at 0.01


def test_the_points_are_given_in_the_priors_cube(light_curve):
    likelihood = make(light_curve, 0.01)
    found = sampled(likelihood)
    assert ((found.cube > 0) & (found.cube < 1)).all()
    np.testing.assert_allclose(likelihood.evaluate(found.samples), found.log_l, rtol=1e-9)
    best = {key: np.array([value]) for key, value in found.best.items()}
    np.testing.assert_allclose(likelihood.evaluate(best), found.best_log_l, rtol=1e-9)
    assert 10 <= found.best["luminosity_distance"] <= 10000


def test_without_it_the_same_posterior_is_not_found(light_curve):
    likelihood = make(light_curve, 0.01)
    found = run_importance(likelihood.evaluate, PRIORS, SETTINGS)
    assert found.evaluations > 2 * sampled(likelihood).evaluations


def test_interrupted_it_ends_as_if_it_had_not_been(light_curve, tmp_path):
    likelihood, path, looks = make(light_curve, 0.1), tmp_path / "c.h5", count()
    with pytest.raises(Interrupted):
        sampled(likelihood, watch=Watch(checkpoint=path, should_stop=lambda: next(looks) > 4))
    again = sampled(likelihood, watch=Watch(checkpoint=path))
    assert again.evaluations_before_resume > 0
    np.testing.assert_array_equal(again.cube, sampled(likelihood).cube)


def test_a_checkpoint_of_other_coordinates_is_not_gone_on_with(light_curve, tmp_path):
    likelihood, path, looks = make(light_curve, 0.1), tmp_path / "c.h5", count()
    watch = Watch(checkpoint=path, should_stop=lambda: next(looks) > 3)
    with pytest.raises(Interrupted):
        run_importance(likelihood.evaluate, PRIORS, SETTINGS, watch=watch)
    assert sampled(likelihood, watch=Watch(checkpoint=path)).evaluations_before_resume == 0


def test_what_a_model_cannot_evaluate_is_counted(light_curve):
    likelihood = make(light_curve, 0.1)

    in_hole = []

    def holed(p):
        in_hole.extend(p["fading"] > 0.1)
        return np.where(p["fading"] > 0.1, np.nan, likelihood.evaluate(p))

    alignment = alignment_of(likelihood, PRIORS)
    found = run_importance(holed, PRIORS, SETTINGS, alignment=alignment)
    assert found.converged
    assert (found.evaluations, found.n_invalid) == (len(in_hole), sum(in_hole))


def test_a_model_that_knows_no_distance_is_not_taken_for_one_that_does(light_curve):
    likelihood = make(light_curve, 0.1)
    blind = Likelihood(
        likelihood.light_curve, 59000.0, FitSettings(sys_error=0.1),
        lambda p: source(p["power"], p["fading"]) + 13,
    )  # fmt: skip
    aligned = sampled(blind)
    plainly = run_importance(blind.evaluate, PRIORS, SETTINGS)
    assert plainly.converged
    error = np.hypot(aligned.log_z_err, plainly.log_z_err)
    assert not aligned.converged or abs(aligned.log_z - plainly.log_z) < 4 * error


@pytest.mark.parametrize("sigma", [20, 60])  # below none of the distances are negative, or 5 %
def test_a_prior_without_an_edge_can_be_aligned(light_curve, sigma):
    wide = load_priors(
        "power = Uniform(minimum=-5, maximum=5)\nfading = Uniform(minimum=0, maximum=0.2)\n"
        f"luminosity_distance = Gaussian(mu=100, sigma={sigma})\n"
    )
    likelihood = make(light_curve, 0.1)
    found = run_importance(
        likelihood.evaluate, wide, SETTINGS, alignment=alignment_of(likelihood, wide)
    )
    plainly = run_importance(likelihood.evaluate, wide, SETTINGS)
    error = np.hypot(found.log_z_err, plainly.log_z_err)
    assert found.converged and abs(found.log_z - plainly.log_z) < 4 * error
