"""Waiting for what a test wants to see, on a machine however busy."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 600.0  # seconds beyond what an idle machine needs; only a failing test waits so long


def wait_until(
    ask: Callable[[], T], seconds: float = 30.0, what: str = "it", patience: float = PATIENCE
) -> T:
    """Ask until the answer is true, and return it.

    Parameters
    ----------
    ask : callable
    seconds : float
        As long as it may take on an idle machine.
    what : str
        What is waited for, for the error.
    patience : float
        Seconds that a busy machine gets beyond those.

    Raises
    ------
    TimeoutError
        When it does not come.
    """
    deadline = time.monotonic() + seconds + patience
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds + patience:g} s")
        time.sleep(0.02)
    return answer


def tick_to_the_end(poller: Any, seconds: float = 60.0) -> Any:
    """Tick until everything has ended; the last tick's report. Times as of `wait_until`."""
    deadline = time.monotonic() + seconds + PATIENCE
    while not (report := poller.tick()).finished:
        assert time.monotonic() < deadline, report.needs
        time.sleep(0.1)
    return report
