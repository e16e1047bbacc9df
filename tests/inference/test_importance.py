"""Importance sampling: right evidence and posterior, weights that say when they are not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from problems import (
    BENT_LOG_Z,
    FIVE,
    PRIORS,
    TRUE_LOG_Z,
    TWO_PEAKS_LOG_Z,
    bent,
    gaussian,
    two_peaks,
)
from scipy.stats import genpareto, kstest, norm, truncnorm

from nmma_fitter.errors import Interrupted
from nmma_fitter.inference import corrected, importance
from nmma_fitter.inference import stand_in as stand_ins
from nmma_fitter.inference.corrected import correct
from nmma_fitter.inference.importance import sample
from nmma_fitter.inference.mixture import Mixture, fit_mixture
from nmma_fitter.inference.pareto import LARGEST_SHAPE, tail_shape
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.sampled import SamplerSettings, Watch
from nmma_fitter.inference.sampler import run_importance, run_sampler
from nmma_fitter.inference.stand_in import StandIn
from nmma_fitter.inference.weights import Weighted

SETTINGS = SamplerSettings(seed=5, n_effective=500, nlive=100)


@pytest.fixture(scope="module")
def priors():
    return load_priors(PRIORS)


@pytest.fixture(scope="module")
def five():
    return load_priors(FIVE)


@pytest.fixture(scope="module")
def plain(priors):
    return run_importance(gaussian, priors, SETTINGS)


def same(one, two):
    for name in ("log_z", "evaluations", "best_log_l"):
        assert getattr(one, name) == getattr(two, name)
    np.testing.assert_array_equal(one.cube, two.cube)
    np.testing.assert_array_equal(one.log_l, two.log_l)


def test_the_evidence_is_the_known_one_within_its_error(plain):
    assert abs(plain.log_z - TRUE_LOG_Z) < 3 * plain.log_z_err
    assert 0.002 < plain.log_z_err < 0.05


def test_the_posterior_is_the_known_one(plain):
    cut = truncnorm(-0.5, 9.5, loc=0.05, scale=0.1)
    assert kstest(plain.samples["a"], cut.cdf).pvalue > 1e-3
    assert kstest(plain.samples["b"], norm(1, 0.2).cdf).pvalue > 1e-3
    assert (plain.samples["fixed"] == 3).all()


def test_the_result_says_what_it_is(plain):
    assert plain.converged and plain.method == "importance" and plain.ess >= 500
    assert plain.tail_shape < LARGEST_SHAPE
    np.testing.assert_allclose(plain.log_l, gaussian(plain.samples))
    assert plain.best_log_l == pytest.approx(gaussian(plain.best))


@pytest.mark.parametrize(
    ("log_likelihood", "truth"), [(two_peaks, TWO_PEAKS_LOG_Z), (bent, BENT_LOG_Z)]
)
def test_the_stated_error_is_the_scatter(five, log_likelihood, truth):
    found = [
        run_importance(log_likelihood, five, SamplerSettings(seed=seed, n_effective=500))
        for seed in range(5)
    ]
    pulls = [(one.log_z - truth) / one.log_z_err for one in found]
    assert all(one.converged for one in found)
    assert np.sum(np.square(pulls)) < 15.1  # chi² of 5 at 0.01
    assert np.std(pulls) > 0.3


def test_both_peaks_have_their_share(five):
    found = run_importance(two_peaks, five, SamplerSettings(seed=1, n_effective=1000))
    share = np.mean(found.samples["x0"] > 0)
    assert abs(share - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 1000)


def test_a_proposal_that_is_too_narrow_is_found_out():
    rng = np.random.default_rng(1)
    narrow = Mixture(np.ones(1), np.zeros((1, 3)), 0.2 * np.eye(3)[None], 0.0)
    wide = Mixture(np.ones(1), np.zeros((1, 3)), 1.2 * np.eye(3)[None], 0.0)
    for proposal, bad in ((narrow, True), (wide, False)):
        points = proposal.draw(8000, rng)
        log_l = norm.logpdf(points).sum(axis=1)
        one = Weighted(points, log_l, -proposal.log_density(points), len(points))
        assert bool(one.trouble(200)) == bad


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_the_shape_of_a_tail_is_found(shape):
    rng = np.random.default_rng(3)
    found = [
        tail_shape(np.log(genpareto.rvs(shape, size=20_000, random_state=rng))) for _ in range(20)
    ]
    assert np.mean(found) == pytest.approx(shape, abs=0.05)


def test_weights_that_are_all_alike_have_no_tail():
    assert tail_shape(np.zeros(1000)) == -np.inf
    nearly = np.append(np.zeros(340), np.log(1 + 0.08 * np.linspace(0, 1, 26) ** 8))
    assert tail_shape(nearly) == -np.inf
    assert tail_shape(np.append(np.zeros(340), 4 * np.linspace(0, 1, 26) ** 8)) > LARGEST_SHAPE
    assert tail_shape(np.full(1000, -np.inf)) == np.inf


def test_a_mixture_is_a_density_and_draws_from_it():
    rng = np.random.default_rng(2)
    points = np.concatenate([rng.normal(-2, 0.5, (500, 2)), rng.normal(2, 0.5, (500, 2))])
    mixture = fit_mixture(points, 4, 1.2, 0.1, rng)
    grid = np.linspace(-9, 9, 400)
    flat = np.column_stack([one.ravel() for one in np.meshgrid(grid, grid)])
    mass = np.exp(mixture.log_density(flat)).sum() * (grid[1] - grid[0]) ** 2
    assert mass == pytest.approx(1, abs=0.01)
    drawn = mixture.draw(20_000, rng)
    inside = np.abs(drawn) < 1
    expected = np.exp(mixture.log_density(flat[(np.abs(flat) < 1).all(axis=1)])).sum()
    expected *= (grid[1] - grid[0]) ** 2
    assert inside.all(axis=1).mean() == pytest.approx(expected, abs=0.01)


def test_points_that_are_all_the_same_make_a_mixture_too():
    mixture = fit_mixture(np.ones((100, 2)), 3, 1.2, 0.1, np.random.default_rng(1))
    assert np.isfinite(mixture.log_density(np.ones((1, 2)))).all()


def test_the_number_of_cores_changes_nothing(priors, plain):
    same(run_importance(gaussian, priors, SamplerSettings(seed=5, n_effective=500, cores=2)), plain)


def test_interrupted_again_and_again_it_ends_as_if_it_had_not_been(priors, plain, tmp_path):
    path, paid = tmp_path / "c.h5", [0]

    def counted(p):
        paid[0] += len(p["a"])
        return gaussian(p)

    for turn in range(50):
        asked = iter(range(3 + plain.evaluations // 2000 * turn // 4))
        try:
            result = run_importance(
                counted,
                priors,
                SETTINGS,
                watch=Watch(
                    checkpoint=path, should_stop=lambda asked=asked: next(asked, None) is None
                ),
            )
            break
        except Interrupted as stop:
            assert str(path) in str(stop)
    same(result, plain)
    assert result.resumed and result.resumes > 1
    assert paid[0] == plain.evaluations


def test_a_resume_that_is_stopped_before_it_has_caught_up_keeps_what_there_was(priors, tmp_path):
    path = tmp_path / "c.h5"

    def stopped_after(batches):
        asked = iter(range(batches))
        with pytest.raises(Interrupted):
            run_importance(
                gaussian,
                priors,
                SETTINGS,
                watch=Watch(checkpoint=path, should_stop=lambda: next(asked, None) is None),
            )

    stopped_after(6)
    before = path.read_bytes()
    stopped_after(2)
    assert path.read_bytes() == before


def test_impossible_points_are_counted_and_do_not_harm(priors):
    def holed(p):
        return np.where(p["c"] < 1, gaussian(p), np.nan)

    found = run_importance(holed, priors, SETTINGS)
    assert abs(found.log_z - (TRUE_LOG_Z - np.log(2))) < 4 * found.log_z_err
    assert 0.2 < found.n_invalid / found.evaluations < 0.8


def test_a_likelihood_that_is_nowhere_possible_does_not_converge(priors):
    found = run_importance(lambda p: np.full(len(p["a"]), np.nan), priors, SETTINGS)
    assert not found.converged and "no point of the prior is possible" in found.reason


# With a stand-in


def shifted(p):
    """Much like `gaussian`, a little off in everything."""
    return gaussian({**p, "b": p["b"] + 0.1, "a": p["a"] + 0.03})


def stand_in(cheap):
    return StandIn(
        cheap, lambda p: np.column_stack([gaussian(p), p["b"]]), lambda found: found[:, 0]
    )


def test_a_stand_in_is_corrected(priors):
    found = [
        run_importance(
            gaussian, priors, SamplerSettings(seed=s, n_effective=500), stand_in=stand_in(shifted)
        )
        for s in range(8)
    ]
    assert all(one.converged and one.method == "corrected importance" for one in found)
    assert all(one.evaluations < 2500 for one in found)
    pulls = [(one.log_z - TRUE_LOG_Z) / one.log_z_err for one in found]
    assert np.sum(np.square(pulls)) < 20.1
    everything = np.concatenate([one.samples["b"] for one in found])
    assert kstest(everything[::4], norm(1, 0.2).cdf).pvalue > 1e-3


def test_uncorrected_the_same_stand_in_is_wrong(priors):
    found = run_importance(shifted, priors, SETTINGS)
    assert kstest(found.samples["b"], norm(1, 0.2).cdf).pvalue < 1e-6


def test_what_was_predicted_is_kept(priors):
    found = run_importance(gaussian, priors, SETTINGS, stand_in=stand_in(shifted))
    np.testing.assert_array_equal(found.magnitudes[:, 1], found.samples["b"])
    assert found.best_magnitudes[1] == found.best["b"]


def test_a_stand_in_that_knows_nothing_is_given_up(priors):
    found = run_importance(
        gaussian,
        priors,
        SETTINGS,
        stand_in=stand_in(lambda p: norm.logpdf(p["b"], -4, 0.01)),
    )
    assert not found.converged


def test_a_larger_sample_keeps_the_points_of_a_smaller(priors):
    rng = np.random.default_rng(1)
    rough, _ = sample(lambda cube: -10 * cube[:, 0], 2, 2000, rng)
    seen = []
    correct(rough, lambda cube: seen.append(cube) or -10 * cube[:, 0], 1000, rng)
    every = np.concatenate(seen)
    assert len(np.unique(every, axis=0)) == len(every)


def of_a_wide_stand_in(rng):
    """3000 points of a normal over five parameters, wider than the model's."""
    return of_a_normal(rng, 0.1, 0.1)


def of_a_normal(rng, width, drawn_width):
    """3000 points of one normal, drawn from another."""
    cube = norm(0.5, drawn_width).rvs((3000, 5), random_state=rng)
    log_l, log_q = (norm(0.5, one).logpdf(cube).sum(axis=1) for one in (width, drawn_width))
    return Weighted(cube, log_l, -log_q, len(cube))


def corrected_from_wide(seed, width, more):
    rng = np.random.default_rng(seed)

    def model(cube):
        return norm(0.5, width).logpdf(cube).sum(axis=1)

    return correct(of_a_wide_stand_in(rng), model, 1000, rng, more=more and partial(more, rng))


@pytest.mark.parametrize(
    ("width", "room", "more", "good"),
    [
        (0.06, corrected.ROOM, of_a_wide_stand_in, True),
        (0.06, corrected.ROOM, None, False),
        (0.08, 10.0, of_a_wide_stand_in, True),  # so many that chances would become smaller
    ],
)
def test_a_stand_in_that_is_too_wide_is_sampled_again(width, room, more, good, monkeypatch):
    monkeypatch.setattr(corrected, "ROOM", room)
    found = [corrected_from_wide(seed, width, more) for seed in range(30)]
    assert all((one.ess >= 1000) == good for one in found)
    pulls = np.array([one.log_z / one.log_z_err for one in found])
    assert np.abs(pulls.mean()) < 3.3 / np.sqrt(30) and np.sum(pulls**2) < 59.7  # chi², 0.001


def test_another_sample_that_is_not_to_be_trusted_is_left_out():
    narrow = partial(of_a_normal, width=0.1, drawn_width=0.03)
    assert narrow(np.random.default_rng(1)).trouble(1000)
    with_it, without = (corrected_from_wide(1, 0.07, more) for more in (narrow, None))
    assert with_it.ess >= 1000 and with_it.draws == without.draws == 3000


def test_stopped_while_the_stand_in_is_sampled_again_a_fit_keeps_what_was_paid_for(
    priors, monkeypatch, tmp_path
):
    monkeypatch.setattr(corrected, "ROOM", 10.0)
    whole = run_importance(gaussian, priors, SETTINGS, stand_in=stand_in(shifted))
    path, said = tmp_path / "c.h5", []

    def is_at_it_again():
        stages = [now.text.split()[0].rstrip(",") for now in said]
        return "sampling" in stages and stages[-1] == "exploring"

    watch = Watch(checkpoint=path, should_stop=is_at_it_again, on_progress=said.append)
    with pytest.raises(Interrupted, match=rf"after [1-9]\d* evaluations; resume from {path}"):
        run_importance(gaussian, priors, SETTINGS, stand_in=stand_in(shifted), watch=watch)
    assert said[-1].evaluations > 0
    resumed = run_importance(
        gaussian, priors, SETTINGS, stand_in=stand_in(shifted), watch=Watch(checkpoint=path)
    )
    assert 0 < resumed.evaluations_before_resume < resumed.evaluations
    np.testing.assert_array_equal(resumed.cube, whole.cube)


# Which way


def test_a_way_that_fails_is_followed_by_nested_sampling(priors, tmp_path):
    said = []
    found = run_sampler(
        gaussian,
        priors,
        SETTINGS,
        stand_in=stand_in(lambda p: norm.logpdf(p["b"], -4, 0.01)),
        watch=Watch(checkpoint=tmp_path / "c.h5", on_progress=said.append),
    )
    assert found.method == "nested" and found.converged
    assert abs(found.log_z - TRUE_LOG_Z) < 3 * found.log_z_err


def test_nested_sampling_can_be_asked_for(priors):
    found = run_sampler(gaussian, priors, SamplerSettings(5, 100, 300, sampler="nested"))
    assert found.method == "nested"


def test_a_stand_in_that_importance_cannot_sample_is_sampled_by_nested_sampling(
    priors, monkeypatch
):
    monkeypatch.setattr(importance, "MOST_PRODUCTION", 100)
    monkeypatch.setattr(stand_ins, "THOROUGH", replace(importance.THOROUGH, production=100))
    found = [
        run_importance(gaussian, priors, SamplerSettings(s, 200, 400), stand_in=stand_in(shifted))
        for s in range(1)
    ]
    assert all(one.converged and one.method == "corrected importance" for one in found)
    pulls = [(one.log_z - TRUE_LOG_Z) / one.log_z_err for one in found]
    assert np.sum(np.square(pulls)) < 6.6  # chi² of 1 at 0.01


def test_a_stand_in_that_cannot_be_sampled_at_all_is_given_up_soon(priors, monkeypatch):
    monkeypatch.setattr(importance, "MOST_PRODUCTION", 100)
    monkeypatch.setattr(stand_ins, "THOROUGH", replace(importance.THOROUGH, production=100))
    monkeypatch.setattr(stand_ins, "MOST_NESTED", 500)
    found = run_importance(
        gaussian, priors, SamplerSettings(1, 200, 400), stand_in=stand_in(shifted)
    )
    assert not found.converged
    assert found.evaluations < 2 * 400
