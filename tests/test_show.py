"""``nmma-fitter show`` and ``formats``: what is read of a file is printed before it is fitted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mistakes import call_here

FORCED = """\
oid,mjd,fid,mag,e_mag,isdiffpos
ZTF26a,61031.5,1,22.20,0.90,1
ZTF26a,61032.5,1,23.50,0.20,-1
ZTF26a,61055.5,2,20.60,0.26,1
ZTF26a,61057.5,2,20.03,0.18,1
ZTF26a,61057.50001,2,20.04,0.19,1
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "forced.csv").write_text(FORCED)
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    return tmp_path


def test_it_prints_what_counts_what_is_weaker_and_what_was_left_out(root):
    found = call_here(root, "nmma-fitter", "show", "forced.csv")
    assert found.status == 0
    lines = [line.split() for line in found.out.splitlines()]
    assert ["object", "ZTF26a"] in lines
    assert "2 detections, 1 measurement below 3 sigma, 0 limits" in found.out
    assert "day 0   MJD 61055.50000" in found.out
    assert "merged  1 row that repeat an exposure" in found.out
    assert "negative subtraction: row 3" in found.out
    assert ["ztfg", "0", "1", "0", "61031.50000", "61031.50000", "-"] in lines


def test_a_bad_file_is_one_line_and_the_others_go_on(root):
    found = call_here(root, "nmma-fitter", "show", "bad.csv", "forced.csv")
    assert found.status == 2 and "object  ZTF26a" in found.out
    assert len(found.err.splitlines()) == 1 and "bad.csv, row 1: no column gives" in found.err


def test_every_row_is_printed_and_drawn_where_asked(root):
    found = call_here(root, "nmma-fitter", "show", "forced.csv", "--rows", "--plot", "a.png")
    assert "61055.50000  ztfr" in found.out
    assert (root / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_program_gets_json(root):
    found = call_here(root, "nmma-fitter", "show", "forced.csv", "--json", "--significance", "5")
    [one] = json.loads(found.out)
    assert (one["object"], one["detections"], one["weaker"]) == ("ZTF26a", 1, 2)
    assert one["lightcurve"]["mjd"][0] == 61031.5


def test_every_format_is_listed_with_its_columns_in_80_columns(root, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    found = call_here(root, "nmma-fitter", "formats")
    assert "nmma-dat: NMMA's .dat" in found.out and max(map(len, found.out.splitlines())) <= 80
    names = [
        one["name"] for one in json.loads(call_here(root, "nmma-fitter", "formats", "--json").out)
    ]
    assert "table" in names and all(f"{name}: " in found.out for name in names)


def test_the_documentation_has_the_formats_as_they_are(root):
    page = Path(__file__).parents[1] / "docs" / "light_curves.md"
    found = call_here(root, "nmma-fitter", "formats", "--markdown")
    assert page.read_text().endswith(f"<!-- nmma-fitter formats --markdown -->\n{found.out}")


def test_the_documentations_plainest_form_is_read(root):
    page = (Path(__file__).parents[1] / "docs" / "light_curves.md").read_text()
    lines = [line.strip() for line in page.splitlines() if line.startswith("    ")]
    (root / "plain.csv").write_text("\n".join(lines))
    found = call_here(root, "nmma-fitter", "show", "plain.csv")
    assert "2 detections, 0 measurements below 3 sigma, 1 limit" in found.out
