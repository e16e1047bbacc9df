"""Units that share a job: who does, what it asks for, whose end it is, and when it is cancelled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_units import TEMPLATES, small_unit

from nmma_fitter.engine.attempt import RunRecord
from nmma_fitter.engine.batch import Batch, BatchJob, new_batch, read_batches
from nmma_fitter.engine.ledger import AttemptRow, Ledger
from nmma_fitter.engine.rebuild import rebuild
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracked, Tracker, TrackSettings
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Wanted, register
from nmma_fitter.engine.witness import OVERRULING, _own_end
from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.base import Answer, BatchRequest, JobState, JobStatus, Resources

TASKS = ("one", "two", "three")
RUNNING = JobStatus(JobState.RUNNING)


class Told:
    """A batch system that says of every job what the test wants."""

    name, largest_batch = "local", None

    def __init__(self) -> None:
        self.says = RUNNING
        self.refuses: SchedulerError | None = None
        self.handed: list[BatchRequest] = []
        self.cancelled: list[str] = []

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        return asked, ""

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        self.handed.append(batch)
        if self.refuses is not None:
            raise self.refuses
        return [f"{batch.token}_{index}" for index in range(len(batch.scripts))]

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        sizes = {batch.token: len(batch.scripts) for batch in self.handed}
        found = {t: {i: f"{t}_{i}" for i in range(sizes[t])} for t in tokens if t in sizes}
        ids = [*job_ids, *(job_id for jobs in found.values() for job_id in jobs.values())]
        return Answer(dict.fromkeys(ids, self.says), found)

    def cancel(self, job_ids: Sequence[str]) -> None:
        self.cancelled += job_ids


class Place:
    """An installation whose units of one object share a job."""

    def __init__(self, root: Path) -> None:
        self.root, self.outdir, self.now = root, root / "outdir", 1000.0
        self.batch_system = Told()
        self.ledger = Ledger(root / "ledger.sqlite")

    def want(self, *objects: str, **more: Any) -> None:
        self.ledger.open_night("n1", self.outdir / "n1")
        values = {"group": "together", **more}
        units = [
            replace(small_unit(self.outdir, name, task=task), **values)
            for name in objects
            for task in TASKS
        ]
        wanted = [Wanted(unit.object, unit.task, unit) for unit in units]
        register(self.ledger, "n1", wanted, deadline=1e9)

    def tick(self, seconds: float = 1.0, **bounds: Any) -> Tracked:
        self.now += seconds
        tracker = Tracker(self.ledger, self.batch_system, TrackSettings(), self.now)  # type: ignore[arg-type]
        tracked = tracker.run(self.ledger.units())
        settings, rows = SubmitSettings(TEMPLATES, **bounds), tracked.submittable
        submit(self.ledger, self.batch_system, self.root, rows, settings, self.now)  # type: ignore[arg-type]
        return tracked

    def attempts(self) -> list[AttemptRow]:
        found = [self.ledger.last_attempt(row.unit.digest, 0) for row in self.ledger.units()]
        return [one for one in found if one]

    def states(self) -> list[tuple[State, str | None]]:
        return [(row.state, row.reason) for row in self.ledger.units()]

    def fail(self, *places: int) -> None:
        for place in places:
            digest = self.ledger.units()[place].unit.digest
            self.ledger.set_state(digest, State.FAILED, "cancelled", ended=self.now)


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_the_units_of_each_object_are_one_job_and_all_of_them_one_batch(place):
    place.want("a", "b")
    place.tick()
    [batch] = place.batch_system.handed
    assert [folder.parent.name for folder in batch.folders] == ["a", "b"]
    jobs = {(one.token, one.idx, one.job_id) for one in place.attempts()}
    assert jobs == {(batch.token, index, f"{batch.token}_{index}") for index in (0, 1)}


def test_a_shared_job_has_the_time_of_all_and_the_rest_of_the_largest(place):
    place.want("a")
    rows = place.ledger.units()
    larger = replace(rows[1].unit.resources, cores=4, memory_mb=900, seconds=100)
    place.ledger.raise_generation(replace(rows[1].unit, resources=larger), 1e9)
    place.tick()
    [asked] = [batch.resources for batch in place.batch_system.handed]
    assert (asked.cores, asked.memory_mb, asked.seconds) == (4, 900, 220)


@pytest.mark.parametrize("more", [{"group": ""}, {"object": "other"}])
def test_units_without_a_group_or_of_different_objects_share_nothing(place, more):
    place.ledger.open_night("n1", place.outdir / "n1")
    first, second = (small_unit(place.outdir, task=task) for task in TASKS[:2])
    units = [replace(first, group="together"), replace(second, **{"group": "together", **more})]
    register(place.ledger, "n1", [Wanted(u.object, u.task, u) for u in units], deadline=1e9)
    place.tick()
    assert [len(batch.scripts) for batch in place.batch_system.handed] == [1, 1]
    assert all(s.name == "job-1.sh" for b in place.batch_system.handed for s in b.scripts)


def test_what_is_tried_again_runs_alone(place):
    place.want("a")
    place.tick()
    place.batch_system.says = JobStatus(JobState.ENDED_BADLY, "node_failure")
    place.tick()
    place.batch_system.says = RUNNING
    place.tick()
    assert [s.name for b in place.batch_system.handed[1:] for s in b.scripts] == ["job-2.sh"] * 3


def test_a_group_is_never_split(place):
    place.want("a", "b")
    place.tick(per_tick=4)
    states = [state for state, _ in place.states()]
    assert states == [State.SUBMITTED] * 3 + [State.PENDING] * 3
    place.tick(max_queued=5)
    assert len(place.batch_system.handed) == 1
    place.tick(max_queued=6)
    assert len(place.attempts()) == 6


def test_one_that_could_never_be_submitted_whole_runs_one_by_one(place):
    place.want("a")
    place.tick(per_tick=2)
    assert [s.name for b in place.batch_system.handed for s in b.scripts] == ["job-1.sh"] * 2


def test_a_shared_job_that_is_refused_is_tried_as_jobs_that_ask_for_less(place):
    place.want("a")
    place.batch_system.refuses = SchedulerError("time limit")
    place.tick()
    assert place.states() == [(State.PENDING, None)] * 3
    place.batch_system.refuses = None
    place.tick()
    assert [batch.resources.seconds for batch in place.batch_system.handed] == [180, 60, 60, 60]


def test_a_batch_is_read_as_it_was_written(tmp_path):
    jobs = tuple(
        BatchJob(n * 64, 0, 1, n, 60, index) for n, index in (("a", 0), ("b", 0), ("c", 1))
    )
    batch = new_batch(tmp_path, "local", jobs)
    assert list(read_batches(tmp_path)) == [batch]
    assert [index for index, _ in batch.indexed()] == [0, 0, 1]


def test_a_batch_of_the_version_before_is_read(tmp_path):
    token = new_batch(tmp_path, "local", ()).token
    jobs = [{"digest": "d", "generation": 0, "attempt": 1, "folder": f"f{n}"} for n in (0, 1)]
    path = tmp_path / "batches" / f"{token}.json"
    path.write_text(json.dumps({"scheduler": "local", "jobs": jobs}))
    [batch] = read_batches(tmp_path)
    assert [(index, job.folder) for index, job in batch.indexed()] == [(0, "f0"), (1, "f1")]


def test_an_id_that_was_never_learnt_is_found_for_every_unit(place):
    place.want("a")
    place.batch_system.refuses = SchedulerUnknown("no answer")
    place.tick()
    assert [one.job_id for one in place.attempts()] == [None] * 3
    place.tick()
    token = place.batch_system.handed[0].token
    assert [one.job_id for one in place.attempts()] == [f"{token}_0"] * 3
    assert {state for state, _ in place.states()} == {State.RUNNING}


def test_with_the_ledger_lost_the_job_is_found_for_every_unit(place):
    place.want("a")
    place.tick()
    place.ledger.close()
    shutil.move(place.root / "ledger.sqlite", place.root / "lost")
    place.ledger = Ledger(place.root / "ledger.sqlite")
    rebuild(place.ledger, place.outdir, read_batches(place.root))
    place.tick()
    assert len({one.job_id for one in place.attempts()}) == 1
    assert place.states() == [(State.RUNNING, None)] * 3
    assert len(place.batch_system.handed) == 1


def test_a_job_is_cancelled_only_when_all_its_units_are(place):
    place.want("a")
    place.tick()
    place.fail(0, 2)
    place.tick()
    assert place.batch_system.cancelled == []
    place.fail(1)
    place.tick()
    assert place.batch_system.cancelled == [place.attempts()[0].job_id]


def test_what_has_a_new_generation_needs_its_old_job_no_more(place):
    place.want("a")
    place.tick()
    old = place.attempts()
    for row in place.ledger.units()[1:]:
        place.ledger.raise_generation(row.unit.raised(1), 1e9)
    assert place.ledger.to_cancel(old[:1]) == [old[0].job_id]
    assert place.ledger.to_cancel(old[1:]) == []


def test_units_past_their_deadline_take_their_job_along(place):
    place.want("a")
    place.tick()
    place.tick(seconds=2e9)
    assert len(place.batch_system.cancelled) == 1


def test_one_that_had_no_turn_is_tried_again_after_the_grace_period(place):
    place.want("a")
    place.tick()
    place.batch_system.says = JobStatus(JobState.ENDED_BADLY, "timeout", "over its limit")
    place.tick()
    assert [state for state, _ in place.states()] == [State.SUBMITTED] * 3
    notes = place.tick(seconds=181.0).notes
    assert len(notes) == 3
    assert all("never_started, trying again (the job it shared ended" in note for note in notes)
    assert [row.time_factor for row in place.ledger.units()] == [1.0] * 3


def run(code: int | None = None, signal: str = "") -> RunRecord:
    exit = {} if code is None else {"code": code, "signal": signal, "time": 9}
    return RunRecord(Path("/w/attempts/1-7_0-0"), 1, "7_0", 0, {"time": 1}, {}, {}, exit)


def ended(reason: str | None = None) -> JobStatus:
    return JobStatus(JobState.ENDED_BADLY if reason else JobState.ENDED_WELL, reason)


@pytest.mark.parametrize("reason", [None, "nonzero_exit", *OVERRULING])
def test_a_run_that_ended_by_itself_is_judged_by_its_own_end(reason):
    status = _own_end(ended(reason), [run(1)])
    assert (status.state, status.reason) == (JobState.ENDED_WELL, None)


@pytest.mark.parametrize("reason", OVERRULING)
@pytest.mark.parametrize("record", [run(), run(75, "TERM"), run(75, "USR1")])
def test_the_end_of_the_job_is_that_of_the_run_it_ended(reason, record):
    assert _own_end(ended(reason), [record]) == ended(reason)


def test_a_run_that_was_killed_for_memory_says_so():
    killed = ended("out_of_memory")
    assert _own_end(killed, [run(137)]) == killed


def test_a_run_that_was_told_to_stop_and_did_is_judged_by_its_own_end():
    assert _own_end(ended("nonzero_exit"), [run(75, "USR1")]).state is JobState.ENDED_WELL


@pytest.mark.parametrize("reason", [None, "nonzero_exit"])
def test_a_run_that_was_killed_alone_is_waited_for_and_lost(reason):
    assert _own_end(ended(reason), [run()]) == JobStatus(JobState.ABSENT)


@pytest.mark.parametrize(
    ("reason", "own"),
    [
        (None, "never_started"),
        ("nonzero_exit", "never_started"),
        ("timeout", "never_started"),
        ("out_of_memory", "never_started"),
        ("cancelled", "cancelled"),
        ("node_failure", "node_failure"),
        ("preempted", "preempted"),
    ],
)
def test_what_had_no_turn_never_started_unless_the_whole_job_was_ended_for_all(reason, own):
    assert _own_end(ended(reason), []).reason == own


def test_the_batch_of_one_shared_job_holds_an_index_for_each_unit(place):
    place.want("a")
    place.tick()
    [batch] = read_batches(place.root)
    assert isinstance(batch, Batch) and [job.index for job in batch.jobs] == [0, 0, 0]
