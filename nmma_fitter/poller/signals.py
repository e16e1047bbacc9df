"""Waiting that a signal ends at once, and work that it does not interrupt."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from nmma_fitter.engine.budget import never

_NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)
_LOOK_SECONDS = 2.0  # between two looks at what else may end the waiting


class Signals:
    """TERM, INT, USR1 and HUP ask to leave; what is being done is done to its end.

    Used as a context; the handlers before it come back at its end. A second INT is Ctrl-C again.

    Attributes
    ----------
    received : signal.Signals or None
        The first signal that came.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        # A byte in a pipe wakes `select`: a flag alone could be set just before the waiting begins.
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._fd_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        heard = [n for n in _NUMBERS if signal.getsignal(n) is not signal.SIG_IGN]  # as by nohup
        self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        os.close(self._read)
        os.close(self._write)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = signal.Signals(number)
        elif number == signal.SIGINT:
            raise KeyboardInterrupt

    def leaving(self) -> bool:
        """Whether a signal has come."""
        return self.received is not None

    def wait(self, seconds: float, until: Callable[[], bool] = never) -> None:
        """Wait, but not after a signal has come, nor once `until` says so."""
        end = time.monotonic() + seconds
        while not self.leaving() and not until():
            left = end - time.monotonic()
            if left <= 0:
                return
            select.select([self._read], [], [], min(left, _LOOK_SECONDS))
            if not self.leaving():
                self._drain()

    def _drain(self) -> None:
        try:
            os.read(self._read, 4096)  # of signals that are not ours, such as a child's end
        except BlockingIOError:
            return
