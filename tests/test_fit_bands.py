"""Which bands enter: those that are chosen, and none that no model of the fit can predict."""

from __future__ import annotations

import pytest

from nmma_fitter.config import load_config
from nmma_fitter.errors import BadInput
from nmma_fitter.fits import requests_of
from nmma_fitter.models import Model, piro2021

ROWS = "mjd,band,mag,magerr\n60051.1,ztfr,19.1,0.1\n60051.5,ztfg,19.0,0.1\n60052.5,ztfg,19.4,0.1\n"
REST = "60053.5,2massj,19.4,0.1\n"
ALL = ["ztfr", "ztfg", "ztfg", "2massj"]


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "ZTF1.csv"
    file.write_text(ROWS + REST)
    return file


def asked(path, over=None, wanted=("Piro2021",)):
    return requests_of(path, list(wanted), load_config().fits, over=over or {})


def test_without_a_choice_all_bands_enter(path):
    [request] = asked(path)
    assert request.lightcurve.band.tolist() == ALL and request.notes == ()


@pytest.mark.parametrize(
    ("over", "kept"),
    [
        ({"only_bands": ["ztfg"]}, ["ztfg", "ztfg"]),
        ({"only_bands": ["ztfg", "ztfr"], "without_bands": ["ztfr"]}, ["ztfg", "ztfg"]),
        ({"without_bands": ["2MASS J"]}, ALL[:3]),
    ],
)
def test_a_choice_leaves_rows_out_and_says_so(path, over, kept):
    [request] = asked(path, over)
    assert request.lightcurve.band.tolist() == kept
    assert "2massj (1)" in request.notes[-1] and "not chosen" in request.notes[-1]
    assert request.to_json()["notes"] == list(request.notes)


def test_a_choice_moves_day_zero(path):
    assert asked(path, {"only_bands": ["ztfg"]})[0].trigger == 60051.5


def test_a_choice_that_changes_nothing_leaves_the_digest(path):
    every = {"only_bands": ["ztfg", "ztfr", "2massj"]}
    assert asked(path, every)[0].digest == asked(path)[0].digest
    assert asked(path, {"only_bands": ["ztfg"]})[0].digest != asked(path)[0].digest


def test_a_choice_of_nothing_is_refused_with_what_there_is(path):
    with pytest.raises(BadInput, match="its bands are 2massj, ztfg, ztfr, and none is chosen"):
        asked(path, {"only_bands": ["sdssu"]})


def test_an_unknown_band_is_refused(path):
    with pytest.raises(BadInput, match="unknown band 'nosuch'"):
        asked(path, {"only_bands": ["nosuch"]})


@pytest.fixture
def no_infrared(monkeypatch):
    """A model that cannot predict the near infrared, as a grid of optical bands."""

    def check_bands(self: Model, bands: list[str]) -> None:
        from nmma_fitter.errors import UnsupportedData

        if "2massj" in bands:
            raise UnsupportedData("Piro2021 cannot predict 2massj")

    monkeypatch.setattr(piro2021.Piro2021, "check_bands", check_bands)


@pytest.mark.usefixtures("no_infrared")
def test_rows_that_no_model_predicts_are_left_out_for_all(path):
    [request] = asked(path)
    assert request.lightcurve.band.tolist() == ALL[:3]
    assert "no model here can predict: 2massj (1)" in request.notes[-1]
    request.check()


@pytest.mark.usefixtures("no_infrared")
def test_rows_that_some_model_predicts_stay_for_all(path):
    both = asked(path, wanted=("Piro2021", "Me2017"))
    assert [request.lightcurve.band.tolist() for request in both] == [ALL, ALL]
