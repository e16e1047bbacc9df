"""A file of each format is recognised by that format, and by no other."""

from __future__ import annotations

import gzip
import re

import pytest

from nmma_fitter.candidates.formats import FORMATS, parse
from nmma_fitter.candidates.formats.base import Content, Photometry
from nmma_fitter.errors import BadInput

from .samples import samples

SAMPLES = samples()
REFUSED = ("nmma-model", "json, of something else", "json, cut short")
NAMES = [one.name for one in FORMATS]


def recognised(data: bytes, tmp_path) -> list[str]:
    content = Content(tmp_path / "x", data)
    return [one.name for one in FORMATS[:-1] if one.recognises(content)]


@pytest.mark.parametrize("sample", SAMPLES)
def test_one_format_alone_recognises_a_file(sample, tmp_path):
    name = sample.partition(",")[0]
    wanted = [] if name == "table" else [name]
    assert recognised(SAMPLES[sample], tmp_path) == wanted


def test_each_format_has_a_sample():
    assert {sample.partition(",")[0] for sample in SAMPLES} == set(NAMES)


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one not in REFUSED])
def test_the_name_of_a_file_says_nothing(sample, write):
    plain = parse(write(SAMPLES[sample], "lc_ZTF22zzzzzzz.weird")).rows
    assert plain
    assert parse(write(gzip.compress(SAMPLES[sample]), "lc_ZTF22zzzzzzz.weird")).rows == plain


@pytest.mark.parametrize(
    "sample", [one for one, data in SAMPLES.items() if one not in REFUSED and b"\0" not in data]
)
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(sample, write):
    data = SAMPLES[sample]
    windows = b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
    assert parse(write(windows)).rows == parse(write(data)).rows


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_file_cut_anywhere_is_read_or_refused_on_one_line(sample, write):
    data = SAMPLES[sample]
    for count in {len(data) * part // 23 for part in range(23)} | {len(data) - 3}:
        try:
            parse(write(data[:count]))
        except BadInput as error:
            assert "\n" not in str(error)
            assert re.search(r"[;:] .+", str(error))


@pytest.mark.parametrize(
    "junk", [b"", b"\0", b"{", b"[[[[", b"Obj\x01", b"PAR1", b"SIMPLE  =", b"<VOTABLE"]
)
def test_junk_is_refused_on_one_line(junk, write):
    with pytest.raises(BadInput) as error:
        parse(write(junk))
    assert "\n" not in str(error.value)


def test_a_deep_json_is_refused(write):
    with pytest.raises(BadInput, match=r"nested too deep|not complete JSON"):
        parse(write("[" * 200_000))


def test_names_and_titles_are_unlike():
    assert len(set(NAMES)) == len(NAMES)
    assert len({one.title for one in FORMATS}) == len(FORMATS)


def test_notes_are_fit_to_be_shown():
    [note] = Photometry(None, (), ("left \x1b[31mout\n\u202e" + "x" * 9000,)).notes
    assert note.isprintable() and len(note) < 2000
