"""Pollers that no person watches: new nights, trouble, signals, the stop file."""

import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_campaign import ToyCampaign, read_starts, write_candidate
from waiting import wait_until

from nmma_fitter.config import load_config
from nmma_fitter.engine.files import read_json
from nmma_fitter.engine.lock import TickLock
from nmma_fitter.engine.snapshot import snapshot_path
from nmma_fitter.errors import BadInput
from nmma_fitter.make_jobs import Order, Poller, Rhythm
from nmma_fitter.poller.presence import request_stop, stop_path
from nmma_fitter.poller.signals import Signals
from nmma_fitter.poller.unattended import Left, Ticking

A, B, C = "2459778-2459785", "2459779-2459786", "2459780-2459787"
CONFIG = "[tick]\ngrace = 2\nunattended_interval = 0.1\n[scheduler]\nslots = 4\n"
MAKE_JOBS = str(Path(sys.executable).with_name("make-jobs"))


class Toy:
    """An installation of the toy campaign, and a poller in this process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "my.toml").write_text(CONFIG)
        (root / "candidates").mkdir()
        self.config = load_config(root / "my.toml")
        self.campaign = ToyCampaign(root / "outdir", root / "starts")

    def want(self, night: str, name: str, **settings) -> None:
        write_candidate(self.root / "candidates" / night, name, **settings)

    def poller(self, **order) -> Poller:
        rhythm = Rhythm("toy", 60.0)
        order = Order(follow=True, **order)
        return Poller(self.config, order, campaign=self.campaign, rhythm=rhythm)

    def state(self, night: str, name: str) -> str:
        nights = {n["night"]: n for n in self.snapshot["nights"]}
        units = nights.get(night, {}).get("units", [])
        return next((unit["state"] for unit in units if unit["object"] == name), "")

    @property
    def snapshot(self) -> dict:
        return read_json(snapshot_path(self.config.paths.state)) or {"nights": []}


@pytest.fixture
def toy(tmp_path) -> Toy:
    return Toy(tmp_path)


def tick_until(poller: Poller, ask) -> list:
    """Tick until something is so; returns all notes."""
    notes = []
    wait_until(lambda: notes.extend(poller.tick().notes) or ask())
    return notes


def test_newer_nights_are_taken_as_they_come_and_the_earlier_one_is_brought_to_its_end(toy):
    toy.want(A, "slow", seconds=3.0)
    poller = toy.poller()
    poller.tick()
    toy.want(B, "quick", seconds=0.1)
    notes = tick_until(poller, lambda: toy.state(A, "slow") == "done")
    assert toy.state(B, "quick") == "done" and poller.choice.name == B
    assert f"{A} slow toy: done" in notes
    nights = {night["night"]: night["closed"] for night in toy.snapshot["nights"]}
    assert nights == {A: True, B: True}
    assert (toy.root / "outdir" / A / f"{A}.fin").exists()


def test_files_that_came_last_to_a_night_are_not_missed_when_the_next_appears(toy):
    toy.want(A, "first", seconds=0.1)
    toy.poller().tick()
    toy.want(A, "late", seconds=0.1)
    toy.want(B, "next", seconds=0.1)
    poller = toy.poller()  # as a successor that takes over in between
    poller.tick()
    assert toy.state(A, "late") != "" and toy.state(B, "next") != ""


def test_nights_that_were_missed_are_named_with_the_remedy_once(toy):
    toy.want(A, "a", seconds=0.1)
    toy.poller().tick()
    toy.want(B, "b", seconds=0.1)
    toy.want(C, "c", seconds=0.1)
    poller = toy.poller()
    first, second = poller.tick().notes, poller.tick().notes
    assert any(f"nmma-fitter catch-up {B} {B}" in note for note in first)
    assert not any("catch-up" in note for note in second)


def test_before_the_first_night_it_waits_and_says_so(toy):
    poller = toy.poller()
    assert any("wait for the first night" in note for note in poller.tick().notes)
    toy.want(A, "a", seconds=0.1)
    assert poller.tick().night == A


def test_a_used_up_budget_leaves_the_rest_to_the_next_tick_and_still_publishes(toy):
    toy.want(A, "a", seconds=0.1)
    poller = toy.poller()
    poller.leaving = lambda: True
    report = poller.tick()
    assert (
        report.skipped == ["source", "track", "submit", "collect", "deliver"]
        and not report.finished
    )
    assert any("no time left for: source, track" in note for note in report.notes)
    assert toy.snapshot["skipped"] == report.skipped
    poller.leaving = lambda: False
    tick_until(poller, lambda: toy.state(A, "a") == "done")


def test_after_a_tick_that_had_no_time_to_track_the_next_begins_with_that(toy):
    toy.want(A, "a", seconds=0.1)
    poller = toy.poller()
    began = []
    poller.leaving = lambda: bool(began) and "source" in began
    source, track = poller.choice.wanted, poller.track
    poller.choice.wanted = lambda *given: (began.append("source"), source(*given))[1]
    poller.track = lambda *given: (began.append("track"), track(*given))[1]
    assert "track" in poller.tick().skipped
    began.clear()
    poller.tick()
    assert began[:2] == ["track", "source"]


def test_what_there_is_no_time_to_submit_waits_for_the_next_tick(toy):
    for name, memory in (("a", 100), ("b", 200)):
        toy.want(A, name, seconds=0.1, resources={"memory_mb": memory})
    poller = toy.poller()
    batches = toy.config.paths.state / "batches"
    poller.leaving = lambda: batches.is_dir() and any(batches.iterdir())
    report = poller.tick()
    assert sorted(need.state.value for need in report.needs) == ["pending", "submitted"]
    assert any("wait for their turn to be submitted" in note for note in report.notes)
    poller.leaving = lambda: False
    tick_until(poller, lambda: toy.state(A, "a") == toy.state(A, "b") == "done")
    assert len(read_starts(toy.campaign.starts)) == 2


def run(toy: Toy, poller: Poller, *, seconds: float = 1.0, **more) -> tuple[Left, Ticking]:
    with Signals() as signals:
        ticking = Ticking(
            poller, lambda report: None, signals, 0.05, time.monotonic() + seconds, **more
        )
        return ticking.run(), ticking


def test_a_tick_that_raises_ends_no_poller(toy, caplog):
    error = OSError(5, "disk in trouble")
    toy.want(A, "a", seconds=0.1)
    poller = toy.poller()
    real, calls = poller.track, []

    def fails_once(*given):
        calls.append(1)
        if len(calls) == 1:
            raise error
        return real(*given)

    poller.track = fails_once
    with caplog.at_level(logging.INFO):
        _, ticking = run(
            toy,
            poller,
            seconds=600.0,
            after=lambda: len(calls) > 1 and request_stop(toy.config.paths.state),
        )
    assert len(calls) > 1 and not ticking.failed
    assert "the tick failed; the next in 0 s" in caplog.text


def test_ticks_that_go_on_failing_come_less_and_less_often(toy):
    toy.want(A, "a", seconds=0.1)
    poller = toy.poller()
    calls = []

    def fails(*given):
        calls.append(1)
        raise OSError("no")

    poller.track = fails
    why, ticking = run(toy, poller, seconds=3.0)
    assert why is Left.TIME and ticking.failed and len(calls) <= 7


def test_a_configuration_that_cannot_work_is_fatal_at_the_start(toy):
    toy.want(A, "a", seconds=0.1)
    poller = toy.poller(candidates=("none",))
    with pytest.raises(BadInput, match="no candidate none"):
        run(toy, poller)


def test_another_ones_tick_is_passed_over(toy):
    toy.want(A, "a", seconds=0.1)
    toy.config.paths.state.mkdir()
    with TickLock(toy.config.paths.state, 600).held():
        why, ticking = run(toy, toy.poller(), seconds=0.5)
    assert why is Left.TIME and not ticking.failed


def test_the_stop_file_ends_it(toy):
    toy.want(A, "a", seconds=0.1)
    ticks = []

    def after() -> None:
        ticks.append(1)
        request_stop(toy.config.paths.state)

    why, _ = run(toy, toy.poller(), seconds=600.0, after=after)
    assert why is Left.STOP and len(ticks) == 1


# Real commands, real signals


@pytest.fixture
def place(tmp_path):
    night = tmp_path / "candidates" / A
    night.mkdir(parents=True)
    header = ",jd,mag,mag_unc,filter,limmag,programid\n"
    (night / "lc_ZTF1_forced1_stacked0.csv").write_text(header + "0,2459780.7,19.0,0.1,g,,2\n")
    (tmp_path / "my.toml").write_text(CONFIG + '[fits]\nmodels = ["Piro2021"]\n')
    return tmp_path


def begin(place: Path, *options: str) -> subprocess.Popen:
    command = [MAKE_JOBS, "--config", str(place / "my.toml"), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_tick(place: Path) -> None:
    wait_until(snapshot_path(place / "state").exists, 60)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1"])
def test_a_signal_ends_keep_going_politely_with_status_0_and_a_line(place, name):
    process = begin(place, "--keep-going")
    wait_for_tick(place)
    process.send_signal(signal.Signals[name])
    process.communicate(timeout=600)
    assert process.returncode == 0
    assert f"leaving: a signal came ({name})" in (place / "state" / "poller.log").read_text()


def test_stop_ends_keep_going_and_a_second_one_says_who_lives(place):
    first = begin(place, "--keep-going")
    wait_for_tick(place)
    second = begin(place, "--keep-going")
    said, _ = second.communicate(timeout=600)
    assert second.returncode == 0 and f"pid {first.pid}" in said
    request_stop(place / "state")
    first.communicate(timeout=600)
    assert first.returncode == 0
    assert "leaving: somebody asked to stop" in (place / "state" / "poller.log").read_text()


def test_linger_ticks_until_its_time_is_up(place):
    process = begin(place, "--once", "--linger", "2s")
    process.communicate(timeout=600)
    assert process.returncode == 0
    assert "its time is up" in (place / "state" / "poller.log").read_text()
    assert read_json(snapshot_path(place / "state"))["period"] >= 1800


def test_linger_does_not_begin_where_somebody_asked_to_stop(place):
    (place / "state").mkdir()
    request_stop(place / "state")
    process = begin(place, "--once", "--linger", "30s")
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0 and "nmma-fitter start" in said
    assert not snapshot_path(place / "state").exists()
    assert stop_path(place / "state").exists()


def test_linger_leaves_where_a_poller_lives(place):
    first = begin(place, "--keep-going")
    wait_for_tick(place)
    second = begin(place, "--once", "--linger", "30s")
    said, _ = second.communicate(timeout=600)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=600)
    assert second.returncode == 0 and f"pid {first.pid}" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--linger", "soon"], "--linger 'soon'"),
        (["--keep-going", "--once"], "--keep-going never ends"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(place, options, said):
    process = begin(place, *options)
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 2 and said in out and len(out.splitlines()) == 1


def test_without_a_folder_of_candidates_it_refuses_to_begin(tmp_path):
    (tmp_path / "my.toml").write_text("")
    process = begin(tmp_path, "--keep-going")
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 2 and "[paths] candidates" in out


def test_nothing_ran_twice_over_two_pollers(toy):
    for name in "abc":
        toy.want(A, name, seconds=0.2)
    toy.poller().tick()
    tick_until(toy.poller(), lambda: toy.state(A, "c") == "done")
    assert len(read_starts(toy.campaign.starts)) == 3
