"""Ids that the batch system gives out twice, as Slurm does when its controller loses its state."""

from collections.abc import Sequence

import pytest
from small_units import TEMPLATES, small_unit

from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracker, TrackSettings
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Wanted, register
from nmma_fitter.schedulers.base import Answer, BatchRequest, JobState, JobStatus, Resources


class Forgetful:
    """A batch system that calls every job ``6_0``, knows the newest only, and has it wait."""

    name = "local"
    largest_batch = None

    def __init__(self) -> None:
        self.newest = ""
        self.cancelled: list[str] = []

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        return asked, ""

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        self.newest = batch.token
        return ["6_0"]

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        waits = JobStatus(JobState.PENDING)
        found = {token: {0: "6_0"} for token in tokens if token == self.newest}
        return Answer(dict.fromkeys([*job_ids, "6_0"], waits), found)

    def cancel(self, job_ids: Sequence[str]) -> None:
        self.cancelled += job_ids


@pytest.fixture
def world(tmp_path):
    """Two units that were given the same id, one after the other, and the pass after that."""
    batch_system = Forgetful()
    with Ledger(tmp_path / "ledger.sqlite") as ledger:

        def tick(name: str, now: float) -> None:
            unit = small_unit(tmp_path / "out", name)
            register(ledger, "n1", [Wanted(name, "model", unit)], deadline=1e9, now=now)
            tracker = Tracker(ledger, batch_system, TrackSettings(), now)
            rows = tracker.run(ledger.units()).submittable
            submit(ledger, batch_system, tmp_path, rows, SubmitSettings(TEMPLATES), now)

        tick("older", 1.0)
        older = ledger.units()[0]
        ledger.set_state(older.unit.digest, State.FAILED, "timeout", ended=2.0)
        tick("newer", 3.0)
        batch_system.cancelled.clear()  # of the older one's own job, before the newer was submitted
        tick("newer", 4.0)
        yield ledger, batch_system


def test_the_id_is_the_newer_attempts_alone(world):
    ledger, _ = world
    ids = [ledger.last_attempt(row.unit.digest, 0).job_id for row in ledger.units()]
    assert ids == [None, "6_0"]


def test_what_is_left_of_the_older_attempt_does_not_cancel_the_newer(world):
    assert world[1].cancelled == []


class Elsewhere(Forgetful):
    """One that gave this installation's id to a job of another since."""

    said = "0a1b2c3d-0a1b2c3d4e5f"

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        return Answer(dict.fromkeys(job_ids, JobStatus(JobState.PENDING, token=self.said)), {})


@pytest.fixture
def submitted(tmp_path):
    """A unit whose job's id names another's job by now, and a pass over it past its deadline."""
    batch_system = Elsewhere()

    def tick(now: float) -> None:
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            unit = small_unit(tmp_path / "out")
            register(ledger, "n1", [Wanted(unit.object, "model", unit)], deadline=9.0, now=now)
            tracker = Tracker(ledger, batch_system, TrackSettings(), now)
            rows = tracker.run(ledger.units()).submittable
            submit(ledger, batch_system, tmp_path, rows, SubmitSettings(TEMPLATES), now)

    tick(1.0)
    return batch_system, tick


def test_a_job_that_bears_anothers_token_is_never_cancelled(submitted):
    batch_system, tick = submitted
    tick(10.0)
    assert batch_system.cancelled == []


@pytest.mark.parametrize("token", ["own", "renamed by the site", None])
def test_a_job_that_bears_its_own_token_or_none_is(submitted, token):
    batch_system, tick = submitted
    batch_system.said = batch_system.newest if token == "own" else token
    tick(10.0)
    assert batch_system.cancelled == ["6_0"]
