"""Nights run by the real ``make-jobs`` on the real local scheduler, with small real fits."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from waiting import wait_until

from nmma_fitter.engine.files import write_json
from nmma_fitter.engine.lock import TickLock

MAKE_JOBS = Path(sys.executable).with_name("make-jobs")
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = [
    "2459780.7,19.0,0.1,g,,2",
    "2459781.7,19.5,0.1,r,,2",
    "2459782.7,20.1,0.1,g,,2",
]
CONFIG = """
[tick]
interval = 0.3
grace = 5
[scheduler]
slots = 2
[fits]
models = ["Piro2021"]
[fits.settings]
nlive = 50
n_effective = 100
"""


@dataclass
class Place:
    """An installation in a folder, and what its last call said."""

    root: Path
    said: str = ""
    status: int = 0
    started: int = 0
    calls: dict[str, tuple[int, int, str]] = field(default_factory=dict)

    def light_curve(self, night: str, name: str, rows: list[str]) -> Path:
        folder = self.root / "candidates" / night
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"lc_{name}_forced1_stacked0.csv"
        path.write_text(HEADER + "".join(f"{i},{row}\n" for i, row in enumerate(rows)))
        return path

    def command(self, *arguments: str) -> list[str]:
        return [str(MAKE_JOBS), "--config", str(self.root / "my.toml"), *arguments]

    def call(self, name: str, *arguments: str) -> None:
        """Run make-jobs and remember status, runs started by it, and output."""
        before = self.runs()
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=600, check=False
        )
        said = done.stdout + done.stderr
        self.calls[name] = done.returncode, self.runs() - before, said

    def runs(self) -> int:
        return len(list(self.root.glob("outdir/*/*/*/attempts/*/started")))

    def json(self, *parts: str) -> dict:
        return json.loads(self.root.joinpath("outdir", *parts).read_text())


def new_place(root: Path) -> Place:
    (root / "my.toml").write_text(CONFIG)
    return Place(root)


A, B = "2459778-2459785", "2459779-2459786"


@pytest.fixture(scope="module")
def nights(tmp_path_factory) -> Place:
    """Two nights with everything that may come back, in the order it comes."""
    place = new_place(tmp_path_factory.mktemp("nights"))
    one = place.light_curve(A, "ZTF1", ROWS)
    place.light_curve(A, "ZTF2", [row.replace("19.", "18.") for row in ROWS])
    place.light_curve(A, "ZTF3", [])
    place.light_curve(A, "ZTF4", []).write_bytes(b"PK\x03\x04 a spreadsheet")
    place.light_curve(A, "ZTF5", ROWS[:1])
    place.call("first")
    place.call("again")
    one.write_text(one.read_text() + f"9,{ROWS[0]}\n8,{ROWS[2]}\n")
    place.call("rows repeated")
    (place.root / "state" / "ledger.sqlite").unlink()
    place.call("ledger lost")
    place.light_curve(B, "ZTF1", ROWS)
    brighter = [row.replace("19.", "18.") for row in ROWS]
    place.light_curve(B, "ZTF2", [*brighter, "2459783.7,20,.1,r,,2"])
    place.call("next night")
    place.call(
        "forced", "--force", "--candidate", "ZTF1", "--data-dir", f"{place.root}/candidates/{A}"
    )
    return place


def test_a_night_with_bad_files_goes_on_and_says_which_failed(nights):
    status, runs, said = nights.calls["first"]
    assert (status, runs) == (1, 2)
    assert "ZTF1: Piro2021, shock cooling, describes it" in said or "ZTF1: no model" in said
    assert said.count("ZTF3 *: failed (bad_input") >= 1 and "ZTF4 *: failed (bad_input" in said
    assert "ZTF5 Piro2021: skipped (too_few_detections" in said


@pytest.mark.parametrize("call", ["again", "rows repeated", "ledger lost"])
def test_the_same_light_curves_start_nothing_and_it_says_so(nights, call):
    _, runs, said = nights.calls[call]
    assert runs == 0
    assert "nothing was started" in said


def test_a_lost_ledger_is_rebuilt_and_said(nights):
    assert "rebuilt" in nights.calls["ledger lost"][2]


def test_new_photometry_refits_that_object_only(nights):
    status, runs, said = nights.calls["next night"]
    assert (status, runs) == (0, 1)
    assert "1 unchanged" in said and "1 done" in said
    assert (nights.root / "outdir" / B / "ZTF2" / "Piro2021" / "Piro2021.fin").is_file()
    assert not (nights.root / "outdir" / B / "ZTF1" / "Piro2021").exists()


def test_an_unchanged_object_points_to_its_earlier_night(nights):
    ranking = nights.json(B, "ZTF1", "ranking.json")
    assert ranking["unchanged_since"] == A
    assert ranking["results"] == {"Piro2021": f"../../{A}/ZTF1/Piro2021"}


def test_force_fits_again_at_the_next_generation(nights):
    status, runs, _ = nights.calls["forced"]
    assert (status, runs) == (0, 1)
    assert nights.json(A, "ZTF1", "Piro2021", "Piro2021.fin")["generation"] == 1


def test_a_fit_leaves_what_it_must(nights):
    folder = nights.root / "outdir" / A / "ZTF2" / "Piro2021"
    names = ("posterior_samples.dat", "Piro2021_result.json", "lightcurves.png", "corner.png")
    for name in (*names, "log", "Piro2021.fin", "config.json"):
        assert (folder / name).stat().st_size > 0


def test_a_closed_night_has_a_sentinel_with_its_units(nights):
    fin = nights.json(A, f"{A}.fin")
    assert {unit["object"] for unit in fin["units"]} == {f"ZTF{n}" for n in range(1, 6)}
    assert all(unit["state"] in ("done", "failed", "skipped") for unit in fin["units"])


def test_work_that_arrives_late_raises_the_nights_revision(nights):
    assert nights.json(A, f"{A}.fin")["revision"] > 1


def test_the_merged_rows_are_in_the_result(nights):
    # The digest is of the merged rows, so the fit before the rows were repeated stands.
    result = nights.json(A, "ZTF2", "Piro2021", "Piro2021_result.json")
    assert result["meta_data"]["nmma_fitter"]["merged"] == []


def test_a_killed_poller_leaves_jobs_that_the_next_adopts(tmp_path):
    place = new_place(tmp_path)
    for number in range(3):
        place.light_curve(A, f"ZTF{number}", [r.replace("19.", f"1{7 + number}.") for r in ROWS])
    first = subprocess.Popen(place.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: place.runs() >= 1, 60, "nothing started")
    first.send_signal(signal.SIGKILL)
    first.wait()
    place.call("second")
    status, _, said = place.calls["second"]
    assert status == 0 and "3 done" in said
    assert place.runs() == 3, "nothing ran twice"


@pytest.fixture
def locked(tmp_path) -> Iterator[Place]:
    place = new_place(tmp_path)
    place.light_curve(A, "ZTF1", ROWS)
    (tmp_path / "state").mkdir()
    with TickLock(tmp_path / "state", 600).held():
        yield place


def test_a_second_make_jobs_says_who_holds_the_lock_and_leaves(locked):
    locked.call("second")
    status, runs, said = locked.calls["second"]
    assert (status, runs) == (0, 0)
    assert "another make-jobs or nmma-fitter holds" in said and "pid" in said


def test_a_holder_past_its_budget_is_reported_by_the_status(locked):
    holder = {"host": "here", "pid": 1, "start": time.time() - 3600, "step": "track"}
    write_json(locked.root / "state" / "lock-holder.json", holder)
    locked.call("second")
    status, _, said = locked.calls["second"]
    assert status == 75 and "past its budget" in said and "'track'" in said


def test_an_unknown_candidate_is_refused_with_those_there_are(tmp_path):
    place = new_place(tmp_path)
    place.light_curve(A, "ZTF1", ROWS)
    place.call("typo", "--candidate", "ZTF9")
    status, _, said = place.calls["typo"]
    assert status == 2 and "ZTF9" in said and "ZTF1" in said


def test_once_does_one_tick_and_the_next_collects(tmp_path):
    place = new_place(tmp_path)
    place.light_curve(A, "ZTF1", ROWS)
    place.call("first", "--once")
    assert place.calls["first"][0] == 0
    sentinel = tmp_path / "outdir" / A / "ZTF1" / "Piro2021" / "Piro2021.fin"
    wait_until(sentinel.exists, 90, "the job did not go on without its poller")
    place.call("next", "--once")
    assert place.calls["next"][1] == 0 and "1 done" in place.calls["next"][2]


def test_a_deadline_ends_what_is_unfinished(tmp_path):
    place = new_place(tmp_path)
    (tmp_path / "my.toml").write_text(
        CONFIG.replace("nlive = 50", 'sampler = "nested"\nnlive = 3000')
    )
    place.light_curve(A, "ZTF1", ROWS)
    place.call("short", "--timeout", "4")
    status, _, said = place.calls["short"]
    assert status == 1 and "timeout: the deadline for this unit has passed" in said
