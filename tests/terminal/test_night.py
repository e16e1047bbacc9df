"""``make-jobs`` on a terminal: the demo's, in windows of any size, and when it cannot show."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pseudo_terminal import LIMIT, Terminal, program

REPOSITORY = Path(__file__).parents[2]
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ("2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2")
NIGHT = "2459778-2459785"
CHEAP = """
[tick]
interval = 0.1
[scheduler]
slots = 2
[fits]
models = ["Piro2021"]
[fits.settings]
nlive = 50
n_effective = 100
"""
COMMAND = [program("make-jobs"), "--config", "demo/demo.toml"]
COMMAND += ["--candidate", "SIM26shock", "--models", "Piro2021"]
BAR = re.compile(r"^[━─]+")


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Terminal]:
    """The demo's main job for one object and model."""
    root = tmp_path_factory.mktemp("demo")
    shutil.copytree(REPOSITORY / "config" / "demo", root / "demo")
    settings = root / "demo" / "demo.toml"  # ticks so often that the first look is not missed
    settings.write_text(re.sub(r"(?m)^interval = .*", "interval = 0.1", settings.read_text()))
    with Terminal(COMMAND, root, columns=100) as terminal:
        terminal.until("SIM26shock Piro2021: starting")
        terminal.end()
        yield terminal


def test_it_ends_well_with_a_whole_screen(demo):
    assert demo.process.returncode == 0
    demo.check()


def test_what_is_left_on_the_screen_is_what_ended_and_then_what_a_pipe_gets(demo):
    again = subprocess.run(
        COMMAND, cwd=demo.folder, capture_output=True, text=True, timeout=LIMIT, check=True
    )
    plain = [x for x in again.stdout.splitlines() if x and " INFO " not in x]
    first, *rest = [line for line in demo.lines if line]
    assert re.fullmatch(r"SIM26shock Piro2021: done in \d+ s", first)
    assert rest[:-1] == plain[: len(rest) - 1]  # the end counts what is done and what is unchanged
    assert rest[-1] == "2460000-2460007: 1 done"


def test_the_first_look_at_a_running_fit_has_no_heartbeat_yet(demo):
    first = next(w for _, w in demo.frames if any("starting" in line for line in w))
    assert any(line.startswith("2460000-2460007: 0/1 ended (1 ") for line in first)
    assert any(BAR.match(line) and "0 %" in line for line in first)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """An installation with one cheap fit to make."""
    root = tmp_path_factory.mktemp("place")
    (root / "my.toml").write_text(CHEAP)
    folder = root / "candidates" / NIGHT
    folder.mkdir(parents=True)
    text = HEADER + "".join(f"{number},{row}\n" for number, row in enumerate(ROWS))
    (folder / "lc_ZTF1_forced1_stacked0.csv").write_text(text)
    (folder / "lc_\x1b[2J\x1b]0;mine\x07_forced1_stacked0.csv").write_text("nothing\n")
    return root


@pytest.fixture(scope="module")
def closed(place) -> int:
    """Exit status of a make-jobs whose terminal was closed while a fit ran."""
    command = ["bash", "-c", f"trap '' HUP; exec {program('make-jobs')} --config my.toml"]
    with Terminal(command, place) as terminal:
        terminal.until("Piro2021: starting")
        terminal.hang_up()
        return terminal.process.wait(timeout=LIMIT)


def test_a_terminal_that_is_closed_ends_no_poller(place, closed):
    assert closed == 1  # one file cannot be read; had it been ended, the night would be open
    assert (place / "outdir" / NIGHT / f"{NIGHT}.fin").is_file()


def test_output_that_nobody_can_take_ends_no_poller_and_is_said_once(place, closed):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [program("make-jobs"), "--config", "my.toml"],
            cwd=place,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.count("No space left") == 1 and "the work goes on" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("columns", [40, 80])
def test_nothing_of_a_candidate_steers_the_terminal(place, closed, columns):
    with Terminal([program("make-jobs"), "--config", "my.toml"], place, columns=columns) as seen:
        assert seen.end() == 1
    seen.check()
    assert "\N{REPLACEMENT CHARACTER}[2J" in seen.text.replace("\n", "")


@pytest.mark.parametrize("plain", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_where_lines_cannot_change_there_are_plain_ones(place, closed, plain):
    command = [program("make-jobs"), "--config", "my.toml"]
    with Terminal(command, place, environment=plain) as seen:
        assert seen.end() == 1
    assert b"\x1b" not in seen.raw
    assert f"INFO {NIGHT}: 2/2 ended" in seen.text


@pytest.fixture(scope="module")
def narrowed(place, closed) -> Iterator[Terminal]:
    """A fit that is made again, in a window that becomes narrow; then Ctrl-C."""
    command = [program("make-jobs"), "--config", "my.toml", "--force", "--candidate", "ZTF1"]
    with Terminal(command, place) as terminal:
        terminal.until("Piro2021: starting")
        terminal.resize(40)
        before = len(terminal.frames)
        terminal.until(lambda: len(terminal.frames) >= before + 3)
        terminal.press("\x03")
        terminal.end()
        yield terminal


def test_a_window_that_becomes_narrow_garbles_nothing(narrowed):
    narrowed.check()
    shown = [line for line in narrowed.frames[-4][1] if line]
    assert sum("ended (" in line for line in shown) <= 2  # one from before, where it was cut
    assert any(line.endswith("…") for line in shown)
    whole = (NIGHT, "━", "─", "  ZTF1 Piro2021", "Ctrl-C", "ZTF1 Piro2021: ")
    assert all(line.startswith(whole) for line in shown), shown


def test_ctrl_c_says_that_the_jobs_go_on_and_they_do(place, narrowed):
    assert narrowed.process.returncode == 130
    said = narrowed.text.replace("\n", "")
    assert "the jobs go on, and the same command adopts them" in said
    sentinel = place / "outdir" / NIGHT / "ZTF1" / "Piro2021" / "Piro2021.fin"
    end = time.monotonic() + LIMIT
    while '"generation": 1' not in (sentinel.read_text() if sentinel.exists() else ""):
        assert time.monotonic() < end, sorted(sentinel.parent.iterdir())
        time.sleep(0.1)
