from __future__ import annotations

import math

import pytest

from nmma_fitter.candidates.lightcurve import LightCurve, from_columns
from nmma_fitter.candidates.window import days, in_window, trigger_time
from nmma_fitter.errors import BadInput, TooFewDetections


def lightcurve(detected: list[bool]) -> LightCurve:
    """Light curve of one measurement a day from MJD 59000."""
    return from_columns(
        "ZTF22a",
        mjd=[59000.0 + day for day in range(len(detected))],
        band=["ztfg"] * len(detected),
        mag=[19.0 if seen else math.nan for seen in detected],
        mag_err=[0.1 if seen else math.nan for seen in detected],
        limit=[20.0] * len(detected),
        multiplicity=[1] * len(detected),
    )


SEEN_ON_DAY_1 = lightcurve([False, True, False, True])


def test_the_first_detection_triggers():
    assert trigger_time(SEEN_ON_DAY_1, "first-detection") == 59001.0


def test_a_weak_measurement_does_not_trigger():
    weak = from_columns(
        "a",
        mjd=[58976.0, 59000.0],
        band=["ztfg", "ztfg"],
        mag=[22.2, 19.0],
        mag_err=[0.9, 0.1],
        limit=[math.nan, math.nan],
        multiplicity=[1, 1],
    )
    assert trigger_time(weak, "first-detection") == 59000.0


def test_the_day_before_is_one_day_earlier():
    assert trigger_time(SEEN_ON_DAY_1, "day-before") == 59000.0


def test_an_mjd_triggers_as_it_is():
    assert trigger_time(lightcurve([False]), 59123.25) == 59123.25


def test_without_detection_there_is_no_trigger():
    with pytest.raises(TooFewDetections, match="ZTF22a: no detection"):
        trigger_time(lightcurve([False, False]), "first-detection")


@pytest.mark.parametrize("rule", [math.nan, math.inf, 2459000.5, 0])
def test_a_trigger_that_is_no_mjd_is_refused(rule):
    with pytest.raises(BadInput, match="is not an MJD"):
        trigger_time(SEEN_ON_DAY_1, rule)


def test_an_unknown_rule_lists_the_known_ones():
    with pytest.raises(BadInput, match="first-detection, day-before or an MJD"):
        trigger_time(SEEN_ON_DAY_1, "peak")


def test_days_count_from_the_trigger():
    assert days(SEEN_ON_DAY_1, 59001.0).tolist() == [-1.0, 0.0, 1.0, 2.0]


def test_a_window_includes_its_ends():
    assert in_window(SEEN_ON_DAY_1, 59001.0, 0.0, 2.0).mjd.tolist() == [59001.0, 59002.0, 59003.0]


def test_an_open_window_leaves_the_first_detection_out():
    inside = in_window(SEEN_ON_DAY_1, 59001.0, 0.0, 2.0, open_window=True)
    assert inside.mjd.tolist() == [59002.0]


def test_the_window_is_24_days_by_default():
    long = lightcurve([True] * 40)
    assert days(in_window(long, 59020.0), 59020.0)[[0, -1]].tolist() == [-10.0, 14.0]


def test_a_window_may_be_empty():
    assert len(in_window(SEEN_ON_DAY_1, 59001.0, 5.0, 6.0)) == 0
