"""NMMA's process: started in a folder of its own, watched, stopped, and its end put into words."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nmma_fitter.engine.files import read_json
from nmma_fitter.errors import BadInput, Interrupted, NmmaFitterError, NotConverged, Unavailable
from nmma_fitter.inference.sampled import Watch
from nmma_fitter.nmma_engine.place import environment
from nmma_fitter.nmma_engine.task import Task
from nmma_fitter.run_progress import Progress

log = logging.getLogger(__name__)

INSIDE = Path(__file__).parent / "inside" / "run_nmma.py"
TASK, ANSWER, LOG = "task.json", "answer.json", "nmma.log"
RESUME = Path("out", "fit_resume.pickle")
POLL_SECONDS = 0.5
TO_CHECKPOINT = 60.0  # seconds that it may take to write where it stands, when told to stop
LAST_LINES = 40


class NmmaFailed(NmmaFitterError):
    """NMMA ended without a result, for a reason that is not known here."""


def command(python: str, what: str) -> list[str]:
    """The command line of a run, for a folder with its task."""
    return [python, "-P", str(INSIDE), what, TASK, ANSWER]


def prepare(folder: Path, task: Task) -> None:
    """Write a task's files into a new folder, so that it can be repeated by hand there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in task.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    text = json.dumps(task.content, indent=1)
    (folder / TASK).write_text(text + "\n", encoding="utf-8")


def run(python: str, what: str, folder: Path, watch: Watch) -> dict[str, Any]:
    """Run NMMA on the task of a folder and return its answer; a checkpoint there is resumed.

    Parameters
    ----------
    python : str
        NMMA's interpreter.
    what : str
        ``fit`` or ``likelihood``.
    folder : Path
        As `prepare` left it; ``nmma.log`` is written there.
    watch : Watch
        NMMA's own checkpoint is kept as its `checkpoint`.

    Raises
    ------
    Interrupted
        It was told to stop, and has left a checkpoint.
    NmmaFitterError
        NMMA failed; with the reason, and where its log is.
    """
    _take_over(watch.checkpoint, folder / RESUME)
    (folder / ANSWER).unlink(missing_ok=True)
    with (folder / LOG).open("ab") as stream:
        process = subprocess.Popen(
            command(python, what),
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is for us, who tell it
        )
        try:
            _attend(process, folder, watch)
        except KeyboardInterrupt:  # pressed again: nobody wants to wait for a checkpoint
            _kill(process)
            raise
        finally:
            end(process)
    answer = read_json(folder / ANSWER)
    if isinstance(answer, dict) and "error" not in answer and process.returncode == 0:
        return answer
    raise explained(answer, process.returncode, folder)


def _attend(process: subprocess.Popen[bytes], folder: Path, watch: Watch) -> None:
    """Wait for the end; pass on progress and checkpoints, and the wish to stop."""
    seen = ""
    while process.poll() is None:
        time.sleep(POLL_SECONDS)
        said = read_json(folder / "progress.json") or {}
        watch.on_progress(progress_of(said))
        seen = _keep(folder / RESUME, watch.checkpoint, seen)
        if watch.should_stop():
            process.send_signal(signal.SIGTERM)  # bilby then writes where it stands
            _wait(process, TO_CHECKPOINT)
            _keep(folder / RESUME, watch.checkpoint, seen)
            raise Interrupted("NMMA was stopped", watch.checkpoint)


def progress_of(said: Mapping[str, Any]) -> Progress:
    """What NMMA says of where it stands: how often it has evaluated its likelihood."""
    evaluations = int(said.get("evaluations", 0))
    return Progress(0.0, None, f"sampling by NMMA, {evaluations} evaluations", evaluations)


def end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of it running."""
    if process.poll() is None:
        process.terminate()
        _wait(process, TO_CHECKPOINT)
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        log.warning("NMMA did not stop within %.0f s", seconds)


def _take_over(checkpoint: Path | None, resume: Path) -> None:
    """Give NMMA the checkpoint of an earlier run of the same fit.

    bilby's is a pickle; it is one that this installation's NMMA has written, never one that came.
    """
    if checkpoint is not None and checkpoint.is_file():
        resume.parent.mkdir(exist_ok=True)
        resume.unlink(missing_ok=True)
        os.link(checkpoint, resume)


def _keep(resume: Path, checkpoint: Path | None, seen: str) -> str:
    """Let the checkpoint be NMMA's newest; bilby replaces its file, so a link stays whole."""
    try:
        found = resume.stat()
    except OSError:
        return seen
    mark = f"{found.st_ino} {found.st_mtime_ns}"
    if checkpoint is not None and mark != seen:
        beside = checkpoint.with_name(f".{checkpoint.name}.link")
        beside.unlink(missing_ok=True)
        os.link(resume, beside)
        beside.replace(checkpoint)
    return mark


# What NMMA or its libraries say, and what it means to whoever asked for the fit.
KNOWN: tuple[tuple[str, type[NmmaFitterError], str], ...] = (
    (
        r"No module named '?([\w.]+)",
        Unavailable,
        "NMMA lacks a package ({text}); install it beside NMMA",
    ),
    (
        r"Model file not found|No \w+-model files found|\.joblib'",
        Unavailable,
        "NMMA's data of this model are not here ({text})",
    ),
    (
        r"CosmologyError|Best guess intersection",
        BadInput,
        "the prior on the distance has no redshift at its end ({text})",
    ),
    (
        r"KeyError: '?(log10_\w+|KN\w+|inclination_EM|theta\w+|timeshift)",
        BadInput,
        "the prior file lacks a parameter of the model ({text})",
    ),
    (
        r"unrecognized arguments|the following arguments are required|invalid choice",
        BadInput,
        "NMMA refuses an option of [fits.settings.nmma] ({text})",
    ),
    (
        r"bandpass|Filter .* not found|not in registry",
        BadInput,
        "NMMA does not know a band ({text})",
    ),
    (
        r"MemoryError|Cannot allocate memory",
        NmmaFailed,
        "NMMA ran out of memory ({text}); raise memory_mb",
    ),
    (
        r"maximum number of (iterations|calls)|Did not converge",
        NotConverged,
        "NMMA's sampler did not converge ({text})",
    ),
)


def explained(answer: Mapping[str, Any] | None, code: int | None, folder: Path) -> NmmaFitterError:
    """The end of a run that left no result, in a sentence."""
    where = f"its log is {folder / LOG}"
    error = answer.get("error") if isinstance(answer, Mapping) else None
    if isinstance(error, Mapping):
        text = f"{error.get('kind')}: {error.get('message')}"
    else:
        text = _last_error(folder / LOG) or f"exit status {code}, and it said nothing"
    text = " ".join(text.split())[:300]
    for pattern, kind, meaning in KNOWN:
        if re.search(pattern, text):
            return kind(f"{meaning.format(text=text)}; {where}")
    return NmmaFailed(f"NMMA ended without a result ({text}); {where}")


def _last_error(path: Path) -> str:
    """The last line of a log that looks like an error, or its last line."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return ""
    lines = [line.strip() for line in lines if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b|.*: error: ", line)]
    return (errors or lines or [""])[-1]
