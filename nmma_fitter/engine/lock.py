"""One tick at a time for each state folder, and proof that the lock holds here."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from nmma_fitter.engine.files import Json, read_json, write_json
from nmma_fitter.errors import ConfigError, LockHeld

PROBE = """
import sys
from filelock import FileLock, Timeout
try:
    FileLock(sys.argv[1], timeout=0, fallback_to_soft=False).acquire()
except Timeout:
    sys.exit(7)
"""


class OverTime(LockHeld):
    """The lock's holder has been in its tick for longer than its time budget, or our patience."""

    exit_status = 75


class TickLock:
    """The lock of a state folder, held for a tick and never while waiting.

    Parameters
    ----------
    state : Path
        The state folder.
    budget_seconds : float
        How long a tick may take before others say that something is wrong.
    """

    def __init__(self, state: Path, budget_seconds: float) -> None:
        self._path = state / "lock"
        self._holder = state / "lock-holder.json"
        self._budget = budget_seconds
        self._lock = FileLock(self._path, timeout=0, fallback_to_soft=False)

    @contextmanager
    def held(
        self, patience: float = 0.0, tell: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Hold the lock, or raise `LockHeld` (`OverTime`) saying who does.

        Parameters
        ----------
        patience : float
            Seconds to wait for the holder's tick to end; then `OverTime` is raised.
        tell : callable, optional
            Called once with what is waited for.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            self._wait(patience, tell)
        try:
            self.step("start")
            yield
        finally:
            self._lock.release()

    def _wait(self, patience: float, tell: Callable[[str], None] | None) -> None:
        refusal = self._refusal()
        if patience <= 0:
            raise refusal
        if tell is not None:
            tell(f"{self._holding()}; waiting up to {patience:.0f} s for its tick to end")
        try:
            self._lock.acquire(timeout=patience)
        except Timeout:
            raise OverTime(
                f"{self._holding()}, and {patience:.0f} s were not enough; try again later, or "
                "look at that process"
            ) from None

    def step(self, name: str) -> None:
        """Tell others which step of the tick is under way."""
        previous = read_json(self._holder) or {}
        mine = previous.get("pid") == os.getpid() and name != "start"
        start = previous.get("start") if mine else time.time()
        me = {"host": socket.gethostname(), "pid": os.getpid(), "start": start, "step": name}
        write_json(self._holder, me)

    def _age(self) -> float:
        # One host's clock, or two that agree well within a budget of minutes; for a message only.
        holder = read_json(self._holder) or {}
        return max(0.0, time.time() - float(holder.get("start", time.time())))

    def _holding(self) -> str:
        holder = read_json(self._holder) or {}
        return (
            f"another make-jobs or nmma-fitter holds {self._path}: pid {holder.get('pid', '?')} on "
            f"{holder.get('host', '?')}, for {self._age():.0f} s, in step "
            f"{holder.get('step', '?')!r}"
        )

    def _refusal(self) -> LockHeld:
        text, age = self._holding(), self._age()
        if age <= self._budget:
            return LockHeld(text + "; leaving the tick to it")
        return OverTime(text + f", past its budget of {self._budget:.0f} s; look at that process")


def check_host(state: Path) -> None:
    """Test on first use that lock and SQLite hold between two processes on this host.

    Raises
    ------
    ConfigError
        They do not; the message says what to do.
    """
    marker = state / f"checked-{socket.gethostname()}.json"
    if read_json(marker) is not None:
        return
    remedy = "put [paths] state on a local disk or a file system with working locks"
    if not _lock_excludes(state / "lock-probe"):
        raise ConfigError(f"{state}: locks do not hold between two processes here; {remedy}")
    if not _sqlite_excludes(state / "sqlite-probe"):
        raise ConfigError(f"{state}: SQLite's locks do not hold here; {remedy}")
    report: Json = {"lock": "holds", "sqlite": "holds"}
    write_json(marker, report)


def _lock_excludes(path: Path) -> bool:
    try:
        with FileLock(path, timeout=5, fallback_to_soft=False):
            probe = subprocess.run(
                [sys.executable, "-P", "-c", PROBE, str(path)], timeout=60, check=False
            )
    except (OSError, Timeout, subprocess.TimeoutExpired):
        return False
    path.unlink(missing_ok=True)
    return probe.returncode == 7


def _sqlite_excludes(path: Path) -> bool:
    script = (
        "import sqlite3,sys\n"
        "db=sqlite3.connect(sys.argv[1],timeout=0,isolation_level=None)\n"
        "try: db.execute('BEGIN IMMEDIATE')\n"
        "except sqlite3.OperationalError: sys.exit(7)\n"
    )
    path.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            command = [sys.executable, "-P", "-c", script, str(path)]
            probe = subprocess.run(command, timeout=60, check=False)
            db.execute("ROLLBACK")
    except (sqlite3.Error, subprocess.TimeoutExpired):
        return False
    path.unlink(missing_ok=True)
    return probe.returncode == 7
