"""NMMA in another process: where its interpreter is, and how it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

INSIDE = Path(__file__).with_name("inside_nmma.py")
HOW_TO_INSTALL = """\
NMMA is not in this environment. It takes 2.8 GB; install it into one of its own, with Python 3.12:
    python3.12 -m venv NMMA && NMMA/bin/pip install 'nmma>=1.0.1' 'afterglowpy>=0.8.1'
and name its interpreter: --nmma-python NMMA/bin/python, or NMMA_PYTHON in the environment."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def add_option(parser: ArgumentParser) -> None:
    """Let a command line name NMMA's interpreter."""
    parser.add_argument(
        "--nmma-python", metavar="PATH", help="interpreter that has NMMA; default: NMMA_PYTHON"
    )


def interpreter(given: str | None) -> str | None:
    """NMMA's interpreter: as given, by the environment, or this one; None where NMMA is not."""
    named = given or os.environ.get("NMMA_PYTHON")
    if named:
        return named
    try:  # not find_spec, which would find the nmma.py of this folder
        version("nmma")
    except PackageNotFoundError:
        return None
    return sys.executable


def command(python: str, what: str, *words: str) -> list[str]:
    """Command line of `inside_nmma.py`; ``-P`` keeps its folder's nmma.py from being imported."""
    return [python, "-P", str(INSIDE), what, *words]


def ask(python: str, what: str, task: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Hand NMMA a task and return its answer; exits with NMMA's last words where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "task.json", Path(folder) / "answer.json"
        question.write_text(json.dumps(task), encoding="utf-8")
        words = command(python, what, str(question), str(answer))
        run_quietly(words, Path(folder), seconds)
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return found


def run_quietly(words: Sequence[str], folder: Path, seconds: float) -> None:
    """Run a command in a folder, its output into ``log`` there; exits where it fails.

    Raises
    ------
    subprocess.TimeoutExpired
        After so many seconds; the command has then been ended.
    """
    log = folder / "log"
    with log.open("ab") as stream:
        done = subprocess.run(
            words,
            stdout=stream,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            cwd=folder,
            env=os.environ | ONE_THREAD,
        )
    if done.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        sys.exit("\n".join([*last, f"{words[0]} failed, exit status {done.returncode}"]))
