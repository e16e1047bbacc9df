"""Policies of the reasons, carried out against a batch system that says what it is told to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from small_units import TEMPLATES, small_unit

from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.reasons import REASONS
from nmma_fitter.engine.sharing import asked
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracked, Tracker, TrackSettings
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Wanted, register
from nmma_fitter.engine.witness import IN_USE
from nmma_fitter.errors import SchedulerError, SchedulerFull, SchedulerUnknown
from nmma_fitter.schedulers.base import Answer, BatchRequest, JobState, JobStatus, Resources


class Told:
    """A batch system whose answers are set by the test; it remembers what it was asked."""

    name = "local"

    def __init__(self) -> None:
        self.says: JobStatus = JobStatus(JobState.RUNNING)
        self.refuses: SchedulerError | None = None
        self.known: dict[str, dict[int, str]] = {}
        self.batches: list[BatchRequest] = []
        self.cancelled: list[str] = []
        self.calls = 0

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        self.batches.append(batch)
        if self.refuses is not None:
            raise self.refuses
        return [f"{batch.token}_{i}" for i in range(len(batch.scripts))]

    largest_batch = None

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        return asked, ""

    def rehearse(self, batch: BatchRequest) -> str:
        return f"{len(batch.scripts)} jobs"

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        self.calls += 1
        found = [job_id for jobs in self.known.values() for job_id in jobs.values()]
        return Answer(dict.fromkeys([*job_ids, *found], self.says), self.known)

    def cancel(self, job_ids: Sequence[str]) -> None:
        self.cancelled += job_ids


class World:
    """A ledger, a batch system and a clock."""

    def __init__(self, root: Path) -> None:
        self.root, self.now, self.batch_system = root, 1000.0, Told()
        self.ledger = Ledger(root / "ledger.sqlite")
        self.settings = TrackSettings()

    def want(self, *objects: str, deadline: float = 1e9, **options: object) -> None:
        wanted = [Wanted(name, "model", small_unit(self.root / "out", name)) for name in objects]
        register(self.ledger, "n1", wanted, deadline=deadline, now=self.now, **options)  # type: ignore[arg-type]

    def tick(self, seconds: float = 1.0) -> Tracked:
        self.now += seconds
        tracker = Tracker(self.ledger, self.batch_system, self.settings, self.now)
        tracked = tracker.run(self.ledger.units())
        settings = SubmitSettings(TEMPLATES)
        submit(self.ledger, self.batch_system, self.root, tracked.submittable, settings, self.now)
        return tracked

    def ends(self, reason: str, detail: str = "") -> None:
        self.batch_system.says = JobStatus(JobState.ENDED_BADLY, reason, detail)
        self.tick()
        self.batch_system.says = JobStatus(JobState.RUNNING)
        self.tick()  # what is tried again is submitted by the next tick

    @property
    def row(self) -> UnitRow:
        return self.ledger.units()[0]

    def run_folder(self, evaluations: int = 0, checkpoint: bool = False) -> Path:
        """What a run of the last attempt left."""
        row = self.row
        attempt = self.ledger.last_attempt(row.unit.digest, row.unit.generation)
        assert attempt is not None
        folder = row.unit.attempts / f"{attempt.number}-job-0"
        folder.mkdir()
        (folder / "heartbeat").write_text(json.dumps({"count": 1, "evaluations": evaluations}))
        if checkpoint:
            (folder / "checkpoint.h5").touch()
        return folder


@pytest.fixture
def world(tmp_path) -> World:
    world = World(tmp_path)
    world.want("ZTF1")
    world.tick()
    return world


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_each_reason_is_tried_as_often_as_its_policy_says(world, reason):
    for _ in range(REASONS[reason].retries):
        world.ends(reason)
        assert world.row.state is State.SUBMITTED, "tried again"
    world.ends(reason)
    expected = State.SKIPPED if REASONS[reason].skipped else State.FAILED
    assert (world.row.state, world.row.reason) == (expected, reason)
    assert len(world.batch_system.batches) == REASONS[reason].retries + 1


def test_a_time_out_resumes_with_a_longer_limit(world):
    folder = world.run_folder(evaluations=100, checkpoint=True)
    world.ends("timeout")
    assert world.row.resume_from == str(folder)
    assert asked(world.row).seconds == 2 * world.row.unit.resources.seconds


def test_a_time_out_is_free_while_the_fit_gets_further(world):
    for evaluations in (100, 200, 300, 400, 500):
        world.run_folder(evaluations, checkpoint=True)
        world.ends("timeout")
    assert world.row.state is State.SUBMITTED


def test_a_time_out_without_progress_is_charged(world):
    for _ in range(4):
        world.run_folder(100, checkpoint=True)
        world.ends("timeout")
    assert world.row.state is State.SUBMITTED, "the first of them was progress"
    world.run_folder(100, checkpoint=True)
    world.ends("timeout")
    assert (world.row.state, world.row.reason) == (State.FAILED, "timeout")


def test_the_attempts_of_a_unit_are_bounded_whatever_they_ended_for(world):
    for number in range(20):
        world.run_folder(100 * (number + 1), checkpoint=True)
        world.ends("timeout")
        if world.row.state is State.FAILED:
            break
    assert number + 1 == TrackSettings().max_attempts


@pytest.mark.parametrize("times", [1, 2, 3])
def test_out_of_memory_asks_for_more(world, times):
    for _ in range(times):
        world.ends("out_of_memory")
    assert asked(world.row).memory_mb == 2**times * world.row.unit.resources.memory_mb


def test_an_attempt_that_came_to_no_checkpoint_leaves_the_one_it_was_to_resume(world):
    folder = world.run_folder(evaluations=100, checkpoint=True)
    world.ends("timeout")
    world.ends("preempted")
    world.ends("never_started")
    assert world.row.resume_from == str(folder)


def test_a_run_that_crashed_is_not_resumed(world):
    world.run_folder(evaluations=100, checkpoint=True)
    world.ends("timeout")
    world.ends("nonzero_exit")
    assert world.row.resume_from is None


def test_the_hours_of_a_unit_are_bounded(world):
    world.settings = TrackSettings(max_hours=4 * 60 / 3600)  # its first attempt asks for 60 s
    world.run_folder(evaluations=100, checkpoint=True)
    world.ends("timeout")
    assert world.row.state is State.SUBMITTED, "60 s and twice that are 180"
    world.run_folder(evaluations=200, checkpoint=True)
    world.ends("timeout")
    assert (world.row.state, world.row.reason) == (State.FAILED, "timeout")
    assert "asked for" in world.row.detail and "bound" in world.row.detail


def test_a_second_copy_that_left_at_once_says_nothing_of_the_run(world):
    folder = world.run_folder()
    world.batch_system.says = JobStatus(JobState.ENDED_BADLY, "nonzero_exit", "", IN_USE)
    for count in range(3):
        (folder / "heartbeat").write_text(json.dumps({"count": count}))
        world.tick(170)
    assert world.row.state is State.SUBMITTED
    assert len(world.batch_system.batches) == 1
    (folder / "exit").write_text(json.dumps({"code": 1}))
    world.tick()
    assert world.row.detail.startswith("again after nonzero_exit: exit status 1")


def test_no_answer_changes_nothing_and_submits_nothing(world):
    world.batch_system.says = JobStatus(JobState.UNKNOWN)
    world.want("ZTF1", "ZTF2")
    tracked = world.tick(100_000)
    assert not tracked.submittable and "did not answer" in tracked.notes[0]
    states = {row.unit.object: row.state for row in world.ledger.units()}
    assert states == {"ZTF1": State.SUBMITTED, "ZTF2": State.PENDING}


def test_a_job_that_left_the_queue_is_waited_for(world):
    world.batch_system.says = JobStatus(JobState.ABSENT)
    world.tick()
    world.tick(100)
    assert world.row.state is State.SUBMITTED
    world.tick(100)
    assert world.row.detail.startswith("again after lost")


def test_an_absent_job_whose_heartbeat_goes_on_is_not_lost(world):
    folder = world.run_folder()
    world.batch_system.says = JobStatus(JobState.ABSENT)
    for count in range(5):
        (folder / "heartbeat").write_text(json.dumps({"count": count}))
        world.tick(170)
    assert len(world.batch_system.batches) == 1


def test_a_submit_without_an_answer_is_not_repeated(tmp_path):
    world = World(tmp_path)
    world.want("ZTF1")
    world.batch_system.refuses = SchedulerUnknown("timed out")
    world.tick()
    world.batch_system.refuses = None
    world.tick(200)
    assert (world.row.state, len(world.batch_system.batches)) == (State.SUBMITTING, 1)
    token = world.batch_system.batches[0].token
    world.batch_system.known = {token: {0: "found"}}
    world.tick()
    assert world.row.state is State.RUNNING


def test_a_submit_that_never_arrived_is_made_again_and_not_charged(tmp_path):
    world = World(tmp_path)
    world.want("ZTF1")
    world.batch_system.refuses = SchedulerUnknown("timed out")
    world.tick()
    world.batch_system.refuses = None
    world.tick()
    world.tick(400)
    world.tick()
    assert (world.row.state, len(world.batch_system.batches)) == (State.SUBMITTED, 2)
    assert world.ledger.charged(world.row.unit.digest, 0, "lost") == 0


def test_a_refused_submit_fails_with_the_batch_systems_words(tmp_path):
    world = World(tmp_path)
    world.want("ZTF1")
    world.batch_system.refuses = SchedulerError("invalid partition")
    world.tick()
    assert (world.row.state, world.row.reason) == (State.FAILED, "rejected")
    assert "invalid partition" in world.row.detail


def test_a_deadline_cancels_the_job_and_ends_the_unit(tmp_path):
    world = World(tmp_path)
    world.want("ZTF1", deadline=1500)
    world.tick()
    world.tick(600)
    assert (world.row.state, world.row.reason) == (State.FAILED, "timeout")
    assert len(world.batch_system.cancelled) == 1


def test_a_deadline_does_not_run_on_while_a_limit_of_the_site_refuses_the_unit(tmp_path):
    world = World(tmp_path)
    world.batch_system.refuses = SchedulerFull("QOSMaxSubmitJobPerUserLimit")
    world.want("ZTF1", deadline=1500)
    for _ in range(5):
        world.tick(400)
        assert (world.row.state, world.row.reason) == (State.PENDING, None)
    world.batch_system.refuses = None
    world.tick(400)  # 2000 s since its first refusal, 100 s before the deadline
    assert world.row.state is State.SUBMITTED and world.row.deadline == 3500
    world.tick(90)
    assert world.row.state is State.RUNNING
    world.tick(20)
    assert (world.row.state, world.row.reason) == (State.FAILED, "timeout")


def test_a_tick_asks_once_however_many_units_live(tmp_path):
    world = World(tmp_path)
    world.want(*(f"ZTF{n}" for n in range(300)))
    world.tick()
    assert len(world.batch_system.batches) == 1
    world.batch_system.calls = 0
    world.tick()
    assert world.batch_system.calls == 1


def brought_home(world: World, **said: object) -> None:
    """What a run leaves that ended where nobody sees the work folder, once it was brought home."""
    row, folder = world.row, world.run_folder()
    started = {"digest": row.unit.digest, "generation": row.unit.generation, "time": 1}
    outcome = {"outcome": "done", **said}
    for name, value in (("started", started), ("exit", {"code": 0}), ("outcome.json", outcome)):
        (folder / name).write_text(json.dumps(value))
    (folder / "out.txt").write_text("result")


def test_a_run_that_was_brought_home_is_published(world):
    brought_home(world)
    world.batch_system.says = JobStatus(JobState.ENDED_WELL)
    world.tick()
    assert world.row.state is State.DONE
    assert (world.row.unit.folder / "out.txt").read_text() == "result"


def test_while_its_job_runs_nothing_is_published_for_it(world):
    brought_home(world)
    world.tick()
    assert world.row.state is State.RUNNING and not world.row.unit.fin.exists()
