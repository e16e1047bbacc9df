"""The script of a job that runs share, rendered by the real template and run by a real bash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from waiting import wait_until

from nmma_fitter.engine.render import Turn, write_script, write_shared
from nmma_fitter.engine.unit import Unit, prepare_folder
from nmma_fitter.schedulers.base import Resources
from nmma_fitter.shipped import shipped

HOSTILE = 'a\'b "c" $(touch pwned) `touch pwned` ; touch pwned \n é'
WAITS = "trap 'echo told >told; exit 75' {0}; touch ready; while :; do sleep 0.02; done"
SERVER = """
import os, signal, sys, time
print("here", flush=True)
signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[1], "w").close(), os._exit(0)))
while True:
    time.sleep(1)
"""


def turns_in(root: Path, *scripts: str, server: tuple[str, ...] = ()) -> list[Turn]:
    """Turns whose scripts are small ones of the test's own, not job scripts."""
    turns = []
    for place, script in enumerate(scripts):
        unit = Unit(
            *("tests", "night", "object", f"task{place}", str(place) * 64, 0),
            folder=root / f"task{place}",
            command=("true",),
            outputs=(),
            resources=Resources(),
            server=server,
        )
        prepare_folder(unit)
        text = f"cd {root.resolve()!s}/task{place} || exit 73\n{script}\n"
        turns.append(Turn(unit, 1, write_script(unit, 1, text)))
    return turns


def start(turns: list[Turn], restart: str = "0") -> subprocess.Popen[bytes]:
    path = write_shared(turns, shipped("templates"), "local", {"VALUE": HOSTILE})
    environment = {"PATH": os.environ["PATH"], "NMMA_FITTER_JOB_ID": "7"}
    # A shell cannot trap what was ignored when it began, as SIGINT is in the background of another.
    words = ["env", "--default-signal", "bash", path]
    return subprocess.Popen(words, env={**environment, "NMMA_FITTER_RESTART": restart})


def wait_for(path: Path) -> None:
    wait_until(path.exists, 30, path)


@pytest.mark.parametrize("bad", ["exit 3", "kill -9 $$"])
def test_each_has_its_turn_whatever_became_of_those_before(tmp_path, bad):
    turns = turns_in(tmp_path, bad, "touch ran")
    assert start(turns).wait(timeout=600) == 0
    assert (turns[1].unit.folder / "ran").exists()


@pytest.mark.parametrize(("sent", "told"), [("TERM", "TERM"), ("USR1", "USR1"), ("INT", "TERM")])
def test_a_signal_reaches_the_one_that_runs_and_no_other_is_begun(tmp_path, sent, told):
    turns = turns_in(tmp_path, WAITS.format(told), "touch ran")
    process = start(turns)
    wait_for(turns[0].unit.folder / "ready")
    process.send_signal(getattr(signal, f"SIG{sent}"))
    assert process.wait(timeout=600) == 75
    assert (turns[0].unit.folder / "told").exists()
    assert not (turns[1].unit.folder / "ran").exists()


def test_a_signal_to_the_last_leaves_none_without_a_turn(tmp_path):
    turns = turns_in(tmp_path, WAITS.format("TERM"))
    process = start(turns)
    wait_for(turns[0].unit.folder / "ready")
    process.terminate()
    assert process.wait(timeout=600) == 0


def test_a_restarted_job_leaves_alone_what_had_ended_by_itself(tmp_path):
    turns = turns_in(tmp_path, *["touch ran"] * 3)
    for turn, told in zip(turns, ("", "TERM"), strict=False):
        folder = turn.unit.attempts / "1-7-0"
        folder.mkdir()
        (folder / "exit").write_text(f'{{"code": 1, "signal": "{told}", "time": 9}}\n')
    assert start(turns, restart="2").wait(timeout=600) == 0
    assert [(t.unit.folder / "ran").exists() for t in turns] == [False, True, True]


def test_hostile_names_cannot_break_out(tmp_path):
    turns = turns_in(tmp_path, "touch ran")
    moved = tmp_path / HOSTILE
    turns[0].unit.folder.rename(moved)
    script = 'printf %s "$VALUE" >"${0%/*}/value"\n'
    unit = replace(turns[0].unit, folder=moved, object=HOSTILE)
    assert start([Turn(unit, 1, write_script(unit, 1, script))]).wait(timeout=600) == 0
    assert (moved / "value").read_text() == HOSTILE
    assert not list(tmp_path.rglob("pwned"))


def test_the_server_is_there_for_each_and_ends_with_the_job(tmp_path):
    server = (sys.executable, "-c", SERVER, str(tmp_path / "ended"))
    turns = turns_in(tmp_path, *['echo "$NMMA_FITTER_SERVER" >seen'] * 2, server=server)
    assert start(turns).wait(timeout=600) == 0
    assert {(t.unit.folder / "seen").read_text() for t in turns} == {"here\n"}
    wait_for(tmp_path / "ended")


@pytest.mark.parametrize("server", [("/nowhere/python",), ("true",)])
def test_a_server_that_does_not_start_is_done_without(tmp_path, server):
    turns = turns_in(tmp_path, 'echo "$NMMA_FITTER_SERVER" >seen', server=server)
    assert start(turns).wait(timeout=600) == 0
    assert (turns[0].unit.folder / "seen").read_text() == "\n"
