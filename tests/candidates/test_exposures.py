from __future__ import annotations

import math
from dataclasses import replace

import pytest

from nmma_fitter.candidates.exposures import SECONDS_PER_DAY, apart, merge
from nmma_fitter.candidates.rows import Row

TIME = 59000.1234567  # not rounded
ALERT = Row(2, TIME, "ztfg", 19.0, 0.1, math.nan)
LIMIT = Row(3, TIME, "ztfg", math.nan, math.nan, 20.0)


def later(row: Row, seconds: float, number: int = 3) -> Row:
    return replace(row, row=number, mjd=row.mjd + seconds / SECONDS_PER_DAY)


def kept(*rows: Row) -> list[int]:
    """Row numbers kept, whichever order the rows come in."""
    lightcurve, merged = merge(rows, "a")
    again, same = merge(rows[::-1], "a")
    assert again.mag.tolist() == pytest.approx(lightcurve.mag.tolist(), nan_ok=True)
    assert same == merged
    gone = {number for one in merged for number in one.dropped}
    return [row.row for row in rows if row.row not in gone]


def test_rows_14_seconds_apart_are_one_exposure():
    assert len(kept(ALERT, later(ALERT, 14))) == 1


def test_rows_16_seconds_apart_are_two():
    assert len(kept(ALERT, later(ALERT, 16))) == 2


def test_groups_do_not_chain():
    assert kept(ALERT, later(ALERT, 10, 3), later(ALERT, 20, 4)) == [2, 4]


def test_other_bands_are_other_exposures():
    assert len(kept(ALERT, replace(ALERT, row=3, band="ztfr"))) == 2


def test_a_detection_beats_a_limit():
    assert kept(replace(LIMIT, forced=True), ALERT) == [2]


def test_forced_photometry_beats_an_alert_with_a_smaller_error():
    assert kept(ALERT, replace(ALERT, row=3, mag_err=0.2, forced=True)) == [3]


def test_the_smaller_error_wins():
    assert kept(ALERT, replace(ALERT, row=3, mag=18.9, mag_err=0.05)) == [3]


def test_the_deeper_limit_wins():
    assert kept(LIMIT, replace(LIMIT, row=4, limit=20.5)) == [4]


def test_with_equal_errors_the_values_decide_not_the_order():
    assert kept(ALERT, replace(ALERT, row=1, mag=19.1)) == [2]


def test_of_rows_that_are_the_same_the_first_is_kept():
    assert kept(ALERT, replace(ALERT, row=9), replace(ALERT, row=5)) == [2]


def test_a_row_that_records_its_limit_is_kept_before_one_that_does_not():
    assert kept(ALERT, replace(ALERT, row=3, limit=20.5)) == [3]


def test_what_was_merged_names_the_exposure():
    _, (merged,) = merge([ALERT, LIMIT], "a")
    assert (merged.band, merged.mjd, merged.kept, merged.dropped) == ("ztfg", TIME, 2, (3,))


def test_a_lone_row_is_not_merged():
    assert merge([ALERT], "a")[1] == ()


def test_kept_duplicates_of_different_values_all_stay():
    lightcurve, _ = merge([ALERT, replace(ALERT, mag=19.1), ALERT], "a", keep_duplicates=True)
    assert sorted(zip(lightcurve.mag, lightcurve.multiplicity, strict=True)) == [
        (19.0, 2),
        (19.1, 1),
    ]


def test_kept_duplicates_count_every_row():
    lightcurve, _ = merge([ALERT, LIMIT] * 3, "a", keep_duplicates=True)
    assert lightcurve.multiplicity.sum() == 6


ROUNDED = replace(ALERT, mjd=59000.25)
FAINTER = replace(ROUNDED, row=3, mag=19.4)


def test_different_values_at_a_rounded_time_are_of_different_telescopes():
    assert kept(ROUNDED, FAINTER) == [2, 3]
    assert apart([ROUNDED, FAINTER, replace(ALERT, row=4, mjd=59001.5)]) == 2


def test_a_time_that_is_whole_by_chance_is_not_rounded():
    assert apart([ROUNDED, FAINTER, later(ALERT, 500, 4)]) == 0


def test_named_instruments_and_equal_values_are_merged_at_a_rounded_time_too():
    assert kept(ROUNDED, replace(ROUNDED, row=3, limit=20.0)) == [3]
    assert len(kept(*(replace(row, instrument="P60") for row in (ROUNDED, FAINTER)))) == 1
    assert apart([ROUNDED, replace(ROUNDED, row=3, limit=20.0)]) == 0


def test_forced_photometry_and_a_detection_replace_others_at_a_rounded_time_too():
    assert kept(ROUNDED, replace(FAINTER, forced=True)) == [3]
    assert kept(ROUNDED, replace(LIMIT, mjd=ROUNDED.mjd)) == [2]


@pytest.mark.parametrize(("times", "count"), [((0.1, 0.4, 1.3), 2), ((0.1, 0.4, 1.30007), 1)])
def test_times_that_differ_by_whole_steps_are_rounded(times, count):
    """As Julian dates of tenths of a day, which another zero point has shifted."""
    others = [replace(ALERT, row=10 + i, mjd=TIME + time) for i, time in enumerate(times)]
    pair = [ALERT, replace(ALERT, row=3, mag=19.4)]
    assert len(set(kept(*pair, *others)) & {2, 3}) == count


def test_two_instruments_at_one_time_are_two_measurements():
    assert kept(replace(ALERT, instrument="P60"), replace(FAINTER, instrument="RATIR")) == [2, 3]
