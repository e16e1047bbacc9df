"""What NMMA is asked follows from the settings, and cannot be contradicted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmma_fitter.config import load_config
from nmma_fitter.errors import BadInput, NmmaFitterError
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fits import requests_of
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import apply_measured
from nmma_fitter.nmma_engine import catalogue
from nmma_fitter.nmma_engine.fit import make_task
from nmma_fitter.nmma_engine.place import Surrogate
from nmma_fitter.nmma_engine.task import Task, arguments, prior_text

CSV = """\
,jd,mag,mag_unc,filter,limmag,programid
0,2459780.5,99.0,99.0,r,20.5,1
1,2459782.5,18.9,0.05,g,20.9,1
2,2459783.5,19.3,0.06,r,20.7,1
3,2459785.5,20.1,0.10,g,21.0,1
"""


@pytest.fixture
def light_curve(tmp_path: Path) -> Path:
    path = tmp_path / "lc_ZTF22aaaaaaa_forced1_stacked0.csv"
    path.write_text(CSV)
    return path


def request_of(path: Path, model: str = "Piro2021", **over: Any) -> FitRequest:
    [found] = requests_of(path, [model], load_config().fits, over={"engine": "nmma", **over})
    return found


def task(request: FitRequest) -> Task:
    chosen = request.settings
    priors = apply_measured(load_priors(request.priors), chosen.redshift, chosen.distance)
    return make_task(request, priors, seed=7, curve_days=np.array([0.0, 1.0]))


def option(words: list[str], name: str) -> str:
    joined = [word.partition("=")[2] for word in words if word.startswith(f"{name}=")]
    return joined[0] if joined else words[words.index(name) + 1]


def test_limits_have_an_infinite_error(light_curve):
    rows = task(request_of(light_curve)).files["light_curve.dat"].splitlines()
    assert [row.split()[1:] for row in rows] == [
        ["ztfr", "20.500000", "inf"],
        ["ztfg", "18.900000", "0.050000"],
        ["ztfr", "19.300000", "0.060000"],
        ["ztfg", "20.100000", "0.100000"],
    ]


def test_a_row_that_counts_twice_is_there_twice(light_curve):
    again = CSV.splitlines()[2].replace("1,2459782.5", "4,2459782.5")
    light_curve.write_text(f"{CSV}{again}\n")
    rows = task(request_of(light_curve, keep_duplicates=True)).files["light_curve.dat"]
    assert rows.count("ztfg 18.9") == 2


def test_data_are_freed_from_milky_way_dust(light_curve):
    dusty, clear = (
        task(request_of(light_curve, galactic_ebv=ebv)).files["light_curve.dat"].splitlines()[1]
        for ebv in (0.1, 0.0)
    )
    assert float(clear.split()[2]) - float(dusty.split()[2]) == pytest.approx(0.37, abs=0.03)


def test_a_formulas_times_cover_the_data_from_the_earliest_explosion(light_curve):
    words = task(request_of(light_curve)).content["arguments"]
    assert float(option(words, "--em-tmin")) == 0.005
    assert float(option(words, "--em-tmax")) == 14.0  # 3 d of data, 10 d of time shift, NMMA's 14


def test_the_error_budget_is_of_each_band(light_curve):
    request = request_of(light_curve, sys_error=0.3, sys_error_bands={"ztfr": 0.5})
    budget = json.loads(option(task(request).content["arguments"], "--em-error-budget"))
    assert budget == {"ztfg": 0.3, "ztfr": 0.5}


def test_the_seed_is_handed_on_twice_as_nmma_needs_it(light_curve):
    content = task(request_of(light_curve)).content
    assert option(content["arguments"], "--sampling-seed") == "7" and content["seed"] == 7


def test_a_surrogates_error_is_added_in_quadrature(light_curve):
    request = request_of(light_curve, model="Bu2019lm", sys_error=0.4)
    words = arguments(
        request,
        load_priors(request.priors),
        ["ztfg"],
        Surrogate("tensorflow", (Path("d") / "Bu2019lm.joblib",)),
        seed=1,
    )
    assert json.loads(option(words, "--em-error-budget")) == {"ztfg": pytest.approx(0.5)}
    assert option(words, "--svd-path") == "d" and "--local-only" in words
    assert not any(word.startswith("--em-tm") for word in words)  # its own times


def test_a_ratio_of_angles_has_nmmas_name(light_curve):
    text = task(request_of(light_curve, model="TrPi2018")).files["model.prior"]
    assert "alphaWing = Uniform" in text and "wing_ratio =" not in text


def test_a_redshift_alone_brings_the_distance_along():
    text = prior_text(load_priors("redshift = Uniform(minimum=0.01, maximum=0.1)\n"))
    assert "Hubble_constant = DeltaFunction(peak=67.66" in text


def test_a_distance_from_zero_is_refused_with_what_to_write():
    priors = load_priors("luminosity_distance = Uniform(minimum=0, maximum=100)\n")
    with pytest.raises(BadInput, match="let it start at 1 Mpc"):
        prior_text(priors)


def test_a_further_option_is_handed_on(light_curve):
    request = request_of(light_curve, nmma={"options": {"svd-mag-ncoeff": 5, "verbose": True}})
    assert task(request).content["arguments"][-2:] == ["--svd-mag-ncoeff=5.0", "--verbose"]


def test_an_option_that_follows_from_the_settings_is_refused(light_curve):
    request = request_of(light_curve, nmma={"options": {"nlive": 5}})
    with pytest.raises(BadInput, match="nlive follows from the settings"):
        task(request)


@pytest.mark.parametrize("name", ["--outdir=/", "a b", "../x", "", "Me2017+Me2017", "A,B"])
def test_no_other_text_becomes_a_model(name):
    with pytest.raises(BadInput):
        catalogue.components(name)


def test_a_combination_takes_the_priors_of_its_components(light_curve):
    request = request_of(light_curve, model="Me2017+TrPi2018")
    names = set(load_priors(request.priors))
    assert {"log10_mej", "log10_E0", "luminosity_distance"} <= names
    assert catalogue.described(request.model).kind == "kilonova + afterglow"


def test_of_a_combination_it_is_the_supernova_that_is_asked_for_its_fault(light_curve):
    content = task(request_of(light_curve, model="Piro2021+nugent-hyper")).content
    assert (content["model"], content["supernova"]) == ("nugent-hyper", True)
    assert content["arguments"][:3] == ["--em-model", "Piro2021", "nugent-hyper"]


def test_truncation_needs_a_limit_of_each_band_with_detections(light_curve):
    request = request_of(light_curve, truncate=True, detection_limit={"ztfg": 21.0})
    with pytest.raises(NmmaFitterError, match="ztfr"):
        task(request)


def test_the_engine_is_part_of_what_makes_two_fits_the_same(light_curve):
    by_nmma = request_of(light_curve)
    [fast] = requests_of(light_curve, ["Piro2021"], load_config().fits)
    assert by_nmma.digest != fast.digest
    left = request_of(light_curve, nmma={"leave": ["wavelengths"]})
    assert left.digest != by_nmma.digest
    [other] = requests_of(
        light_curve, ["Piro2021"], load_config().fits, over={"nmma": {"leave": ["wavelengths"]}}
    )
    assert other.digest == fast.digest


def test_a_request_comes_back_whole_from_its_file(light_curve):
    request = request_of(light_curve, model="Me2017+TrPi2018")
    again = FitRequest.from_json(json.loads(json.dumps(request.to_json())))
    assert again.digest == request.digest and again.nmma == request.nmma
