"""``nmma-fitter catch-up FROM TO``: nights that nobody looked at, one after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from nmma_fitter.config import Config
from nmma_fitter.engine.campaign import Campaign
from nmma_fitter.errors import LockHeld
from nmma_fitter.make_jobs import Order, Poller
from nmma_fitter.poller.signals import Signals
from nmma_fitter.poller.tick import TickReport

log = logging.getLogger(__name__)


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
