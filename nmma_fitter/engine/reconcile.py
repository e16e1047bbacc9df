"""What to do with a unit: one pure, total function of what three witnesses say.

The ledger remembers, the batch system reports, the sentinel proves. `decide` is the only place
where they are weighed; everything it does not say, the tick does not do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from nmma_fitter.engine.sentinel import SentinelState
from nmma_fitter.engine.unit import State
from nmma_fitter.schedulers.base import JobState


class Action(StrEnum):
    """What the tick does about a unit."""

    KEEP = "keep"  # nothing, or only note the new state
    SUBMIT = "submit"  # may be submitted in this tick
    FINISH = "finish"  # the sentinel decides how the unit ended
    WAIT = "wait"  # start or continue the grace period, then end the attempt
    END = "end attempt"  # the attempt failed; the reason's policy decides what follows
    REOPEN = "reopen"  # the result is gone: fit again


@dataclass(frozen=True)
class Decision:
    """The unit's next state and what to do.

    Attributes
    ----------
    state : State
        The state to note now (for END and WAIT: while the action is carried out).
    action : Action
    reason : str or None
        For END the reason when the batch system gave none; for WAIT the reason once the grace
        period is over, None meaning that the attempt never was and is not charged.
    set_aside : bool
        Take an invalid sentinel out of the way first.
    cancel : bool
        Ask the batch system to end the job.
    """

    state: State
    action: Action
    reason: str | None = None
    set_aside: bool = False
    cancel: bool = False


LIVE = {
    JobState.PENDING: State.SUBMITTED,
    JobState.RUNNING: State.RUNNING,
}


def decide(state: State, job: JobState, sentinel: SentinelState) -> Decision:
    """Weigh ledger, batch system and sentinel.

    Parameters
    ----------
    state : State
        The ledger's.
    job : JobState
        The batch system's word on the unit's last attempt, completed by the run's own exit
        record where the batch system knows no more; ABSENT for a unit without an attempt,
        UNKNOWN as long as no poll has succeeded.
    sentinel : SentinelState
        For the digest and generation wanted now.

    Notes
    -----
    A valid sentinel wins over everything, also after ``lost`` or a deadline. A stale one counts
    as none. Unknown is neither failed nor gone.
    """
    if sentinel is SentinelState.VALID:
        waiting = job in (JobState.PENDING, JobState.HELD)
        return Decision(State.DONE, Action.FINISH, cancel=waiting)
    invalid = sentinel is SentinelState.INVALID
    if state is State.DONE:
        return _reopened(job, invalid)
    if state.ended:
        stray = job in (JobState.PENDING, JobState.RUNNING, JobState.HELD)
        return Decision(state, Action.KEEP, cancel=stray)
    if job is JobState.UNKNOWN:
        return Decision(state, Action.KEEP)
    if job in LIVE:
        return Decision(LIVE[job], Action.KEEP, set_aside=invalid)
    if state is State.PENDING:
        return _pending(job, invalid)
    return _gone(state, job, invalid)


def _reopened(job: JobState, invalid: bool) -> Decision:
    """The ledger says done, and no valid sentinel is there."""
    if job is JobState.UNKNOWN:
        return Decision(State.DONE, Action.KEEP)
    if job in LIVE:
        return Decision(LIVE[job], Action.KEEP, set_aside=invalid)
    held = job is JobState.HELD
    return Decision(State.PENDING, Action.REOPEN, set_aside=invalid, cancel=held)


def _pending(job: JobState, invalid: bool) -> Decision:
    """The ledger knows of no live attempt; one that ended earlier changes nothing."""
    if job is JobState.HELD:
        return Decision(State.SUBMITTED, Action.END, "never_started", invalid, cancel=True)
    return Decision(State.PENDING, Action.SUBMIT, set_aside=invalid)


def _gone(state: State, job: JobState, invalid: bool) -> Decision:
    """An attempt that is held, has ended or is not known any more."""
    if job is JobState.HELD:
        return Decision(state, Action.END, "never_started", invalid, cancel=True)
    if invalid:
        return Decision(state, Action.END, "invalid_output", set_aside=True)
    if job is JobState.ENDED_BADLY:
        return Decision(state, Action.END, "nonzero_exit")
    if job is JobState.ENDED_WELL:
        return Decision(state, Action.WAIT, "no_output")
    if state is State.SUBMITTING:
        return Decision(state, Action.WAIT, None)
    return Decision(state, Action.WAIT, "lost")


def table() -> str:
    """Every cell of `decide` as a Markdown table, for the documentation."""
    lines = [
        "| ledger | batch system | sentinel | next state | action |",
        "|---|---|---|---|---|",
    ]
    for state, job, sentinel in product(State, JobState, SentinelState):
        lines.append(
            f"| {state.value} | {job.value} | {sentinel.value} "
            f"| {_describe(decide(state, job, sentinel))} |"
        )
    return "\n".join(lines) + "\n"


def _describe(decision: Decision) -> str:
    words: list[str] = [decision.action.value]
    if decision.action is Action.WAIT:
        words.append(f"then {decision.reason or 'pending again, not charged'}")
    elif decision.reason:
        words.append(f"({decision.reason})")
    if decision.set_aside:
        words.append("+ set sentinel aside")
    if decision.cancel:
        words.append("+ cancel job")
    return f"{decision.state.value} | {' '.join(words)}"
