from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from nmma_fitter.candidates.nights import (
    candidate_files,
    newest_night,
    object_name,
    other_files,
)
from nmma_fitter.errors import BadInput

NOW = 1.66e9  # August 2022


def names(night: Path) -> list[str]:
    return [path.name for path in candidate_files(night)]


def test_the_newest_night_has_the_latest_date(tmp_path):
    for name in ["2459784-2459791", "2459778-2459785", "2459779-2459786"]:
        (tmp_path / name).mkdir()
    assert newest_night(tmp_path, NOW).name == "2459784-2459791"


@pytest.mark.parametrize("name", ["latest", "9999999", "2459999-246000", "99999999-99999999"])
def test_other_folders_are_no_nights(tmp_path, name):
    (tmp_path / "2459778-2459785").mkdir()
    (tmp_path / name).mkdir()
    assert newest_night(tmp_path, NOW).name == "2459778-2459785"


def test_a_file_named_like_a_night_is_none(tmp_path):
    (tmp_path / "2459778-2459785").mkdir()
    (tmp_path / "2459779-2459786").touch()
    assert newest_night(tmp_path, NOW).name == "2459778-2459785"


def test_a_folder_without_nights_says_what_was_expected(tmp_path):
    with pytest.raises(BadInput, match="no night folder named like 2459778-2459785"):
        newest_night(tmp_path, NOW)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        newest_night(tmp_path / "missing", NOW)


def test_a_missing_night_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        candidate_files(tmp_path / "missing")


def test_candidates_are_sorted_csv_and_dat_files(tmp_path):
    for name in ["b.csv", "a.dat", "c.txt", "d.csv.tmp"]:
        (tmp_path / name).touch()
    assert names(tmp_path) == ["a.dat", "b.csv"]


PLAIN = "mjd,filter,mag,magerr\n60051.25,ztfg,19.8,0.07\n"
KEPT = {
    "survey.csv": "whatever it says",
    "plain.txt": PLAIN,
    "spaces.txt": PLAIN.replace(",", " "),
    "nmma.txt": "60051.25 ztfg 19.8 0.07\n",
    "nmma.json": '{"ztfg": {"time": [60051.25], "mag": [19.8], "mag_error": [0.07]}}',
}
LEFT = {
    "README.txt": "These are light curves.\nRow, by row, they were, measured.\n",
    "notes.txt": "",
    "manifest.json": '{"files": 3, "sum": "abc"}',
    "cut.json": '{"ztfg": {"time": [60051',
    "job.log": PLAIN,
    "picture.png": "no text",
    "script.py": "print(1)",
}


def test_other_files_are_candidates_where_they_say_that_they_are_light_curves(tmp_path):
    for name, text in (KEPT | LEFT).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(PLAIN.encode()))
    (tmp_path / "packed.txt.gz").write_bytes(gzip.compress(PLAIN.encode()))
    (tmp_path / "damaged.txt.gz").write_bytes(gzip.compress(PLAIN.encode())[:20])
    assert names(tmp_path) == sorted([*KEPT, "packed.csv.gz", "packed.txt.gz"])
    assert other_files(tmp_path) == sorted([*LEFT, "damaged.txt.gz"])


def test_a_file_that_grows_is_looked_into_again(tmp_path):
    path = tmp_path / "plain.txt"
    path.write_text(PLAIN[:5])
    assert names(tmp_path) == []
    path.write_text(PLAIN)
    assert names(tmp_path) == ["plain.txt"]


def test_an_unfinished_transfer_is_no_candidate(tmp_path):
    (tmp_path / ".lc_a.csv.Xy12.csv").touch()
    assert names(tmp_path) == []


def test_folders_and_pipes_are_no_candidates(tmp_path):
    (tmp_path / "a.csv").mkdir()
    os.mkfifo(tmp_path / "b.csv")
    assert names(tmp_path) == []


def test_a_link_out_of_the_night_is_no_candidate(tmp_path):
    (tmp_path / "night").mkdir()
    (tmp_path / "secret.csv").touch()
    (tmp_path / "night" / "a.csv").symlink_to(tmp_path / "secret.csv")
    assert names(tmp_path / "night") == []


def test_a_link_within_the_night_is_a_candidate(tmp_path):
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.csv").symlink_to("a.csv")
    assert names(tmp_path) == ["a.csv", "b.csv"]


def test_a_link_to_itself_is_no_candidate(tmp_path):
    (tmp_path / "a.csv").symlink_to("a.csv")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lc_ZTF22aawacjw_forced1_stacked0.csv", "ZTF22aawacjw"),
        ("lc_SN_2022_a_forced0_stacked1.csv", "SN_2022_a"),
        ("AT2017gfo.dat", "AT2017gfo"),
        ("lc_ZTF22a_forced1_stacked0.csv.gz", "ZTF22a"),
        ("ZTF22a.b.json", "ZTF22a.b"),
        ("lc_ZTF23aabmzlp_from_fritz.csv", "lc_ZTF23aabmzlp_from_fritz"),
        ("lc__forced1_stacked0.csv", "lc__forced1_stacked0"),
    ],
)
def test_the_object_is_in_the_file_name(name, expected):
    assert object_name(Path("night") / name) == expected
