from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from nmma_fitter.errors import BadInput
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.result import FitRecord, save_result
from nmma_fitter.inference.sampled import SamplerSettings
from nmma_fitter.inference.sampler import run_sampler
from nmma_fitter.inference.summary import Quality, read_summary

QUALITY = Quality(3, 1, 5.0, 2.0, 0.2, 0, 0.4, 3.2, None)


@pytest.fixture(scope="module")
def fit():
    priors = load_priors(
        "a = Uniform(minimum=0, maximum=1, latex_label='$a$')\n"
        "fixed = 6\n"
        "b = Sine(minimum=0, maximum=np.pi / 2)\n"
    )
    settings = SamplerSettings(seed=7, nlive=100, n_effective=300)
    return run_sampler(lambda p: -50 * (p["a"] - 0.5) ** 2, priors, settings), priors


@pytest.fixture
def saved(fit, tmp_path):
    record = FitRecord(
        object_name="ZTF'; <b>\n",
        model="Piro2021",
        kind="shock cooling",
        data_digest="d" * 64,
        comparability={"sys_error[ztfg]": 1.0, "truncate": False},
        quality=QUALITY,
        settings={"tmin": -10.0, "redshift": None},
        versions={"bilby": "2.8.2"},
        merged=({"kept": 0, "dropped": [1, 2]},),
        notes=("left out 1 row in unknown bands: 'L' (1)",),
    )
    return save_result(*fit, record, tmp_path)


def test_bilby_reads_it_back(fit, saved):
    from bilby.core.result import read_in_result

    sampled, priors = fit
    result = read_in_result(str(saved[0]))
    assert (result.log_evidence, result.log_evidence_err) == (sampled.log_z, sampled.log_z_err)
    assert np.isnan(result.log_noise_evidence)
    assert (result.sampler, result.label) == (sampled.method, "Piro2021")
    assert result.search_parameter_keys == ["a", "b"] and result.fixed_parameter_keys == ["fixed"]
    assert dict(result.priors) == dict(priors)
    assert result.num_likelihood_evaluations == sampled.evaluations
    assert result.information_gain == sampled.information
    np.testing.assert_array_equal(result.posterior["b"], sampled.samples["b"])
    np.testing.assert_array_equal(result.posterior["log_likelihood"], sampled.log_l)
    np.testing.assert_allclose(
        result.posterior["log_prior"], priors["b"].ln_prob(sampled.samples["b"])
    )
    ours = result.meta_data["nmma_fitter"]
    assert (ours["seed"], ours["object_name"]) == (7, "ZTF'; <b>\n")
    assert ours["merged"] == [{"kept": 0, "dropped": [1, 2]}]
    assert ours["notes"] == ["left out 1 row in unknown bands: 'L' (1)"]


def test_the_table_is_nmmas(fit, saved):
    header, first = saved[1].read_text().splitlines()[:2]
    assert header.split(" ") == ["a", "fixed", "b", "log_likelihood", "log_prior"]
    assert float(first.split()[0]) == fit[0].samples["a"][0]
    assert len(np.loadtxt(saved[1], skiprows=1)) == len(fit[0].log_l)


def test_only_whole_files_are_left(saved):
    names = sorted(p.name for p in saved[0].parent.iterdir())
    assert names == ["Piro2021_result.json", "posterior_samples.dat"]


def test_no_path_is_kept_in_it(saved, tmp_path):
    assert str(tmp_path) not in saved[0].read_text()


def test_the_summary_is_what_was_saved(fit, saved):
    summary = read_summary(saved[0])
    assert (summary.model, summary.kind) == ("Piro2021", "shock cooling")
    assert (summary.log_z, summary.converged) == (fit[0].log_z, True)
    assert summary.quality == QUALITY
    assert summary.comparability == {"sys_error[ztfg]": 1.0, "truncate": False}


def test_a_summary_needs_neither_bilby_nor_a_sampler(saved):
    code = (
        "import sys; from pathlib import Path; from nmma_fitter.inference import ranking, summary; "
        f"summary.read_summary(Path({str(saved[0])!r})); "
        "print({'bilby', 'pandas', 'nautilus', 'sklearn', 'scipy', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"meta_data": {"nmma_fitter": 3}}', "null"])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "x_result.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="not a result"):
        read_summary(path)


def test_a_missing_file_and_a_lost_key_are_refused(tmp_path, saved):
    with pytest.raises(BadInput, match="cannot read"):
        read_summary(tmp_path / "none.json")
    stored = json.loads(saved[0].read_text())
    del stored["meta_data"]["nmma_fitter"]["quality"]["p_value"]
    saved[0].write_text(json.dumps(stored))
    with pytest.raises(BadInput, match="not a result"):
        read_summary(saved[0])
