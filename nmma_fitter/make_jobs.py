"""The poller: one tick does what can be done now and returns; repeated, it brings a night home."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from nmma_fitter.candidates.nights import candidate_files, newest_night
from nmma_fitter.config import Config
from nmma_fitter.engine.attempt import runs_of
from nmma_fitter.engine.batch import read_batches
from nmma_fitter.engine.campaign import Campaign, ending_of
from nmma_fitter.engine.files import folder_name
from nmma_fitter.engine.ledger import Ledger, NeedRow, UnitRow
from nmma_fitter.engine.lock import TickLock, check_host
from nmma_fitter.engine.night import close_night, write_snapshot
from nmma_fitter.engine.rebuild import rebuild
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracked, Tracker, TrackSettings
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Registered, Wanted, register
from nmma_fitter.errors import BadInput, LockHeld
from nmma_fitter.fits_campaign import FitsCampaign
from nmma_fitter.schedulers import get as get_scheduler
from nmma_fitter.schedulers.base import Scheduler
from nmma_fitter.schedulers.local import LocalScheduler
from nmma_fitter.schedulers.slurm import SlurmScheduler
from nmma_fitter.shipped import shipped

log = logging.getLogger(__name__)

T = TypeVar("T")
PRUNE_DAYS = 30.0
UNFINISHED = tuple(state for state in State if not state.ended)


@dataclass(frozen=True)
class Order:
    """What this call of ``make-jobs`` is asked for.

    Attributes
    ----------
    night_dir : Path or None
        Folder of candidate files; None takes the newest.
    candidates : tuple of str
        Only these objects; empty means all.
    models : tuple of str
        Only these models; empty means the configured ones.
    force : bool
        Fit again what has ended.
    timeout : float or None
        Seconds until what is not finished is ended, instead of the configured ones.
    """

    night_dir: Path | None = None
    candidates: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    force: bool = False
    timeout: float | None = None


@dataclass
class TickReport:
    """What one tick found and did.

    Attributes
    ----------
    night : str
    needs : list of NeedRow
        Everything asked for, and how it stands.
    running : dict of (object, task) to dict
        Heartbeats of what runs now.
    new, unchanged : int
        Units started anew by this call of the command, and units known before this tick.
    notes : list of str
        What a person should know, one line each.
    """

    night: str
    needs: list[NeedRow] = field(default_factory=list)
    running: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    new: int = 0
    unchanged: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether everything asked for has ended."""
        return all(need.state.ended for need in self.needs)


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
    """

    def __init__(
        self,
        config: Config,
        order: Order,
        clock: Callable[[], float] = time.time,
        campaign: Campaign | None = None,
    ) -> None:
        self.config = config
        self.order = order
        self._clock = clock
        self.campaign = campaign or FitsCampaign(config, order.models)
        self.night_dir = (order.night_dir or newest_night(config.paths.candidates)).resolve()
        if not self.night_dir.is_dir():
            raise BadInput(f"{self.night_dir}: no such folder; give a night's folder of candidates")
        self.night = self.night_dir.name
        self.night_folder = config.paths.outdir / folder_name(self.night)
        self.lock = TickLock(config.paths.state, config.tick.budget)
        self._scheduler: Scheduler | None = None
        self._forced = False
        self._started = 0

    @property
    def scheduler(self) -> Scheduler:
        """The batch system; asked for first, the folders are made and the host is checked."""
        if self._scheduler is None:
            for folder in (self.config.paths.state, self.config.paths.outdir):
                folder.mkdir(parents=True, exist_ok=True)
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
        scheduler = self.scheduler
        with self.lock.held(), self._open_ledger() as ledger:
            wanted = self._step("source", lambda: self._source())
            fresh = self._step("units", lambda: self._units(ledger, wanted))
            tracked = self._step("track", lambda: self._track(ledger, scheduler))
            refused = self._step("submit", lambda: self._submit(ledger, scheduler, tracked))
            self._step("collect", lambda: self._collect(ledger))
            self._step("publish", lambda: write_snapshot(ledger, self.config.paths.state))
            report = self._report(ledger, wanted)
            self._started += fresh.new
            report.new, report.unchanged = self._started, fresh.unchanged
            report.notes = [*fresh.notes, *tracked.notes, *refused]
        return report

    def plan(self) -> list[tuple[Wanted, str]]:
        """What a tick would do about each candidate and model, changing nothing."""
        wanted = self._source()
        if not (self.config.paths.state / "ledger.sqlite").exists():
            return [(want, want.detail if want.unit is None else "would fit") for want in wanted]
        with self.lock.held(), Ledger(self.config.paths.state / "ledger.sqlite") as ledger:
            return [(want, self._outlook(ledger, want)) for want in wanted]

    def _outlook(self, ledger: Ledger, want: Wanted) -> str:
        if want.unit is None:
            return want.detail
        known = ledger.unit(want.unit.digest)
        if known is None:
            return "would fit"
        if known.state.ended and self.order.force:
            return f"would fit again (--force); {known.state.value} in {known.unit.night}"
        return f"unchanged: {known.state.value} in {known.unit.night}"

    def _step(self, name: str, act: Callable[[], T]) -> T:
        self.lock.step(name)
        return act()

    def _open_ledger(self) -> Ledger:
        paths = self.config.paths
        ledger = Ledger(paths.state / "ledger.sqlite")
        if ledger.fresh:
            found = rebuild(ledger, paths.outdir, read_batches(paths.state))
            if found:
                log.warning("the ledger was missing; rebuilt it from %d work folders", found)
        return ledger

    def _source(self) -> Sequence[Wanted]:
        wanted = self.campaign.wanted(self.night, candidate_files(self.night_dir))
        # What the files hold is said once; from the second tick on only what is wrong with them.
        logging.getLogger("nmma_fitter.candidates").setLevel(logging.WARNING)
        chosen = set(self.order.candidates)
        if not chosen:
            return wanted
        unknown = chosen - {want.object for want in wanted}
        if unknown:
            raise BadInput(
                f"{self.night_dir}: no candidate {', '.join(sorted(unknown))}; "
                f"there are: {', '.join(sorted({want.object for want in wanted}))}"
            )
        return [want for want in wanted if want.object in chosen]

    def _units(self, ledger: Ledger, wanted: Sequence[Wanted]) -> Registered:
        ledger.open_night(self.night, self.night_folder)
        now = self._clock()
        registered = register(
            ledger,
            self.night,
            wanted,
            deadline=now + (self.order.timeout or self.config.tick.timeout),
            force=self.order.force and not self._forced,
            stop_after=self.config.tick.stop_model_after,
            now=now,
        )
        self._forced = True
        return registered

    def _track(self, ledger: Ledger, scheduler: Scheduler) -> Tracked:
        tick = self.config.tick
        settings = TrackSettings(tick.grace, tick.submit_grace, tick.max_attempts)
        now = self._clock()
        tracker = Tracker(ledger, scheduler, settings, now)
        return tracker.run(_to_track(ledger, self.night, now, settings.late_days))

    def _submit(self, ledger: Ledger, scheduler: Scheduler, tracked: Tracked) -> list[str]:
        settings = SubmitSettings(
            templates=shipped("templates"),
            environment=self.config.scheduler.environment,
            per_tick=self.config.tick.submit_per_tick,
        )
        state = self.config.paths.state
        rows = tracked.submittable
        return submit(ledger, scheduler, state, rows, settings, self._clock())

    def _collect(self, ledger: Ledger) -> None:
        for night in ledger.dirty_nights():
            folder, _, _ = ledger.night(night)
            needs = ledger.needs(night)
            for name in dict.fromkeys(need.object for need in needs):
                mine = [ending_of(ledger, need) for need in needs if need.object == name]
                self.campaign.collect(folder / folder_name(name), name, mine)
            close_night(ledger, night)
            ledger.set_collected(night)

    def _report(self, ledger: Ledger, wanted: Sequence[Wanted]) -> TickReport:
        asked = {(want.object, want.task) for want in wanted}
        needs = [n for n in ledger.needs(self.night) if (n.object, n.task) in asked]
        return TickReport(self.night, needs, _heartbeats(ledger, needs))


def make_scheduler(config: Config) -> Scheduler:
    """The configured scheduler, with what it no longer needs of old batches removed."""
    folder = config.paths.state / config.scheduler.name
    scheduler: LocalScheduler | SlurmScheduler
    if config.scheduler.name == "slurm":
        scheduler = SlurmScheduler(folder, **config.scheduler.slurm.model_dump())
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


def _to_track(ledger: Ledger, night: str, now: float, late_days: float) -> list[UnitRow]:
    """Units that may have changed: all unfinished ones, those just ended badly, this night's."""
    rows = {row.unit.digest: row for row in ledger.units(*UNFINISHED)}
    for row in ledger.late(now - late_days * 86400.0):
        rows.setdefault(row.unit.digest, row)
    for need in ledger.needs(night):
        row_or_none = ledger.unit(need.digest) if need.digest else None
        if row_or_none is not None:
            rows.setdefault(row_or_none.unit.digest, row_or_none)
    return list(rows.values())


def _heartbeats(
    ledger: Ledger, needs: Sequence[NeedRow]
) -> dict[tuple[str, str], dict[str, float]]:
    found: dict[tuple[str, str], dict[str, float]] = {}
    for need in needs:
        if need.state is not State.RUNNING or need.digest is None:
            continue
        row = ledger.unit(need.digest)
        if row is not None:
            attempt = ledger.last_attempt(row.unit.digest, row.unit.generation)
            runs = runs_of(row.unit.attempts, attempt.number) if attempt else []
            found[need.object, need.task] = runs[-1].heartbeat if runs else {}
    return found
