"""The audit hook: counts what a tick is about to do to the world, and kills it at the n-th.

Counted are file operations below the installation (also opens that only read), process starts,
locks, signals, and every SQL statement of a connection below it. An audit event comes before what
it announces: a kill at number n finds the world as number n - 1 left it. A hook stays for the life
of a process, so it is installed in the forked child only.
"""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import nmma_fitter

PACKAGE = str(Path(nmma_fitter.__file__).parent) + os.sep
FILES = {
    "os.rename": "rename",
    "os.link": "link",
    "os.remove": "remove",
    "os.mkdir": "mkdir",
    "os.rmdir": "rmdir",
    "os.chmod": "chmod",
    "os.utime": "touch",
    "os.truncate": "truncate",
}
OTHERS = {
    "subprocess.Popen": "process",
    "os.posix_spawn": "process",
    "os.fork": "process",
    "os.exec": "process",
    "fcntl.flock": "lock",
    "os.kill": "signal",
    "http.client.send": "request",
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Where bytes are written for everybody: a boundary is named by who asked for it as well.
WRITERS = ("engine/files", "engine/ledger", "schedulers/local_records")


@dataclass(frozen=True)
class Boundary:
    """One kind of event at one place of our code."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind:9} {self.place}"


class Killer:
    """Notes every boundary in a file, and ends the process by SIGKILL at the one that is asked for.

    Parameters
    ----------
    home : Path
        The installation; other files do not count.
    log : Path
        Gets a line for each boundary.
    kill_at : int, optional
        Number of the event, from 1.
    kill_where : Boundary, optional
        The first event of this kind and place.
    """

    def __init__(
        self,
        home: Path,
        log: Path,
        kill_at: int | None = None,
        kill_where: Boundary | None = None,
    ) -> None:
        self._home = str(home)
        self._kill_at = kill_at
        self._kill_where = kill_where
        self._numbers = itertools.count(1)  # threads of a tick draw from it, each its own
        self._dying = False
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)

    def install(self) -> None:
        """Watch this process from now on.

        SQLite raises no event for a statement, and its event for a new connection comes too early
        to ask it for its statements: `sqlite3.connect` is replaced by one that does.
        """
        connect = sqlite3.connect

        def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            connection = connect(*args, **kwargs)
            connection.set_trace_callback(self._statement)
            return connection

        sqlite3.connect = watched
        sys.addaudithook(self._audit)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if self._is_ours(path):
                self._visit("write" if flags & WRITES else "read")
        elif event in FILES:
            if self._is_ours(args[0]):
                self._visit(FILES[event])
        elif event in OTHERS:
            self._visit(OTHERS[event])
        elif event == "sqlite3.connect" and self._is_ours(args[0]):
            self._visit("sqlite")

    def _is_ours(self, path: Any) -> bool:
        if isinstance(path, int):
            return False
        text = os.fsdecode(path)
        return text.startswith(self._home) or not text.startswith("/")

    def _statement(self, _sql: str) -> None:
        self._visit("sqlite")

    def _visit(self, kind: str) -> None:
        if self._dying:
            return
        number = next(self._numbers)
        here = Boundary(kind, place(sys._getframe()))
        fatal = number == self._kill_at or here == self._kill_where
        self._dying = self._dying or fatal
        os.write(self._log, f"{kind}\t{here.place}\n".encode())
        if fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def place(frame: FrameType | None) -> str:
    """Where in our code: the innermost line, and the one that asked for it if that only writes."""
    found: list[str] = []
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PACKAGE):
            module = name.removeprefix(PACKAGE)
            asker = not module.startswith(WRITERS)
            if asker or not found:
                found.append(f"{module}:{frame.f_lineno}")
            if asker:
                break
        frame = frame.f_back
    return " < ".join(found) or "outside of the package"


def read_boundaries(log: Path) -> list[Boundary]:
    """What a tick went through, in order."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [Boundary(*line.split("\t")) for line in lines]
