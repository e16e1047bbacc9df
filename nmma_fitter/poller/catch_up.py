"""``nmma-fitter catch-up FROM TO``: nights that nobody looked at, one after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from nmma_fitter.candidates.nights import is_night_name, nights_in
from nmma_fitter.config import Config
from nmma_fitter.engine.campaign import Campaign
from nmma_fitter.errors import BadInput, LockHeld
from nmma_fitter.make_jobs import Order, Poller
from nmma_fitter.poller.signals import Signals
from nmma_fitter.poller.tick import TickReport

log = logging.getLogger(__name__)


def nights_between(candidate_dir: Path, first: str, last: str) -> list[Path]:
    """Night folders from `first` to `last`, both included, in the order of their Julian dates.

    Parameters
    ----------
    candidate_dir : Path
    first, last : str
        Names of nights, or how they begin: ``2459778`` for ``2459778-2459785``. Julian dates of
        seven digits may be those of nights that are not there.

    Raises
    ------
    BadInput
        There is none between them, or no night begins so.
    """
    nights = nights_in(candidate_dir, time.time())
    folders = nights.folders
    there = f"there are {folders[0].name} to {folders[-1].name}"
    there += f"; {nights.left_out}" if nights.left_out else ""
    for end in (first, last):
        if not is_bound(end) and not any(f.name.startswith(end) for f in folders):
            raise BadInput(f"{candidate_dir}: no night begins with {end!r}; {there}")
    found = [f for f in folders if f.name >= first and f.name[: len(last)] <= last]
    if not found:
        raise BadInput(f"{candidate_dir}: no night from {first} to {last}; {there}")
    return found


def is_bound(text: str) -> bool:
    """Whether a text is a whole Julian date or night's name, by which nights can be ordered."""
    return is_night_name(text) or (len(text) == 7 and text.isascii() and text.isdigit())


def catch_up(
    config: Config,
    nights: Sequence[Path],
    show: Callable[[TickReport], None],
    signals: Signals,
    *,
    models: tuple[str, ...] = (),
    wait: bool = True,
    campaign: Campaign | None = None,
) -> list[TickReport]:
    """Register and submit each night in its order, then tick until all have ended.

    What was fitted before stays as it is. A poller's tick is waited for, and the poller tracks
    these nights too: with `wait` False the rest is left to it.
    """
    budget = config.tick.longest
    pollers = []
    for night in nights:
        poller = Poller(config, Order(night_dir=night, models=models), campaign=campaign)
        poller.patience, poller.leaving = budget, signals.leaving
        pollers.append(poller)
    reports: dict[str, TickReport] = {}
    waiting = pollers
    while waiting and not signals.leaving():
        for poller in waiting:
            try:
                reports[poller.choice.name] = poller.tick()
            except LockHeld as held:
                log.info("%s", held)
                continue
            show(reports[poller.choice.name])
        if not wait and len(reports) == len(pollers):
            break
        waiting = [p for p in pollers if not _is_finished(reports.get(p.choice.name))]
        if waiting:
            signals.wait(config.tick.interval)
    return list(reports.values())


def _is_finished(report: TickReport | None) -> bool:
    return report is not None and report.finished
