from __future__ import annotations

import numpy as np
import pytest

from nmma_fitter.candidates.formats import parse
from nmma_fitter.errors import BadInput

from .samples import ZFPS, zfps, zfps_row

FACTOR = 10 ** ((23.9 - 26.15) / 2.5)
GOOD = zfps_row(0, 2459800.75, 1500.0, 50.0)


def of(write, *rows):
    return parse(write(zfps(*rows), "forcedphotometry_req1.txt"))


def test_a_negative_flux_stays(write):
    (row,) = of(write, zfps_row(0, 2459800.75, -80.0, 50.0)).rows
    assert row.flux == pytest.approx(-80 * FACTOR)
    assert np.isnan(row.mag)


@pytest.mark.parametrize(
    ("other", "note"),
    [
        ({"procstatus": 61}, "procstatus 61"),
        ({"procstatus": "56"}, "procstatus 56"),
        ({"procstatus": "57,61"}, "a procstatus of several or unknown codes"),
        ({"procstatus": "\u00b2"}, "a procstatus of several or unknown codes"),
        ({"infobitssci": 33554432}, "infobitssci of 33554432 and above"),
        ({"scisigpix": 25.1}, "scisigpix above 25"),
        ({"sciinpseeing": 4.1}, "seeing above 4 arcsec"),
        ({"zpdiff": "null"}, "no zero point"),
        ({"forcediffimflux": "null"}, "no flux (null)"),
    ],
)
def test_bad_rows_are_left_out_and_counted(write, other, note):
    bad = zfps_row(1, 2459801.75, *(other.pop("forcediffimflux", 900.0), 50.0), **other)
    found = of(write, GOOD, bad)
    assert [row.row for row in found.rows] == [4]
    assert f"left out 1 row with {note}" in found.notes[0]
    assert "row 5" in found.notes[0]


@pytest.mark.parametrize("other", [{"procstatus": 57}, {"procstatus": "57,58"}, {"scisigpix": 25}])
def test_warnings_that_concern_the_reference_alone_leave_a_row_in(write, other):
    assert len(of(write, GOOD, zfps_row(1, 2459801.75, 9.0, 5.0, **other)).rows) == 2


def test_a_file_of_bad_rows_alone_says_why(write):
    with pytest.raises(BadInput, match=r"no usable row .*procstatus 61: row 4"):
        of(write, zfps_row(0, 2459800.75, 1.0, 1.0, procstatus=61))


def test_each_field_and_filter_has_its_own_baseline(write):
    rng = np.random.default_rng(3)
    rows = []
    for index in range(120):
        field, level = ((700, 30.0), (701, -60.0))[index % 2]
        event = 2000.0 if index >= 100 else 0.0
        flux = level + event + rng.normal(0, 10)
        rows.append(zfps_row(index, 2459000.75 + 5 * index, flux, 10.0, field=field))
    found = of(write, *rows)
    last = found.rows[-2:]
    assert [row.baseline for row in last] == ["ztfr 700/3/2", "ztfr 701/3/2"]
    for row in last:
        assert row.flux == pytest.approx(2000 * FACTOR, abs=5 * row.flux_err)
        assert 0 < row.baseline_err < row.flux_err / 3
    note = next(note for note in found.notes if note.startswith("baseline: median of the rows"))
    assert "before MJD 59470.2" in note
    assert "ztfr 700/3/2 (4." in note


def test_errors_are_scaled_by_chi_and_that_is_said(write):
    found = of(
        write, *(zfps_row(i, 2459800.75 + i, 9.0, 50.0, forcediffimchisq=4) for i in range(3))
    )
    assert [row.flux_err for row in found.rows] == pytest.approx([100 * FACTOR] * 3)
    assert "errors multiplied by 2.00" in "; ".join(found.notes)


def test_a_source_of_the_reference_below_is_said(write):
    found = of(write, zfps_row(0, 2459800.75, 9.0, 5.0, dnearestrefsrc=0.4))
    assert "within 1 arcsec in 1 rows" in found.notes[-1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([GOOD, GOOD[:-9]], "row 5: has 37 fields where the header has 40; the file may be cut"),
        ([GOOD.replace("2459800.75", "59800.75")], "row 4: jd is 59800.75, which is an MJD"),
        ([GOOD.replace("1500.0", "15oo")], "row 4: forcediffimflux is '15oo', not a number"),
        ([GOOD.replace("26.15", "2615")], "row 4: zpdiff is 2615, not a zero point"),
        ([GOOD.replace("ZTF_r", "ZTF_q")], "row 4: unknown band 'ZTF_q'"),
        ([], "no usable row"),
    ],
)
def test_what_is_wrong_is_said(write, rows, message):
    with pytest.raises(BadInput, match=message.replace("(", r"\(")):
        of(write, *rows)


def test_many_fields_are_no_object(write):
    rows = [zfps_row(i, 2459800.75 + i, 9.0, 5.0, field=i) for i in range(501)]
    with pytest.raises(BadInput, match="more than 500 fields"):
        of(write, *rows)


def test_a_header_without_a_needed_column_is_another_file(write):
    with pytest.raises(BadInput, match=r"no column gives|no header"):
        parse(write(zfps(GOOD, header=f"# {ZFPS.replace('zpdiff', 'zp')}")))
