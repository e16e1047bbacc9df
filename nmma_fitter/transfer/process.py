"""One command under a time limit, in a process group of its own that ends as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
PATIENCE = 3.0  # seconds between asking a command to end and ending it
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "TMPDIR", "KRB5CCNAME")


@dataclass(frozen=True)
class Ended:
    """How a command ended; `status` is None when it was over its time limit."""

    status: int | None
    out: bytes
    said: str


def run(argv: Sequence[str], stdin: bytes, seconds: float, source: Mapping[str, str]) -> Ended:
    """Run a command; at its time limit it and all it started are ended.

    It is ended too when this process is, however that ends. Of the environment `source` it gets
    what ssh needs, never a token; it speaks English and counts hours in UTC.
    """
    environment = {name: source[name] for name in _INHERITED if name in source}
    command = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *argv]
    # Not as a context, which would wait for ever for one that not even SIGKILL ends (a dead mount).
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.defpath, **environment, "LC_ALL": "C", "TZ": "UTC"},
        start_new_session=True,
    )
    try:
        out, said = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return Ended(None, b"", "")
    except BaseException:
        _end(process)
        raise
    return Ended(process.returncode, out, said.decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """First with a chance to keep what had been transferred, then for certain."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with suppress(OSError):
                pipe.close()
