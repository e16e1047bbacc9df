"""Carrying out what `reconcile.decide` says, and the policies of the reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nmma_fitter.engine import sentinel as sentinels
from nmma_fitter.engine.attempt import read_run
from nmma_fitter.engine.ledger import AttemptRow, Ledger, UnitRow
from nmma_fitter.engine.publish import publish_brought
from nmma_fitter.engine.reasons import Policy, policy
from nmma_fitter.engine.reconcile import Action, Decision, decide
from nmma_fitter.engine.sentinel import SentinelState
from nmma_fitter.engine.sharing import asked
from nmma_fitter.engine.unit import State, read_unit
from nmma_fitter.engine.witness import Witness, gather
from nmma_fitter.errors import SchedulerError
from nmma_fitter.schedulers.base import JobState, Scheduler

UNFINISHED = tuple(state for state in State if not state.ended)
NO_PROOF = (SentinelState.NONE, SentinelState.STALE)
LARGEST_FACTOR = 8.0  # of time or memory, over what the unit first asked for


@dataclass(frozen=True)
class TrackSettings:
    """Bounds of tracking.

    Attributes
    ----------
    grace_seconds : float
        How long a job that left the queue without a sentinel is waited for.
    submit_grace_seconds : float
        The same for a submit without an id; longer than the controller's message time-out.
    max_attempts : int
        Bound on the attempts of one unit, whatever they ended for.
    late_days : float
        How long results of failed units are still looked for.
    max_hours : float
        Bound on the time that the attempts of one unit ask for, added up.
    """

    grace_seconds: float = 180.0
    submit_grace_seconds: float = 300.0
    max_attempts: int = 12
    late_days: float = 7.0
    max_hours: float = math.inf


@dataclass
class Tracked:
    """What came of one pass over the units; `queued` as in `schedulers.base.Answer`."""

    submittable: list[UnitRow] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    to_cancel: list[AttemptRow] = field(default_factory=list)
    queued: int | None = None


def to_track(ledger: Ledger, night: str, now: float, late_days: float) -> list[UnitRow]:
    """Units that may have changed: all unfinished ones, those just ended badly, and a night's."""
    rows = {row.unit.digest: row for row in ledger.units(*UNFINISHED)}
    for row in ledger.late(now - late_days * 86400.0):
        rows.setdefault(row.unit.digest, row)
    for need in ledger.needs(night):
        row_or_none = ledger.unit(need.digest) if need.digest else None
        if row_or_none is not None:
            rows.setdefault(row_or_none.unit.digest, row_or_none)
    return list(rows.values())


class Tracker:
    """One pass over all units that may have changed.

    Parameters
    ----------
    ledger : Ledger
    scheduler : Scheduler
    settings : TrackSettings
    now : float
        The poller's clock, seconds. Only differences of this one clock are used.
    """

    def __init__(
        self, ledger: Ledger, scheduler: Scheduler, settings: TrackSettings, now: float
    ) -> None:
        self._ledger = ledger
        self._scheduler = scheduler
        self._settings = settings
        self._now = now
        self._out = Tracked()

    def run(self, rows: Sequence[UnitRow]) -> Tracked:
        """Decide about every unit and carry it out; cancels are sent last, in one call."""
        heard = gather(self._ledger, self._scheduler, rows)
        witnesses, self._out.queued = heard.witnesses, heard.queued
        with self._ledger.transaction():  # one for all: a commit waits for the disk
            for row in rows:
                self._one(row, witnesses[row.unit.digest])
        unfinished = [witnesses[r.unit.digest] for r in rows if not r.state.ended]
        unknown = any(witness.job.state is JobState.UNKNOWN for witness in unfinished)
        if unknown or not heard.answered:
            said = heard.problem or next(
                (w.job.detail for w in unfinished if w.job.state is JobState.UNKNOWN), ""
            )
            self._out.notes.append(no_answer(said))
            self._out.submittable.clear()
        self._send_cancels()
        return self._out

    def _send_cancels(self) -> None:
        """Ask once for each job; one that lives on is asked again at the next tick."""
        try:
            if jobs := self._ledger.to_cancel(self._out.to_cancel):
                self._scheduler.cancel(jobs)
        except SchedulerError as error:
            self._out.notes.append(f"cancelling: {error}")

    def _one(self, row: UnitRow, witness: Witness) -> None:
        deep = row.state is not State.DONE
        try:
            state, proof = sentinels.read_sentinel(row.unit, deep=deep)
            over = state in NO_PROOF and _is_over(row, witness)
            if over and publish_brought(row.unit, witness.runs):
                state, proof = sentinels.read_sentinel(row.unit, deep=deep)
        except OSError as error:  # a file system in trouble proves nothing either way
            self._out.notes.append(f"{_label(row)}: cannot read its sentinel: {error}")
            return
        started = row.state is State.SUBMITTING and bool(witness.runs)
        ledger_state = State.SUBMITTED if started else row.state
        decision = decide(ledger_state, witness.job.state, state)
        if decision.set_aside and state is SentinelState.INVALID:
            sentinels.set_aside(row.unit)
        if decision.cancel:
            self._cancel(witness)
        if decision.action is Action.FINISH:
            self._finish(row, proof)
        elif self._past_deadline(row):
            self._cancel(witness)
            self._fail(row, *self._too_late(row, witness))
        else:
            self._carry_out(row, witness, decision)

    def _carry_out(self, row: UnitRow, witness: Witness, decision: Decision) -> None:
        attempt = witness.attempt
        if decision.action is Action.WAIT and attempt is not None:
            self._wait(row, witness, attempt, decision)
        elif decision.action is Action.END and attempt is not None:
            reason = witness.reason or decision.reason or "nonzero_exit"
            self._end_attempt(row, witness, attempt, reason)
        elif decision.action is Action.REOPEN:
            self._out.notes.append(f"{_label(row)}: its result is gone from disk, fitting again")
            self._ledger.set_state(row.unit.digest, State.PENDING)
            self._ledger.set_deadline(row.unit.digest, None)  # until it is wanted again
        elif decision.action is Action.SUBMIT or attempt is None:
            if decision.action is not Action.KEEP:
                if row.state is not State.PENDING:
                    self._ledger.set_state(row.unit.digest, State.PENDING)
                self._out.submittable.append(row)
        else:
            self._keep(row, witness, attempt, decision.state)

    def _keep(self, row: UnitRow, witness: Witness, attempt: AttemptRow, state: State) -> None:
        if state is not row.state:
            self._ledger.set_state(row.unit.digest, state)
        if row.state.ended and witness.job.state.final:
            why = (row.reason or "cancelled", row.detail)
            self._ledger.end_attempt(attempt.folder, attempt.number, *why, charged=True)
        if attempt.absent_since is not None and witness.job.state is not JobState.UNKNOWN:
            self._ledger.note_life(attempt, None, witness.sign_of_life, attempt.evaluations)

    def _finish(self, row: UnitRow, proof: dict[str, object]) -> None:
        wanted_now = read_unit(row.unit.folder)
        mine = wanted_now is not None and wanted_now.key == row.unit.key
        if mine and not sentinels.is_exposed(row.unit):
            sentinels.expose(row.unit, proof)
        if row.state is State.DONE:
            return
        seconds = sentinels.took(proof)
        reason, message = proof.get("reason"), str(proof.get("message", ""))
        if proof.get("outcome") == "done":
            state, reason = State.DONE, None
        else:
            state = State.SKIPPED if policy(str(reason)).skipped else State.FAILED
        if row.state is state:
            return
        reason = None if reason is None else str(reason)
        digest = row.unit.digest
        self._ledger.set_state(digest, state, reason, message, ended=self._now, seconds=seconds)
        self._out.ended.append(digest)

    def _wait(
        self, row: UnitRow, witness: Witness, attempt: AttemptRow, decision: Decision
    ) -> None:
        sign, since = witness.sign_of_life, attempt.absent_since
        if since is None or sign != attempt.sign_of_life:
            self._ledger.note_life(attempt, self._now, sign, attempt.evaluations)
            return
        never_was = decision.reason is None
        grace = self._settings.submit_grace_seconds if never_was else self._settings.grace_seconds
        if self._now - since < grace:
            return
        if never_was:
            self._ledger.end_attempt(
                attempt.folder, attempt.number, "lost", "was never accepted", charged=False
            )
            again = f"again after: {row.detail}" if row.detail else ""
            self._ledger.set_state(row.unit.digest, State.PENDING, None, again)
        else:
            self._end_attempt(row, witness, attempt, witness.reason or str(decision.reason))

    def _end_attempt(
        self, row: UnitRow, witness: Witness, attempt: AttemptRow, reason: str
    ) -> None:
        rule, detail = policy(reason), witness.detail
        checkpoint = _checkpoint(witness) if rule.resume else None
        free = reason == "timeout" and checkpoint is not None and _has_grown(row, witness)
        charged = rule.charged and not free
        self._ledger.end_attempt(attempt.folder, attempt.number, reason, detail, charged=charged)
        longer = min(row.time_factor * rule.time_factor, LARGEST_FACTOR)
        if self._given_up(row, reason, rule):
            self._fail(row, reason, detail)
        elif (why := self._out_of_hours(row, longer)) is not None:
            self._fail(row, reason, f"{detail}; {why}" if detail else why)
        else:
            larger = min(row.memory_factor * rule.memory_factor, LARGEST_FACTOR)
            # An attempt that came to no checkpoint leaves the one it was to resume as it was.
            resumed = checkpoint or (row.resume_from if rule.resume else None)
            self._ledger.set_next(row.unit.digest, longer, larger, resumed)
            again = f"again after {reason}: {detail}"
            self._ledger.set_state(row.unit.digest, State.PENDING, None, again)
            self._out.notes.append(f"{_label(row)}: {reason}, trying again ({detail})")

    def _given_up(self, row: UnitRow, reason: str, rule: Policy) -> bool:
        """Whether a unit has been tried as often as the reason's policy and the bound allow."""
        digest, generation = row.unit.digest, row.unit.generation
        used_up = self._ledger.charged(digest, generation, reason) > rule.retries
        too_many = self._ledger.tries(digest, generation) >= self._settings.max_attempts
        return used_up or too_many or rule.retries == 0

    def _out_of_hours(self, row: UnitRow, time_factor: float) -> str | None:
        """Why there may be no further attempt of this length; None when there may."""
        hours = self._ledger.seconds(row.unit.digest, row.unit.generation) / 3600.0
        longer = replace(row, time_factor=time_factor)
        wanted = self._scheduler.fitted(asked(longer))[0].seconds / 3600.0
        if hours + wanted <= self._settings.max_hours:
            return None
        return (
            f"its attempts have asked for {hours:.1f} h, {wanted:.1f} h more would pass the bound "
            f"of {self._settings.max_hours:g} h"
        )

    def _fail(self, row: UnitRow, reason: str, detail: str) -> None:
        state = State.SKIPPED if policy(reason).skipped else State.FAILED
        self._ledger.set_state(row.unit.digest, state, reason, detail, ended=self._now)
        self._out.ended.append(row.unit.digest)

    def _too_late(self, row: UnitRow, witness: Witness) -> tuple[str, str]:
        """Reason and detail of a unit whose deadline has passed, with the batch system's words.

        One that the batch system never had an attempt of did not run out of time: it waited.
        """
        words = witness.job.detail if row.state.live and witness.job.detail else row.detail
        detail = "the deadline for this unit has passed" + (f"; {words}" if words else "")
        tried = self._ledger.tries(row.unit.digest, row.unit.generation)
        return ("timeout" if tried else "never_started"), detail

    def _past_deadline(self, row: UnitRow) -> bool:
        """Whether it took too long; while a limit of the site keeps it waiting, no time counts."""
        now = self._now if row.refused is None else row.refused
        return not row.state.ended and row.deadline is not None and now > row.deadline

    def _cancel(self, witness: Witness) -> None:
        attempt = witness.attempt
        if attempt is not None and attempt.job_id and not witness.job.state.final:
            self._out.to_cancel.append(attempt)


def no_answer(said: str) -> str:
    """What a person is told when the batch system did not answer, with its own words."""
    return "the batch system did not answer; nothing is submitted now" + (
        f" ({said})" if said else ""
    )


def _is_over(row: UnitRow, witness: Witness) -> bool:
    """Whether a unit's job has come to an end that the unit has not."""
    gone = witness.job.state.final or witness.job.state is JobState.ABSENT
    return gone and row.state.live and bool(witness.runs)


def _checkpoint(witness: Witness) -> str | None:
    """Folder of the newest run that left a checkpoint."""
    left = [run.folder for run in witness.runs if (run.folder / "checkpoint.h5").is_file()]
    return str(left[-1]) if left else None


def _has_grown(row: UnitRow, witness: Witness) -> bool:
    """Whether an attempt got further than the run it resumed."""
    resumed = read_run(Path(row.resume_from)) if row.resume_from else None
    start = resumed.evaluations if resumed is not None else 0
    return any(run.evaluations > start for run in witness.runs)


def _label(row: UnitRow) -> str:
    return f"{row.unit.night} {row.unit.object} {row.unit.task}"


def resume_folder(row: UnitRow) -> Path | None:
    """The run a unit's next attempt resumes."""
    return Path(row.resume_from) if row.resume_from else None
