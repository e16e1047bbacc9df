from __future__ import annotations

import math
from pathlib import Path

import pytest

from nmma_fitter.candidates.rows import (
    Place,
    checked,
    mjd_from_isot,
    mjd_from_number,
    number,
    of_flux,
)
from nmma_fitter.errors import BadInput

HERE = Place(Path("lc.csv"), 7)


def test_an_error_names_file_and_row():
    with pytest.raises(BadInput, match=r"^lc\.csv, row 7: mag is 'x'"):
        number("x", HERE, "mag")


@pytest.mark.parametrize("text", ["1_000", "１２", "0x1p3", "1,5", "1;2", "--1", "9" * 3 + "\n1"])
def test_only_plain_numbers_are_numbers(text):
    with pytest.raises(BadInput, match="not a number"):
        number(text, HERE, "mag")


@pytest.mark.parametrize("text", ["", " ", "nan", "NaN", "None", "null", "N/A"])
def test_the_ways_to_say_nothing_are_nan(text):
    assert math.isnan(number(text, HERE, "mag"))


def test_a_jd_becomes_an_mjd():
    assert mjd_from_number("2459786.8301968", HERE, "jd") == 59786.3301968


def test_an_mjd_in_the_jd_column_is_called_that():
    with pytest.raises(BadInput, match="is an MJD; name the column mjd"):
        mjd_from_number("59786.3", HERE, "jd")


def test_a_jd_in_the_mjd_column_is_called_that():
    with pytest.raises(BadInput, match=r"is a JD; subtract 2400000\.5"):
        mjd_from_number("2459786.8", HERE, "mjd")


@pytest.mark.parametrize("text", ["0", "-1", "29999", "1e300", "inf", "100000.1"])
def test_a_date_of_another_age_is_refused(text):
    with pytest.raises(BadInput, match="outside 30000 to 100000"):
        mjd_from_number(text, HERE, "mjd")


def test_a_missing_date_is_refused():
    with pytest.raises(BadInput, match="jd is missing"):
        mjd_from_number("", HERE, "jd")


@pytest.mark.parametrize(
    ("text", "mjd"),
    [
        ("2017-08-18T00:00:00.000", 57983.0),
        ("2017-08-18T12:00:00", 57983.5),
        ("2017-08-18", 57983.0),
        ("2017-08-18T12:00:00Z", 57983.5),
        ("2017-08-18T14:00:00+02:00", 57983.5),
    ],
)
def test_an_isot_date_is_utc(text, mjd):
    assert mjd_from_isot(text, HERE) == mjd


@pytest.mark.parametrize(
    "text", ["2017-02-30", "18/08/2017", "2017-08-18T25:00:00", "0001-01-01T00:00:00+23:59", "-"]
)
def test_an_impossible_date_is_refused(text):
    with pytest.raises(BadInput, match=r"row 7: date .*correct it"):
        mjd_from_isot(text, HERE)


def row(mag: float, error: float, limit: float):
    return checked(HERE, 59000.0, "ztfg", mag, error, limit, forced=False)


def test_a_row_without_magnitude_is_a_limit():
    assert row(math.nan, math.nan, 20.5).measured is False


def test_a_limit_keeps_no_error():
    assert math.isnan(row(math.nan, 0.1, 20.5).mag_err)


def test_a_row_with_neither_says_nothing():
    assert row(math.nan, 0.1, math.nan) is None


@pytest.mark.parametrize("error", [0.0, 1e-320, -0.1, math.inf, 99.0])
def test_an_impossible_error_is_refused(error):
    with pytest.raises(BadInput, match=r"row 7: magnitude error .* is not between 0 and 10"):
        row(19.0, error, math.nan)


def test_a_magnitude_without_error_is_refused():
    with pytest.raises(BadInput, match="has no error"):
        row(19.0, math.nan, 20.0)


@pytest.mark.parametrize("mag", [-999.0, 999.0, math.inf])
def test_another_surveys_mark_is_no_magnitude(mag):
    with pytest.raises(BadInput, match=r"row 7: magnitude .* is outside -10 to 40.* flux, convert"):
        row(mag, 0.1, 20.0)


def test_an_impossible_limit_is_refused():
    with pytest.raises(BadInput, match="limiting magnitude -999 is outside"):
        row(19.0, 0.1, -999.0)


@pytest.mark.parametrize(
    ("error", "limit", "problem"),
    [
        (1e-320, math.nan, "flux error 9.99989e-321 microjansky cannot be right"),
        (3e13, math.nan, "flux error 3e[+]13 microjansky cannot be right"),
        (2.0, 45.0, "limiting magnitude 45 is outside"),
    ],
)
def test_a_flux_whose_limit_cannot_be_right_is_refused(error, limit, problem):
    with pytest.raises(BadInput, match=problem):
        of_flux(HERE, 59000.0, "ztfg", 3.0, error, limit=limit)
