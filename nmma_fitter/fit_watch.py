"""How a fit says where it stands, and how it is told to stop."""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nmma_fitter.run_progress import Progress, TimeLeft, to_heartbeat

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
LOG_SECONDS = 60.0


class Heartbeat:
    """Writes ``heartbeat`` in the attempt's folder and, less often, a line to the log."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = folder / "heartbeat"
        self._clock = clock
        self._left = TimeLeft(clock)
        self._count = 0
        self._written = self._logged = clock() - LOG_SECONDS

    def __call__(self, progress: Progress) -> None:
        """Note progress, at most every few seconds."""
        now, left = self._clock(), self._left(progress)
        if now - self._written >= HEARTBEAT_SECONDS:
            self._written = now
            self._count += 1
            said = to_heartbeat(progress, left)
            self._write({"count": self._count, **said, "time": int(time.time())})
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.info("%s", progress.in_words(left))

    def _write(self, value: dict[str, Any]) -> None:
        """Replace the file without fsync: the next one comes in seconds."""
        temporary = self._path.with_name(".heartbeat.tmp")
        temporary.write_text(json.dumps(value))
        temporary.replace(self._path)


class StopFlag:
    """Raised by SIGTERM, SIGINT or SIGUSR1; the fit stops at the next batch.

    A second Ctrl-C does not wait for that.
    """

    def __init__(self) -> None:
        self._raised = False
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            signal.signal(number, self._raise)

    def _raise(self, number: int, frame: object) -> None:
        self._raised = True
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)

    def __call__(self) -> bool:
        """Whether to stop."""
        return self._raised
