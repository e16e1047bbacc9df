"""Candidates a day, fits a day, time of each model's fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from nmma_fitter.delivery.palette import model_colour
from nmma_fitter.delivery.plots.style import figure_style, write_png
from nmma_fitter.delivery.plots.text import truncate
from nmma_fitter.delivery.statistics import candidates_by_day, every_day, task_name
from nmma_fitter.durations import in_words
from nmma_fitter.engine.ledger_statistics import Statistics, TaskCount
from nmma_fitter.plain import counted

DAYS = 400
LONGEST_LABEL = 1.6  # inches
NOTHING = "nothing yet"


def plot_statistics(folder: Path, statistics: Statistics) -> list[Path]:
    """Draw all three into a folder; returns their paths."""
    candidates, fits = candidates_by_day(statistics.nights), statistics.days
    with figure_style():
        figures = {
            "candidates_per_day.png": days_figure(
                "Candidates", candidates, {"new": "new or changed", "known": "unchanged"}
            ),
            "fits_per_day.png": days_figure(
                "Fits ended", fits, {"done": "done", "failed": "failed"}
            ),
            "time_per_model.png": times_figure(statistics.tasks),
        }
        for name, figure in figures.items():
            write_png(folder / name, figure)
    return [folder / name for name in figures]


def days_figure(
    what: str, days: Mapping[str, Mapping[str, int]], parts: Mapping[str, str]
) -> Figure:
    """Stacked bars, one a day.

    Parameters
    ----------
    what : str
        What is counted.
    days : mapping of day to mapping of str to int
    parts : mapping of key to label
        Of the stack, from below.
    """
    shown = every_day(days, DAYS)
    figure, ax = page(f"{what} a day")
    places, below = np.arange(len(shown)), np.zeros(len(shown))
    for position, (key, label) in enumerate(parts.items()):
        heights = np.array([counts.get(key, 0) for counts in shown.values()], dtype=float)
        ax.bar(places, heights, bottom=below, width=0.8, color=model_colour(position), label=label)
        below += heights
    step = max(1, -(-len(shown) // 8))
    ax.set_xticks(places[::step], list(shown)[::step], rotation=30, ha="right")
    ax.set_ylabel(what)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlim(-0.7, max(len(shown), 7) - 0.3)
    ax.set_ylim(0, max(1.0, 1.08 * float(np.max(below, initial=0.0))))
    if shown:
        ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(parts))
    else:
        ax.text(0.5, 0.5, NOTHING, transform=ax.transAxes, ha="center", color="0.4")
    return figure


def times_figure(tasks: Sequence[TaskCount]) -> Figure:
    """Median (dot), middle half (thick) and middle 80 % (thin) of each model's times."""
    timed = [task for task in tasks if task.seconds]
    figure, ax = page("Time of a fit")
    for place, task in enumerate(reversed(timed)):
        at = [task.quantile(share) or 0.0 for share in (0.1, 0.25, 0.5, 0.75, 0.9)]
        colour = model_colour(len(timed) - 1 - place)
        ax.plot(at[0::4], [place] * 2, color=colour, linewidth=1.5)
        ax.plot(at[1:4:2], [place] * 2, color=colour, linewidth=7, solid_capstyle="butt")
        ax.plot(at[2], place, "o", color="white", mec="black", markersize=7)
    font = ax.get_yticklabels()[0].get_fontproperties() if timed else None
    names = [
        f"{truncate(task_name(t.task), font, LONGEST_LABEL)}\n{counted(len(t.seconds), 'fit')}"
        for t in reversed(timed)
        if font is not None
    ]
    ax.set_yticks(range(len(timed)), names, parse_math=False)
    ax.set_ylim(-0.6, max(len(timed), 1) - 0.4)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: in_words(seconds)))
    ax.xaxis.set_minor_locator(NullLocator())
    ends = [task.seconds[end] for task in timed for end in (0, -1)] or [1.0]
    ax.set_xlim(max(min(ends), 0.5) / 2, 2 * max(*ends, 5.0))
    ax.set_xlabel("Wall-clock time: median, middle 50 %, middle 80 %")
    if not timed:
        ax.text(0.5, 0.5, NOTHING, transform=ax.transAxes, ha="center", color="0.4")
    return figure


def page(title: str) -> tuple[Figure, Axes]:
    """An empty page of one panel."""
    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    ax = figure.add_subplot()
    ax.set_title(title, loc="left", weight="bold")
    ax.grid(axis="both", color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    return figure, ax
