from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest

from nmma_fitter.candidates.bounded import BoundedReader
from nmma_fitter.candidates.formats import read, read_and_merge, read_lightcurve
from nmma_fitter.errors import BadInput

TEXT = (
    ",jd,mag,mag_unc,filter,limmag,programid\n"
    "0,2459790.8,18.5,0.05,r,,2.0\n"
    "1,2459786.8,16.5,0.05,g,,2.0\n"
    "2,2459786.8,16.5,0.05,g,,2.0\n"
)


def test_unsorted_rows_come_out_in_order_of_time(write):
    assert read_lightcurve(write(TEXT)).mjd.tolist() == [59786.3, 59790.3]


def test_a_repeated_row_counts_once(write):
    assert read_lightcurve(write(TEXT)).multiplicity.tolist() == [1, 1]


def test_kept_duplicates_count_as_often_as_they_come(write):
    assert read_lightcurve(write(TEXT), keep_duplicates=True).multiplicity.tolist() == [2, 1]


def test_what_was_merged_is_told_by_row(write):
    _, (merged,) = read_and_merge(write(TEXT))
    assert (merged.band, merged.kept, merged.dropped) == ("ztfg", 3, (4,))


def test_what_was_merged_is_logged(write, caplog):
    caplog.set_level(logging.INFO)
    read_lightcurve(write(TEXT))
    assert "rows left out that repeat an exposure: 1" in caplog.text


def test_the_object_is_named_by_the_file(write):
    assert read_lightcurve(write(TEXT)).name == "ZTF22aaaaaaa"


def test_the_caller_may_name_the_object(write):
    assert read_lightcurve(write(TEXT), name="SN 2022abc").name == "SN 2022abc"


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "x" * 101, "a\u202eb"])
def test_a_name_that_would_spoil_a_line_is_refused(write, name):
    with pytest.raises(BadInput, match="object's name"):
        read_lightcurve(write(TEXT), name=name)


def test_windows_files_read_the_same(write):
    unix = read_lightcurve(write(TEXT))
    windows = read_lightcurve(write(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()))
    np.testing.assert_array_equal(unix.mag, windows.mag)


def test_reading_needs_no_heavy_import():
    code = "import sys, nmma_fitter.candidates.formats; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert not {"pandas", "astropy", "bilby", "pydantic"} & set(done.stdout.split())


LEFT_OUT = "left out 1 row in unknown bands: 'nothing' (1)"
WITH_NOTE = TEXT + "3,2459791.8,16.5,0.05,nothing,,2.0\n"


def test_what_was_left_out_is_noted_and_logged_once(write, caplog):
    assert read(write(WITH_NOTE)).notes == (LEFT_OUT,)
    assert [one.getMessage().partition(": ")[2] for one in caplog.records] == [LEFT_OUT]


def test_a_reader_of_its_own_tells_the_notes_too(write, tmp_path, caplog):
    with BoundedReader(tmp_path / "notes") as reader:
        assert reader.read(write(WITH_NOTE)).notes == (LEFT_OUT,)
    assert caplog.text.count(LEFT_OUT) == 1


def test_measurements_kept_apart_are_noted(write):
    text = "mjd,filter,mag,magerr\n59000.5,g,19,0.1\n59000.5,g,18,0.1\n"
    notes = read(write(text)).notes
    assert any(note.startswith("kept 2 measurements apart") for note in notes)
    assert read_lightcurve(write(text), keep_duplicates=True).multiplicity.tolist() == [1, 1]


@pytest.mark.parametrize(("days", "said"), [(29, False), (31, True)])
def test_a_first_detection_far_from_the_next_is_said(write, days, said):
    text = f"mjd,filter,mag,magerr\n59000.51234,g,19,0.1\n{59000.51234 + days},ztfg,19,0.1\n"
    notes = " ".join(read(write(text)).notes)
    assert ("31 d before the next, and sets day zero" in notes) is said
