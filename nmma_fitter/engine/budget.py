"""How much time a tick, or a part of it, may take."""

from __future__ import annotations

import time
from collections.abc import Callable


def never() -> bool:
    """No."""
    return False


class Budget:
    """Time that runs out, at once when the process is asked to leave.

    Parameters
    ----------
    seconds : float
    leaving : callable
        Whether the process has been asked to leave.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(
        self,
        seconds: float,
        leaving: Callable[[], bool] = never,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._end = clock() + seconds
        self._leaving = leaving
        self._clock = clock

    def used_up(self) -> bool:
        """Whether nothing more should be begun."""
        return self._leaving() or self._clock() >= self._end
