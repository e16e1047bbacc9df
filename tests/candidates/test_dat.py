from __future__ import annotations

import logging

import pytest

from nmma_fitter.candidates.formats import parse
from nmma_fitter.errors import BadInput


def only(path, **options):
    (row,) = parse(path, **options).rows
    return row


def test_an_nmma_line_is_read(write):
    row = only(write("2017-08-18T12:00:00.000 2massh 18.205 0.15\n", "AT2017gfo.dat"))
    assert (row.mjd, row.band, row.mag, row.mag_err) == (57983.5, "2massh", 18.205, 0.15)


def test_the_first_column_may_be_an_mjd(write):
    assert only(write("57983.5 ps1__g 18.2 0.1\n", "a.dat")).mjd == 57983.5


def test_an_infinite_error_marks_a_limit(write):
    row = only(write("57983.5 ztfg 20.1 inf\n", "a.dat"))
    assert (row.measured, row.limit) == (False, 20.1)


def test_bare_letters_are_what_the_caller_says_and_logged(write, caplog):
    caplog.set_level(logging.INFO)
    assert only(write("57983.5 g 20.1 0.1\n", "a.dat"), bands="ps1").band == "ps1::g"
    assert "bare band letters are taken so: g is ps1::g" in caplog.text


def test_comments_and_blank_lines_are_counted_but_not_read(write):
    assert only(write("# time filter mag err\n\n57983.5 ztfg 20.1 0.1\n", "a.dat")).row == 3


def test_the_format_is_recognised_whatever_the_name(write):
    assert only(write("57983.5\tztfg\t20.1\t0.1\n", "a.csv")).mag == 20.1


def test_a_limit_without_value_is_left_out_aloud(write, caplog):
    assert only(write("57983.5 ztfg 20.1 0.1\n57984.5 ztfg nan inf\n", "a.dat")).row == 1
    assert "row 2" in caplog.text


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("57984.5 ztfg 20.1", "has 3 fields"),
        ("2017-08-18 12:00:00 ztfg 20.1 0.1", "has 5 fields"),
        ("57984.5 ztfg 20.1 -inf", "not a number"),
        ("2459786.8 ztfg 20.1 0.1", "is a JD"),
        ("2017-13-18T00:00:00 ztfg 20.1 0.1", "date"),
    ],
)
def test_a_bad_line_is_named_with_its_remedy(write, line, problem):
    with pytest.raises(BadInput, match=rf"a\.dat, row 2: .*{problem}"):
        parse(write(f"57983.5 ztfg 20.1 0.1\n{line}\n", "a.dat"))


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("57984.5 ztfg 20.1 0", "left out 1 row with a magnitude whose error is missing, 0"),
        ("57984.5 ztfg 20.1 nan", "left out 1 row with a magnitude whose error is missing"),
        ("57984.5 goto-q 20.1 0.1", "left out 1 row in unknown bands: 'goto-q' (1)"),
    ],
)
def test_a_line_that_measures_nothing_here_costs_only_itself(write, line, note):
    found = parse(write(f"57983.5 ztfg 20.1 0.1\n{line}\n", "a.dat"))
    assert [row.row for row in found.rows] == [1]
    assert found.notes[0].startswith(note)


def test_bare_capitals_are_taken_as_ab_and_said(write):
    found = parse(write("57983.5 R 20.1 0.1\n", "a.dat"))
    assert found.rows[0].mag == 20.1
    assert found.notes[1].startswith("no system is stated, taken as AB")
