"""What is known of a unit's job: the batch system's word, completed by the run's own records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nmma_fitter.engine.attempt import RunRecord, runs_of
from nmma_fitter.engine.batch import TOKEN
from nmma_fitter.engine.ledger import AttemptRow, Ledger, UnitRow
from nmma_fitter.schedulers.base import Answer, JobState, JobStatus, Scheduler

# What the job script's own exit statuses mean (see publish.py, job.sh.j2 and nmma_fit.py).
EXIT_REASONS = {66: "no_output", 73: "disk_full", 74: "disk_full"}
# The batch system's own limits and acts explain an end better than what the dying run said.
LIMIT_MARGIN_SECONDS = 240.0  # warning_seconds and the minute by which Slurm may be early
LIMIT_MARGIN_SHARE = 0.15
IN_USE = 69  # of a second copy of a run, which leaves without touching anything
WHOLE_JOB = ("cancelled", "node_failure", "preempted")  # true also of what had no turn in it
OVERRULING = ("timeout", "out_of_memory", "node_failure", "preempted", "cancelled")


@dataclass(frozen=True)
class Witness:
    """Everything known of a unit's last attempt.

    Attributes
    ----------
    attempt : AttemptRow or None
        None for a unit that has none yet.
    job : JobStatus
    runs : list of RunRecord
        The attempt's runs (several when the batch system restarted it).
    """

    attempt: AttemptRow | None
    job: JobStatus
    runs: Sequence[RunRecord]

    @property
    def run(self) -> RunRecord | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def sign_of_life(self) -> str:
        """Changes as long as a run of the attempt is alive."""
        return "; ".join(f"{r.folder.name}:{r.heartbeat.get('count', 0)}" for r in self.runs)

    @property
    def reason(self) -> str | None:
        """Why the attempt failed, if anyone knows."""
        said = self.run.outcome.get("reason") if self.run else None
        if self.job.reason in OVERRULING or not isinstance(said, str):
            known = EXIT_REASONS.get(self.job.exit_code or 0)
            return known if known and self.job.reason == "nonzero_exit" else self.job.reason
        return said

    @property
    def detail(self) -> str:
        """One line on how the attempt ended."""
        said = str(self.run.outcome.get("message", "")) if self.run else ""
        if self.job.reason not in OVERRULING or not self.job.detail:
            return said or self.job.detail
        return f"{self.job.detail} (the run: {said})" if said else self.job.detail


@dataclass(frozen=True)
class Heard:
    """What came of asking everyone.

    Attributes
    ----------
    witnesses : mapping
        Witness by digest, for every unit asked about.
    answered : bool
        Whether the batch system answered.
    queued : int or None
    problem : str
        As in `schedulers.base.Answer`.
    """

    witnesses: Mapping[str, Witness]
    answered: bool
    queued: int | None
    problem: str = ""


def gather(ledger: Ledger, scheduler: Scheduler, rows: Sequence[UnitRow]) -> Heard:
    """Ask batch system and attempt folders about units; one call outward.

    The batch system is asked even when no job is known: a silent one gets no new jobs.
    """
    attempts = _last_attempts(ledger, rows)
    live = [a for a in attempts.values() if a and a.reason is None]
    tokens = sorted({a.token for a in live if a.job_id is None})
    ids = list(dict.fromkeys(a.job_id for a in live if a.job_id))
    answer = scheduler.poll(ids, tokens)
    if answer.found:
        _learn_ids(ledger, answer.found)
        attempts = _last_attempts(ledger, rows)
    witnesses = {r.unit.digest: _witness(ledger, r, attempts[r.unit.digest], answer) for r in rows}
    return Heard(witnesses, answer.found is not None, answer.queued, answer.problem)


def _last_attempts(ledger: Ledger, rows: Sequence[UnitRow]) -> dict[str, AttemptRow | None]:
    return {r.unit.digest: ledger.last_attempt(r.unit.digest, r.unit.generation) for r in rows}


def _learn_ids(ledger: Ledger, found: Mapping[str, Mapping[int, str]]) -> None:
    """Note the ids of jobs whose submit gave none."""
    with ledger.transaction():
        for token, jobs in found.items():
            for index, job_id in jobs.items():
                ledger.set_job(token, index, job_id)


def _witness(ledger: Ledger, row: UnitRow, attempt: AttemptRow | None, answer: Answer) -> Witness:
    if attempt is None:
        return Witness(None, JobStatus(JobState.ABSENT), [])
    runs = runs_of(row.unit.attempts, attempt.number)
    if attempt.reason is not None:
        return Witness(attempt, JobStatus(JobState.ABSENT), runs)
    if attempt.job_id is None:
        silent = answer.found is None
        job = (
            JobStatus(JobState.UNKNOWN, detail=answer.problem)
            if silent
            else JobStatus(JobState.ABSENT)
        )
    else:
        job = answer.jobs.get(attempt.job_id, JobStatus(JobState.UNKNOWN))
        if _is_anothers(job, attempt):
            attempt = replace(attempt, job_id=None)  # and nobody cancels that other job
            job = JobStatus(JobState.ABSENT, detail="its number was given to another job")
    if job.state.final and ledger.shares_job(attempt):
        job = _own_end(job, runs)
    limit = attempt.seconds or row.unit.resources.seconds * row.time_factor
    return Witness(attempt, _completed(job, runs, limit), runs)


def _is_anothers(job: JobStatus, attempt: AttemptRow) -> bool:
    """Whether the batch system has given the attempt's id to another batch, anyone's.

    Slurm's controller, killed before it has saved its state, numbers on from what it had saved. A
    name that is no token at all was given by a site's plug-in, and proves nothing.
    """
    known = bool(attempt.token and job.token and TOKEN.fullmatch(job.token))
    return known and job.token != attempt.token


def _own_end(job: JobStatus, runs: Sequence[RunRecord]) -> JobStatus:
    """What the end of a shared job means for one of its attempts.

    A run that left its own end is judged by that, unless the batch system ended it. One that left
    none was killed alone, or its records are yet to be seen.
    """
    if not runs and job.reason not in WHOLE_JOB:
        detail = f"the job it shared ended before its turn ({job.detail or job.state.value})"
        return replace(job, state=JobState.ABSENT, reason="never_started", detail=detail)
    if not runs or (job.reason in OVERRULING and not _ended_by_itself(runs[-1], job)):
        return job
    state = JobState.ABSENT if runs[-1].exit_code is None else JobState.ENDED_WELL
    return replace(job, state=state, reason=None)


def _ended_by_itself(run: RunRecord, job: JobStatus) -> bool:
    """Whether a run left its end before the batch system brought its job to one."""
    code = run.exit_code
    killed = job.reason == "out_of_memory" and code is not None and code > 128
    return code is not None and not run.exit.get("signal") and not killed


def _completed(job: JobStatus, runs: Sequence[RunRecord], limit: float) -> JobStatus:
    """A job that the batch system has forgotten, as the run's own records tell it."""
    if job.state is JobState.ENDED_BADLY and job.exit_code == IN_USE:  # the other copy decides
        job = JobStatus(JobState.ABSENT, detail="another copy of the run has its folder")
    if job.state not in (JobState.ABSENT, JobState.ENDED_WELL) or not runs:
        return job
    job = replace(job, reason=None)  # it did start, whatever was thought of its absence
    code = runs[-1].exit_code
    if code == 0:
        return replace(job, state=JobState.ENDED_WELL, exit_code=0)
    timed_out = inferred_timeout(runs[-1], limit) if job.state is JobState.ABSENT else None
    if code is None:  # not ended for certain: the grace period goes on, and then this is why
        return replace(job, reason="timeout", detail=timed_out) if timed_out else job
    reason = "timeout" if timed_out else "nonzero_exit"
    said = f"exit status {code}"
    detail = f"{timed_out} ({said})" if timed_out else said
    return JobStatus(JobState.ENDED_BADLY, reason, detail, code)


def inferred_timeout(run: RunRecord, limit: float) -> str | None:
    """Whether a run was ended by its time limit, of which nobody is left to tell.

    A run that was told to stop, or was never heard of again, when its time was nearly up. All
    times compared are of the run's own host.

    Returns
    -------
    str or None
        One line for a person, marked as inferred.
    """
    told = run.exit.get("signal") in ("TERM", "USR1")
    last = run.exit if run.exit_code is not None else run.heartbeat
    start, end = run.started.get("time"), last.get("time")
    if not (isinstance(start, int) and isinstance(end, int)) or not (told or last is run.heartbeat):
        return None
    # The warning comes up to a minute early, and so does the last heartbeat before the end.
    margin = min(LIMIT_MARGIN_SECONDS, limit * LIMIT_MARGIN_SHARE)
    if end - start < limit - margin:
        return None
    return f"inferred: last heard of {end - start} s after its start, of {limit:.0f} s allowed"
