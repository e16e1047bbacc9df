"""Every command on a terminal, once at least: its help, and status in windows of two widths."""

from __future__ import annotations

import time

import pytest
import typer
from pseudo_terminal import Terminal, program

from nmma_fitter.cli.tools import tools_app
from nmma_fitter.engine.files import write_json

TOOLS = typer.main.get_command(tools_app).commands  # type: ignore[attr-defined]
COMMANDS = [("nmma-fit",), ("make-jobs",), ("nmma-fitter",)]
COMMANDS += [("nmma-fitter", name) for name in TOOLS]
COMMANDS += [
    ("nmma-fitter", name, below)
    for name, group in TOOLS.items()
    for below in getattr(group, "commands", ())
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_a_narrow_window(command, tmp_path):
    words = [program(command[0]), *command[1:], "--help"]
    with Terminal(words, tmp_path, columns=40) as seen:
        assert seen.end() == 0
    seen.check()
    assert seen.lines[0].startswith(f"Usage: {' '.join(command)}"[:39])
    assert b"\x1b" not in seen.raw


UNIT = {"state": "running", "standing": "running", "reason": None, "detail": "", "seconds": None}
NEW = {"count": 3, "evaluations": 900, "done": 41.0, "total": 100.0, "left": 72.4}
NEW |= {"text": "sampling, ln Z -4.05", "run": "1-9-0"}
OLD = {"count": 3, "evaluations": 12000, "phase": "sampling", "log_z": -4.05, "run": "1-8-0"}
COUNTS = {"count": 3, "evaluations": 7, "run": "1-8-0"}


@pytest.fixture
def installation(tmp_path):
    now = time.time()
    beats = {
        "new": NEW,
        "old": OLD,
        "counts": COUNTS,
        "none": {"run": "1-7-0"},
        "bad": {"count": "x"},
    }
    units = [
        {**UNIT, "object": f"ZTF\x1b[2J{name}", "task": "Me2017", "since": now - 60}
        | {"started": now - 60, "heartbeat": {**beat, "seen": now}}
        for name, beat in beats.items()
    ]
    night = {"night": "2459778-2459785", "revision": 1, "closed": False, "counts": {"running": 5}}
    head = {"format": 2, "written": now, "period": 60.0, "poller": {}, "notes": ["a\x1b]0;b\x07c"]}
    head["earlier"] = {"nights": 0, "counts": {}}
    (tmp_path / "state").mkdir()
    write_json(
        tmp_path / "state" / "snapshot.json", {**head, "nights": [{**night, "units": units}]}
    )
    return tmp_path


@pytest.mark.parametrize("columns", [40, 120])
def test_status_shows_progress_of_new_and_old_jobs(installation, columns):
    with Terminal([program("nmma-fitter"), "status"], installation, columns=columns) as seen:
        assert seen.end() == 0
    seen.check()
    said = "".join(seen.text.split())  # a narrow window breaks the lines anywhere
    for words in (
        "41 %, about 75 s left, sampling, ln Z -4.05",
        "12000 evaluations, sampling, ln Z -4",
        "7 evaluations, at work",
    ):
        assert words.replace(" ", "") in said
