"""Which units share a job, and what such a job asks for.

A unit stays a unit: its own folder, script, attempt, records and sentinel. Only the job is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from nmma_fitter.engine.ledger import UnitRow
from nmma_fitter.schedulers.base import Resources


@dataclass(frozen=True)
class Job:
    """Units that are to run one after the other in one job; most often one."""

    rows: tuple[UnitRow, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The units' tasks; jobs of equal ones may be submitted together."""
        return tuple(row.unit.task for row in self.rows)

    @property
    def resources(self) -> Resources:
        """What all of them need: the time of one after the other, the rest of the largest."""
        needs = [asked(row) for row in self.rows]
        return replace(
            needs[0],
            cores=max(one.cores for one in needs),
            memory_mb=max(one.memory_mb for one in needs),
            seconds=sum(one.seconds for one in needs),
        )


def asked(row: UnitRow) -> Resources:
    """What a unit's next attempt asks for."""
    base = row.unit.resources
    return replace(
        base,
        seconds=int(base.seconds * row.time_factor),
        memory_mb=int(base.memory_mb * row.memory_factor),
    )


def may_share(row: UnitRow, tries: int) -> bool:
    """Whether a unit may share its next job: only at its first try, whose ask is the usual one."""
    return bool(row.unit.group) and tries == 0 and row.resume_from is None


def in_jobs(
    rows: Sequence[UnitRow], may_share: Callable[[UnitRow], bool], room: int, largest: int
) -> list[Job]:
    """The jobs to submit now, in the rows' order.

    Parameters
    ----------
    rows : sequence of UnitRow
        Units that wait, those of an object together.
    may_share : callable
        Whether a unit may share its job.
    room : int
        How many units may be submitted now; what would be cut by it waits as a whole.
    largest : int
        Most units of one job: more than ever find room run alone.
    """
    alike: dict[object, list[UnitRow]] = {}
    for row in rows:
        alike.setdefault(_key(row) if may_share(row) else row.unit.digest, []).append(row)
    jobs = [Job(tuple(some)) for some in _split(alike.values(), largest)]
    chosen: list[Job] = []
    for job in jobs:
        room -= len(job.rows)
        if room < 0:
            break  # the next come later: who waits longest goes first
        chosen.append(job)
    return chosen


def _key(row: UnitRow) -> tuple[str, ...]:
    unit = row.unit
    options = repr(sorted(unit.resources.options.items()))
    return (unit.campaign, unit.night, unit.object, unit.group, options)


def _split(groups: Iterable[list[UnitRow]], largest: int) -> Iterable[list[UnitRow]]:
    for group in groups:
        yield from ([group] if len(group) <= largest else [[row] for row in group])
