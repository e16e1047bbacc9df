"""How far a run is: what a sampler reports, a heartbeat carries, and every screen shows.

Standard library only: whoever shows progress needs nothing else of what makes it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nmma_fitter.durations import roughly

FEWEST_SECONDS, LEAST_GAIN = 10.0, 0.1  # of a stage, before its time left is worth saying
MOST_FALL = 0.05  # of a share, by chance
CORRECTED = 0.3  # a time left is kept while it differs by no more than this share of a newer one


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    done : float
        How much of the stage that goes on is done, in whatever is counted.
    total : float or None
        How much that will be; None where nobody can know.
    text : str
        The stage and what is known so far, for people.
    evaluations : int
        Likelihood evaluations paid so far: a run that is resumed is free while they grow.
    """

    done: float
    total: float | None
    text: str
    evaluations: int = 0

    @property
    def share(self) -> float | None:
        """Share of the stage that is done, 0 to 1; None where the total is not known."""
        if self.total is None or not self.total > 0 or not math.isfinite(self.done):
            return None
        return min(1.0, max(0.0, self.done / self.total))

    def in_words(self, left: float | None = None) -> str:
        """Share done, time left and the text in one line; `left` in seconds."""
        parts = []
        if self.share is not None:
            whole = 100 if self.share == 1.0 else min(99, round(100 * self.share))
            parts.append(f"{whole} %")
        if left is not None:
            parts.append(f"{roughly(left)} left")
        return ", ".join([*parts, self.text])


class Steady:
    """A time left that counts down, and is corrected only where the pace says quite another.

    Estimates swing with every round of a sampler; what is shown should not.
    """

    def __init__(self) -> None:
        self._end: float | None = None

    def __call__(self, left: float | None, at: float) -> float | None:
        """Take in an estimate, both in seconds; returns what to show, None where that is over."""
        if left is None:
            self._end = None
            return None
        kept = math.inf if self._end is None else self._end - at
        if abs(left - kept) > CORRECTED * max(left, 0.0):
            self._end, kept = at + left, left
        return kept if kept > 0 else None


class TimeLeft:
    """Seconds that are left of a stage, from how fast its share grew so far.

    None until enough of it was seen. A share that falls back by more than chance, since more turned
    out to be needed, begins anew. Time in which the share does not grow, as within a round of a
    sampler, counts when it next does.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None
        self._most = 0.0, 0.0  # the largest share, and when it was reached
        self._steady = Steady()

    def __call__(self, now: Progress) -> float | None:
        """Take in where the run stands; returns the seconds left of this stage, or None."""
        share, at = now.share, self._clock()
        if share is None:
            self._first = None
            return self._steady(None, at)
        if self._first is None or share < self._most[0] - MOST_FALL:
            self._first = self._most = share, at
            self._steady(None, at)
        if share > self._most[0]:
            self._most = share, at
        most, reached = self._most
        gained, waited = most - self._first[0], reached - self._first[1]
        if share >= 1.0 or gained < LEAST_GAIN or waited < FEWEST_SECONDS:
            return None
        return self._steady(reached + (1.0 - most) * waited / gained - at, at)


def to_heartbeat(now: Progress, left: float | None) -> dict[str, Any]:
    """What a heartbeat says of a progress."""
    return {
        "evaluations": now.evaluations,
        "done": now.done if math.isfinite(now.done) else 0.0,
        "total": now.total,
        "text": now.text,
        "left": None if left is None else round(left, 1),
    }


def read_heartbeat(beat: Mapping[str, Any]) -> tuple[Progress, float | None] | None:
    """Progress and time left that a heartbeat carries; None where it has not come yet.

    Those of version 0.1 had a phase and ln Z instead; other programs may count evaluations alone.
    """
    if beat.get("count") is None:
        return None
    evaluations = int(_number(beat.get("evaluations")) or 0)
    text = beat.get("text")
    if not isinstance(text, str):
        return Progress(0.0, None, _old_text(beat, evaluations), evaluations), None
    now = Progress(_number(beat.get("done")) or 0.0, _number(beat.get("total")), text, evaluations)
    return now, _number(beat.get("left"))


def _old_text(beat: Mapping[str, Any], evaluations: int) -> str:
    log_z = _number(beat.get("log_z"))
    known = "" if log_z is None else f", ln Z {log_z:.1f}"
    return f"{evaluations} evaluations, {beat.get('phase') or 'at work'}{known}"


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]
