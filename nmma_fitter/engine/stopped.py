"""A task that keeps failing for one reason is stopped, and goes on when it succeeds again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nmma_fitter.engine.ledger import Ledger, NeedRow, UnitRow
from nmma_fitter.engine.unit import State, read_unit

STOPPED = "unavailable"


def stop_failing_tasks(
    ledger: Ledger, night: str, stop_after: int, deadline: float, now: float
) -> list[str]:
    """Skip a night's waiting units of tasks that only fail, save one a night.

    What was skipped is taken up again by any night that wants it, when the task has succeeded
    since, or as that night's one try.

    Parameters
    ----------
    ledger : Ledger
    night : str
    stop_after : int
        So many failures of one task in a row for one reason stop it.
    deadline : float
        On the poller's clock, for units taken up again.
    now : float
        The poller's clock.

    Returns
    -------
    list of str
        One line for each task that was stopped or goes on.
    """
    notes: list[str] = []
    tasks: dict[str, list[NeedRow]] = {}
    for need in ledger.needs(night):
        if need.digest is not None:
            tasks.setdefault(need.task, []).append(need)
    with ledger.transaction():
        for task, needs in sorted(tasks.items()):
            reason = _failing(ledger, task, stop_after)
            if reason is not None:
                why = (
                    f"stopped: the last {stop_after} fits of {task} ended in {reason}; "
                    "one a night is tried"
                )
                rows = _rows(ledger, needs)
                notes += [why] * _stop(ledger, task, night, rows, why, deadline, now)
            elif count := _take_up(ledger, _stopped(ledger, needs), deadline):
                notes.append(f"{task} has succeeded again: {count} units that were stopped go on")
    return notes


def _rows(ledger: Ledger, needs: Iterable[NeedRow]) -> list[UnitRow]:
    found = [ledger.unit(need.digest) for need in needs if need.digest is not None]
    return [row for row in found if row is not None]


def _stopped(ledger: Ledger, needs: Iterable[NeedRow]) -> list[UnitRow]:
    rows = _rows(ledger, (need for need in needs if need.reason == STOPPED))
    return [row for row in rows if _was_stopped(ledger, row)]


def _failing(ledger: Ledger, task: str, stop_after: int) -> str | None:
    """The one reason for which the last units of a task all failed."""
    last = ledger.last_ended(task, stop_after)
    reasons = {reason for _, reason in last}
    if len(last) < stop_after or len(reasons) != 1 or any(s is not State.FAILED for s, _ in last):
        return None
    return reasons.pop()


def _stop(
    ledger: Ledger,
    task: str,
    night: str,
    rows: Sequence[UnitRow],
    why: str,
    deadline: float,
    now: float,
) -> bool:
    """Skip what waits, save the night's one try; returns whether anything was skipped."""
    waiting = [row for row in rows if _is_untried(ledger, row)]
    chosen = ledger.one_try(task, night)
    if chosen is None and not any(_was_tried(ledger, row, night, waiting) for row in rows):
        stopped = [row for row in rows if _was_stopped(ledger, row)]
        if waiting or _take_up(ledger, stopped[:1], deadline):
            chosen = (waiting or stopped)[0].unit.digest
            ledger.set_one_try(task, night, chosen)
    spare = [row for row in waiting if row.unit.digest != chosen]
    for row in spare:
        ledger.set_state(row.unit.digest, State.SKIPPED, STOPPED, why, ended=now)
    return bool(spare)


def _take_up(ledger: Ledger, rows: Sequence[UnitRow], deadline: float) -> int:
    """Want stopped units again whose folder is still theirs; returns how many."""
    count = 0
    for row in rows:
        owner = read_unit(row.unit.folder)
        if owner is not None and owner.key == row.unit.key:
            ledger.set_state(row.unit.digest, State.PENDING)
            ledger.set_deadline(row.unit.digest, deadline)
            count += 1
    return count


def _was_tried(ledger: Ledger, row: UnitRow, night: str, waiting: Sequence[UnitRow]) -> bool:
    return row.unit.night == night and row not in waiting and not _was_stopped(ledger, row)


def _is_untried(ledger: Ledger, row: UnitRow) -> bool:
    """Whether a unit waits for its first attempt, and no person has asked for it anew."""
    generation = row.unit.generation
    untried = generation == 0 and ledger.tries(row.unit.digest, generation) == 0
    return row.state is State.PENDING and untried


def _was_stopped(ledger: Ledger, row: UnitRow) -> bool:
    """Whether a unit was skipped here; one whose run found the model unavailable was not."""
    skipped = row.state is State.SKIPPED and row.reason == STOPPED
    return skipped and ledger.tries(row.unit.digest, row.unit.generation) == 0
