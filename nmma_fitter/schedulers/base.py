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
        scheduler stores it where `find` can read it back (job name and comment).
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
        ``node_failure``, ``preempted``, ``cancelled``, ``nonzero_exit``, ``never_started``).
    detail : str
        One line for a person.
    exit_code : int or None
        Exit status, ``128 + signal`` for a signal.
    """

    state: JobState
    reason: str | None = None
    detail: str = ""
    exit_code: int | None = None


class Scheduler(Protocol):
    """A batch system. Implementations keep to this contract, and one test suite checks it.

    Job ids are text that is safe in a file name. No call blocks longer than the time limit the
    implementation sets for the batch system's commands. No call raises for what a job did.
    """

    name: str

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """Hand over a batch; return one job id per script, in order.

        Raises
        ------
        SchedulerError
            The batch system refused: nothing of it runs or will run.
        SchedulerUnknown
            No clear answer. The batch may run; only `find` and the runs' own records can tell,
            and the caller never submits it again blindly.
        """
        ...

    def find(self, tokens: Sequence[str]) -> Mapping[str, Mapping[int, str]] | None:
        """Job ids by token and array index of those batches the batch system knows.

        Returns None when it did not answer. A token it does not know is missing from the mapping.
        """
        ...

    def poll(self, job_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        """State of every job asked for, in one call to the batch system however many they are.

        Every id asked for is in the answer: ABSENT when the batch system answered and does not
        know it, UNKNOWN when it did not answer.
        """
        ...

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Ask for these jobs to end. Ended and unknown ones are no error.

        The job's script gets SIGTERM and, after a grace time, SIGKILL.
        """
        ...
