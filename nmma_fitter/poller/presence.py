"""Who polls here for a long time, and whether somebody asked that nobody does.

The lock of a tick is free between ticks; this one is held for a poller's life, so that of two
started by mistake the second leaves. It is bound to the process, whatever end that comes to.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from nmma_fitter.engine.files import Json, read_json, write_json
from nmma_fitter.errors import LockHeld


class Presence:
    """The long-lived poller of a state folder.

    Parameters
    ----------
    state : Path
        The state folder; exists.
    """

    def __init__(self, state: Path) -> None:
        self._record = state / "poller.json"
        self._lock = FileLock(state / "poller.lock", fallback_to_soft=False)
        self._mine: Json = {}

    @contextmanager
    def held(self, patience: float = 0.0, **about: Any) -> Iterator[None]:
        """Be the poller, or raise `LockHeld` saying who is.

        Parameters
        ----------
        patience : float
            Seconds to wait for the other to leave: after a node has died, a network file system
            may keep its locks for a while.
        **about
            For the record: ``kind``, ``job`` and so on.
        """
        try:
            self._lock.acquire(timeout=patience)
        except Timeout:
            raise LockHeld(
                f"{describe(read_json(self._record))} polls here already; leaving it to that"
            ) from None
        try:
            me = {"host": socket.gethostname(), "pid": os.getpid(), "since": int(time.time())}
            self.note(**me, **about)
            yield
            self.note(left=int(time.time()))
        finally:
            self._lock.release()

    def note(self, **about: Any) -> None:
        """Add to the record."""
        self._mine |= about
        write_json(self._record, self._mine)

    def holder(self) -> Json | None:
        """The record of the poller that lives, None when there is none."""
        try:
            with self._lock.acquire(timeout=0):
                return None
        except Timeout:
            return read_json(self._record) or {}


def describe(record: Json | None) -> str:
    """A poller in words."""
    record = record or {}
    job = f" {record['job']}" if record.get("job") else ""
    where = f"pid {record.get('pid', '?')} on {record.get('host', '?')}"
    return f"{record.get('kind', 'another poller')}{job} ({where})"


def stop_path(state: Path) -> Path:
    """The file that asks pollers to leave."""
    return state / "stop"


def request_stop(state: Path) -> None:
    """Ask every poller that runs without a person to leave, and new ones not to begin."""
    by = "someone"
    with contextlib.suppress(KeyError, OSError):  # a user without an entry
        by = getpass.getuser()
    write_json(
        stop_path(state), {"by": f"{by} on {socket.gethostname()}", "time": int(time.time())}
    )


def withdraw_stop(state: Path) -> bool:
    """Let pollers begin again; returns whether they had been asked to stop."""
    try:
        stop_path(state).unlink()
    except FileNotFoundError:
        return False
    return True


def stop_request(state: Path) -> Json | None:
    """Who asked to stop, None when nobody did. An unreadable file still asks."""
    path = stop_path(state)
    return (read_json(path) or {}) if path.exists() else None
