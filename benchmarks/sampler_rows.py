"""The rows of ``samplers.py``: which are wanted, how long each may take, and their table."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

SLOW, SLOW_SEEDS = 60.0, 5  # CPU seconds of a run, over which so many seeds have to do

CONTROL = "importance unaligned"  # known to be off: no measure for the others

Row = dict[str, Any]
Key = tuple[str, float, str]  # model, systematic error, sampler


def key_of(row: Row) -> Key:
    """What is summed up in one line of the table."""
    return row["model"], row["sys_error"], row["sampler"]


def finished(rows: list[Row]) -> list[Row]:
    """Those that came to their end in time."""
    return [row for row in rows if row["log_z"] is not None]


def wanted(keys: list[Key], seeds: int, rows: list[Row]) -> Iterator[tuple[Key, int]]:
    """Yield what is missing, the first five seeds of all first; fewer of what is slow."""
    there = {(*key_of(row), row["seed"]) for row in rows}
    early, late = range(min(seeds, SLOW_SEEDS)), range(SLOW_SEEDS, seeds)
    for some in (early, late):
        for key in keys:
            for seed in some:
                mine = [row for row in rows if key_of(row) == key]
                slow = bool(mine) and np.median([row["seconds"] for row in mine]) > SLOW
                hopeless = len(mine) > len(finished(mine)) + 1
                if (*key, seed) not in there and not ((slow and seed >= SLOW_SEEDS) or hopeless):
                    yield key, seed


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in what takes more CPU seconds."""

    def ring(number: int, frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def table(rows: list[Row], samplers: Sequence[str]) -> str:
    """One line for each likelihood and sampler."""
    from records import markdown

    lines = []
    for model, error in sorted({(r["model"], r["sys_error"]) for r in rows}):
        mine = [r for r in rows if (r["model"], r["sys_error"]) == (model, error)]
        groups = {name: [r for r in mine if r["sampler"] == name] for name in samplers}
        done = {name: finished(some) for name, some in groups.items()}
        means = {name: mean_of(one) for name, one in done.items() if len(one) > 1}
        for name, some in groups.items():
            if some:
                cells = [f"{model}, {error} mag", name, *_cells(name, some, means)]
                lines.append(cells)
    header = ["likelihood", "sampler", "seeds", "evaluations", "CPU s", "ln Z off by"]
    return markdown([*header, "scatter", "stated"], lines)


def _cells(name: str, some: list[Row], means: dict[str, tuple[float, float]]) -> list[str]:
    done = finished(some)
    seconds = f"{np.median([r['seconds'] for r in some]):.2f}"
    if name not in means:
        count = f"{done[0]['evaluations']}" if done else ""
        return [str(len(done)), count, seconds if done else f"> {seconds}", "", "", ""]
    off, error = off_others(name, means)
    scatter = f"{np.std([r['log_z'] for r in done], ddof=1):.3f}"
    stated = f"{np.median([r['log_z_err'] for r in done]):.3f}"
    count = f"{np.median([r['evaluations'] for r in done]):.0f}"
    return [str(len(done)), count, seconds, f"{off:+.3f} ± {error:.3f}", scatter, stated]


def mean_of(rows: list[Row]) -> tuple[float, float]:
    """Mean ln Z and its error, from the scatter, or what is stated where that is more."""
    log_z = [row["log_z"] for row in rows]
    each = max(np.std(log_z, ddof=1), np.median([row["log_z_err"] for row in rows]))
    return float(np.mean(log_z)), float(each / np.sqrt(len(rows)))


def off_others(name: str, means: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """How far a mean is from the weighted mean of the others, and the error of that."""
    mean, error = means[name]
    others = [one for other, one in means.items() if other not in (name, CONTROL)]
    if not others:
        return 0.0, error
    weight = np.array([1 / max(one[1], 1e-3) ** 2 for one in others])
    centre = float(np.average([one[0] for one in others], weights=weight))
    return mean - centre, float(np.hypot(error, weight.sum() ** -0.5))
