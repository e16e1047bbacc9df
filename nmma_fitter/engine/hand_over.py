"""Handing one batch over, in halves where the batch system takes no more at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nmma_fitter.engine.batch import Batch, BatchJob, batch_path, new_batch
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.sharing import Job
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import SchedulerError, SchedulerFull, SchedulerUnknown
from nmma_fitter.schedulers.base import BatchRequest, Scheduler


@dataclass(frozen=True)
class Prepared:
    """A job whose folders and scripts are written: its script, and an attempt for each unit."""

    job: Job
    script: Path
    attempts: tuple[BatchJob, ...]


@dataclass
class HandedOver:
    """What came of it: lines for a person, and what was not taken, with the words for that."""

    notes: list[str] = field(default_factory=list)
    left: list[Prepared] = field(default_factory=list)
    full: str = ""


def attempts_of(prepared: Sequence[Prepared]) -> tuple[BatchJob, ...]:
    """The attempts of these jobs, each with its job's index."""
    return tuple(replace(a, index=i) for i, one in enumerate(prepared) for a in one.attempts)


def rows_of(prepared: Sequence[Prepared]) -> list[UnitRow]:
    """The units of these jobs, as `attempts_of`."""
    return [row for one in prepared for row in one.job.rows]


def hand_over(
    ledger: Ledger,
    scheduler: Scheduler,
    state: Path,
    prepared: Sequence[Prepared],
    batch: Batch,
    now: float,
    go_on: Callable[[], bool],
) -> HandedOver:
    """Submit jobs as one batch; after a limit on their number was met, as smaller ones.

    A batch that is refused for such a limit is halved, down to one job. That limit is the site's:
    what does not fit stays pending, and no attempt of it ever was.

    Parameters
    ----------
    ledger : Ledger
    scheduler : Scheduler
    state : Path
        The state folder.
    prepared : sequence of Prepared
        Jobs of equal resources.
    batch : Batch
        All of them, on disk.
    now : float
        The poller's clock.
    go_on : callable
        Asked before each further call: pauses, and says whether to make it.
    """
    out = HandedOver(left=list(prepared))
    size, next_batch = len(prepared), batch
    while out.left:
        part = out.left[:size]
        with ledger.transaction():
            ledger.add_batch(next_batch)
            for row in rows_of(part):
                ledger.set_state(row.unit.digest, State.SUBMITTING)
        try:
            out.notes += _submit(ledger, scheduler, next_batch, part, now)
            out.left = out.left[size:]
        except SchedulerFull as error:
            _withdraw(ledger, state, next_batch, part, str(error))
            out.full = str(error)
            if len(part) == 1:
                break
            size = len(part) // 2
        if out.left and not go_on():
            break
        if out.left:
            next_batch = new_batch(state, scheduler.name, attempts_of(out.left[:size]))
    if out.full and not out.left:
        count = len(rows_of(prepared))
        out.notes.append(f"submit of {count} units taken in smaller batches only: {out.full}")
    return out


def _submit(
    ledger: Ledger, scheduler: Scheduler, batch: Batch, part: Sequence[Prepared], now: float
) -> list[str]:
    """Make one call, and note what was said."""
    rows, jobs = rows_of(part), [one.job for one in part]
    folders = tuple(job.rows[0].unit.folder for job in jobs)
    resources, _ = scheduler.fitted(jobs[0].resources)
    request = BatchRequest(batch.token, tuple(one.script for one in part), folders, resources)
    try:
        ids = scheduler.submit(request)
    except SchedulerUnknown as error:
        with ledger.transaction():
            for row in rows:
                said = f"submit not answered: {error}"
                ledger.set_state(row.unit.digest, State.SUBMITTING, None, said)
        return [f"submit of {len(rows)} units not answered, looked for from now on: {error}"]
    except SchedulerFull:
        raise
    except SchedulerError as error:
        alone = _refused(ledger, batch, jobs, str(error), now)
        return [f"submit of {len(rows)} units refused{alone}: {error}"]
    with ledger.transaction():
        for index, (job, job_id) in enumerate(zip(jobs, ids, strict=True)):
            ledger.set_job(batch.token, index, job_id)
            for row in job.rows:
                ledger.set_state(row.unit.digest, State.SUBMITTED)
    return []


def _withdraw(
    ledger: Ledger, state: Path, batch: Batch, part: Sequence[Prepared], why: str
) -> None:
    """Forget a batch that was refused as a whole: its attempts never were."""
    with ledger.transaction():
        ledger.forget_batch(batch.token)
        for row in rows_of(part):
            ledger.set_state(row.unit.digest, State.PENDING, None, why)
    batch_path(state, batch.token).unlink(missing_ok=True)


def _refused(ledger: Ledger, batch: Batch, jobs: Sequence[Job], why: str, now: float) -> str:
    """Note a refusal; units that were to share a job are tried alone, which asks for less."""
    shared = {row.unit.digest for job in jobs if len(job.rows) > 1 for row in job.rows}
    with ledger.transaction():
        for one in batch.jobs:
            alone = one.digest in shared
            ledger.end_attempt(one.folder, one.attempt, "rejected", why, charged=not alone)
            if alone:
                ledger.set_state(one.digest, State.PENDING, None, f"alone after rejected: {why}")
            else:
                ledger.set_state(one.digest, State.FAILED, "rejected", why, ended=now)
    return ", tried again one by one" if shared else ""
