from __future__ import annotations

from pathlib import Path

import pytest

from nmma_fitter.candidates.columns import MEANINGS, check_columns, chosen, folded, lacking, unit_in
from nmma_fitter.candidates.rows import Place
from nmma_fitter.errors import BadInput

HERE = Place(Path("lc.csv"), 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Mag_Err", "magerr"),
        (" MJD-OBS ", "mjdobs"),
        ("i:objectId", "objectid"),
        ("flux (mJy)", "flux"),
        ("Time [MJD]", "time"),
        ("e.mag", "emag"),
    ],
)
def test_a_name_is_folded(name, text):
    assert folded(name) == text


def test_no_name_has_two_meanings_and_each_is_written_folded():
    names = [name for names in MEANINGS.values() for name in names]
    assert len(names) == len(set(names))
    assert [folded(name) for name in names] == names


def test_the_best_of_several_columns_counts():
    found = chosen(["time", "jd", "mjd", "filter", "fid", "magpsf", "mag", "sigmapsf"])
    assert {key: found[key] for key in ("time", "jd", "mjd", "band", "mag", "mag_err")} == {
        "time": "time",
        "jd": "jd",
        "mjd": "mjd",
        "band": "filter",
        "mag": "mag",
        "mag_err": "sigmapsf",
    }


def test_the_caller_knows_better_and_may_say_that_there_is_none():
    found = chosen(["mjd", "m", "ujy"], {"mag": "", "flux": "other"})
    assert (found.get("mag"), found["flux"], found["mjd"]) == (None, "other", "mjd")


@pytest.mark.parametrize(
    ("columns", "lacks"),
    [
        ("mjd,band,mag,magerr", []),
        ("mjd,band,flux,fluxerr", []),
        ("mjd,band,flux,error", []),
        ("mjd,band,mag", ["the magnitude's error"]),
        ("mjd,band,flux", ["the flux's error"]),
        ("band,mag,magerr", ["the time"]),
        ("mjd,mag,magerr", ["the band"]),
        ("mjd,band", ["a value"]),
        ("", ["the time", "the band", "a value"]),
    ],
)
def test_what_a_light_curve_lacks_is_named(columns, lacks):
    found = lacking(chosen(columns.split(",")))
    assert [one.partition(" (")[0] for one in found] == lacks


@pytest.mark.parametrize(
    ("name", "unit"), [("flux(mJy)", "mjy"), ("flux [uJy]", "ujy"), ("flux", ""), ("flux(", "")]
)
def test_a_unit_in_brackets_is_found(name, unit):
    assert unit_in(name) == unit


@pytest.mark.parametrize(
    ("columns", "problem"),
    [(["a"] * 2, "column 'a' appears twice"), ([f"c{i}" for i in range(1001)], "has 1001 columns")],
)
def test_a_header_that_cannot_be_right_is_refused(columns, problem):
    with pytest.raises(BadInput, match=problem):
        check_columns(HERE, columns)


def test_nameless_columns_may_be_several():
    check_columns(HERE, ["", "", "mjd"])
