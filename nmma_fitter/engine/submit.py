"""Handing units to the batch system, so that each is handed over once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from nmma_fitter.engine.batch import BatchJob, new_batch
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.night import withdraw_night
from nmma_fitter.engine.render import render, write_script
from nmma_fitter.engine.track import resume_folder
from nmma_fitter.engine.unit import State, Unit, prepare_folder
from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.base import BatchRequest, Resources, Scheduler


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
        Most units in one call to the batch system.
    """

    templates: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    per_tick: int = 1000
    per_batch: int = 200


def submit(
    ledger: Ledger,
    scheduler: Scheduler,
    state: Path,
    rows: Sequence[UnitRow],
    settings: SubmitSettings,
    now: float,
) -> list[str]:
    """Submit waiting units, those of one task and equal resources together.

    A night that has work again is withdrawn first. Each batch is on disk and in the ledger before
    the batch system hears of it.

    Returns
    -------
    list of str
        One line for every batch that was refused or not answered.
    """
    notes: list[str] = []

    def alike(row: UnitRow) -> tuple[str, str]:
        return row.unit.task, repr(asked(row))

    for night in ledger.dirty_nights():
        withdraw_night(ledger, night)
    waiting = sorted(rows[: settings.per_tick], key=alike)
    for _, group in groupby(waiting, key=alike):
        members = list(group)
        for first in range(0, len(members), settings.per_batch):
            some = members[first : first + settings.per_batch]
            notes += _submit_batch(ledger, scheduler, state, some, settings, now)
    return notes


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
    notes, ready, jobs, scripts = [], [], [], []
    for row in rows:
        number = _next_number(ledger, row.unit)
        try:
            scripts.append(_write(row, number, scheduler.name, settings))
        except OSError as error:  # the others go on; this one waits until its deadline
            notes.append(f"{row.unit.object} {row.unit.task}: cannot write its folder: {error}")
            continue
        ready.append(row)
        jobs.append(BatchJob(row.unit.digest, row.unit.generation, number, str(row.unit.folder)))
    if not ready:
        return notes
    rows = ready
    batch = new_batch(state, scheduler.name, tuple(jobs))
    with ledger.transaction():
        ledger.add_batch(batch)
        for row in rows:
            ledger.set_state(row.unit.digest, State.SUBMITTING)
    folders = tuple(row.unit.folder for row in rows)
    request = BatchRequest(batch.token, tuple(scripts), folders, asked(rows[0]))
    try:
        ids = scheduler.submit(request)
    except SchedulerUnknown as error:
        said = f"submit of {len(rows)} units not answered, looked for from now on: {error}"
        return [*notes, said]
    except SchedulerError as error:
        _refused(ledger, rows, jobs, str(error), now)
        return [*notes, f"submit of {len(rows)} units refused: {error}"]
    with ledger.transaction():
        for index, (row, job_id) in enumerate(zip(rows, ids, strict=True)):
            ledger.set_job(batch.token, index, job_id)
            ledger.set_state(row.unit.digest, State.SUBMITTED)
    return notes


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
