"""What ``make-jobs`` can answer before it imports what it works with, which takes seconds."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from nmma_fitter.candidates.nights import check_night, nights_in
from nmma_fitter.config import Config, fit_settings
from nmma_fitter.engine.lock import TickLock, check_host
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_options import check_name, check_tables
from nmma_fitter.poller.presence import Presence, describe, stop_request
from nmma_fitter.poller.tick import Order

log = logging.getLogger(__name__)


def check_order(config: Config, order: Order) -> None:
    """Refuse what cannot be done whatever the candidates are; raises `BadInput`."""
    wanted = list(order.models or config.fits.models)
    check_tables(config.fits, wanted)
    for model in wanted:
        check_name(model, fit_settings(config.fits, model))
    if order.night_dir is not None:
        check_night(order.night_dir)
    elif order.follow:
        check_candidates(config)
    elif not config.sources:
        nights_in(config.paths.candidates, time.time())


def check_candidates(config: Config) -> None:
    """Refuse to begin where no night can ever arrive; raises `BadInput`."""
    folder = config.paths.candidates
    if not folder.is_dir() and not config.sources:
        raise BadInput(f"{folder}: no such folder; make it, or set [paths] candidates")


def check_lock(config: Config) -> None:
    """Raise `LockHeld` where another is in its tick, saying who. The tick takes the lock anew."""
    state = config.paths.state
    state.mkdir(parents=True, exist_ok=True)
    check_host(state)
    with TickLock(state, config.tick.longest).held():
        pass


def may_begin(state: Path) -> bool:
    """Whether nobody has asked pollers to stop; says so if not."""
    stop = stop_request(state)
    if stop is not None:
        by = stop.get("by", "someone")
        log.info("pollers are stopped (by %s); `nmma-fitter start` lets them run again", by)
    return stop is None


def is_alone(state: Path) -> bool:
    """Whether no long-lived poller is here; says who is."""
    living = Presence(state).holder() if state.is_dir() else None
    if living is not None:
        log.info("%s polls here already; leaving it to that", describe(living))
    return living is None
