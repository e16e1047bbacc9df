"""``nmma-fit`` on a terminal: its bar and its log, and Ctrl-C at any time."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pseudo_terminal import Terminal, program

HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ("2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2")
LOGGED = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) ")


def place(root: Path) -> list[str]:
    """The command for a folder with a light curve."""
    text = HEADER + "".join(f"{number},{row}\n" for number, row in enumerate(ROWS))
    (root / "lc_ZTF1_forced1_stacked0.csv").write_text(text)
    (root / "cheap.toml").write_text("[fits.settings]\nnlive = 50\nn_effective = 100\n")
    return [program("nmma-fit"), "lc_ZTF1_forced1_stacked0.csv", "--config", "cheap.toml"]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Iterator[Terminal]:
    root = tmp_path_factory.mktemp("fitted")
    with Terminal([*place(root), "--model", "Piro2021", "--sampler", "nested"], root) as terminal:
        terminal.end()
        yield terminal


def test_it_ends_well_with_a_whole_screen(fitted):
    assert fitted.process.returncode == 0
    fitted.check()


def test_bar_and_log_never_share_a_line(fitted):
    seen = 0
    for _, window in fitted.frames:
        for line in window:
            assert LOGGED.match(line) or " INFO " not in line, line
            assert line.startswith("ZTF1 Piro2021: ") or "effective samples" not in line, line
            seen += "ZTF1 Piro2021: " in line
    assert seen > 3


def test_the_bar_says_what_is_done_and_is_gone_at_the_end(fitted):
    shown = "\n".join(line for _, window in fitted.frames for line in window)
    assert re.search(r"ZTF1 Piro2021: \d+ s, exploring( \d+ %)?, \d+ evaluations, ln Z", shown)
    assert re.search(r"sampling(, ln Z -?\d+\.\d\d)?, \d+ of 100 effective samples", shown)
    assert re.search(r"^[━─]+ \d+ %", shown, re.MULTILINE)
    assert not re.search(r"^[━─]+ ", fitted.text, re.MULTILINE)
    assert "ZTF1 Piro2021: " not in fitted.text


def test_ctrl_c_is_answered_while_a_model_compiles_and_what_is_finished_is_ranked(tmp_path):
    command = [*place(tmp_path), "--model", "Piro2021", "Me2017"]
    empty = {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    with Terminal(command, tmp_path, columns=40, environment=empty) as seen:
        seen.until("ZTF1 Me2017: ")
        seen.press("\x03")
        seen.until("Ctrl-C: stopping", limit=10)  # compiling takes longer than the answer
        assert seen.end() == 75
    seen.check()
    text = seen.text.replace("\n", "")
    # Compiling is usually not over before the stop; a checkpoint is promised where it was.
    promised = "The same command resumes Me2017 from its checkpoint" in text
    assert promised == bool(list(tmp_path.rglob("checkpoint*")))
    assert promised or "Stopped before Me2017 had a checkpoint" in text
    assert "publish" not in text
    ranking = json.loads((tmp_path / "outdir" / "ZTF1" / "ranking.json").read_text())
    assert [one["model"] for one in ranking["ranked"]] == ["Piro2021"]


def test_ctrl_c_again_ends_it_at_once(tmp_path):
    command = [*place(tmp_path), "--model", "Me2017"]
    empty = {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    with Terminal(command, tmp_path, environment=empty) as seen:
        seen.until("ZTF1 Me2017: ")
        seen.press("\x03")
        seen.until("Ctrl-C: stopping")
        seen.press("\x03")
        assert seen.end() == 130
    seen.check()
    assert "Stopped before Me2017 had a checkpoint" in seen.text


def test_a_checkpoint_is_promised_where_there_is_one_and_then_resumed(tmp_path):
    command = [*place(tmp_path), "--model", "Piro2021", "--nlive", "3000", "--sampler", "nested"]
    with Terminal(command, tmp_path) as seen:
        seen.until("evaluations, ln Z")
        seen.press("\x03")
        assert seen.end() == 75
    seen.check()
    assert "The same command resumes Piro2021 from its checkpoint." in seen.text
    attempts = tmp_path / "outdir" / "ZTF1" / "Piro2021" / "attempts"
    assert (attempts / "1-hand-0" / "checkpoint.h5").is_file()
    before = json.loads((attempts / "1-hand-0" / "heartbeat").read_text())["evaluations"]
    for killed in (True, False):  # what was resumed and killed is resumed again
        with Terminal(command, tmp_path) as seen:
            seen.until("evaluations, ln Z")
            shown = "\n".join(line for _, window in seen.frames for line in window)
            if killed:
                seen.process.kill()
            else:
                seen.press("\x03")
            assert seen.end() == (-9 if killed else 75)
        found = re.search(r"(\d+) evaluations, ln Z", shown)
        assert found and int(found[1]) >= before


def test_ctrl_c_before_any_fit_is_one_line(tmp_path):
    slow = tmp_path / "slow.prior"
    os.mkfifo(slow)
    command = [*place(tmp_path), "--model", "Piro2021", "--priors", slow.name]
    # Opening it waits until the command reads it; and the command then waits for more.
    with Terminal(command, tmp_path) as seen, slow.open("w"):
        seen.press("\x03")
        assert seen.end() == 130
    seen.check()
    assert [line for line in seen.lines if "nmma-fit" in line] == ["nmma-fit: interrupted"]


@pytest.mark.parametrize("plain", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_where_lines_cannot_change_there_are_plain_ones(tmp_path, plain):
    command = [*place(tmp_path), "--model", "Piro2021", "--nlive", "3000", "--sampler", "nested"]
    with Terminal(command, tmp_path, environment=plain) as seen:
        seen.until("3 detections")
        seen.press("\x03")
        assert seen.end() == 75
    assert b"\x1b" not in seen.raw
    # The terminal itself shows ^C where it was pressed.
    assert all(LOGGED.match(x.removeprefix("^C")) for x in seen.lines if " INFO " in x)
