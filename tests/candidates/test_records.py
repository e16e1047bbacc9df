from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmma_fitter.candidates.lightcurve import from_columns, photometry_digest
from nmma_fitter.candidates.records import from_dict, to_dict
from nmma_fitter.errors import BadInput

LIGHTCURVE = from_columns(
    "ZTF22a",
    mjd=[59000.1, 59001.0 + 1 / 3],
    band=["ztfg", "ps1::r"],
    mag=[19.1, math.nan],
    mag_err=[0.1, math.nan],
    limit=[math.nan, 20.5],
    multiplicity=[3, 1],
)


FORCED = from_columns(
    "ZTF22a",
    mjd=[59000.1, 59001.0 + 1 / 3],
    band=["ztfg", "ps1::r"],
    mag=[19.1, math.nan],
    mag_err=[0.1, math.nan],
    limit=[math.nan, math.nan],
    multiplicity=[1, 1],
    flux=[math.nan, -1 / 3],
    flux_err=[math.nan, 2.5],
    instrument=["", "P60"],
    baseline=["", "a field"],
    baseline_err=[0.0, 0.7],
    significance=5.0,
)


def plain() -> dict:
    return json.loads(json.dumps(to_dict(LIGHTCURVE)))


@pytest.mark.parametrize(
    "column", ["mjd", "band", "mag", "mag_err", "limit", "detected", "multiplicity"]
)
def test_nothing_is_lost_through_json(column):
    again = from_dict(plain())
    np.testing.assert_array_equal(getattr(again, column), getattr(LIGHTCURVE, column))


@pytest.mark.parametrize(
    "column",
    ["flux", "flux_err", "instrument", "baseline", "baseline_err", "significance", "detected"],
)
def test_nothing_of_a_flux_is_lost_through_json(column):
    again = from_dict(json.loads(json.dumps(to_dict(FORCED), allow_nan=False)))
    np.testing.assert_array_equal(getattr(again, column), getattr(FORCED, column))


def test_magnitudes_alone_are_stored_as_they_were_before_there_were_fluxes():
    assert set(plain()) == {"name", "mjd", "mag", "mag_err", "limit", "band", "multiplicity"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"flux": [None, None]}, r"flux\[1\] and its error"),
        ({"flux": [None, 1e30]}, r"flux\[1\]"),
        ({"flux_err": [None, 0.0]}, r"flux_err\[1\]"),
        ({"flux_err": [None, -1.0]}, r"flux_err\[1\]"),
        ({"instrument": ["", "a\nb"]}, r"instrument\[1\]"),
        ({"baseline": ["", None]}, r"baseline\[1\]"),
        ({"baseline_err": [0.0, math.inf]}, r"baseline_err\[1\]"),
        ({"significance": math.nan}, "significance"),
        ({"significance": "3"}, "significance"),
    ],
)
def test_a_flux_that_cannot_be_right_is_named(change, problem):
    with pytest.raises(BadInput, match=problem):
        from_dict({**to_dict(FORCED), **change})


def test_the_digest_survives_json():
    assert photometry_digest(from_dict(plain())) == photometry_digest(LIGHTCURVE)


def test_the_json_is_standard():
    json.dumps(to_dict(LIGHTCURVE), allow_nan=False)


def test_an_empty_light_curve_survives():
    empty = {key: value if key == "name" else [] for key, value in plain().items()}
    assert len(from_dict(empty)) == 0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": 3}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"extra": []}, "it must have the keys"),
        ({"mjd": "59000"}, "mjd is not a list"),
        ({"mjd": [59000.1]}, "differ in length"),
        ({"mjd": [59000.1, 2459000.5]}, r"mjd\[1\]"),
        ({"mjd": [59000.1, None]}, r"mjd\[1\]"),
        ({"mjd": [59000.1, True]}, r"mjd\[1\]"),
        ({"band": ["ztfg", "g"]}, r"band\[1\]"),
        ({"band": ["ztfg", []]}, r"band\[1\]"),
        ({"mag": [19.1, 19.0]}, r"mag_err\[1\]"),
        ({"mag": ["19.1", None]}, r"mag\[0\]"),
        ({"mag": [math.nan, None]}, r"mag\[0\]"),
        ({"mag": [10**400, None]}, r"mag\[0\]"),
        ({"mag_err": [0, None]}, r"mag_err\[0\]"),
        ({"mag_err": [-0.1, None]}, r"mag_err\[0\]"),
        ({"mag_err": [0.1, 0.1]}, "measurement 1"),
        ({"limit": [None, None]}, "measurement 1"),
        ({"limit": [None, math.inf]}, r"limit\[1\]"),
        ({"multiplicity": [0, 1]}, r"multiplicity\[0\]"),
        ({"multiplicity": [1.5, 1]}, r"multiplicity\[0\]"),
        ({"multiplicity": [2**70, 1]}, r"multiplicity\[0\]"),
    ],
)
def test_what_cannot_be_right_is_named(change, problem):
    with pytest.raises(BadInput, match=problem):
        from_dict(plain() | change)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(json_values, st.sampled_from(["", *plain()]))
def test_any_other_value_is_refused_or_read_never_a_crash(value, key):
    try:
        from_dict(plain() | {key: value} if key else value)
    except BadInput as error:
        assert "\n" not in str(error)
