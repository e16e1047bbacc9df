"""Ticks without a person: for months, or until the next slot of cron."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nmma_fitter.config import Config
from nmma_fitter.durations import in_words
from nmma_fitter.errors import BadInput, LockHeld, NmmaFitterError
from nmma_fitter.make_jobs import Order, Poller, Rhythm, TickReport
from nmma_fitter.poller.presence import Presence, stop_path
from nmma_fitter.poller.signals import Signals

log = logging.getLogger(__name__)

LONGEST_WAIT = 600.0  # between two ticks that fail
HANGING = 3.0  # times its budgets, after which a tick hangs for good and the process ends
LOG_BYTES, LOG_FILES = 1_000_000, 5


class Left(StrEnum):
    """Why the ticking ended."""

    STOP = "somebody asked to stop"
    TIME = "its time is up"
    SIGNAL = "a signal came"


@dataclass
class Ticking:
    """Ticks again and again, whatever goes wrong in one of them.

    Attributes
    ----------
    poller : Poller
    show : callable
        Gets each tick's report.
    signals : Signals
        In use.
    interval : float
        Seconds between two ticks.
    end : float or None
        On the monotonic clock: no tick begins after it.
    after : callable
        Called after each tick, and after each that failed.
    failed : bool
        Whether the last tick failed.
    """

    poller: Poller
    show: Callable[[TickReport], None]
    signals: Signals
    interval: float
    end: float | None = None
    after: Callable[[], None] = lambda: None
    failed: bool = False

    def run(self) -> Left:
        """Tick until asked to leave, or until the time is up.

        Raises
        ------
        BadInput
            In the first tick: a configuration that cannot work.
        """
        self.poller.leaving = self.signals.leaving
        failures = 0
        first = True
        while (why := self._why_leave(begun=not first)) is None:
            self.failed = not self._tick(fatal=(BadInput,) if first else ())
            failures = failures + 1 if self.failed else 0
            first = False
            self._after()
            wait = min(self.interval * 2 ** min(failures, 20), max(LONGEST_WAIT, self.interval))
            if self.failed:
                log.error("the tick failed; the next in %s", in_words(wait))
            if self._why_leave(begun=True) is None and self._too_late_for(wait):
                return Left.TIME
            self.signals.wait(wait, self._stop_asked)
        return why

    def _tick(self, fatal: tuple[type[NmmaFitterError], ...]) -> bool:
        longest = self.poller.config.tick.longest
        faulthandler.dump_traceback_later(HANGING * longest, exit=True)
        try:
            self.show(self.poller.tick())
        except LockHeld as held:
            log.info("%s", held)
        except fatal:
            raise
        except (NmmaFitterError, OSError, sqlite3.Error) as error:
            log.error("%s", error)
            return False
        except Exception:  # an error of ours; the other nights and the next release go on
            log.exception("an unexpected error, please report it")
            return False
        finally:
            faulthandler.cancel_dump_traceback_later()
        return True

    def _after(self) -> None:
        try:
            self.after()
        except OSError as error:  # such as a full disk: no reason to leave
            log.error("%s", error)

    def _why_leave(self, *, begun: bool) -> Left | None:
        if self._stop_asked():
            return Left.STOP
        if self.signals.leaving():
            return Left.SIGNAL
        return Left.TIME if begun and self._too_late_for(0.0) else None  # there is always one tick

    def _stop_asked(self) -> bool:
        return stop_path(self.poller.config.paths.state).exists()

    def _too_late_for(self, wait: float) -> bool:
        return self.end is not None and time.monotonic() + wait >= self.end


def linger(config: Config, order: Order, show: Callable[[TickReport], None], seconds: float) -> int:
    """Tick until shortly before cron's next slot; returns the exit status."""
    began = time.monotonic()
    state = config.paths.state
    log_to(state)
    rhythm = Rhythm("make-jobs --linger", config.tick.period)
    poller = Poller(config, order, rhythm=rhythm)
    with Signals() as signals:
        interval = config.tick.unattended_interval
        ticking = Ticking(poller, show, signals, interval, began + seconds)
        say_farewell(ticking.run(), signals)
    return 1 if ticking.failed else 0


def keep_going(config: Config, order: Order, show: Callable[[TickReport], None]) -> int:
    """Tick until somebody asks to stop or a signal comes; returns the exit status.

    Raises
    ------
    LockHeld
        A poller lives here already.
    """
    state = config.paths.state
    state.mkdir(parents=True, exist_ok=True)
    interval = config.tick.unattended_interval
    kind = "make-jobs --keep-going"
    with Presence(state).held(kind=kind), Signals() as signals:
        log_to(state)
        poller = Poller(config, order, rhythm=Rhythm(kind, interval))
        say_farewell(Ticking(poller, show, signals, interval).run(), signals)
    return 0


def say_farewell(why: Left, signals: Signals) -> None:
    """Say in the log why the ticking ended."""
    name = f" ({signals.received.name})" if signals.received else ""
    log.info("leaving: %s%s; the jobs go on, and the next tick adopts them", why.value, name)


def log_to(state: Path) -> None:
    """Write the log to ``<state>/poller.log``, in files that are rotated.

    What goes to a file or a mail of cron's, which nobody rotates, is then what went wrong alone.
    """
    state.mkdir(parents=True, exist_ok=True)
    path = state / "poller.log"
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    root = logging.getLogger()
    log.info("the log goes on in %s", path)
    for other in root.handlers:
        handler.setFormatter(other.formatter)
        if not sys.stdout.isatty():
            other.setLevel(logging.WARNING)
    root.addHandler(handler)
