"""From what NMMA leaves to the result of every fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmma_fitter.errors import NotConverged
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.sampled import SamplerResult, SamplerSettings
from nmma_fitter.nmma_engine.answer import by_row, sampled_by_nmma
from nmma_fitter.nmma_engine.process import NmmaFailed

PRIORS = "wing_ratio = Uniform(minimum=1, maximum=5)\np = DeltaFunction(peak=2.2)\n"
BANDS = np.array(["ztfr", "ztfg", "ztfr"])
ROWS = [{"ztfr": [18.0, None], "ztfg": [19.0]}, {"ztfr": [17.5, 18.5], "ztfg": [19.5]}]


def stored(size: int = 200) -> dict[str, Any]:
    ratio = np.linspace(1.0, 5.0, size)
    content = {"alphaWing": ratio.tolist(), "p": [2.2], "log_likelihood": (-ratio).tolist()}
    return {
        "posterior": {"content": content},
        **{"log_evidence": -5.0, "log_evidence_err": 0.1, "sampler": "dynesty"},
        "num_likelihood_evaluations": 4000,
        "sampling_time": {"__timedelta__": True, "__total_seconds__": 12.0},
    }


def read(tmp_path: Path, result: object, **over: Any) -> SamplerResult:
    path = tmp_path / "fit_result.json"
    path.write_text(result if isinstance(result, str) else json.dumps(result))
    answer = {"calls": 3000, "magnitudes": {"rows": ROWS}, "versions": {"nmma": "1.0.1"}, **over}
    return sampled_by_nmma(
        *(path, answer, load_priors(PRIORS), SamplerSettings(seed=1), BANDS, np.full(3, 0.1)),
        seconds=9.0,
        resumed=False,
    )


def test_parameters_have_the_names_they_have_here(tmp_path):
    found = read(tmp_path, stored())
    assert found.keys == ("wing_ratio",)
    assert found.samples["wing_ratio"][[0, -1]].tolist() == [1.0, 5.0]
    assert set(found.samples["p"]) == {2.2}


def test_evidence_and_effort_are_nmmas(tmp_path):
    found = read(tmp_path, stored())
    assert (found.log_z, found.log_z_err, found.evaluations) == (-5.0, 0.1, 4000)
    assert found.seconds == 12.0 and found.method == "dynesty in NMMA 1.0.1"


def test_the_best_is_that_of_the_highest_likelihood(tmp_path):
    found = read(tmp_path, stored())
    assert found.best["wing_ratio"] == 1.0 and found.best_log_l == -1.0


def test_the_cube_is_where_the_samples_lie_in_the_prior(tmp_path):
    cube = read(tmp_path, stored()).cube
    assert cube.shape == (200, 1) and cube[[0, -1], 0].tolist() == [0.0, 1.0]


def test_magnitudes_come_back_in_the_rows_order_with_the_dust_they_were_freed_from(tmp_path):
    found = read(tmp_path, stored())
    assert found.best_magnitudes is not None and found.magnitudes is not None
    np.testing.assert_allclose(found.best_magnitudes, [18.1, 19.1, np.inf])
    np.testing.assert_allclose(found.magnitudes, [[17.6, 19.6, 18.6]])


def test_no_light_is_infinitely_faint():
    assert by_row([{"ztfg": [None]}], np.array(["ztfg"]))[0, 0] == np.inf


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"posterior": 3}', "{", "null"])
def test_anything_else_is_no_result(tmp_path, text):
    with pytest.raises(NmmaFailed, match="not a result of NMMA"):
        read(tmp_path, text)


def test_a_posterior_without_a_parameter_is_no_result(tmp_path):
    result = stored()
    del result["posterior"]["content"]["alphaWing"]
    with pytest.raises(NmmaFailed):
        read(tmp_path, result)


def test_few_samples_are_not_ranked(tmp_path):
    with pytest.raises(NotConverged, match="50 posterior samples"):
        read(tmp_path, stored(50))


def test_an_evidence_that_is_none_is_not_ranked(tmp_path):
    with pytest.raises(NotConverged):
        read(tmp_path, stored() | {"log_evidence": float("nan")})
