"""Ctrl-C, answered within a moment whatever the main thread is doing."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import threading
import time
from collections.abc import Callable

EX_CTRL_C = 130
_ONE_PRESS = 0.05  # seconds within which two signals are one press: a child may pass on its copy
_TO_LEAVE = 3.0  # seconds the main thread has after the second press, before the process is ended


class CtrlC:
    """Used as a context. Says at once that Ctrl-C was heard; a second one ends the process.

    Python runs a signal's handler only between two steps of the main thread, and a compiler or a
    model in C may let it wait for long. The signal's number is written to a pipe at once, however,
    and a thread waits for it there. The handler of SIGINT is the caller's.

    Parameters
    ----------
    answer : callable
        Called by that thread at the first Ctrl-C.
    """

    def __init__(self, answer: Callable[[], None]) -> None:
        self._answer = answer

    def __enter__(self) -> CtrlC:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._wait, name="ctrl-c", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._left.set()
        signal.set_wakeup_fd(self._before)
        os.write(self._write, b"\0")  # wakes the thread, which then ends
        self._thread.join()
        os.close(self._read)
        os.close(self._write)

    def _wait(self) -> None:
        presses, last = 0, 0.0
        while not self._left.is_set():
            select.select([self._read], [], [])
            if signal.SIGINT not in os.read(self._read, 4096):
                continue
            now = time.monotonic()
            if now - last < _ONE_PRESS:
                continue
            presses, last = presses + 1, now
            if presses == 1:
                self._answer()
            elif not self._left.wait(_TO_LEAVE):
                _end()


def _end() -> None:
    """End this process and those it forked, without asking the main thread."""
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(EX_CTRL_C)
