"""Running a batch system's client: an argument list, an environment of ours, and a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LAST_WORDS_SECONDS = 2.0


@dataclass(frozen=True)
class Said:
    """What a command said.

    Attributes
    ----------
    status : int or None
        Exit status, negative for a signal; None when it did not run or did not end in time.
    out, error : str
        Its standard output, and its standard error or why it gave no status.
    """

    status: int | None
    out: str
    error: str

    @property
    def message(self) -> str:
        """What a person should read, on one line."""
        lines = (line.strip() for line in (self.error or self.out).splitlines())
        text = "; ".join(line for line in lines if line)
        status = "no exit status" if self.status is None else f"exit status {self.status}"
        return "".join(c if c.isprintable() else "?" for c in text)[:500] or status


def run(
    command: Sequence[str], seconds: float, environment: Mapping[str, str], stdin: bytes = b""
) -> Said:
    """Run a command in a session of its own; when its time is up, all of it is killed."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Said(None, "", f"{command[0]}: cannot be run: {error}")
    try:
        out, err = process.communicate(stdin, timeout=seconds)
        return Said(process.returncode, _text(out), _text(err))
    except subprocess.TimeoutExpired:
        out, err = _end(process)
        problem = f"{command[0]}: no answer within {seconds:g} s"
        return Said(None, _text(out), "\n".join(filter(None, (problem, _text(err)))))
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=_LAST_WORDS_SECONDS)
    except (subprocess.TimeoutExpired, ValueError):  # something that left the session holds a pipe
        return b"", b""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
