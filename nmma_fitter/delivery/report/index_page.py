"""All nights: totals, what failed for which reason, and the time of each model's fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path

from nmma_fitter.delivery.palette import model_colour
from nmma_fitter.delivery.report.pages import PAGE, link, write_page
from nmma_fitter.delivery.statistics import (
    candidates_by_day,
    every_day,
    night_date,
    percent,
    task_name,
)
from nmma_fitter.engine.files import folder_name
from nmma_fitter.engine.ledger_statistics import Statistics, TaskCount

DAYS = 60


@dataclass(frozen=True)
class Bars:
    """A chart of stacked bars: one column a day, heights in per cent of the highest."""

    title: str
    labels: Mapping[str, str]
    days: Sequence[str]
    counts: Sequence[Mapping[str, int]]
    highest: int


@dataclass(frozen=True)
class Span:
    """A model's times on a logarithmic axis, in per cent of its length."""

    colour: str
    low: float
    lower: float
    middle: float
    upper: float
    high: float


def write_index(outdir: Path, statistics: Statistics) -> None:
    """Write ``<outdir>/index.html``.

    Parameters
    ----------
    outdir : Path
        Night folders lie in it, under `folder_name` of their names.
    statistics : Statistics
        Of `StatisticsTable.statistics`.
    """
    nights = [
        (night, link(outdir / folder_name(night.night) / PAGE, outdir), night_date(night.night))
        for night in reversed(statistics.nights)
    ]
    totals: Counter[str] = Counter()
    for night in statistics.nights:
        totals.update(night.counts)
    write_page(
        outdir,
        outdir,
        "index.html.j2",
        {
            "nights": nights,
            "totals": dict(totals),
            "objects": sum(night.objects for night in statistics.nights),
            "tasks": [
                (task, task_name(task.task), percent(task.failure_rate))
                for task in statistics.tasks
            ],
            "bars": [
                bars(
                    "Candidates a day",
                    candidates_by_day(statistics.nights),
                    {"new": "new or changed", "known": "unchanged"},
                ),
                bars("Fits ended a day", statistics.days, {"done": "done", "failed": "failed"}),
            ],
            "spans": spans(statistics.tasks),
        },
    )


def bars(title: str, days: Mapping[str, Mapping[str, int]], labels: Mapping[str, str]) -> Bars:
    """The last days, also those on which nothing was."""
    shown = every_day(days, DAYS)
    counts = [{key: count.get(key, 0) for key in labels} for count in shown.values()]
    highest = max((sum(count.values()) for count in counts), default=0)
    return Bars(title, labels, list(shown), counts, max(highest, 1))


def spans(tasks: Sequence[TaskCount]) -> dict[str, Span]:
    """Middle 80 %, middle 50 % and median of each task's times, on one axis for all."""
    timed = [task for task in tasks if task.seconds]
    ends = [log10(max(task.seconds[end], 0.1)) for task in timed for end in (0, -1)]
    low, high = min(ends, default=0.0) - 0.1, max(ends, default=1.0) + 0.1

    def place(task: TaskCount, share: float) -> float:
        seconds = max(task.quantile(share) or 0.0, 0.1)
        return round(100 * (log10(seconds) - low) / (high - low), 2)

    return {
        task.task: Span(
            model_colour(number), *(place(task, share) for share in (0.1, 0.25, 0.5, 0.75, 0.9))
        )
        for number, task in enumerate(timed)
    }
