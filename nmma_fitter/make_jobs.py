"""The poller: one tick does what can be done now and returns; repeated, it brings a night home."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from nmma_fitter.candidates.nights import latest_name
from nmma_fitter.candidates.sources.arrivals import looked_at
from nmma_fitter.candidates.sources.intake import nights_left_out, pull, troubles
from nmma_fitter.config import Config
from nmma_fitter.delivery.couriers import make_couriers
from nmma_fitter.engine.budget import Budget, never
from nmma_fitter.engine.campaign import Campaign
from nmma_fitter.engine.files import Json, folder_name, read_json
from nmma_fitter.engine.folders import check_there
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.lock import TickLock, check_host
from nmma_fitter.engine.outbox import Courier, make_products, send, still_due
from nmma_fitter.engine.rebuild import open_ledger
from nmma_fitter.engine.snapshot import heartbeats, snapshot_path, write_snapshot
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracked, Tracker, TrackSettings, to_track
from nmma_fitter.engine.want import Registered, Wanted, register
from nmma_fitter.errors import LockHeld
from nmma_fitter.fits_campaign import FitsCampaign
from nmma_fitter.poller.night_choice import NightChoice
from nmma_fitter.poller.tick import BY_HAND, Order, Rhythm, TickReport
from nmma_fitter.schedulers import get as get_scheduler
from nmma_fitter.schedulers.base import Scheduler
from nmma_fitter.schedulers.htcondor import HTCondorScheduler
from nmma_fitter.schedulers.local import LocalScheduler
from nmma_fitter.schedulers.slurm import SlurmScheduler
from nmma_fitter.shipped import shipped

__all__ = ["Order", "Poller", "Rhythm", "TickReport", "make_scheduler", "repeat"]

log = logging.getLogger(__name__)

T = TypeVar("T")
PRUNE_DAYS = 30.0


class Poller:
    """Ticks over one installation.

    Parameters
    ----------
    config : Config
    order : Order
    clock : callable
        Seconds; only differences of this one clock are used, across ticks and processes.
    campaign : Campaign, optional
        The kind of work; by default fits.
    rhythm : Rhythm
        When to expect ticks, for the snapshot's readers.
    couriers : sequence of Courier, optional
        Who is told and sent what has changed; by default those that are configured.

    Attributes
    ----------
    choice : NightChoice
        The night that is looked at.
    patience : float
        Seconds to wait for another's tick to end.
    leaving : callable
        Whether the process was asked to leave: the tick then goes on to its end at once.
    about : dict
        What else the snapshot says of who polls.
    """

    def __init__(
        self,
        config: Config,
        order: Order,
        clock: Callable[[], float] = time.time,
        campaign: Campaign | None = None,
        rhythm: Rhythm = BY_HAND,
        couriers: Sequence[Courier] | None = None,
    ) -> None:
        self.config = config
        self.order = order
        self._clock = clock
        self.campaign = campaign or FitsCampaign(config, order.models)
        self.choice = NightChoice(config, order)
        self.couriers = make_couriers(config) if couriers is None else couriers
        self.lock = TickLock(config.paths.state, config.tick.longest)
        self.patience = 0.0
        self.leaving: Callable[[], bool] = never
        self.rhythm = rhythm
        self.about: Json = {}
        self._budget = Budget(config.tick.budget)
        self._scheduler: Scheduler | None = None
        self._forced = False
        self._started = 0
        self._took = 0.0

    @property
    def night_folder(self) -> Path:
        """Where the results of the night that is looked at go."""
        return self.config.paths.outdir / folder_name(self.choice.name)

    @property
    def scheduler(self) -> Scheduler:
        """The batch system; asked for first, the state is made and the host is checked."""
        if self._scheduler is None:
            self.config.paths.state.mkdir(parents=True, exist_ok=True)
            check_host(self.config.paths.state)
            self._scheduler = make_scheduler(self.config)
        return self._scheduler

    def tick(self) -> TickReport:
        """Do what can be done now.

        It may be killed anywhere and run again; nothing is lost or done twice.

        Raises
        ------
        LockHeld
            Another process is in its tick.
        """
        scheduler, began = self.scheduler, time.monotonic()
        notes = self._pull()
        try:
            return self._tick(scheduler, TickReport(notes=list(notes)), began)
        except BaseException as error:
            for note in notes:  # they are said once, and the report that held them is lost
                log.info("%s", note)
            if isinstance(error, FileNotFoundError):
                check_there(self.config.paths.outdir)
            raise

    def _tick(self, scheduler: Scheduler, report: TickReport, began: float) -> TickReport:
        paths = self.config.paths
        lock = self.lock.held(self.patience, log.info)
        with lock, open_ledger(paths.state, paths.outdir) as ledger:
            self._budget = Budget(self.config.tick.budget, self.leaving)
            halves = [
                partial(self._take_in, ledger, report),
                partial(self._move_on, ledger, scheduler, report),
            ]
            for half in reversed(halves) if self._is_behind() else halves:
                half()
            self._budget = Budget(self.config.tick.publish_budget, self.leaving)
            report.notes += self._step("collect", partial(self._collect, ledger), report, [])
            self._budget = Budget(self.config.tick.deliver_budget, self.leaving)
            report.notes += self._step("deliver", partial(self._deliver, ledger), report, [])
            report.due_soon, waiting = still_due(ledger, self._clock())
            report.waiting = [*troubles(self.config.sources, paths.state), *waiting]
            self.lock.step("publish")
            self._publish(ledger, report, time.monotonic() - began)
        return report

    def _pull(self) -> list[str]:
        """From where candidates come to their nights' folders; before the lock, since it waits."""
        if self.order.night_dir is not None:
            return []
        paths, now = self.config.paths, self._clock
        sources = self.config.sources
        return pull(sources, paths.candidates, paths.state, enough=self.leaving, now=now)

    def _take_in(self, ledger: Ledger, report: TickReport) -> None:
        """From the night's files to units in the ledger."""
        for night_dir in self.choice.folders(ledger, report.notes, self.campaign.available):
            self.choice.take(night_dir)
            source = partial(self.choice.wanted, self.campaign, ledger.digests())
            wanted = self._step("source", source, report, None)
            if wanted is None:
                continue
            units = partial(self.register, ledger, wanted)
            fresh = self._step("units", units, report, None)
            if fresh is None:
                continue
            looked_at(self.config.paths.state, night_dir.name)
            self._started += fresh.new
            report.unchanged += fresh.unchanged
            report.notes += fresh.notes
        report.new = self._started

    def _move_on(self, ledger: Ledger, scheduler: Scheduler, report: TickReport) -> None:
        """From units in the ledger to jobs, and to how those ended."""
        track = partial(self.track, ledger, scheduler)
        tracked = self._step("track", track, report, Tracked())
        report.ended += tracked.ended
        report.notes += [*tracked.notes, *self._ended_elsewhere(ledger, tracked)]
        submit_them = partial(self.submit, ledger, scheduler, tracked)
        report.notes += self._step("submit", submit_them, report, [])

    def _step(self, name: str, act: Callable[[], T], report: TickReport, instead: T) -> T:
        """Do a step, unless the time for this part of the tick is used up."""
        if self._budget.used_up():
            report.skipped.append(name)
            return instead
        self.lock.step(name)
        return act()

    def _is_behind(self) -> bool:
        """Whether the last tick had no time to track: then this one begins with that."""
        last = read_json(snapshot_path(self.config.paths.state)) or {}
        return "track" in (last.get("skipped") or ())

    def register(self, ledger: Ledger, wanted: Sequence[Wanted]) -> Registered:
        """Make units of what is wanted of the night that is looked at."""
        ledger.open_night(self.choice.name, self.night_folder)
        now = self._clock()
        registered = register(
            ledger,
            self.choice.name,
            wanted,
            deadline=now + (self.order.timeout or self.config.tick.timeout),
            force=self.order.force and not self._forced,
            stop_after=self.config.tick.stop_model_after,
            now=now,
        )
        self._forced = True
        return registered

    def track(self, ledger: Ledger, scheduler: Scheduler) -> Tracked:
        """Learn what has become of the units, and act on it."""
        tick = self.config.tick
        bounds = (tick.grace, tick.submit_grace, tick.max_attempts)
        settings = TrackSettings(*bounds, max_hours=tick.max_hours)
        now = self._clock()
        tracker = Tracker(ledger, scheduler, settings, now)
        return tracker.run(to_track(ledger, self.choice.taken, now, settings.late_days))

    def submit(self, ledger: Ledger, scheduler: Scheduler, tracked: Tracked) -> list[str]:
        """Submit the units that wait for it; returns notes."""
        tick = self.config.tick
        settings = SubmitSettings(
            templates=shipped("templates"),
            environment=self.config.scheduler.environment,
            per_tick=tick.submit_per_tick,
            max_queued=tick.max_queued,
            pause=tick.submit_pause,
            enough=self._budget.used_up,
        )
        rows, queued = tracked.submittable, tracked.queued
        state, now = self.config.paths.state, self._clock()
        return submit(ledger, scheduler, state, rows, settings, now, queued)

    def _collect(self, ledger: Ledger) -> list[str]:
        state, enough = self.config.paths.state, self._budget.used_up
        latest = latest_name(time.time())
        return make_products(ledger, self.campaign, self.couriers, state, enough, latest)

    def _deliver(self, ledger: Ledger) -> list[str]:
        return send(ledger, self.couriers, self._clock, self._budget.used_up)

    def _publish(self, ledger: Ledger, report: TickReport, seconds: float) -> None:
        """Tell the caller, and those who read the snapshot, how everything stands."""
        if report.skipped:
            steps = ", ".join(dict.fromkeys(report.skipped))
            report.notes.append(f"no time left for: {steps}; the next tick does that")
        report.night = self.choice.taken
        if report.night:
            report.needs = self.choice.asked_of(ledger.needs(report.night))
        self._say_left_out(report)
        about = {
            "period": self._period(report, seconds),
            "poller": {"kind": self.rhythm.kind, **self.about},
            "tick_seconds": round(seconds, 3),
            "skipped": report.skipped,
            "notes": report.notes[:20],
            "waiting": report.waiting,
            "left_out": report.left_out,
        }
        value = write_snapshot(ledger, self.config.paths.state, about, self._clock())
        report.running = heartbeats(value, report.night)

    def _say_left_out(self, report: TickReport) -> None:
        """What is left out of the nights; what the last tick's snapshot has is not said again."""
        state = self.config.paths.state
        here = self.choice.left_out
        report.left_out = [*([here] if here else []), *nights_left_out(self.config.sources, state)]
        before = (read_json(snapshot_path(state)) or {}).get("left_out", ())
        if here and here not in before:  # a source says its own
            report.notes.append(here)

    def _period(self, report: TickReport, seconds: float) -> float | None:
        """Seconds after which the next tick should have ended; None when none is expected."""
        longest, self._took = max(seconds, self._took), seconds
        if self.rhythm.period is None and report.finished:
            return None
        return round((self.rhythm.period or self.config.tick.interval) + longest, 3)

    def _ended_elsewhere(self, ledger: Ledger, tracked: Tracked) -> Iterable[str]:
        """What ended of other nights than the one that is shown."""
        for digest in tracked.ended:
            row = ledger.unit(digest)
            if row is not None and self.choice.taken not in ("", row.unit.night):
                why = f" ({row.reason}: {row.detail})" if row.reason else ""
                name = f"{row.unit.night} {row.unit.object} {row.unit.task}"
                yield f"{name}: {row.state.value}{why}"


def make_scheduler(config: Config) -> Scheduler:
    """The configured scheduler, with what it no longer needs of old batches removed."""
    folder = config.paths.state / config.scheduler.name
    scheduler: LocalScheduler | SlurmScheduler | HTCondorScheduler
    if config.scheduler.name == "slurm":
        scheduler = SlurmScheduler(folder, **config.scheduler.slurm.model_dump())
    elif config.scheduler.name == "htcondor":
        scheduler = HTCondorScheduler(folder, **config.scheduler.htcondor.model_dump())
    elif config.scheduler.name == "local":
        slots = config.scheduler.slots or len(os.sched_getaffinity(0))
        scheduler = LocalScheduler(folder, slots)
    else:
        return get_scheduler(config.scheduler.name)
    scheduler.prune(older_than_days=PRUNE_DAYS)
    return scheduler


def repeat(
    poller: Poller,
    show: Callable[[TickReport], None],
    *,
    once: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> TickReport:
    """Tick until everything asked for has ended, or once.

    The lock is free between ticks. A later tick that finds it taken waits for the next turn;
    only the first gives up, since then another ``make-jobs`` is at work already.
    """
    report = poller.tick()
    show(report)
    while not once and not report.finished:
        sleep(poller.config.tick.interval)
        try:
            report = poller.tick()
        except LockHeld as held:
            log.info("%s", held)
            continue
        show(report)
    return report
