"""Handing units to the batch system, so that each is handed over once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nmma_fitter.engine.batch import BatchJob, new_batch
from nmma_fitter.engine.files import synced_together
from nmma_fitter.engine.hand_over import HandedOver, Prepared, attempts_of, hand_over, rows_of
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.night import withdraw_night
from nmma_fitter.engine.render import Turn, render, write_script, write_shared
from nmma_fitter.engine.sharing import Job, asked, in_jobs, may_share
from nmma_fitter.engine.track import resume_folder
from nmma_fitter.engine.unit import State, Unit, prepare_folder
from nmma_fitter.schedulers.base import Scheduler

LIVE = tuple(state for state in State if state.live)
NextNumber = Callable[[Unit], int]


@dataclass(frozen=True)
class SubmitSettings:
    """Bounds of submitting.

    Attributes
    ----------
    templates : Path
        Folder of the job template.
    environment : mapping
        Variables set in every job script.
    per_tick : int
        Most units submitted in one tick.
    per_batch : int
        Most jobs in one call to the batch system, which may set a smaller number itself.
    max_queued : int or None
        Most units of ours that wait or run at any time; None for no limit.
    pause : float
        Seconds between two calls to the batch system.
    enough : callable
        Whether this tick should make no further call.
    sleep : callable
        How to wait.
    """

    templates: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    per_tick: int = 1000
    per_batch: int = 1000
    max_queued: int | None = None
    pause: float = 0.0
    enough: Callable[[], bool] = lambda: False
    sleep: Callable[[float], None] = time.sleep


def submit(
    ledger: Ledger,
    scheduler: Scheduler,
    state: Path,
    rows: Sequence[UnitRow],
    settings: SubmitSettings,
    now: float,
    queued: int | None = None,
) -> list[str]:
    """Submit waiting units, jobs of one task and equal resources together as one batch.

    A night that has work again is withdrawn first. Each batch is on disk and in the ledger before
    the batch system hears of it.

    Where not all may be submitted, the newest night goes first: a new transient must not wait
    behind a backlog. Within a night objects keep the order in which they came, and an object's
    tasks stay together, so that it can be ranked early. Units that share a job are never parted.

    Parameters
    ----------
    ledger : Ledger
    scheduler : Scheduler
    state : Path
        The state folder.
    rows : sequence of UnitRow
        Units that may be submitted.
    settings : SubmitSettings
    now : float
        The poller's clock.
    queued : int, optional
        Jobs of ours that wait or run, as the batch system counts them; the ledger's own count
        holds when it is larger.

    Returns
    -------
    list of str
        One line for every batch that was refused or not answered, and for what has to wait.
    """
    for night in ledger.dirty_nights():
        withdraw_night(ledger, night)
    chosen = _jobs(ledger, scheduler, rows, settings, queued)
    notes = [note for note in _cuts(scheduler, chosen) if ledger.first_time(note)]
    late = len(rows) - sum(len(job.rows) for job in chosen)
    full: dict[str, str] = {}  # by options, since a limit may be a partition's or a QOS's
    waiting: list[UnitRow] = []
    for number, batch in enumerate(_batches(chosen, scheduler, settings)):
        options = repr(batch[0].resources.options)
        units = [row for job in batch for row in job.rows]
        if options in full:
            waiting += _wait(ledger, units, full[options], now)
            continue
        if number and not _next_call(settings):
            late += len(units)
            continue
        out = _submit_batch(ledger, scheduler, state, batch, settings, now)
        notes += out.notes
        _goes_on(ledger, units, rows_of(out.left), now)
        if out.full and out.left:
            full[options] = _limit_words(out.full, settings)
            waiting += _wait(ledger, rows_of(out.left), full[options], now)
        else:
            late += len(rows_of(out.left))
    if waiting:
        notes.append(f"{len(waiting)} units wait: {'; '.join(dict.fromkeys(full.values()))}")
    if late:
        notes.append(f"{late} units wait for their turn to be submitted")
    return notes


def _next_call(settings: SubmitSettings) -> bool:
    """Pause before another call, and whether to make it."""
    if not settings.enough():
        settings.sleep(settings.pause)
    return not settings.enough()


def _limit_words(said: str, settings: SubmitSettings) -> str:
    bounds = f"submit_per_tick (now {settings.per_tick})"
    if settings.max_queued is not None:
        bounds = f"max_queued (now {settings.max_queued}) or {bounds}"
    return f"the batch system takes no more jobs now ({said}); set [tick] {bounds} to that limit"


def _wait(ledger: Ledger, rows: Sequence[UnitRow], why: str, now: float) -> Sequence[UnitRow]:
    """Note why units stay pending; their deadlines stand still meanwhile."""
    with ledger.transaction():
        for row in rows:
            ledger.set_state(row.unit.digest, State.PENDING, None, why)
            ledger.move_deadline(row.unit.digest, now, refused=True)
    return rows


def _goes_on(ledger: Ledger, rows: Sequence[UnitRow], left: Sequence[UnitRow], now: float) -> None:
    """Let the deadlines count again of units that were refused before and are not any more."""
    still = {row.unit.digest for row in left}
    with ledger.transaction():
        for row in rows:
            if row.refused is not None and row.unit.digest not in still:
                ledger.move_deadline(row.unit.digest, now, refused=False)


def _cuts(scheduler: Scheduler, jobs: Sequence[Job]) -> Iterable[str]:
    """What jobs cannot have of what they ask for, each once."""
    said = (f"{job.tasks[0]}: {cut}" for job in jobs if (cut := scheduler.fitted(job.resources)[1]))
    return dict.fromkeys(said)


def in_turn(rows: Iterable[UnitRow]) -> list[UnitRow]:
    """Newest night first; within it the objects in the order they came, each with all its tasks."""
    come: dict[tuple[str, str], int] = {}
    listed = list(rows)
    for row in listed:
        come.setdefault((row.unit.night, row.unit.object), len(come))
    listed.sort(key=lambda row: come[row.unit.night, row.unit.object])
    return sorted(listed, key=lambda row: row.unit.night, reverse=True)


def _jobs(
    ledger: Ledger,
    scheduler: Scheduler,
    rows: Sequence[UnitRow],
    settings: SubmitSettings,
    queued: int | None,
) -> list[Job]:
    """The jobs to submit now; units whose times together are too long for one job are parted."""

    def may(row: UnitRow) -> bool:
        return may_share(row, ledger.tries(row.unit.digest, row.unit.generation))

    largest = min(settings.per_tick, settings.max_queued or settings.per_tick)
    jobs = in_jobs(in_turn(rows), may, _room(ledger, settings, queued), largest)
    parted: list[Job] = []
    for job in jobs:
        whole = len(job.rows) == 1 or not scheduler.fitted(job.resources)[1]
        parted += [job] if whole else [Job((row,)) for row in job.rows]
    return parted


def _room(ledger: Ledger, settings: SubmitSettings, queued: int | None) -> int:
    """How many units may be submitted now."""
    if settings.max_queued is None:
        return settings.per_tick
    ours = max(ledger.count(*LIVE), queued or 0)
    return max(0, min(settings.per_tick, settings.max_queued - ours))


def _batches(
    jobs: Sequence[Job], scheduler: Scheduler, settings: SubmitSettings
) -> list[list[Job]]:
    """Jobs of equal tasks and resources, as many as one call may have."""
    alike: dict[tuple[tuple[str, ...], str], list[Job]] = {}
    for job in jobs:
        alike.setdefault((job.tasks, repr(scheduler.fitted(job.resources)[0])), []).append(job)
    size = min(settings.per_batch, scheduler.largest_batch or settings.per_batch)
    return [
        group[first : first + size]
        for group in alike.values()
        for first in range(0, len(group), size)
    ]


def _submit_batch(
    ledger: Ledger,
    scheduler: Scheduler,
    state: Path,
    jobs: Sequence[Job],
    settings: SubmitSettings,
    now: float,
) -> HandedOver:
    """Write a batch's files, note it, hand it over: each durable before the next."""
    written = _Written(scheduler, settings)
    try:
        with synced_together():
            for job in jobs:
                written.add(job, partial(_next_number, ledger))
            batch = new_batch(state, scheduler.name, attempts_of(written.jobs))
    except OSError as error:  # found out by the sync; they wait for the next tick
        count = sum(len(job.rows) for job in jobs)
        return HandedOver([f"submit of {count} units put off: cannot write their folders: {error}"])
    if not written.jobs:
        return HandedOver(written.notes)
    go_on = partial(_next_call, settings)
    out = hand_over(ledger, scheduler, state, written.jobs, batch, now, go_on)
    for script in {turn for one in out.left for turn in written.scripts[one.script]}:
        script.unlink(missing_ok=True)  # the next tick writes it anew
    out.notes = [*written.notes, *out.notes]
    return out


@dataclass
class _Written:
    """What of a batch is on disk: jobs, the scripts of each, and what could not be written."""

    scheduler: Scheduler
    settings: SubmitSettings
    jobs: list[Prepared] = field(default_factory=list)
    scripts: dict[Path, tuple[Path, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, job: Job, next_number: NextNumber) -> None:
        """Write the folders and scripts of a job's units, and the job's own where there are many.

        A unit whose folder cannot be written waits until its deadline; the others go on.
        """
        rows: list[UnitRow] = []
        turns: list[Turn] = []
        scheduler, settings = self.scheduler.name, self.settings
        for row in job.rows:
            unit, number = row.unit, next_number(row.unit)
            try:
                script = _write(row, number, scheduler, settings)
            except OSError as error:
                self.notes.append(f"{unit.object} {unit.task}: cannot write its folder: {error}")
                continue
            rows.append(row)
            turns.append(Turn(unit, number, script))
        if not turns:
            return
        try:
            script = turns[0].script
            if len(turns) > 1:
                script = write_shared(turns, settings.templates, scheduler, settings.environment)
        except OSError as error:
            self.notes.append(f"{rows[0].unit.object}: cannot write its job: {error}")
            return
        attempts = []
        for row, turn in zip(rows, turns, strict=True):
            unit, seconds = row.unit, self.scheduler.fitted(asked(row))[0].seconds
            where = (unit.digest, unit.generation, turn.number, str(unit.folder))
            attempts.append(BatchJob(*where, seconds))
        self.jobs.append(Prepared(Job(tuple(rows)), script, tuple(attempts)))
        self.scripts[script] = tuple({script, *(turn.script for turn in turns)})


def _write(row: UnitRow, number: int, scheduler: str, settings: SubmitSettings) -> Path:
    prepare_folder(row.unit)
    text = render(
        row.unit,
        number,
        templates=settings.templates,
        scheduler=scheduler,
        environment=settings.environment,
        resume_from=resume_folder(row),
    )
    return write_script(row.unit, number, text)


def write_attempt(ledger: Ledger, row: UnitRow, scheduler: str, settings: SubmitSettings) -> Path:
    """Write the folder and the next script of a unit that others than the poller will run."""
    return _write(row, _next_number(ledger, row.unit), scheduler, settings)


def _next_number(ledger: Ledger, unit: Unit) -> int:
    """A number that neither the ledger nor the folder knows (the ledger may have been lost)."""
    scripts = [p.stem.removeprefix("job-") for p in unit.folder.glob("job-*.sh")]
    on_disk = max((int(s) for s in scripts if s.isdigit()), default=0)
    return max(ledger.next_number(unit), on_disk + 1)
