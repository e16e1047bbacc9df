"""Names, files and programs that speak to the terminal reach no terminal, log or page raw."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
ESCAPES = "\x1b]0;owned\x07\x1b[31m\x9b2J"
HOSTILE = f"a{ESCAPES}\nFORGED line\r\u202egnp.exe\u2066\u200b\x00"
NAMED = HOSTILE.replace("\x00", "") + "\udcff"  # what a file's name can hold
NIGHT = "2459778-2459785"
SAID_ON_STDERR = "#!/bin/sh\nprintf 'no\\033]0;owned\\007\\033[31m\\342\\200\\256\\n' >&2\nexit 1\n"
OURS = re.compile(r"\x1b\[(1A|2K)")  # how the live lines are drawn
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
GOOD = "2459780.7,19.0,0.1,g,,2"
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"


def seen(folder, *words):
    """What a command writes to a terminal, and its status."""
    ours, its = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    process = subprocess.Popen(
        [BIN / words[0], *words[1:]], cwd=folder, stdin=its, stdout=its, stderr=its,
        env={**environment, "TERM": "xterm-256color"}, start_new_session=True,
    )  # fmt: skip
    os.close(its)
    said = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # nobody has it open any more
            break
        if not more:
            break
        said += more
    os.close(ours)
    return said.decode(), process.wait(60)


def check(said):
    text = OURS.sub("", said.replace("\r\n", "\n")).replace("\r", "")
    assert UNSEEN.search(text) is None, repr(text)
    assert not [line for line in text.splitlines() if line.lstrip().startswith("FORGED")]
    assert "Traceback" not in text
    return text


def rows(*lines):
    return HEADER + "".join(f"{number},{line}\n" for number, line in enumerate(lines))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A night of files that cannot be read, hostile names at a source, a failing destination."""
    root = tmp_path_factory.mktemp("hostile")
    for night in (root / "candidates" / NIGHT, root / "source" / NIGHT, root / NAMED):
        night.mkdir(parents=True)
        (night / f"lc_{NAMED}_forced1_stacked0.csv").write_text(rows(GOOD))
        (night / f"x{NAMED}.csv").write_bytes(b"not a light curve")
    night = root / "candidates" / NIGHT
    (night / "lc_A_forced1_stacked0.csv").write_text(rows(f'1,"{HOSTILE}",0.1,g,,2'))
    (night / "lc_B_forced1_stacked0.csv").write_text(f'"{HOSTILE}",jd\n1,2\n')
    (night / "lc_C_forced1_stacked0.csv").write_text(rows(f'2459780.7,19.0,0.1,"{HOSTILE}",,2'))
    (root / "source" / NAMED).mkdir()
    (root / "there").mkdir()
    (root / "rsync").write_text(SAID_ON_STDERR)
    (root / "rsync").chmod(0o755)
    (root / "my.toml").write_text(
        f"""
[tick]
interval = 0.3
[sources.one]
kind = "folder"
path = "source"
settle_seconds = 0
[destinations.web]
kind = "folder"
path = "there"
tries = 1
rsync = "{root}/rsync"
[fits]
models = ["Piro2021"]
"""
    )
    return root


@pytest.fixture(scope="module")
def said(place):
    calls = {
        "dry": ("make-jobs", "--config", "my.toml", "--dry-run"),
        "run": ("make-jobs", "--config", "my.toml", "--once"),
        "again": ("make-jobs", "--config", "my.toml", "--once"),
        "by hand": ("make-jobs", "--config", "my.toml", "--data-dir", NAMED, "--once"),
        "status": ("nmma-fitter", "status", "--config", "my.toml"),
        "json": ("nmma-fitter", "status", "--config", "my.toml", "--json"),
        "fit": ("nmma-fit", f"{NAMED}/x{NAMED}.csv", "--model", "Piro2021"),
        "no file": ("nmma-fit", f"y{NAMED}", "--model", f"m{NAMED}"),
        "option": ("nmma-fitter", "status", "--config", f"z{NAMED}.toml"),
    }
    return {name: seen(place, *words)[0] for name, words in calls.items()}


@pytest.mark.parametrize(
    "call", ["dry", "run", "again", "by hand", "status", "json", "fit", "no file", "option"]
)
def test_a_terminal_sees_text_alone(said, call):
    assert check(said[call]).strip()


def test_what_a_failing_program_said_is_shown_clean(said):
    text = "".join(check(said[call]) for call in ("run", "again", "by hand", "status"))
    assert "push web: " in text and "no?]0;owned?" in text


def test_pages_and_what_is_kept_as_text_hold_none(said, place):
    kept = [p for p in (place / "outdir").rglob("*") if p.suffix in (".html", ".json", ".log")]
    assert [path for path in kept if path.name == "index.html"]
    for path in kept:
        check(path.read_text())


def test_a_log_that_is_no_terminal_has_a_line_for_each_message(place):
    done = subprocess.run(
        [BIN / "make-jobs", "--config", "my.toml", "--data-dir", NAMED, "--once", "--force"],
        cwd=place, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert check((done.stdout + done.stderr).decode()).strip()
