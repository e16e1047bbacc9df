"""No candidate file stops a poller: what cannot be read within limits fails alone, by name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from by_commands import HEADER, ROWS, Site

from nmma_fitter.candidates.bounded import BoundedReader
from nmma_fitter.errors import BadInput

NIGHT = "2459778-2459785"
ROW = ROWS[0] + "\n"
WIDE = ",".join(f"c{i}" for i in range(994)) + ",jd,mag,mag_unc,filter,limmag\n"
HOSTILE = {
    "digits": HEADER + "2459780.7,19.0,0.1,g," + "2" * 60_000 + "x\n",
    "fraction": HEADER + "2459780." + "7" * 60_000 + ",19.0,0.1,g,20.5\n",
    "columns": ",".join(f"c{i}" for i in range(1_000_000)) + "\n" + ROW,
    "rows": HEADER + ROW * 500_000,
    "wide": WIDE + ("0" + "," * 998 + "\n") * 40_000,
    "line": HEADER + "2459780.7,19.0,0.1,g," + "y" * 5_000_000 + "\n",
    "quote": HEADER + '"' * 5_000_000 + "\n",
    "dat": "59780.2 g 19.0 " + "1" * 5_000_000 + "e\n",
    "depth": HEADER + "[" * 1_000_000 + "\n",
}
TOLD = {"wide": "row 2: filter is empty", "rows": "more than 60000 lines"}


@pytest.fixture(scope="module")
def read(tmp_path_factory) -> tuple[Site, str]:
    """A night with all of them, pulled by a source as well, after two ticks."""
    source = '[sources.there]\nkind = "folder"\npath = "there"\nsettle_seconds = 0\nevery = 0\n'
    site = Site(tmp_path_factory.mktemp("hostile")).set_up(source)
    good = site.light_curve(NIGHT, "ZTF1")
    site.light_curve(NIGHT, "ZTF2", at="there")
    for name, content in HOSTILE.items():
        (good.parent / f"{name}.csv").write_text(content)
    (site.root / "there" / NIGHT / "digits_too.csv").write_text(HOSTILE["digits"])
    said = [site.run("make-jobs", "--once", "--models", "Piro2021").text for _ in range(2)]
    return site, "\n".join(said)


def units(site: Site) -> dict[str, tuple[str, str]]:
    (night,) = json.loads((site.root / "state" / "snapshot.json").read_text())["nights"]
    return {unit["object"]: (unit["state"], unit["detail"]) for unit in night["units"]}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_fails_alone_with_a_line_that_says_why(read, name):
    state, detail = units(read[0])[name]
    assert state == "failed" and TOLD.get(name, f"{name}.csv") in detail
    assert len(detail) <= 300 and "\n" not in detail


def test_the_others_are_read_and_a_hostile_one_at_a_source_is_kept_aside(read):
    site, said = read
    assert units(site)["ZTF1"][0] == units(site)["ZTF2"][0] == "skipped"
    assert "digits_too" not in units(site) and "digits_too.csv, row 2" in said
    reason = site.root / "candidates" / ".set-aside" / "there" / NIGHT / "digits_too.csv.reason"
    assert "not a number" in reason.read_text()


@pytest.mark.parametrize(("ends", "state"), [(0, "skipped"), (1, "failed")])
def test_a_file_at_which_two_pollers_ended_is_set_aside_until_it_changes(tmp_path, ends, state):
    site = Site(tmp_path).set_up()
    suspect, _ = site.light_curve(NIGHT, "ZTF1"), site.light_curve(NIGHT, "ZTF2")
    mark = [suspect.stat().st_size, suspect.stat().st_mtime_ns]
    notes = tmp_path / "state" / "reading" / "candidates"
    notes.mkdir(parents=True)  # as pollers leave it that are killed at that file
    (notes / "now.json").write_text(json.dumps({"path": str(suspect), "mark": mark}))
    before = {str(suspect): {"mark": mark, "ends": ends}} if ends else {}
    (notes / "set-aside.json").write_text(json.dumps(before))
    said = site.run("make-jobs", "--once")
    assert "was being read when a poller ended" in said.text
    found = {name.removeprefix("lc_")[:4]: one for name, one in units(site).items()}
    assert found["ZTF1"][0] == state and found["ZTF2"][0] == "skipped"
    assert ("2 pollers ended while it was being read" in found["ZTF1"][1]) == (ends == 1)
    suspect.write_text(suspect.read_text() + ROWS[1] + "\n")
    again = site.run("make-jobs", "--once")
    assert units(site)["ZTF1"][0] != "failed" and "poller ended" not in again.text


def readers() -> list[int]:
    """Processes that read for this one."""
    done = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "candidates.reader"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    return [int(pid) for pid in done.stdout.split()]


def write(path: Path) -> Path:
    path.write_text(HEADER + ROW)
    return path


def test_one_process_reads_many_files_and_one_that_is_killed_has_a_successor(tmp_path):
    with BoundedReader(tmp_path / "notes") as reader:
        reader.read(write(tmp_path / "a.csv"))
        first = readers()
        reader.read(write(tmp_path / "b.csv"))
        assert readers() == first and len(first) == 1
        os.kill(first[0], signal.SIGKILL)
        assert len(reader.read(write(tmp_path / "c.csv"))[0]) == 1
    assert readers() == [] and not (tmp_path / "notes" / "now.json").exists()


def test_a_file_over_its_time_is_set_aside_for_later_readers_too(tmp_path):
    slow = write(tmp_path / "slow.csv")
    with BoundedReader(tmp_path / "notes") as reader:
        reader.read(write(tmp_path / "a.csv"))
        os.kill(readers()[0], signal.SIGXCPU)  # as the kernel does at the limit
        with pytest.raises(BadInput, match="reading it takes more than 10 s; it is set aside"):
            reader.read(slow)
        reader.read(tmp_path / "a.csv")
    with BoundedReader(tmp_path / "notes") as reader:
        with pytest.raises(BadInput, match="more than 10 s"):
            reader.read(slow)
        assert readers() == []
        slow.write_text(HEADER + ROW + ROWS[1] + "\n")
        assert len(reader.read(slow)[0]) == 2
