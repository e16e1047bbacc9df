"""What a run's own records tell of a job that the batch system has forgotten."""

from pathlib import Path

import pytest

from nmma_fitter.engine.attempt import RunRecord
from nmma_fitter.engine.witness import Witness, _completed, inferred_timeout
from nmma_fitter.schedulers.base import JobState, JobStatus

ABSENT = JobStatus(JobState.ABSENT)
LIMIT = 1800.0


def run(
    heartbeat: int | None = None, exit: tuple[int, str, int] | None = None, started: object = 1000
) -> RunRecord:
    """A run that began at 1000 by its host's clock."""
    return RunRecord(
        folder=Path("/w/attempts/1-7_0-0"),
        number=1,
        job_id="7_0",
        restart=0,
        started={"time": started},
        heartbeat={} if heartbeat is None else {"count": 3, "time": heartbeat},
        outcome={},
        exit={} if exit is None else dict(zip(("code", "signal", "time"), exit, strict=True)),
    )


@pytest.mark.parametrize(
    "record",
    [
        run(heartbeat=2790),
        run(heartbeat=2700, exit=(75, "USR1", 2640)),
        run(exit=(143, "TERM", 2801)),
    ],
    ids=["never heard of again", "warned", "terminated"],
)
def test_the_end_of_its_time_is_an_inferred_timeout(record):
    assert inferred_timeout(record, LIMIT).startswith("inferred: last heard of ")
    assert Witness(None, _completed(ABSENT, [record], LIMIT), [record]).reason == "timeout"


@pytest.mark.parametrize(
    "record",
    [
        run(),
        run(heartbeat=1500),
        run(exit=(143, "TERM", 1500)),
        run(exit=(1, "", 2790)),
        run(heartbeat=2790, started="yesterday"),
        run(heartbeat=900),
    ],
    ids=["no sign", "early silence", "early signal", "own end", "no start", "clock set back"],
)
def test_anything_else_is_no_timeout(record):
    assert inferred_timeout(record, LIMIT) is None
    assert Witness(None, _completed(ABSENT, [record], LIMIT), [record]).reason != "timeout"


def test_without_an_exit_the_grace_period_goes_on():
    assert _completed(ABSENT, [run(heartbeat=2790)], LIMIT).state is JobState.ABSENT


def test_with_an_exit_it_has_ended():
    status = _completed(ABSENT, [run(exit=(137, "", 1500))], LIMIT)
    assert (status.state, status.reason) == (JobState.ENDED_BADLY, "nonzero_exit")
    assert status.exit_code == 137


def test_what_was_inferred_of_an_absence_holds_only_if_it_never_started():
    cancelled = JobStatus(JobState.ABSENT, "cancelled", "inferred")
    assert _completed(cancelled, [], LIMIT).reason == "cancelled"
    assert _completed(cancelled, [run()], LIMIT).reason is None


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.PENDING, JobState.UNKNOWN])
def test_the_batch_system_is_believed_as_long_as_it_knows_the_job(state):
    status = JobStatus(state)
    assert _completed(status, [run(exit=(1, "", 1500))], LIMIT) == status
