"""What became of everything, counted: by night, by task and reason, by day."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nmma_fitter.engine.ledger_file import LedgerFile
from nmma_fitter.engine.unit import State

# Every need of a night with how it stands, in the words of `night.standing`.
NEEDS = """
SELECT n.night, n.object, coalesce(u.night = n.night, 1) AS own,
    CASE WHEN u.night <> n.night AND u.state IN ('done', 'failed', 'skipped') THEN 'unchanged'
    ELSE coalesce(u.state, n.state) END AS standing
FROM needs n LEFT JOIN units u ON u.digest = n.digest"""
# What was to be done: each unit once, in whichever nights it was wanted, and what became none.
OUTCOMES = """
SELECT task, state, coalesce(reason, '') AS reason, count(*) AS n FROM units GROUP BY 1, 2, 3
UNION ALL
SELECT task, state, coalesce(reason, ''), count(*) FROM needs WHERE digest IS NULL GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class NightCount:
    """One night in numbers.

    Attributes
    ----------
    night : str
    revision : int
    closed : bool
    objects : int
        Objects that the night looked at.
    fresh : int
        Objects of which something was first wanted in this night.
    counts : mapping of str to int
        Needs by how they stand (see `night.standing`).
    """

    night: str
    revision: int
    closed: bool
    objects: int
    fresh: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class TaskCount:
    """One task in numbers.

    Attributes
    ----------
    task : str
    live : int
        Units that have not ended.
    done : int
    failed, skipped : mapping of reason to int
    seconds : tuple of float
        Wall-clock time of what was done, ascending.
    """

    task: str
    live: int
    done: int
    failed: Mapping[str, int]
    skipped: Mapping[str, int]
    seconds: tuple[float, ...]

    @property
    def failures(self) -> int:
        """How many failed, for whichever reason."""
        return sum(self.failed.values())

    @property
    def failure_rate(self) -> float | None:
        """Share that failed of what was tried and has ended; None when nothing has."""
        tried = self.done + self.failures
        return self.failures / tried if tried else None

    def quantile(self, share: float) -> float | None:
        """Seconds within which this share of them was done; None when none was."""
        place = max(0, math.ceil(share * len(self.seconds)) - 1)
        return self.seconds[place] if self.seconds else None


@dataclass(frozen=True)
class Statistics:
    """All nights by name, all tasks by name, and how many fits ended on which day.

    Attributes
    ----------
    nights : tuple of NightCount
    tasks : tuple of TaskCount
    days : mapping of str to mapping of str to int
        UTC date (``2022-07-24``), ascending, to ``done`` and ``failed``.
    """

    nights: tuple[NightCount, ...]
    tasks: tuple[TaskCount, ...]
    days: Mapping[str, Mapping[str, int]]


class StatisticsTable(LedgerFile):
    """Sums over everything the ledger holds."""

    def statistics(self) -> Statistics:
        """Count everything."""
        return Statistics(self._nights(), self._tasks(), self._days())

    def _nights(self) -> tuple[NightCount, ...]:
        objects = {
            row["night"]: (int(row["objects"]), int(row["fresh"]))
            for row in self._run(
                "SELECT night, count(*) AS objects, sum(fresh) AS fresh FROM (SELECT night, object,"
                f" coalesce(max(own), 0) AS fresh FROM ({NEEDS}) GROUP BY 1, 2) GROUP BY 1"
            )
        }
        counts: dict[str, dict[str, int]] = {}
        for row in self._run(f"SELECT night, standing, count(*) AS n FROM ({NEEDS}) GROUP BY 1, 2"):
            counts.setdefault(row["night"], {})[row["standing"]] = int(row["n"])
        return tuple(
            NightCount(
                row["night"],
                int(row["revision"]),
                bool(row["closed"]),
                *objects.get(row["night"], (0, 0)),
                counts.get(row["night"], {}),
            )
            for row in self._run("SELECT night, revision, closed FROM nights ORDER BY night")
        )

    def _tasks(self) -> tuple[TaskCount, ...]:
        outcomes: dict[str, dict[str, dict[str, int]]] = {}
        for row in self._run(OUTCOMES):
            state = State(row["state"])
            kind = state.value if state.ended else "live"
            reasons = outcomes.setdefault(row["task"], {}).setdefault(kind, {})
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + int(row["n"])
        seconds: dict[str, list[float]] = {}
        for row in self._run(
            "SELECT task, seconds FROM units WHERE state='done' AND seconds IS NOT NULL"
            " ORDER BY task, seconds"
        ):
            seconds.setdefault(row["task"], []).append(float(row["seconds"]))
        return tuple(
            TaskCount(
                task,
                sum(kinds.get("live", {}).values()),
                sum(kinds.get("done", {}).values()),
                _largest_first(kinds.get("failed", {})),
                _largest_first(kinds.get("skipped", {})),
                tuple(seconds.get(task, ())),
            )
            for task, kinds in sorted(outcomes.items())
        )

    def _days(self) -> dict[str, dict[str, int]]:
        days: dict[str, dict[str, int]] = {}
        for row in self._run(
            "SELECT date(ended, 'unixepoch') AS day, state, count(*) AS n FROM units"
            " WHERE ended > 0 AND state IN ('done', 'failed') GROUP BY 1, 2 ORDER BY 1"
        ):
            days.setdefault(row["day"], {"done": 0, "failed": 0})[row["state"]] = int(row["n"])
        return days


def _largest_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
