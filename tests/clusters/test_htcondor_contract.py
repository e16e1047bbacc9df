"""The scheduler ``htcondor`` on a real pool: the contract, and what only the real thing shows."""

import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from contract import SchedulerContract, make_batch, wait_for_end, wait_until

from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.base import BatchRequest, JobState, JobStatus, Resources
from nmma_fitter.schedulers.htcondor import HTCondorScheduler

pytestmark = pytest.mark.htcondor
SMALL = Resources(memory_mb=100, seconds=600)
EACH_START = 'echo "$NMMA_FITTER_RESTART" >>starts; [ "$NMMA_FITTER_RESTART" -gt 0 ] || sleep 600'


def scheduler_of(tmp_path: Path, **settings: object) -> HTCondorScheduler:
    defaults = {"warning_seconds": 0, "grace_seconds": 5}
    return HTCondorScheduler(tmp_path / "state" / "htcondor", **{**defaults, **settings})


def begun(batch: BatchRequest) -> None:
    wait_until((batch.folders[0] / "starts").exists, 60)


def starts_of(batch: BatchRequest) -> list[str]:
    return (batch.folders[0] / "starts").read_text().split()


def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which each call to the pool notes its verb from here on."""
    log, python = tmp_path / "calls", tmp_path / "python"
    python.write_text(f'#!/bin/bash\necho "${{@: -1}}" >>"{log}"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    return log


class TestContract(SchedulerContract):
    unknown_id = "999999.0"
    seconds = 60.0

    @pytest.fixture
    def scheduler(self, htcondor, tmp_path) -> HTCondorScheduler:
        return scheduler_of(tmp_path)


class TestSubmit:
    def test_a_requirement_that_is_none_is_refused(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, requirements="((")
        with pytest.raises(SchedulerError, match="Parse error") as refusal:
            scheduler.submit(make_batch(tmp_path, "true"))
        assert not isinstance(refusal.value, SchedulerUnknown)

    def test_a_rehearsal_counts_the_machines_that_are_large_enough(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path)
        huge = Resources(memory_mb=10**6)
        small, large = (
            scheduler.rehearse(make_batch(tmp_path, "true", resources=resources))
            for resources in (SMALL, huge)
        )
        assert "2 of the pool's 2" in small and "0 of the pool's 2" in large

    def test_a_state_folder_of_any_printable_name_is_written_to(self, htcondor, tmp_path):
        place = tmp_path / "50%j $(x) of 'it', \"so\""
        batch = make_batch(tmp_path, "echo to htcondor")
        scheduler = scheduler_of(place)
        wait_for_end(scheduler, scheduler.submit(batch), 60)
        written = place / "state" / "htcondor" / batch.token / "0.out"
        assert written.read_text() == "to htcondor\n"

    def test_a_submit_that_got_no_answer_is_found_later_and_ran_once(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, command_seconds=2)
        batch = make_batch(tmp_path, "echo ran >>ran")
        htcondor.head.signal(signal.SIGSTOP, "condor_schedd")
        try:
            with pytest.raises(SchedulerUnknown, match="no answer within 2 s"):
                scheduler.submit(batch)
            unanswered = scheduler.poll(["1.0"], [batch.token])
        finally:
            htcondor.head.signal(signal.SIGCONT, "condor_schedd")
        assert unanswered.jobs["1.0"].state is JobState.UNKNOWN
        assert unanswered.found is None and unanswered.queued is None
        found = scheduler_of(tmp_path).poll([], [batch.token]).found  # with time to answer
        assert found == {}  # the call was killed before it had handed anything over

    def test_a_thousand_jobs_are_one_submit_and_one_question(self, htcondor, tmp_path, monkeypatch):
        scheduler = scheduler_of(tmp_path, extra={"hold": "True"})
        batch = make_batch(tmp_path, *["true"] * 1000, resources=SMALL)
        calls = counted(tmp_path, monkeypatch)
        ids = scheduler.submit(batch)
        answer = scheduler.poll(ids, [batch.token])
        assert calls.read_text().split() == ["submit", "query"]
        scheduler.cancel(ids)
        assert (len(answer.jobs), answer.queued) == (1000, 1000)
        assert answer.found == {batch.token: dict(enumerate(ids))}
        assert {status.state for status in answer.jobs.values()} == {JobState.HELD}


class TestLateMaterialization:
    """The schedd makes jobs of a cluster one after the other: the others wait."""

    @pytest.mark.parametrize("command", ["max_materialize", "Max_Idle"])
    def test_jobs_that_are_not_made_yet_wait_and_all_of_them_end_well(
        self, htcondor, tmp_path, command
    ):
        scheduler = scheduler_of(tmp_path, extra={command: "1"})
        # Each of the two nodes runs one, and a third may be idle: the fourth is not made yet.
        waits, whole_node = "until [ -e ../go ]; do sleep 0.1; done", Resources(cores=8)
        batch = make_batch(tmp_path, *[waits] * 4, resources=whole_node)
        ids = scheduler.submit(batch)
        answer = scheduler.poll(ids, [batch.token])
        (tmp_path / "go").touch()
        assert {status.state for status in answer.jobs.values()} <= {
            JobState.PENDING,
            JobState.RUNNING,
        }
        assert any("materialized" in status.detail for status in answer.jobs.values())
        assert answer.found == {batch.token: dict(enumerate(ids))} and answer.queued == 4
        ends = wait_for_end(scheduler, ids, 120)
        assert {status.state for status in ends.values()} == {JobState.ENDED_WELL}

    def test_those_that_are_not_made_yet_are_cancelled_with_their_cluster(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, extra={"max_materialize": "1"})
        ids = scheduler.submit(make_batch(tmp_path, *["sleep 600"] * 3))
        scheduler.cancel(ids)
        ends = wait_for_end(scheduler, ids, 60)
        assert {status.reason for status in ends.values()} == {"cancelled"}

    def test_a_cluster_that_a_person_holds_is_held(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, extra={"max_materialize": "1"})
        ids = scheduler.submit(make_batch(tmp_path, *["sleep 600"] * 2))
        htcondor.run("condor_hold", ids[0].partition(".")[0])
        status = scheduler.poll(ids).jobs[ids[1]]
        scheduler.cancel(ids)
        assert (status.state, status.reason) == (JobState.HELD, "never_started")


class TestHolds:
    def test_a_job_that_a_person_holds_will_not_start_until_it_is_released(
        self, htcondor, tmp_path
    ):
        scheduler = scheduler_of(tmp_path, extra={"hold": "True"})
        [job_id] = scheduler.submit(make_batch(tmp_path, "true"))
        held = scheduler.poll([job_id]).jobs[job_id]
        htcondor.run("condor_release", job_id)
        assert (held.state, held.reason) == (JobState.HELD, "never_started")
        assert wait_for_end(scheduler, [job_id], 60)[job_id].state is JobState.ENDED_WELL

    def test_held_for_what_may_pass_it_is_released_by_itself(self, htcondor, tmp_path):
        missing = tmp_path / "input"
        extra = {"stdin": str(missing)}
        scheduler = scheduler_of(tmp_path, hold_seconds=1, files="transfer", extra=extra)
        batch = make_batch(tmp_path, "true")
        [job_id] = scheduler.submit(batch)
        status = wait_until(lambda: held_for(scheduler, job_id), 60)
        assert status.state is JobState.PENDING and "released soon" in status.detail
        missing.touch()
        assert wait_for_end(scheduler, [job_id], 60)[job_id].state is JobState.ENDED_WELL

    def test_held_for_it_too_often_it_counts_as_a_failure_of_the_node(self, htcondor, tmp_path):
        extra = {"stdin": str(tmp_path / "nowhere")}
        scheduler = scheduler_of(tmp_path, hold_tries=0, files="transfer", extra=extra)
        [job_id] = scheduler.submit(make_batch(tmp_path, "true"))
        status = wait_until(lambda: held_for(scheduler, job_id), 60)
        assert (status.state, status.reason) == (JobState.HELD, "node_failure")


def held_for(scheduler: HTCondorScheduler, job_id: str) -> JobStatus | None:
    status = scheduler.poll([job_id]).jobs[job_id]
    return status if status.detail.startswith("held") else None


class TestEnds:
    def test_over_its_memory_is_out_of_memory_and_leaves_nothing_in_the_queue(
        self, htcondor, tmp_path
    ):
        scheduler = scheduler_of(tmp_path, keep_seconds=0)
        body = f"exec {sys.executable} -c 'import time; x = bytearray(300 << 20); time.sleep(60)'"
        [job_id] = scheduler.submit(make_batch(tmp_path, body, resources=SMALL))
        status = wait_for_end(scheduler, [job_id], 60)[job_id]
        assert status.reason == "out_of_memory" and "100 MB asked for" in status.detail
        wait_until(lambda: not htcondor.queue(), 60)
        assert scheduler.poll([job_id]).jobs[job_id].reason == "out_of_memory"

    def test_a_signal_is_told(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path)
        [job_id] = scheduler.submit(make_batch(tmp_path, "kill -ABRT $$"))
        status = wait_for_end(scheduler, [job_id], 60)[job_id]
        assert (status.reason, status.exit_code) == ("nonzero_exit", 134)
        assert "SIGABRT" in status.detail

    def test_removed_while_it_waits_is_cancelled(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, extra={"hold": "True"})
        ids = scheduler.submit(make_batch(tmp_path, "true", "true"))
        htcondor.run("condor_rm", ids[1])
        one = scheduler.poll(ids).jobs
        assert [one[job_id].reason for job_id in ids] == ["never_started", "cancelled"]

    def test_the_warning_reaches_the_units_own_shell(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, warning_seconds=3)
        body = "trap 'echo USR1 >told; exit 75' USR1\nsleep 600 & wait"
        batch = make_batch(tmp_path, body, resources=Resources(memory_mb=100, seconds=12))
        status = wait_for_end(scheduler, scheduler.submit(batch), 60)
        assert (batch.folders[0] / "told").read_text() == "USR1\n"
        assert [one.exit_code for one in status.values()] == [75]


class TestGone:
    """What has left the queue."""

    def ended(self, scheduler: HTCondorScheduler, pool, batch: BatchRequest) -> list[str]:
        ids = list(scheduler.submit(batch))
        wait_until(lambda: not pool.queue(), 60)
        return ids

    def test_its_own_log_tells(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, keep_seconds=0, history=False)
        batch = make_batch(tmp_path, "exit 3", "exit 0")
        ids = self.ended(scheduler, htcondor, batch)
        fresh = scheduler_of(tmp_path, keep_seconds=0, history=False)
        answer = fresh.poll([ids[0]], [batch.token])
        assert answer.found == {batch.token: dict(enumerate(ids))}
        assert [answer.jobs[job_id].exit_code for job_id in ids] == [3, 0]

    def test_those_of_its_cluster_that_have_not_are_as_the_queue_says(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, keep_seconds=0)
        ids = scheduler.submit(make_batch(tmp_path, "true", "sleep 600"))
        wait_until(lambda: len(htcondor.queue()) == 1, 60)
        states = {job_id: status.state for job_id, status in scheduler.poll(ids).jobs.items()}
        scheduler.cancel(ids)
        assert states == {ids[0]: JobState.ENDED_WELL, ids[1]: JobState.RUNNING}

    def test_without_the_log_the_history_tells(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, keep_seconds=0)
        batch = make_batch(tmp_path, "exit 3", "exit 0")
        ids = self.ended(scheduler, htcondor, batch)
        shutil.rmtree(tmp_path / "state")
        answer = scheduler_of(tmp_path).poll([ids[0]], [batch.token])
        assert answer.found == {batch.token: dict(enumerate(ids))}
        assert [answer.jobs[job_id].exit_code for job_id in ids] == [3, 0]
        assert {status.token for status in answer.jobs.values()} == {batch.token}

    def test_without_both_it_is_absent(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path, keep_seconds=0, history=False)
        [job_id] = self.ended(scheduler, htcondor, make_batch(tmp_path, "true"))
        shutil.rmtree(tmp_path / "state")
        fresh = scheduler_of(tmp_path, history=False)
        assert fresh.poll([job_id]).jobs[job_id].state is JobState.ABSENT


class TestStartedAgain:
    def test_an_evicted_job_is_told_and_is_its_second_start(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path)
        batch = make_batch(tmp_path, f"trap 'echo TERM >told' TERM\n{EACH_START}")
        [job_id] = scheduler.submit(batch)
        begun(batch)
        htcondor.run("condor_vacate_job", job_id)
        assert wait_for_end(scheduler, [job_id], 60)[job_id].state is JobState.ENDED_WELL
        assert starts_of(batch) == ["0", "1"]

    def test_a_killed_starter_is_another_start(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path)
        batch = make_batch(tmp_path, EACH_START)
        [job_id] = scheduler.submit(batch)
        begun(batch)
        killed = [node.signal(signal.SIGKILL, "condor_starter") for node in htcondor.nodes.values()]
        assert sum(killed) == 1
        assert wait_for_end(scheduler, [job_id], 60)[job_id].state is JobState.ENDED_WELL
        assert starts_of(batch)[0] == "0" and len(starts_of(batch)) == 2

    def test_a_schedd_that_was_killed_finds_its_running_jobs_again(self, htcondor, tmp_path):
        scheduler = scheduler_of(tmp_path)
        batch = make_batch(tmp_path, 'echo "$NMMA_FITTER_RESTART" >>starts; sleep 8')
        [job_id] = scheduler.submit(batch)
        begun(batch)
        assert htcondor.head.signal(signal.SIGKILL, "condor_schedd") == 1
        assert wait_for_end(scheduler, [job_id], 60)[job_id].state is JobState.ENDED_WELL
        assert starts_of(batch) == ["0"]

    def test_a_dead_node_is_noticed_by_the_lease_and_the_job_starts_elsewhere(
        self, htcondor, tmp_path
    ):
        scheduler = scheduler_of(tmp_path, lease_seconds=20)
        batch = make_batch(tmp_path, EACH_START)
        [job_id] = scheduler.submit(batch)
        begun(batch)
        [node] = [n for n in htcondor.nodes.values() if n.pids("condor_starter")]
        start = time.monotonic()
        node.kill()
        assert wait_for_end(scheduler, [job_id], 90)[job_id].state is JobState.ENDED_WELL
        print(f"started elsewhere and ended {time.monotonic() - start:.0f} s after the kill")
        assert len(starts_of(batch)) == 2
