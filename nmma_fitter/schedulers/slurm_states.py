"""From Slurm's words to ours: states, reasons for waiting, and how a job ended."""

from __future__ import annotations

import pwd
import signal

from nmma_fitter.schedulers.base import JobState, JobStatus
from nmma_fitter.schedulers.slurm_queue import Row

LIVE = {
    "PENDING": JobState.PENDING,
    "REQUEUED": JobState.PENDING,
    "REQUEUE_FED": JobState.PENDING,
    "CONFIGURING": JobState.RUNNING,
    "RUNNING": JobState.RUNNING,
    "SUSPENDED": JobState.RUNNING,
    "STOPPED": JobState.RUNNING,
    "SIGNALING": JobState.RUNNING,
    "RESIZING": JobState.RUNNING,
    "STAGE_OUT": JobState.RUNNING,
    "COMPLETING": JobState.RUNNING,  # how it ends is not known before its last process is gone
    "REQUEUE_HOLD": JobState.HELD,
    "SPECIAL_EXIT": JobState.HELD,
    "RESV_DEL_HOLD": JobState.HELD,
}
# For FAILED see `_failed`. REVOKED (another cluster of a federation has it) is not known here.
ENDED_BADLY = {
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "OUT_OF_MEMORY": "out_of_memory",
    "NODE_FAIL": "node_failure",
    "BOOT_FAIL": "node_failure",
    "PREEMPTED": "preempted",
    "CANCELLED": "cancelled",
}
# A pending job with one of these waits until a person acts. Not here, since they pass by
# themselves: ReqNodeNotAvail, PartitionDown, limits on how many jobs run at once (AssocGrp*,
# QOSMaxJobsPerUserLimit, AssocMaxJobsLimit), Reservation, Licenses.
HELD = frozenset(
    (
        "AccountNotAllowed",
        "BadConstraints",
        "DependencyNeverSatisfied",
        "InvalidAccount",
        "InvalidQOS",
        "JobHeldAdmin",
        "JobHeldUser",
        "JobHoldMaxRequeue",
        "MaxMemPerLimit",
        "PartitionConfig",
        "PartitionNodeLimit",
        "PartitionTimeLimit",
        "QOSNotAllowed",
        "QOSTimeLimit",
        "QOSUsageThreshold",
        "ReservationDeleted",
        "job_requeued_in_held_state",
        "user_env_retrieval_failed_requeued_held",
    )
)
# Held since its node could not launch it: the prolog failed there, or a controller that had lost
# its state gave the job a number that still runs. Its request is in order, another start may do.
LAUNCH_FAILED = "launch_failed_requeued_held"
# Of these the time limit, and the settings that a shorter one comes from.
_OVER_TIME = ("TimeLimit", "MaxWallDurationPerJobLimit", "MaxWallDurationPerJob")
LESS_TIME = "set a shorter time_limit for the model, or another partition or qos"
# Limits of one job that it will always exceed.
_OVER_A_LIMIT = ("PerJob", "PerJobLimit", "MaxWallDurationPerJobLimit")
_COULD_NOT_START = 53  # Slurm's own number: the files for its output could not be opened


def status_of(row: Row) -> JobStatus:
    """Tell a job's state from what squeue or sacct shows; an unknown word is UNKNOWN."""
    if row.state == "COMPLETED":
        return JobStatus(JobState.ENDED_WELL, detail="COMPLETED", exit_code=0)
    if row.state == "FAILED":
        return _failed(row)
    if row.state in ENDED_BADLY:
        by = f" by {_person(row.cancelled_by)}" if row.cancelled_by else ""
        detail = row.state + by
        return JobStatus(
            JobState.ENDED_BADLY, ENDED_BADLY[row.state], detail, _exit_code(row) or None
        )
    if row.state in LIVE:
        return _live(row)
    return JobStatus(JobState.UNKNOWN, detail=f"Slurm says {row.state!r}")


def _live(row: Row) -> JobStatus:
    again = f", start {row.restarts + 1}" if row.restarts else ""
    why = row.reason if row.reason not in ("", "None", "(null)") else ""
    detail = f"{row.state}{f' ({why})' if why else ''}{again}"
    state, word = LIVE[row.state], row.reason.strip().replace(" ", "_")
    if state is JobState.PENDING and word == LAUNCH_FAILED:
        return JobStatus(JobState.HELD, "node_failure", detail)
    if state is JobState.PENDING and is_held(word):
        state = JobState.HELD
        detail += f": {LESS_TIME}" if is_over_time(word) else ""
    return JobStatus(state, "never_started" if state is JobState.HELD else None, detail)


def is_over_time(reason: str) -> bool:
    """Whether a job asks for more time than its partition, QOS or association gives."""
    return reason.endswith(_OVER_TIME)


def is_held(word: str) -> bool:
    """Whether a pending job with this reason waits until a person acts."""
    return word in HELD or (
        word.startswith(("QOSMax", "AssocMax")) and word.endswith(_OVER_A_LIMIT)
    )


def _failed(row: Row) -> JobStatus:
    code = _exit_code(row)
    number = row.signal or (code - 128 if code and code > 128 else 0)
    said = f"exit status {row.exit_code}" if not row.signal else f"signal {_name(row.signal)}"
    if row.signal == _COULD_NOT_START or (row.reason == "BadConstraints" and row.restarts == 0):
        where = "Slurm could not start it" if row.signal else row.reason
        return JobStatus(JobState.ENDED_BADLY, "never_started", f"FAILED: {where}", code)
    if number == signal.SIGKILL and row.over_memory:
        detail = f"FAILED: {said}, over the memory it had asked for"
        return JobStatus(JobState.ENDED_BADLY, "out_of_memory", detail, code)
    if row.signal == signal.SIGUSR1:
        detail = "FAILED: ended by the warning of its time limit"
        return JobStatus(JobState.ENDED_BADLY, "timeout", detail, code)
    return JobStatus(JobState.ENDED_BADLY, "nonzero_exit", f"FAILED: {said}", code)


def may_be_memory(row: Row) -> bool:
    """Whether a job was killed without a word on why, as over its memory where cgroups are off."""
    killed = row.signal == signal.SIGKILL or row.exit_code == 128 + signal.SIGKILL
    return row.state == "FAILED" and killed


def may_be_told_more(row: Row) -> bool:
    """Whether sacct may explain an end better than squeue does."""
    return row.state == "CANCELLED" or may_be_memory(row)


def _exit_code(row: Row) -> int | None:
    return 128 + row.signal if row.signal else row.exit_code


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _person(number: str) -> str:
    try:
        return pwd.getpwuid(int(number)).pw_name
    except (KeyError, ValueError, OverflowError):
        return f"user {number}"
