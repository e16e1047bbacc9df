"""One tick of the real poller in a process of its own, forked from this one, which is warm.

A tick of a fresh interpreter spends a second on imports; a forked one starts within milliseconds,
so that hundreds of boundaries are cheap. The child never returns: it ends by its status.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - what a tick imports late is here before the fork
import os
import select
import signal
import sys
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import jinja2.ext  # noqa: F401

from nmma_fitter.errors import LockHeld

from . import calls, controls
from .boundaries import Boundary, Killer, read_boundaries
from .installation import Installation

LIMIT = 600.0  # for a tick that hangs, on a machine however busy
STATUS = {0: "finished", 3: "clean", 4: "held", 5: "error"}


@dataclass(frozen=True)
class Kill:
    """How a tick is to be killed; by default not at all.

    Attributes
    ----------
    at : int or None
        At the n-th boundary.
    where : Boundary or None
        At the first one of this kind.
    after : float or None
        From outside, after so many seconds.
    call : (str, str) or None
        Around the call of a program: its name, and one of `calls.MOMENTS`.
    """

    at: int | None = None
    where: Boundary | None = None
    after: float | None = None
    call: tuple[str, str] | None = None


NO_KILL = Kill()


@dataclass(frozen=True)
class Outcome:
    """What came of a tick: ``finished``, ``clean``, ``held``, ``error`` or ``killed``."""

    how: str
    boundaries: list[Boundary]
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether it was."""
        return self.how == "killed"


def tick(site: Installation, night: str, kill: Kill = NO_KILL) -> Outcome:
    """Run one tick."""
    log = site.outside / "boundaries"
    log.unlink(missing_ok=True)
    start = time.monotonic()
    pid = _fork()
    if pid == 0:
        _child(site, night, kill, log)
    status = _wait(pid, kill.after)
    how = "killed" if status == -signal.SIGKILL else STATUS.get(status, "error")
    return Outcome(how, read_boundaries(log), time.monotonic() - start)


def _fork() -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # a fork's own hooks would drop it
    try:
        with warnings.catch_warnings():  # the threads of other tests hold nothing that we need
            warnings.simplefilter("ignore", DeprecationWarning)
            return os.fork()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _wait(pid: int, kill_after: float | None) -> int:
    """Exit status of the child, killed in time; one that hangs is ended and is an error."""
    handle = os.pidfd_open(pid)
    try:
        over, _, _ = select.select([handle], [], [], LIMIT if kill_after is None else kill_after)
        if not over:
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(handle)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return 5 if not over and kill_after is None else status


def _child(site: Installation, night: str, kill: Kill, log: Path) -> None:
    status = 5
    try:
        os.setsid()
        errors = os.open(site.outside / "errors", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for standard in (1, 2):
            os.dup2(errors, standard)
        sys.stderr = os.fdopen(errors, "w")
        status = _tick(site, night, kill, log)
    except LockHeld:
        status = 4
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _tick(site: Installation, night: str, kill: Kill, log: Path) -> int:
    os.environ.update(site.bed.environment)
    calls.put_first(site, kill.call)
    controls.apply(site.control)
    poller = site.poller(night)
    Killer(site.site, log, kill.at, kill.where).install()
    return 0 if poller.tick().finished else 3
