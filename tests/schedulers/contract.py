"""What every scheduler must do, whatever is behind it.

A test module subclasses `SchedulerContract`, gives it a fixture `scheduler` and sets the class
attributes to what its batch system needs.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
from waiting import wait_until

from nmma_fitter.schedulers.base import BatchRequest, JobState, JobStatus, Resources, Scheduler

_NUMBERS = count(1)
HOSTILE_NAMES = [
    "a'; touch x; echo '",
    'two  words "quoted"',
    "$(touch x)`touch x`",
    "new\nline",
    "-n",
]


def wait_for_end(
    scheduler: Scheduler, job_ids: Sequence[str], seconds: float = 30.0
) -> Mapping[str, JobStatus]:
    """Poll until all jobs have ended."""
    answers: list[Mapping[str, JobStatus]] = []

    def ended() -> bool:
        answers[:] = [scheduler.poll(job_ids).jobs]
        return all(status.state.final for status in answers[0].values())

    wait_until(ended, seconds)
    return answers[0]


def make_batch(
    folder: Path,
    *bodies: str,
    token: str | None = None,
    resources: Resources | None = None,
) -> BatchRequest:
    """Write one script per body, each with a folder of its own."""
    number = next(_NUMBERS)
    folders = [folder / f"{number}-{index}" for index in range(len(bodies))]
    for place, body in zip(folders, bodies, strict=True):
        place.mkdir(parents=True)
        (place / "job.sh").write_text(f"#!/bin/bash\n{body}\n")
    return BatchRequest(
        token=token or f"test-{number}",
        scripts=tuple(place / "job.sh" for place in folders),
        folders=tuple(folders),
        resources=resources or Resources(memory_mb=500, seconds=600),
    )


class SchedulerContract:
    unknown_id: ClassVar[str]
    seconds: ClassVar[float] = 30.0  # longest wait for a short job
    shortest_limit: ClassVar[int] = 1  # shortest time limit the batch system knows, s

    @pytest.fixture
    def scheduler(self) -> Scheduler:
        raise NotImplementedError

    def pass_time(self, job_id: str) -> None:
        """Let a job's time limit come, where the batch system has a way to hurry it."""

    def end_of(self, scheduler: Scheduler, folder: Path, body: str) -> JobStatus:
        [job_id] = scheduler.submit(make_batch(folder, body))
        return wait_for_end(scheduler, [job_id], self.seconds)[job_id]

    def test_ids_are_one_per_script_and_safe_as_file_names(self, scheduler, tmp_path):
        ids = scheduler.submit(make_batch(tmp_path, "true", "true", "true"))
        assert len(set(ids)) == 3
        assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", job_id) for job_id in ids)

    def test_ids_are_in_the_order_of_the_scripts(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, *["echo $NMMA_FITTER_JOB_ID >id"] * 3)
        ids = scheduler.submit(batch)
        wait_for_end(scheduler, ids, self.seconds)
        assert [(f / "id").read_text().strip() for f in batch.folders] == list(ids)

    def test_exit_status_0_is_ended_well(self, scheduler, tmp_path):
        assert self.end_of(scheduler, tmp_path, "exit 0").state is JobState.ENDED_WELL

    def test_other_exit_status_is_nonzero_exit(self, scheduler, tmp_path):
        status = self.end_of(scheduler, tmp_path, "exit 3")
        assert (status.state, status.reason) == (JobState.ENDED_BADLY, "nonzero_exit")
        assert status.exit_code == 3

    def test_script_runs_in_its_folder_and_is_its_first_start(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, 'echo "$NMMA_FITTER_RESTART" >restart')
        wait_for_end(scheduler, scheduler.submit(batch), self.seconds)
        assert (batch.folders[0] / "restart").read_text() == "0\n"

    def test_script_does_not_get_the_submitters_secrets(self, scheduler, tmp_path, monkeypatch):
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
        monkeypatch.setenv("SBATCH_PARTITION", "other")
        batch = make_batch(tmp_path, "env >env; tr '\\0' '\\n' </proc/$PPID/environ >>env")
        wait_for_end(scheduler, scheduler.submit(batch), self.seconds)
        environment = (batch.folders[0] / "env").read_text()
        assert "NMMA_FITTER_JOB_ID=" in environment
        assert "SLACK" not in environment and "SBATCH" not in environment

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_paths_are_never_read_by_a_shell(self, scheduler, tmp_path, name):
        batch = make_batch(tmp_path / name, "echo ran >ran")
        wait_for_end(scheduler, scheduler.submit(batch), self.seconds)
        assert (batch.folders[0] / "ran").read_text() == "ran\n"
        assert not [path for path in tmp_path.rglob("x") if path.is_file()]

    def test_poll_answers_for_every_id(self, scheduler, tmp_path):
        ids = scheduler.submit(make_batch(tmp_path, "true", "exit 1"))
        hostile = ["../../etc", "", "no such\nid"]
        answer = scheduler.poll([*ids, self.unknown_id, *hostile]).jobs
        assert set(answer) == {*ids, self.unknown_id, *hostile}
        assert answer[self.unknown_id].state is JobState.ABSENT
        assert all(answer[job_id].state is JobState.ABSENT for job_id in hostile)

    def test_poll_of_nothing_is_nothing(self, scheduler):
        assert scheduler.poll([]).jobs == {}

    def test_a_running_job_is_said_to_run(self, scheduler, tmp_path):
        ids = scheduler.submit(make_batch(tmp_path, "sleep 600"))
        wait_until(lambda: scheduler.poll(ids).jobs[ids[0]].state is JobState.RUNNING, self.seconds)
        scheduler.cancel(ids)

    def test_poll_finds_ids_and_states_by_token_and_index(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, "sleep 600", "sleep 600")
        ids = scheduler.submit(batch)
        answer = scheduler.poll([], [batch.token])
        assert answer.found == {batch.token: dict(enumerate(ids))}
        assert set(answer.jobs) == set(ids)
        assert not any(status.state.final for status in answer.jobs.values())
        scheduler.cancel(ids)

    def test_poll_leaves_out_unknown_tokens(self, scheduler):
        assert scheduler.poll([], ["never-heard-of", "../x", ""]).found == {}

    def test_a_rehearsal_submits_nothing(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, "echo ran >ran", "echo ran >ran")
        assert scheduler.rehearse(batch).isprintable()
        assert scheduler.poll([], [batch.token]).found == {}

    def test_cancel_sends_sigterm_to_the_script(self, scheduler, tmp_path):
        # A child may get the signal before the script does, and end before it.
        body = "trap 'echo TERM >told; kill $child; exit 9' TERM\ntouch ready\n"
        batch = make_batch(tmp_path, f"{body}while :; do sleep 600 & child=$!; wait; done")
        ids = scheduler.submit(batch)
        wait_until((batch.folders[0] / "ready").exists, self.seconds)
        scheduler.cancel(ids)
        status = wait_for_end(scheduler, ids, self.seconds)[ids[0]]
        assert (status.state, status.reason) == (JobState.ENDED_BADLY, "cancelled")
        assert (batch.folders[0] / "told").read_text() == "TERM\n"

    def test_cancel_ends_a_script_that_ignores_sigterm(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, "trap '' TERM\ntouch ready\nsleep 600")
        ids = scheduler.submit(batch)
        wait_until((batch.folders[0] / "ready").exists, self.seconds)
        scheduler.cancel(ids)
        assert wait_for_end(scheduler, ids, self.seconds)[ids[0]].reason == "cancelled"

    def test_cancel_of_ended_and_unknown_jobs_is_no_error(self, scheduler, tmp_path):
        ids = scheduler.submit(make_batch(tmp_path, "true"))
        wait_for_end(scheduler, ids, self.seconds)
        scheduler.cancel([*ids, self.unknown_id])
        assert scheduler.poll(ids).jobs[ids[0]].state is JobState.ENDED_WELL

    def test_time_limit_ends_a_job_as_timeout(self, scheduler, tmp_path):
        resources = Resources(memory_mb=500, seconds=self.shortest_limit)
        batch = make_batch(tmp_path, "touch ready; sleep 600", resources=resources)
        ids = scheduler.submit(batch)
        wait_until((batch.folders[0] / "ready").exists, self.seconds)
        self.pass_time(ids[0])
        status = wait_for_end(scheduler, ids, self.shortest_limit + self.seconds)[ids[0]]
        assert (status.state, status.reason) == (JobState.ENDED_BADLY, "timeout")
