from __future__ import annotations

from pathlib import Path

import pytest

from nmma_fitter.candidates import textfile
from nmma_fitter.candidates.textfile import is_open_ended, read_lines, split_lines
from nmma_fitter.errors import BadInput


def test_a_byte_order_mark_is_no_part_of_the_text(write):
    assert read_lines(write(b"\xef\xbb\xbfjd,mag"))[0] == "jd,mag"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(write, end):
    assert read_lines(write(f"a{end}b"))[:2] == ["a", "b"]


def test_a_form_feed_does_not_end_a_line(write):
    assert read_lines(write("a\x0cb\nc")) == ["a\x0cb", "c"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK\x03\x04[Content_Types].xml", "is a spreadsheet or zip archive"),
        (b"\x1f\x8b\x08", "is gzip, and damaged"),
        (b"SIMPLE  =                    T", "is a FITS file"),
        (b"jd,mag\x00", "is binary"),
        ("jd,mag".encode("utf-16"), "is binary"),
        (b"", "is empty"),
        (b"\n \r\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"jd,mag\n1,2\n3,\xb1\n", "row 3: is not UTF-8"),
    ],
)
def test_what_is_not_text_is_refused_by_name(write, content, problem):
    path = write(content)
    with pytest.raises(BadInput) as caught:
        read_lines(path)
    assert str(caught.value).startswith(str(path))
    assert problem in str(caught.value)
    assert "; " in str(caught.value), "the remedy follows the problem"


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.truncate(textfile.LARGEST_FILE + 1)
    with pytest.raises(BadInput, match="larger than 50 MB"):
        read_lines(path)


@pytest.mark.parametrize("name", ["missing.csv", ".", "a\nb.csv", "a\0b.csv", "x" * 5000])
def test_a_path_that_is_no_file_is_refused_on_one_line(tmp_path, name):
    with pytest.raises(BadInput) as caught:
        read_lines(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(BadInput, match="is not a file"):
        read_lines(Path(tmp_path / "pipe.csv"))


@pytest.mark.parametrize(
    ("content", "open_ended"),
    [
        (b"jd,mag\n1,2\n", False),
        (b"jd,mag\n1,2\r", False),
        (b"jd,mag\n1,2", True),
        (b"", False),
        (b' {"a": 1}', False),
        (b"\xef\xbb\xbf<VOTABLE></VOTABLE>", False),
        (b"SIMPLE  =                    T", False),
        (b"Obj\x01 binary", False),
        (b"\x1f\x8bpacked", False),
    ],
)
def test_a_text_without_its_last_lines_end_may_be_cut_short(write, content, open_ended):
    assert is_open_ended(write(content)) is open_ended


def test_lines_are_what_an_editor_counts():
    assert split_lines("a\x0bb\u2028c\r\nd\re") == ["a\x0bb\u2028c", "d", "e"]
