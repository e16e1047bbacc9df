from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmma_fitter.candidates.exposures import merge
from nmma_fitter.candidates.lightcurve import (
    detections,
    from_columns,
    photometry_digest,
    select,
    upper_limits,
)
from nmma_fitter.candidates.rows import Row

MAGS = st.floats(15, 22).map(lambda mag: round(mag, 3))
ROWS = st.builds(
    Row,
    row=st.integers(2, 99),
    # Steps of 7 s, so that many rows are of one exposure.
    mjd=st.integers(0, 12).map(lambda step: 59000.0 + step * 7 / 86400),
    band=st.sampled_from(["ztfg", "ztfr"]),
    mag=MAGS | st.just(math.nan),
    mag_err=st.sampled_from([0.05, 0.1]),
    limit=MAGS,
    forced=st.booleans(),
)
ONE = Row(2, 59000.0, "ztfg", 19.0, 0.1, math.nan)


def digest(rows, name="a", **options) -> str:
    return photometry_digest(merge(rows, name, **options)[0])


@given(st.lists(ROWS, min_size=1, max_size=12), st.randoms())
def test_the_digest_does_not_depend_on_the_rows_order(rows: list[Row], chance: random.Random):
    shuffled = chance.sample(rows, len(rows))
    assert digest(shuffled) == digest(rows)


@given(st.lists(ROWS, min_size=1, max_size=12), st.data())
def test_the_digest_does_not_depend_on_repeated_rows(rows: list[Row], data: st.DataObject):
    repeats = data.draw(st.lists(st.sampled_from(rows), max_size=12))
    assert digest(rows + repeats) == digest(rows)


@given(st.lists(ROWS, min_size=1, max_size=12))
def test_merging_twice_changes_nothing(rows: list[Row]):
    once = merge(rows, "a")[0]
    assert (np.diff(once.mjd) >= 0).all()
    assert (once.multiplicity == 1).all()
    assert len(once) <= len(rows)


@given(st.lists(ROWS, min_size=1, max_size=12), st.randoms())
def test_kept_duplicates_do_not_depend_on_the_rows_order(rows: list[Row], chance: random.Random):
    shuffled = chance.sample(rows, len(rows))
    assert digest(shuffled, keep_duplicates=True) == digest(rows, keep_duplicates=True)


@pytest.mark.parametrize("keep_duplicates", [False, True])
def test_the_error_of_a_limit_is_not_in_the_digest(keep_duplicates: bool):
    bare = replace(ONE, mag=math.nan, mag_err=math.nan, limit=20.0)
    rows = [replace(bare, mag_err=error) for error in (0.1, 0.05)]
    expected = digest([bare, bare], keep_duplicates=keep_duplicates)
    for order in (rows, rows[::-1]):
        assert digest(order, keep_duplicates=keep_duplicates) == expected


def test_the_digest_does_not_depend_on_the_name():
    assert digest([ONE], "b") == digest([ONE], "a")


def test_the_digest_does_not_change_with_the_release():
    expected = "1a420b2abed4d79cefa8b88204406af66b37c257e913919aa4a77f60b0f8caeb"
    assert digest([ONE]) == expected


def test_the_digest_depends_on_the_magnitude():
    assert digest([replace(ONE, mag=19.00001)]) != digest([ONE])


def test_the_digest_ignores_noise_below_its_decimals():
    assert digest([replace(ONE, mag=19.0 + 1e-9, mjd=59000.0 + 1e-10)]) == digest([ONE])


def test_the_digest_tells_kept_duplicates():
    assert digest([ONE, ONE], keep_duplicates=True) != digest([ONE, ONE])


def test_a_magnitude_of_minus_zero_is_zero():
    assert digest([replace(ONE, mag=-1e-9)]) == digest([replace(ONE, mag=0.0)])


def test_measurements_are_sorted_by_time_then_band():
    lightcurve = from_columns(
        "a",
        mjd=[2.0, 1.0, 1.0],
        band=["ztfg", "ztfr", "ztfg"],
        mag=[3.0, math.nan, 1.0],
        mag_err=[0.1, math.nan, 0.1],
        limit=[math.nan, 20.0, math.nan],
        multiplicity=[1, 1, 1],
    )
    assert lightcurve.band.tolist() == ["ztfg", "ztfr", "ztfg"]
    assert lightcurve.detected.tolist() == [True, False, True]


def test_selecting_keeps_every_column_in_step():
    lightcurve = merge([ONE, replace(ONE, mjd=59001.0, mag=20.0)], "a")[0]
    later = select(lightcurve, lightcurve.mjd > 59000.5)
    assert (len(later), later.mag.tolist(), later.name) == (1, [20.0], "a")


def test_detections_that_count_twice_are_counted_once():
    assert detections(merge([ONE, ONE], "a", keep_duplicates=True)[0]) == 1


def test_limits_are_no_detections():
    limit = replace(ONE, mjd=59001.0, mag=math.nan, mag_err=math.nan, limit=20.0)
    assert detections(merge([ONE, limit], "a")[0]) == 1


NAN = math.nan
# A detection, a weak magnitude, a limit, then fluxes: significant, weak, negative.
MIXED = from_columns(
    "a",
    mjd=[59000.0, 59001.0, 59002.0, 59003.0, 59004.0, 59005.0],
    band=["ztfg"] * 6,
    mag=[19.0, 21.0, NAN, 20.15, 22.65, NAN],
    mag_err=[0.1, 0.5, NAN, 0.08, 0.8, NAN],
    limit=[NAN, NAN, 20.5, NAN, NAN, NAN],
    multiplicity=[1] * 6,
    flux=[NAN, NAN, NAN, 31.6, 3.16, -4.0],
    flux_err=[NAN, NAN, NAN, 2.3, 2.3, 2.3],
)


def test_significance_decides_what_is_a_detection():
    assert MIXED.detected.tolist() == [True, False, False, True, False, False]
    assert replace(MIXED, significance=2.0).detected.tolist()[1] is True


def test_what_is_measured_is_no_limit():
    assert MIXED.measured.tolist() == [True, True, False, True, True, True]


def test_a_weak_flux_stands_for_a_limit_among_magnitudes_and_a_weak_magnitude_for_itself():
    assert MIXED.has_magnitude.tolist() == [True, True, False, True, False, False]


def test_limits_follow_from_errors_where_none_was_recorded():
    limits = upper_limits(MIXED)
    assert limits[2] == 20.5
    assert limits[[4, 5]] == pytest.approx(23.9 - 2.5 * math.log10(5 * 2.3))
    assert limits[1] == pytest.approx(21.0 - 2.5 * math.log10(5 * 0.5 * math.log(10) / 2.5))


@pytest.mark.parametrize(
    ("column", "value"),
    [("flux", 31.7), ("flux_err", 2.4), ("instrument", "b"), ("baseline_err", 0.1)],
)
def test_the_digest_of_fluxes_depends_on_all_of_them(column, value):
    values = getattr(MIXED, column).copy()
    values = values.astype(object) if column == "instrument" else values
    values[3] = value
    changed = replace(MIXED, **{column: values})
    assert photometry_digest(changed) != photometry_digest(MIXED)
