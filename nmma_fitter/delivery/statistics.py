"""The ledger's counts as people read them: days, shares, a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from nmma_fitter.durations import in_words
from nmma_fitter.engine.files import Json
from nmma_fitter.engine.ledger_statistics import NightCount, Statistics, TaskCount
from nmma_fitter.labels import model_named

NIGHT = re.compile(r"\d{7}-(\d{7})", re.ASCII)
# Julian date n.0 is noon of the day with this proleptic ordinal: 2459791.0 is 2022-07-30 12:00.
ORDINAL = 1721425
ANY_TASK = "*"  # of a file that cannot be read


def night_date(night: str) -> date | None:
    """UTC date of a night's last data, from the last Julian date in its name, if it has one."""
    match = NIGHT.fullmatch(night)
    try:
        return date.fromordinal(int(match[1]) - ORDINAL) if match else None
    except ValueError:
        return None


def task_name(task: str) -> str:
    """A task's name for people."""
    return "unreadable file" if task == ANY_TASK else task


def task_title(task: str) -> str:
    """A task's name for people, with the kind of its model."""
    return task_name(task) if task == ANY_TASK else model_named(task)


def candidates_by_day(nights: Sequence[NightCount]) -> dict[str, dict[str, int]]:
    """Objects of each night by its date (or name): with new fits, and unchanged."""
    days: dict[str, dict[str, int]] = {}
    for night in nights:
        day = days.setdefault(str(night_date(night.night) or night.night), {"new": 0, "known": 0})
        day["new"] += night.fresh
        day["known"] += night.objects - night.fresh
    return dict(sorted(days.items()))


def every_day(
    days: Mapping[str, Mapping[str, int]], most: int, today: date | None = None
) -> dict[str, Mapping[str, int]]:
    """The last days (at most `most`), with those between on which nothing was, if they are dates.

    What is no date, or one after tomorrow (of `today`, by default the clock's), comes last, as it
    is: such a day would push out all the others.
    """
    tomorrow = (today or datetime.now(UTC).date()) + timedelta(days=1)
    dated = sorted(day for day in days if (when := _as_date(day)) and when <= tomorrow)
    found: dict[str, Mapping[str, int]] = {}
    if dated:
        last = date.fromisoformat(dated[-1])
        first = max(date.fromisoformat(dated[0]), last - timedelta(days=most - 1))
        span = (last - first).days
        names = [str(first + timedelta(days=number)) for number in range(span + 1)]
        found = {name: days.get(name, {}) for name in names}
    others = {day: days[day] for day in days if not (when := _as_date(day)) or when > tomorrow}
    return found | others


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def as_text(statistics: Statistics) -> str:
    """Plain aligned text for a terminal."""
    new = candidates_by_day(statistics.nights)
    parts = [
        _table(
            ["candidates a day", "new or changed", "unchanged"],
            [[day, str(n["new"]), str(n["known"])] for day, n in new.items()],
        ),
        _table(
            ["fits a day", "done", "failed"],
            [[day, str(n["done"]), str(n["failed"])] for day, n in statistics.days.items()],
        ),
        _table(
            ["model", "done", "failed", "skipped", "running", "failure", "median", "90 %"],
            [_task_row(task) for task in statistics.tasks],
        ),
        _table(["not done", "", "reason", "number"], _reasons(statistics.tasks)),
    ]
    return "\n\n".join(part for part in parts if part) or "nothing was ever wanted here"


def _task_row(task: TaskCount) -> list[str]:
    numbers = (task.done, task.failures, sum(task.skipped.values()), task.live)
    times = [_span(task.quantile(share)) for share in (0.5, 0.9)]
    return [task_name(task.task), *map(str, numbers), percent(task.failure_rate), *times]


def percent(share: float | None) -> str:
    """A share in per cent, a dash for none."""
    return "-" if share is None else f"{100 * share:.1f} %"


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else in_words(seconds)


def _reasons(tasks: Sequence[TaskCount]) -> list[list[str]]:
    return [
        [task_name(task.task), state, reason, str(number)]
        for task in tasks
        for state, counts in (("failed", task.failed), ("skipped", task.skipped))
        for reason, number in counts.items()
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines with text flush left and numbers flush right; empty without rows."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    left = [i == 0 or not any(row[i][:1].isdigit() for row in rows) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        aligned = zip(cells, widths, left, strict=True)
        return "  ".join(c.ljust(w) if flush else c.rjust(w) for c, w, flush in aligned).rstrip()

    return "\n".join(map(line, [head, *rows])) if rows else ""


def as_json(statistics: Statistics) -> Json:
    """For a program."""
    return {
        "candidates": candidates_by_day(statistics.nights),
        "days": {day: dict(counts) for day, counts in statistics.days.items()},
        "nights": [
            {
                "night": night.night,
                "revision": night.revision,
                "closed": night.closed,
                "objects": night.objects,
                "new": night.fresh,
                "counts": dict(night.counts),
            }
            for night in statistics.nights
        ],
        "models": {task.task: _task_json(task) for task in statistics.tasks},
    }


def _task_json(task: TaskCount) -> Json:
    return {
        "done": task.done,
        "failed": dict(task.failed),
        "skipped": dict(task.skipped),
        "running": task.live,
        "failure_rate": task.failure_rate,
        "median_seconds": task.quantile(0.5),
        "p90_seconds": task.quantile(0.9),
    }
