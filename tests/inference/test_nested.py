from __future__ import annotations

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from problems import PRIORS, TRUE_LOG_Z, gaussian
from scipy.stats import kstest, multivariate_normal, norm, truncnorm

from nmma_fitter.errors import BadInput, Interrupted, NotConverged
from nmma_fitter.inference import checkpoint as checkpoints
from nmma_fitter.inference.nested import run_nested
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.sampled import SamplerSettings, Watch
from nmma_fitter.inference.weights import equal_weight
from nmma_fitter.run_progress import Progress

QUICK = {"nlive": 100, "n_effective": 300}


@pytest.fixture(scope="module")
def priors():
    return load_priors(PRIORS)


@pytest.fixture(scope="module")
def plain(priors):
    return run_nested(gaussian, priors, SamplerSettings(seed=5, **QUICK))


def same(one, two):
    assert (one.log_z, one.evaluations) == (two.log_z, two.evaluations)
    np.testing.assert_array_equal(one.cube, two.cube)
    np.testing.assert_array_equal(one.log_l, two.log_l)


def test_the_evidence_is_the_known_one_within_its_error(plain):
    assert abs(plain.log_z - TRUE_LOG_Z) < 3 * plain.log_z_err
    assert 0.02 < plain.log_z_err < 0.15


def test_the_posterior_is_the_known_one(plain):
    cut = truncnorm(-0.5, 9.5, loc=0.05, scale=0.1)
    assert kstest(plain.samples["a"], cut.cdf).pvalue > 1e-3
    assert kstest(plain.samples["b"], norm(1, 0.2).cdf).pvalue > 1e-3


def test_the_result_says_what_it_is(plain):
    assert plain.converged and plain.ess >= 300 and not plain.resumed
    assert plain.keys == ("a", "b", "c") and (plain.samples["fixed"] == 3).all()
    np.testing.assert_allclose(plain.log_l, gaussian(plain.samples))
    assert plain.best_log_l == pytest.approx(gaussian(plain.best))
    assert plain.best_log_l >= plain.log_l.max()


def test_the_information_is_the_divergence_from_the_prior(plain):
    exact = truncnorm(-0.5, 9.5, scale=0.1).entropy() + norm(0, 0.2).entropy()
    exact += truncnorm(-1 / 0.3, 1 / 0.3, scale=0.3).entropy()
    assert plain.information == pytest.approx(np.log(20) - exact, abs=0.15)


def test_the_same_seed_gives_the_same_result_and_another_does_not(priors, plain):
    same(run_nested(gaussian, priors, SamplerSettings(seed=5, **QUICK)), plain)
    assert run_nested(gaussian, priors, SamplerSettings(seed=6, **QUICK)).log_z != plain.log_z


def test_the_number_of_cores_changes_nothing(priors, plain):
    same(run_nested(gaussian, priors, SamplerSettings(seed=5, cores=3, **QUICK)), plain)


def test_single_batches_give_what_one_call_of_nautilus_gives(priors, plain):
    from nautilus import Sampler

    from nmma_fitter.inference import nested as ours

    whole = Sampler(
        lambda u: u,
        lambda u: gaussian({"a": u[:, 0], "b": -5 + u[:, 1] * 10, "c": u[:, 2] * 2}),
        n_dim=3,
        n_live=100,
        n_update=int(ours.UPDATES_PER_LIVE * 100),
        n_networks=ours.NETWORKS,
        neural_network_kwargs=ours.NETWORK,
        vectorized=True,
        seed=5,
    )
    whole.run(n_eff=300, f_live=ours.LIVE_EVIDENCE, discard_exploration=ours.DISCARD_EXPLORATION)
    assert whole.n_like == plain.evaluations
    assert whole.log_z == pytest.approx(plain.log_z, abs=1e-9)


def test_interrupted_again_and_again_it_ends_as_if_it_had_not_been(priors, plain, tmp_path):
    path, asked = tmp_path / "c.h5", iter(range(10_000))
    settings = SamplerSettings(seed=5, **QUICK)
    for _ in range(20):
        try:
            result = run_nested(
                gaussian,
                priors,
                settings,
                Watch(checkpoint=path, should_stop=lambda: next(asked) % 11 == 10),
            )
            break
        except Interrupted as stop:
            assert str(path) in str(stop)
    same(result, plain)
    assert result.resumed and 0 < result.evaluations_before_resume < result.evaluations


def interrupted_at(path, priors, *, seed=5, after=5, **identity):
    asked = iter(range(after))
    with pytest.raises(Interrupted):
        run_nested(
            gaussian,
            priors,
            SamplerSettings(seed=seed, **QUICK),
            Watch(identity, path, lambda: next(asked, None) is None),
        )


@pytest.mark.parametrize(
    ("seed", "identity", "text"),
    [
        (6, {}, PRIORS),
        (5, {"data": "other"}, PRIORS),
        (5, {}, PRIORS.replace("maximum=2", "maximum=2.1")),
    ],
)
def test_a_checkpoint_of_another_fit_is_set_aside_and_said(
    priors, tmp_path, caplog, seed, identity, text
):
    path = tmp_path / "c.h5"
    interrupted_at(path, priors)
    settings = SamplerSettings(seed=seed, **QUICK)
    result = run_nested(gaussian, load_priors(text), settings, Watch(identity, path))
    assert not result.resumed and "another fit" in caplog.text
    assert (tmp_path / "c.refused.h5").exists()


def test_a_damaged_checkpoint_is_set_aside_and_the_fit_begins_anew(priors, plain, tmp_path, caplog):
    path = tmp_path / "c.h5"
    interrupted_at(path, priors, after=15)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    settings = SamplerSettings(seed=5, **QUICK)
    same(run_nested(gaussian, priors, settings, Watch(checkpoint=path)), plain)
    assert "starting anew" in caplog.text and (tmp_path / "c.refused.h5").exists()


def save_for_ever(sampler, path):
    while True:
        checkpoints.save(sampler, path, "mark", checkpoints.Tally(1, 2.0))


def test_a_kill_during_a_checkpoint_leaves_a_whole_one(tmp_path):
    from nautilus import Sampler

    def make(filepath=None):
        return Sampler(
            lambda u: u,
            lambda u: norm.logpdf(u, 0.5, 0.05).sum(axis=1),
            n_dim=2,
            n_live=100,
            n_networks=1,
            vectorized=True,
            seed=1,
            filepath=filepath,
        )

    sampler, path = make(), tmp_path / "c.h5"
    sampler.run(n_eff=0)
    checkpoints.save(sampler, path, "mark", checkpoints.Tally())
    rng, partial = np.random.default_rng(1), 0
    for _ in range(6):
        child = multiprocessing.get_context("fork").Process(
            target=save_for_ever, args=(sampler, path)
        )
        before = path.stat().st_ino
        child.start()
        while path.stat().st_ino == before:  # its first one
            time.sleep(0.001)
        time.sleep(rng.uniform(0.0, 0.2))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert checkpoints.usable(path, "mark") is not None
        assert make(path).n_like == sampler.n_like
        partial += (tmp_path / "c.partial.h5").exists()  # the kill hit a write
    assert checkpoints.usable(path, "mark").n_invalid == 1  # one of the children's
    assert partial


def test_checkpoints_are_written_as_time_passes(priors, plain, tmp_path):
    path, now = tmp_path / "c.h5", iter(range(0, 100_000, 30))
    seen = []
    run_nested(
        gaussian,
        priors,
        SamplerSettings(seed=5, **QUICK),
        Watch(
            checkpoint=path,
            clock=lambda: float(next(now)),
            on_progress=lambda p: seen.append(path.exists()),
        ),
    )
    assert not seen[0] and seen[-1]
    assert not (tmp_path / "c.partial.h5").exists()


def test_progress_goes_up_and_the_remainder_down(priors):
    seen: list[Progress] = []
    run_nested(gaussian, priors, SamplerSettings(seed=5, **QUICK), Watch(on_progress=seen.append))
    assert [p.evaluations for p in seen] == [100 * (i + 1) for i in range(len(seen))]
    exploring = [p for p in seen if p.text.startswith("exploring")]
    sampling = [p for p in seen if p.text.startswith("sampling")]
    assert [*exploring, *sampling] == seen and all(p.total is None for p in exploring)
    remainders = [float(p.text.split("(+ ")[1].strip(")")) for p in exploring if "(+ " in p.text]
    assert remainders[0] > remainders[len(remainders) // 2] > remainders[-1] > 0
    known = [int(p.text.split()[1]) for p in exploring if "%" in p.text]
    assert known == sorted(known) and known[-1] > 50
    shares = [p.share for p in sampling]
    assert shares[0] < shares[len(shares) // 2] < shares[-1] == 1.0
    assert {p.total for p in sampling} == {QUICK["n_effective"]}


def test_one_parameter_is_enough():
    priors = load_priors("a = Uniform(minimum=0, maximum=1)\n")
    result = run_nested(
        lambda p: norm.logpdf(p["a"], 0.5, 0.05), priors, SamplerSettings(seed=1, **QUICK)
    )
    assert abs(result.log_z) < 4 * result.log_z_err and result.cube.shape[1] == 1


def test_no_free_parameter_is_refused():
    with pytest.raises(BadInput, match="every parameter is fixed"):
        run_nested(gaussian, load_priors("a = 1\n"), SamplerSettings(seed=1))


def test_a_mostly_impossible_plateau_works_and_nan_is_counted(priors):
    def mostly(p):
        inside = (p["a"] < 0.2) & (p["b"] > 2)
        return np.where(inside, 0.0, np.where(p["c"] > 1, np.nan, -np.inf))

    result = run_nested(mostly, priors, SamplerSettings(seed=2, **QUICK))
    assert abs(result.log_z - np.log(0.06)) < 4 * result.log_z_err
    assert 0 < result.n_invalid < result.evaluations
    assert np.isfinite(result.log_l).all()


def test_a_prior_without_any_possible_point_is_given_up_with_words(priors, monkeypatch):
    from nmma_fitter.inference import nested as ours

    monkeypatch.setattr(ours, "BLIND_EVALUATIONS", 2000)
    with pytest.raises(NotConverged, match="none of 2000 points"):
        run_nested(lambda p: np.full(len(p["a"]), -np.inf), priors, SamplerSettings(seed=1))


def test_evaluations_are_bounded(priors):
    with pytest.raises(NotConverged, match="no convergence in 500"):
        run_nested(gaussian, priors, SamplerSettings(seed=1, max_evaluations=500))


def test_a_flat_likelihood_has_the_evidence_of_its_value(priors):
    result = run_nested(
        lambda p: np.full(len(p["a"]), -3.0), priors, SamplerSettings(seed=1, **QUICK)
    )
    assert result.log_z == pytest.approx(-3.0, abs=1e-9)
    assert result.information == pytest.approx(0, abs=1e-9)


def test_two_separate_peaks_are_both_found():
    priors = load_priors("x = Uniform(minimum=0, maximum=1)\ny = Uniform(minimum=0, maximum=1)\n")

    def peaks(p):
        at = np.stack([p["x"], p["y"]], axis=-1)
        left = multivariate_normal.logpdf(at, [0.2, 0.2], 0.0004)
        return np.logaddexp(left, multivariate_normal.logpdf(at, [0.8, 0.7], 0.0004)) - np.log(2)

    result = run_nested(peaks, priors, SamplerSettings(seed=1, **QUICK))
    assert abs(result.log_z) < 4 * result.log_z_err
    assert 0.4 < (result.samples["x"] < 0.5).mean() < 0.6


def test_weights_become_samples_in_proportion():
    log_w = np.log(np.repeat([1.0, 0.25, 10.0], [4000, 4000, 1])) - 700
    kept = equal_weight(log_w, 1000, np.random.default_rng(1))
    counts = np.bincount(kept, minlength=8001)
    assert counts.sum() == 1000
    assert counts[:4000].sum() == pytest.approx(800, abs=2)
    assert counts[8000] in (1, 2)  # 10 of 5010


def test_impossible_points_are_never_samples():
    log_w = np.array([-np.inf, 0.0, -np.inf, 0.0, -np.inf])
    assert set(equal_weight(log_w, 50, np.random.default_rng(1))) == {1, 3}
