"""Handing units to the batch system, so that each is handed over once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nmma_fitter.engine.batch import Batch, BatchJob, new_batch
from nmma_fitter.engine.files import synced_together
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.night import withdraw_night
from nmma_fitter.engine.render import render, write_script
from nmma_fitter.engine.track import resume_folder
from nmma_fitter.engine.unit import State, Unit, prepare_folder
from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.base import BatchRequest, Resources, Scheduler

LIVE = tuple(state for state in State if state.live)


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
        Most units in one call to the batch system, which may set a smaller number itself.
    max_queued : int or None
        Most jobs of ours that wait or run at any time; None for no limit.
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
    """Submit waiting units, those of one task and equal resources together as one batch.

    A night that has work again is withdrawn first. Each batch is on disk and in the ledger before
    the batch system hears of it.

    Where not all may be submitted, the newest night goes first: a new transient must not wait
    behind a backlog. Within a night objects keep the order in which they came, and an object's
    tasks stay together, so that it can be ranked early.

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
    chosen = in_turn(rows)[: _room(ledger, settings, queued)]
    notes: list[str] = []
    waiting = len(rows) - len(chosen)
    for number, batch in enumerate(_batches(chosen, scheduler, settings)):
        if number and not settings.enough():
            settings.sleep(settings.pause)
        if settings.enough():
            waiting += len(batch)
        else:
            notes += _submit_batch(ledger, scheduler, state, batch, settings, now)
    if waiting:
        notes.append(f"{waiting} units wait for their turn to be submitted")
    return notes


def in_turn(rows: Iterable[UnitRow]) -> list[UnitRow]:
    """Newest night first; within it the objects in the order they came, each with all its tasks."""
    come: dict[tuple[str, str], int] = {}
    listed = list(rows)
    for row in listed:
        come.setdefault((row.unit.night, row.unit.object), len(come))
    listed.sort(key=lambda row: come[row.unit.night, row.unit.object])
    return sorted(listed, key=lambda row: row.unit.night, reverse=True)


def _room(ledger: Ledger, settings: SubmitSettings, queued: int | None) -> int:
    """How many units may be submitted now."""
    if settings.max_queued is None:
        return settings.per_tick
    ours = max(ledger.count(*LIVE), queued or 0)
    return max(0, min(settings.per_tick, settings.max_queued - ours))


def _batches(
    rows: Sequence[UnitRow], scheduler: Scheduler, settings: SubmitSettings
) -> list[list[UnitRow]]:
    """Units of one task and equal resources, as many as one call may have."""
    alike: dict[tuple[str, str], list[UnitRow]] = {}
    for row in rows:
        alike.setdefault((row.unit.task, repr(asked(row))), []).append(row)
    size = min(settings.per_batch, scheduler.largest_batch or settings.per_batch)
    return [
        group[first : first + size]
        for group in alike.values()
        for first in range(0, len(group), size)
    ]


def asked(row: UnitRow) -> Resources:
    """What a unit's next attempt asks for."""
    base = row.unit.resources
    return replace(
        base,
        seconds=int(base.seconds * row.time_factor),
        memory_mb=int(base.memory_mb * row.memory_factor),
    )


def _submit_batch(
    ledger: Ledger,
    scheduler: Scheduler,
    state: Path,
    rows: Sequence[UnitRow],
    settings: SubmitSettings,
    now: float,
) -> list[str]:
    """Write a batch's files, note it, hand it over: each durable before the next."""
    written = _Written()
    try:
        with synced_together():
            for row in rows:
                written.add(row, _next_number(ledger, row.unit), scheduler.name, settings)
            batch = new_batch(state, scheduler.name, tuple(written.jobs))
    except OSError as error:  # found out by the sync; they wait for the next tick
        return [f"submit of {len(rows)} units put off: cannot write their folders: {error}"]
    if not written.rows:
        return written.notes
    with ledger.transaction():
        ledger.add_batch(batch)
        for row in written.rows:
            ledger.set_state(row.unit.digest, State.SUBMITTING)
    said = _hand_over(ledger, scheduler, batch, written, now)
    return [*written.notes, *said]


@dataclass
class _Written:
    """What of a batch is on disk: units, their jobs and scripts, and what could not be written."""

    rows: list[UnitRow] = field(default_factory=list)
    jobs: list[BatchJob] = field(default_factory=list)
    scripts: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, row: UnitRow, number: int, scheduler: str, settings: SubmitSettings) -> None:
        """Write one unit's folder and script."""
        unit = row.unit
        try:
            script = _write(row, number, scheduler, settings)
        except OSError as error:  # the others go on; this one waits until its deadline
            self.notes.append(f"{unit.object} {unit.task}: cannot write its folder: {error}")
            return
        self.rows.append(row)
        self.scripts.append(script)
        job = BatchJob(unit.digest, unit.generation, number, str(unit.folder), asked(row).seconds)
        self.jobs.append(job)


def _hand_over(
    ledger: Ledger, scheduler: Scheduler, batch: Batch, written: _Written, now: float
) -> list[str]:
    rows = written.rows
    folders = tuple(row.unit.folder for row in rows)
    request = BatchRequest(batch.token, tuple(written.scripts), folders, asked(rows[0]))
    try:
        ids = scheduler.submit(request)
    except SchedulerUnknown as error:
        return [f"submit of {len(rows)} units not answered, looked for from now on: {error}"]
    except SchedulerError as error:
        _refused(ledger, rows, written.jobs, str(error), now)
        return [f"submit of {len(rows)} units refused: {error}"]
    with ledger.transaction():
        for index, (row, job_id) in enumerate(zip(rows, ids, strict=True)):
            ledger.set_job(batch.token, index, job_id)
            ledger.set_state(row.unit.digest, State.SUBMITTED)
    return []


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


def _next_number(ledger: Ledger, unit: Unit) -> int:
    """A number that neither the ledger nor the folder knows (the ledger may have been lost)."""
    scripts = [p.stem.removeprefix("job-") for p in unit.folder.glob("job-*.sh")]
    on_disk = max((int(s) for s in scripts if s.isdigit()), default=0)
    return max(ledger.next_number(unit), on_disk + 1)


def _refused(
    ledger: Ledger,
    rows: Sequence[UnitRow],
    jobs: Sequence[BatchJob],
    why: str,
    now: float,
) -> None:
    with ledger.transaction():
        for row, job in zip(rows, jobs, strict=True):
            ledger.end_attempt(job.folder, job.attempt, "rejected", why, charged=True)
            ledger.set_state(row.unit.digest, State.FAILED, "rejected", why, ended=now)
