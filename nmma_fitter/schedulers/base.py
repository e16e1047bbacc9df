"""The one door between the engine and a batch system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol


class JobState(Enum):
    """What a batch system says of one job."""

    PENDING = "pending"
    RUNNING = "running"
    HELD = "held"
    ENDED_WELL = "ended well"
    ENDED_BADLY = "ended badly"
    ABSENT = "absent"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether the job has ended and will not change again."""
        return self in (JobState.ENDED_WELL, JobState.ENDED_BADLY)


@dataclass(frozen=True)
class Resources:
    """What one job asks for.

    Attributes
    ----------
    cores : int
    memory_mb : int
    seconds : int
        Wall-clock limit.
    options : mapping
        Further options in the scheduler's own words (partition, account ...).
    """

    cores: int = 1
    memory_mb: int = 2000
    seconds: int = 3600
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchRequest:
    """A set of job scripts submitted in one call.

    Attributes
    ----------
    token : str
        The batch's recovery key, ``[A-Za-z0-9-]+``, already on disk when `submit` is called. A
        scheduler stores it where `poll` can read it back (job name and comment).
    scripts : tuple of Path
        One executable bash script per array index (0, 1, ...), absolute. A scheduler runs
        ``bash SCRIPT`` with ``NMMA_FITTER_JOB_ID`` (this scheduler's id of the job, filename
        safe) and ``NMMA_FITTER_RESTART`` (0, 1, ... as the batch system restarts it) set.
    folders : tuple of Path
        Working folder of each script; exists.
    resources : Resources
        The same for every script.
    """

    token: str
    scripts: tuple[Path, ...]
    folders: tuple[Path, ...]
    resources: Resources


@dataclass(frozen=True)
class JobStatus:
    """One job's state, and why it ended when the batch system knows.

    Attributes
    ----------
    state : JobState
    reason : str or None
        For HELD and ENDED_BADLY one of the engine's reasons (``timeout``, ``out_of_memory``,
        ``node_failure``, ``preempted``, ``cancelled``, ``nonzero_exit``, ``never_started``). For
        ABSENT what it will have been if the job never turns up, when that can be inferred.
    detail : str
        One line for a person.
    exit_code : int or None
        Exit status, ``128 + signal`` for a signal.
    token : str or None
        Of the batch to which the batch system says that the job belongs; None when it does not
        say. Not the token it was submitted under if the id has been given to another job since.
    """

    state: JobState
    reason: str | None = None
    detail: str = ""
    exit_code: int | None = None
    token: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a batch system said when it was asked once.

    Attributes
    ----------
    jobs : mapping
        Status by job id: of every id asked for, and of every id in `found`.
    found : mapping or None
        Job ids by token and array index, for those tokens that the batch system knows; None when
        it did not answer.
    queued : int or None
        Jobs of ours that wait or run, as the batch system counts them, whoever submitted them;
        None when that is not known.
    problem : str
        Why something is not known: the batch system's own words.
    """

    jobs: Mapping[str, JobStatus]
    found: Mapping[str, Mapping[int, str]] | None
    queued: int | None = None
    problem: str = ""


class Scheduler(Protocol):
    """A batch system. Implementations keep to this contract, and one test suite checks it.

    Job ids are text that is safe in a file name. No call blocks longer than the time limit the
    implementation sets for the batch system's commands. No call raises for what a job did.
    """

    name: str

    @property
    def largest_batch(self) -> int | None:
        """Most scripts that one `submit` takes; None when there is no limit."""
        ...

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        """What a job can have of what it asks for, and in one line what was cut, or "".

        Only the time limit is ever cut: a fit goes on from its checkpoint in the next job.
        """
        ...

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """Hand over a batch; return one job id per script, in order.

        Raises
        ------
        SchedulerFull
            A limit on how many jobs there may be: nothing of it runs or will run, but a smaller
            batch may be taken now, and this one later.
        SchedulerError
            The batch system refused: nothing of it runs or will run.
        SchedulerUnknown
            No clear answer. The batch may run; only `poll` by its token and the runs' own records
            can tell, and the caller never submits it again blindly.
        """
        ...

    def rehearse(self, batch: BatchRequest) -> str:
        """Say in one line what the batch system would do with a batch; nothing is submitted.

        The batch's scripts and folders need not exist.

        Raises
        ------
        SchedulerError
            It would be refused.
        SchedulerUnknown
            The batch system did not answer.
        """
        ...

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        """State of every job asked for, and of the jobs of these batches, in one call.

        The batch system is asked once however many they are. A job is ABSENT when the batch
        system answered and does not know it, UNKNOWN when it did not answer.
        """
        ...

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Ask for these jobs to end. Ended and unknown ones are no error.

        The job's script gets SIGTERM and, after a grace time, SIGKILL. So may everything it has
        started, and before it: a script may see its child end before it gets the signal itself.

        Raises
        ------
        SchedulerUnknown
            The request may not have reached some of the jobs; asking again does no harm.
        """
        ...
