import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest
from contract import SchedulerContract, make_batch, wait_for_end, wait_until

from nmma_fitter.errors import SchedulerError
from nmma_fitter.schedulers.base import BatchRequest, JobState, Resources
from nmma_fitter.schedulers.environment import build_environment
from nmma_fitter.schedulers.local import LocalScheduler
from nmma_fitter.schedulers.local_dispatcher import take_slot
from nmma_fitter.schedulers.local_processes import myself, processes_of
from nmma_fitter.schedulers.local_records import Ended, Job, Root

GRACE = 1.0
ADD_A_LINE = "echo ran >>ran"
SUBMIT = """
import json, sys
from pathlib import Path
from nmma_fitter.schedulers.base import BatchRequest, Resources
from nmma_fitter.schedulers.local import LocalScheduler
root, token, slots, *scripts = sys.argv[1:]
scripts = tuple(Path(script) for script in scripts)
folders = tuple(script.parent for script in scripts)
batch = BatchRequest(token, scripts, folders, Resources(memory_mb=500, seconds=600))
scheduler = LocalScheduler(Path(root), int(slots), 1.0)
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder for the scheduler, of which nothing may be left running after the test."""
    root = tmp_path / "state" / "local"
    yield root
    end_everything(Root(root))
    wait_until(lambda: not named(root), 30)


@pytest.fixture
def scheduler(root: Path) -> LocalScheduler:
    return LocalScheduler(root, slots=2, grace_seconds=GRACE)


def end_everything(root: Root) -> None:
    batches = [batch for token in root.tokens() if (batch := root.read(token))]
    ids = [job_id for batch in batches for job_id in batch.job_ids.values()]
    scheduler = LocalScheduler(root.path, 2, GRACE)
    scheduler.cancel(ids)
    tags = [batch.tag(index) for batch in batches for index in batch.job_ids]
    wait_until(lambda: scheduler.poll(ids) is not None and not left_of(tags))


def left_of(tags: list[str]) -> list[psutil.Process]:
    """Processes of these jobs; the kernel shows no environment of a process that is ending."""
    return [process for tag in tags for process in processes_of(tag)]


def named(root: Path, module: str = "") -> list[psutil.Process]:
    """Dispatchers and supervisors of this root."""
    wanted = f"nmma_fitter.schedulers.{module or 'local_'}"
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if str(root) in words and any(word.startswith(wanted) for word in words):
            found.append(process)
    return found


def job_of(scheduler: LocalScheduler, job_id: str) -> Job:
    return scheduler._root.job(job_id)


def submitter(root: Path, batch: BatchRequest, then: str, slots: int = 2) -> list[str]:
    """Command line of another process that submits this batch."""
    arguments = [str(root), batch.token, str(slots), *(str(path) for path in batch.scripts)]
    return [sys.executable, "-c", SUBMIT + then, *arguments]


def start_one(scheduler: LocalScheduler, tmp_path: Path, body: str) -> tuple[str, Path]:
    """Submit a job that touches `ready`, and wait for that."""
    batch = make_batch(tmp_path, body)
    [job_id] = scheduler.submit(batch)
    wait_until((batch.folders[0] / "ready").exists)
    return job_id, batch.folders[0]


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def times_run(batch: BatchRequest) -> list[int]:
    files = [folder / "ran" for folder in batch.folders]
    return [len(file.read_text().splitlines()) if file.exists() else 0 for file in files]


class TestContract(SchedulerContract):
    unknown_id = "never-heard-of_0"

    @pytest.fixture
    def scheduler(self, root: Path) -> LocalScheduler:
        return LocalScheduler(root, slots=4, grace_seconds=GRACE)


class TestSubmit:
    def test_a_token_is_refused_the_second_time(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, ADD_A_LINE)
        ids = scheduler.submit(batch)
        with pytest.raises(SchedulerError, match="submitted before"):
            scheduler.submit(batch)
        wait_for_end(scheduler, ids)
        assert times_run(batch) == [1]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"token": "../x"}, "token"),
            ({"scripts": (), "folders": ()}, "no script"),
            ({"folders": ()}, "one folder per script"),
            ({"scripts": (Path("job.sh"),)}, "absolute"),
            ({"resources": Resources(seconds=0)}, "positive"),
            ({"resources": Resources(options={"partition": "a"})}, "partition"),
        ],
    )
    def test_an_impossible_batch_leaves_no_trace(self, scheduler, tmp_path, change, message):
        batch = replace(make_batch(tmp_path, ADD_A_LINE), **change)
        with pytest.raises(SchedulerError, match=message):
            scheduler.submit(batch)
        assert scheduler.poll([], [batch.token]).found == {}

    def test_of_two_processes_with_one_token_one_submits(self, root, scheduler, tmp_path):
        batch = make_batch(tmp_path, *[ADD_A_LINE] * 3)
        command = submitter(root, batch, "scheduler.submit(batch)")
        racers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
        errors = [racer.communicate(timeout=600)[1] for racer in racers]
        assert sorted(racer.returncode for racer in racers) == [0, 1, 1]
        assert sum(b"submitted before" in error for error in errors) == 2
        wait_for_end(scheduler, scheduler.poll([], [batch.token]).found[batch.token].values())
        assert times_run(batch) == [1, 1, 1]

    def test_processes_that_submit_at_once_share_the_slots(self, root, scheduler, tmp_path):
        body = beside_another(tmp_path)
        batches = [make_batch(tmp_path, *[body] * 3) for _ in range(3)]
        commands = [submitter(root, batch, "scheduler.submit(batch)") for batch in batches]
        racers = [subprocess.Popen(command) for command in commands]
        assert [racer.wait(timeout=600) for racer in racers] == [0, 0, 0]
        found = scheduler.poll([], [batch.token for batch in batches]).found
        wait_for_end(scheduler, [job_id for ids in found.values() for job_id in ids.values()])
        assert most_at_once([folder for batch in batches for folder in batch.folders]) == 2

    def test_killed_before_the_record_it_never_was(self, root, scheduler, tmp_path):
        batch = make_batch(tmp_path, ADD_A_LINE)
        die = "import os\nPath.rename = lambda *_: os.kill(os.getpid(), 9)\nscheduler.submit(batch)"
        assert subprocess.run(submitter(root, batch, die), timeout=600).returncode == -9
        assert scheduler.poll([], [batch.token]).found == {}
        wait_for_end(scheduler, scheduler.submit(batch))
        assert times_run(batch) == [1]

    def test_killed_after_the_record_another_process_runs_it(self, root, scheduler, tmp_path):
        batch = make_batch(tmp_path, *[ADD_A_LINE] * 3)
        record = "scheduler._root.record(scheduler._to_record(batch))"
        die = f"import os\n{record}\nos.kill(os.getpid(), 9)"
        assert subprocess.run(submitter(root, batch, die), timeout=600).returncode == -9
        assert not named(root)
        ids = scheduler.poll([], [batch.token]).found[batch.token]
        wait_for_end(scheduler, list(ids.values()))
        assert times_run(batch) == [1, 1, 1]

    @pytest.mark.parametrize("milliseconds", [0, 2, 5, 10, 20, 40, 60])
    def test_killed_at_any_time_it_is_there_whole_or_not(
        self, root, scheduler, tmp_path, milliseconds
    ):
        batch = make_batch(tmp_path, *[ADD_A_LINE] * 5)
        then = "print('now', flush=True)\nscheduler.submit(batch)\nimport time\ntime.sleep(3600)"
        process = subprocess.Popen(submitter(root, batch, then), stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(milliseconds / 1000)
        process.kill()
        process.communicate(timeout=600)
        ids = scheduler.poll([], [batch.token]).found.get(batch.token, {})
        wait_for_end(scheduler, list(ids.values()))
        assert times_run(batch) == [1 if ids else 0] * 5

    def test_jobs_outlive_the_submitter_and_its_terminal(self, root, scheduler, tmp_path):
        batch = make_batch(tmp_path, *["touch ready; while ! [ -e go ]; do sleep 0.1; done"] * 3)
        ours, theirs = pty.openpty()
        # A session leader without a terminal gets the one it opens as its controlling terminal.
        then = (
            f"import os, time\nos.open({os.ttyname(theirs)!r}, os.O_RDWR)\n"
            "scheduler.submit(batch)\ntime.sleep(3600)"
        )
        process = subprocess.Popen(submitter(root, batch, then), start_new_session=True)
        wait_until((batch.folders[0] / "ready").exists)
        os.close(theirs)
        os.close(ours)  # the terminal hangs up
        assert process.wait(timeout=600) == -signal.SIGHUP
        for folder in batch.folders:
            (folder / "go").touch()
        # Not a poll, which could start a dispatcher: the files alone.
        jobs = [job_of(scheduler, f"{batch.token}_{index}") for index in range(3)]
        wait_until(lambda: all(job.ended() for job in jobs))
        assert {job.ended().exit_code for job in jobs} == {0}


def beside_another(folder: Path) -> str:
    """A script that notes its start and end, between which there was one more of its kind."""
    there = f'"{folder}/begun"'
    two = f"[ $(ls {there} | wc -l) -ge 2 ]"
    begin = f"date +%s%N >start; mkdir -p {there}; touch {there}/$$"
    return f"{begin}; until {two}; do sleep 0.05; done; sleep 0.3; date +%s%N >end"


def most_at_once(folders: list[Path]) -> int:
    """Largest number of jobs between their `start` and `end` files at one time."""
    changes = [(int((folder / "start").read_text()), 1) for folder in folders]
    changes += [(int((folder / "end").read_text()), -1) for folder in folders]
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return most


class TestQueue:
    def test_never_more_jobs_than_slots(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, *[beside_another(tmp_path)] * 7)
        wait_for_end(scheduler, scheduler.submit(batch))
        assert most_at_once(list(batch.folders)) == 2

    def test_jobs_start_in_the_order_of_submission(self, root, tmp_path):
        scheduler = LocalScheduler(root, 1, GRACE)
        bodies = [f"echo {name} >>{tmp_path}/order" for name in "abcdef"]
        ids = [*scheduler.submit(make_batch(tmp_path, *bodies[:3]))]
        ids += scheduler.submit(make_batch(tmp_path, *bodies[3:]))
        wait_for_end(scheduler, ids)
        assert (tmp_path / "order").read_text().split() == list("abcdef")

    def test_a_lowered_number_of_slots_counts_what_runs(self, root):
        LocalScheduler(root, 4)._tell_slots()
        held = [take_slot(Root(root)) for _ in range(3)]
        LocalScheduler(root, 2)._tell_slots()
        os.close(held.pop(0))
        assert take_slot(Root(root)) is None
        os.close(held.pop(0))
        held.append(take_slot(Root(root)))
        assert held[-1] is not None
        for lock in held:
            os.close(lock)

    def test_a_waiting_job_costs_no_process(self, root, scheduler, tmp_path):
        ids = scheduler.submit(make_batch(tmp_path, *["sleep 600"] * 30))

        def count(state: JobState) -> int:
            return [status.state for status in scheduler.poll(ids).jobs.values()].count(state)

        wait_until(lambda: count(JobState.RUNNING) == 2)
        # A supervisor that starts its script is two processes for a moment.
        wait_until(lambda: len(named(root)) == 3)
        assert count(JobState.PENDING) == 28

    def test_a_waiting_job_that_is_cancelled_never_starts(self, scheduler, tmp_path):
        ids = scheduler.submit(make_batch(tmp_path, "sleep 600", "sleep 600"))
        batch = make_batch(tmp_path, ADD_A_LINE)
        [waiting] = scheduler.submit(batch)
        scheduler.cancel([waiting])
        status = scheduler.poll([waiting]).jobs[waiting]
        assert (status.state, status.reason) == (JobState.ENDED_BADLY, "cancelled")
        scheduler.cancel(ids)
        wait_for_end(scheduler, ids)
        assert times_run(batch) == [0]

    def test_the_dispatcher_leaves_when_nothing_waits(self, root, scheduler, tmp_path):
        ids = scheduler.submit(make_batch(tmp_path, "sleep 600"))
        wait_until(lambda: scheduler.poll(ids).jobs[ids[0]].state is JobState.RUNNING)
        wait_until(lambda: not named(root, "local_dispatcher"))
        assert scheduler.poll(ids).jobs[ids[0]].state is JobState.RUNNING

    def test_a_killed_dispatcher_is_replaced_at_the_next_poll(self, root, scheduler, tmp_path):
        batch = make_batch(tmp_path, *[f"{ADD_A_LINE}; sleep 0.2"] * 8)
        ids = scheduler.submit(batch)
        for _ in range(3):
            for process in named(root, "local_dispatcher"):
                process.kill()
            wait_until(lambda: not named(root, "local_dispatcher"))
            scheduler.poll(ids)
        wait_for_end(scheduler, ids)
        assert times_run(batch) == [1] * 8

    def test_another_scheduler_object_adopts_and_cancels(self, root, scheduler, tmp_path):
        job_id, _ = start_one(scheduler, tmp_path, "touch ready; sleep 600")
        other = LocalScheduler(root, 2, GRACE)
        assert other.poll([job_id]).jobs[job_id].state is JobState.RUNNING
        other.cancel([job_id])
        assert wait_for_end(scheduler, [job_id])[job_id].reason == "cancelled"


class TestLimits:
    def test_all_processes_of_a_job_over_its_time_are_gone(self, scheduler, tmp_path):
        body = "trap '' TERM\n(trap '' TERM; sleep 600) &\nsetsid sleep 600 &\nsleep 600; sleep 600"
        resources = Resources(memory_mb=500, seconds=1)
        batch = make_batch(tmp_path, body, resources=resources)
        [job_id] = scheduler.submit(batch)
        assert wait_for_end(scheduler, [job_id])[job_id].reason == "timeout"
        ended = job_of(scheduler, job_id).ended()
        assert ended.seconds >= 1 + GRACE
        assert not processes_of(scheduler._root.read(batch.token).tag(0))

    def test_a_job_has_its_grace_time_to_write_a_checkpoint(self, root, tmp_path):
        scheduler = LocalScheduler(root, slots=2, grace_seconds=600)
        body = "trap 'sleep 0.4; touch checkpoint; exit 75' TERM\nsleep 600 & wait"
        batch = make_batch(tmp_path, body, resources=Resources(memory_mb=500, seconds=1))
        [job_id] = scheduler.submit(batch)
        status = wait_for_end(scheduler, [job_id])[job_id]
        assert (status.reason, status.exit_code) == ("timeout", 75)
        assert (batch.folders[0] / "checkpoint").exists()

    def test_a_child_of_the_script_over_the_memory_limit(self, scheduler, tmp_path):
        body = f"{sys.executable} -c 'import time; x = b\"x\" * (300 << 20); time.sleep(600)'"
        batch = make_batch(tmp_path, body, resources=Resources(memory_mb=100, seconds=600))
        [job_id] = scheduler.submit(batch)
        status = wait_for_end(scheduler, [job_id])[job_id]
        assert (status.state, status.reason) == (JobState.ENDED_BADLY, "out_of_memory")
        assert job_of(scheduler, job_id).ended().peak_mb > 100

    def test_memory_that_forked_workers_share_counts_once(self, scheduler, tmp_path):
        code = (
            "import os, time; x = b'x' * (80 << 20); [os.fork() for _ in range(2)]; time.sleep(5)"
        )
        batch = make_batch(
            tmp_path, f'{sys.executable} -c "{code}"', resources=Resources(memory_mb=200)
        )
        [job_id] = scheduler.submit(batch)
        assert wait_for_end(scheduler, [job_id])[job_id].state is JobState.ENDED_WELL
        assert job_of(scheduler, job_id).ended().peak_mb > 200


class TestEnd:
    def test_a_missing_script_never_started(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, "true")
        batch.scripts[0].unlink()
        [job_id] = scheduler.submit(batch)
        status = wait_for_end(scheduler, [job_id])[job_id]
        assert (status.reason, status.exit_code) == ("never_started", None)
        assert "job.sh" in status.detail

    def test_a_job_whose_supervisor_cannot_start_never_started(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, ADD_A_LINE)
        scheduler._root.record(scheduler._to_record(batch))
        job_id = f"{batch.token}_0"
        (job_of(scheduler, job_id).folder / "supervisor.log").mkdir()
        status = wait_for_end(scheduler, [job_id])[job_id]
        assert status.reason == "never_started" and "supervisor.log" in status.detail

    def test_a_missing_folder_never_started(self, scheduler, tmp_path):
        batch = replace(make_batch(tmp_path, "true"), folders=(tmp_path / "gone",))
        [job_id] = scheduler.submit(batch)
        assert wait_for_end(scheduler, [job_id])[job_id].reason == "never_started"

    def test_a_signal_that_was_not_ours(self, scheduler, tmp_path):
        [job_id] = scheduler.submit(make_batch(tmp_path, "kill -9 $$"))
        status = wait_for_end(scheduler, [job_id])[job_id]
        assert (status.reason, status.exit_code) == ("nonzero_exit", 137)
        assert status.detail == "killed by signal 9"

    def test_output_is_kept_in_the_jobs_folder(self, scheduler, tmp_path):
        [job_id] = scheduler.submit(make_batch(tmp_path, "echo out; echo err >&2; cat"))
        wait_for_end(scheduler, [job_id])
        folder = job_of(scheduler, job_id).folder
        assert (folder / "stdout").read_text() == "out\n"
        assert (folder / "stderr").read_text() == "err\n"

    def test_what_a_script_leaves_running_ends_with_it(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, "setsid sleep 600 >/dev/null 2>&1 &\nexit 0")
        [job_id] = scheduler.submit(batch)
        assert wait_for_end(scheduler, [job_id])[job_id].state is JobState.ENDED_WELL
        assert not processes_of(scheduler._root.read(batch.token).tag(0))

    def test_a_script_can_trap_signals_its_submitter_ignored(self, root, scheduler, tmp_path):
        batch = make_batch(
            tmp_path, "trap 'touch told; exit 1' TERM\ntouch ready\nsleep 600 & wait"
        )
        then = "import signal\nsignal.signal(15, signal.SIG_IGN)\nscheduler.submit(batch)"
        subprocess.run(submitter(root, batch, then), timeout=600, check=True)
        wait_until((batch.folders[0] / "ready").exists)
        scheduler.cancel([f"{batch.token}_0"])
        wait_for_end(scheduler, [f"{batch.token}_0"])
        assert (batch.folders[0] / "told").exists()


class TestDeath:
    """Of supervisors, machines and other things."""

    def kill_supervisor(self, scheduler: LocalScheduler, job_id: str) -> None:
        supervisor = job_of(scheduler, job_id).supervisor()
        os.kill(supervisor.pid, signal.SIGKILL)
        wait_until(lambda: not supervisor.is_alive())

    def test_the_script_is_told_when_its_supervisor_is_killed(self, scheduler, tmp_path):
        body = "trap 'touch told; exit 1' TERM\ntouch ready\nsleep 600 & wait"
        job_id, folder = start_one(scheduler, tmp_path, body)
        self.kill_supervisor(scheduler, job_id)
        wait_until((folder / "told").exists)
        status = wait_for_end(scheduler, [job_id])[job_id]
        assert (status.state, status.reason) == (JobState.ENDED_BADLY, "node_failure")

    def test_an_orphan_runs_until_nothing_of_it_is_left(self, scheduler, tmp_path):
        body = "trap '' TERM\n(trap '' TERM; sleep 600; sleep 600) & touch ready; wait; sleep 600"
        job_id, _ = start_one(scheduler, tmp_path, body)
        job = job_of(scheduler, job_id)
        self.kill_supervisor(scheduler, job_id)
        assert scheduler.poll([job_id]).jobs[job_id].state is JobState.RUNNING
        assert wait_for_end(scheduler, [job_id])[job_id].reason == "node_failure"
        assert not processes_of(job.batch().tag(0))

    def test_an_orphan_keeps_its_slot(self, root, tmp_path):
        scheduler = LocalScheduler(root, 1, 600)
        job_id, _ = start_one(
            scheduler, tmp_path, "trap '' TERM\ntouch ready\nwhile :; do sleep 1; done"
        )
        self.kill_supervisor(scheduler, job_id)
        assert take_slot(Root(root)) is None
        for process in processes_of(job_of(scheduler, job_id).batch().tag(0)):
            process.kill()
        os.close(wait_until(lambda: take_slot(Root(root))))

    def test_a_supervisor_that_is_told_to_stop_says_so(self, scheduler, tmp_path):
        job_id, _ = start_one(scheduler, tmp_path, "touch ready; sleep 600")
        os.kill(job_of(scheduler, job_id).supervisor().pid, signal.SIGTERM)
        status = wait_for_end(scheduler, [job_id])[job_id]
        assert status.reason == "node_failure" and "told to stop" in status.detail

    def recorded(self, scheduler: LocalScheduler, tmp_path: Path) -> Job:
        """A job on disk that nobody runs."""
        batch = make_batch(tmp_path, ADD_A_LINE)
        scheduler._root.record(scheduler._to_record(batch))
        return job_of(scheduler, f"{batch.token}_0")

    def test_a_process_that_got_the_number_of_a_supervisor_is_not_it(self, scheduler, tmp_path):
        job = self.recorded(scheduler, tmp_path)
        job.claim(replace(myself(), start_ticks=myself().start_ticks - 1))
        status = scheduler.poll([job.job_id]).jobs[job.job_id]
        assert (status.state, status.reason) == (JobState.ENDED_BADLY, "node_failure")

    def test_a_living_supervisor_runs_its_job(self, scheduler, tmp_path):
        job = self.recorded(scheduler, tmp_path)
        job.claim(myself())
        assert scheduler.poll([job.job_id]).jobs[job.job_id].state is JobState.RUNNING
        job.end(Ended())

    def test_a_reboot_ends_what_ran(self, scheduler, tmp_path):
        job = self.recorded(scheduler, tmp_path)
        job.claim(replace(myself(), boot_id="an earlier one"))
        status = scheduler.poll([job.job_id]).jobs[job.job_id]
        assert (status.reason, "restarted" in status.detail) == ("node_failure", True)

    def test_a_reboot_starts_what_waited(self, scheduler, tmp_path):
        job = self.recorded(scheduler, tmp_path)
        assert wait_for_end(scheduler, [job.job_id])[job.job_id].state is JobState.ENDED_WELL

    def test_a_job_of_another_host_is_unknown_until_its_record(self, scheduler, tmp_path):
        job = self.recorded(scheduler, tmp_path)
        rewrite(job.folder.parent / "batch.json", host="elsewhere")
        assert scheduler.poll([job.job_id]).jobs[job.job_id].state is JobState.UNKNOWN
        job.claim(replace(myself(), host="elsewhere", boot_id="another"))
        assert scheduler.poll([job.job_id]).jobs[job.job_id].state is JobState.UNKNOWN
        job.end(Ended(exit_code=0))
        assert scheduler.poll([job.job_id]).jobs[job.job_id].state is JobState.ENDED_WELL

    def test_records_that_cannot_be_read_are_unknown(self, scheduler, tmp_path):
        job = self.recorded(scheduler, tmp_path)
        (job.folder / "claim.json").write_text("{")
        assert scheduler.poll([job.job_id]).jobs[job.job_id].state is JobState.UNKNOWN
        (job.folder / "claim.json").write_text(json.dumps({"ended": asdict(Ended())}))

    def test_a_root_that_went_away_is_unknown(self, root, tmp_path, scheduler):
        job = self.recorded(scheduler, tmp_path)
        job.refuse(Ended("cancelled"))
        root.rename(tmp_path / "unmounted")
        assert scheduler.poll([job.job_id]).jobs[job.job_id].state is JobState.UNKNOWN
        assert scheduler.poll([], ["test"]).found is None
        (tmp_path / "unmounted").rename(root)


class TestPrune:
    def test_ended_batches_go_and_others_stay(self, scheduler, tmp_path):
        ended, mixed = make_batch(tmp_path, "true"), make_batch(tmp_path, "true", "sleep 600")
        ids = [*scheduler.submit(ended), *scheduler.submit(mixed)]
        wait_for_end(scheduler, ids[:2])
        assert scheduler.prune(1) == []
        assert scheduler.prune(0) == [ended.token]
        assert scheduler.poll(ids).jobs[ids[0]].state is JobState.ABSENT
        assert set(scheduler.poll([], [ended.token, mixed.token]).found) == {mixed.token}


def test_the_environment_is_an_allow_list():
    source = {"PATH": "p", "LC_ALL": "C", "OMP_NUM_THREADS": "1", "AWS_SECRET": "s", "SSH_X": "x"}
    assert build_environment(source) == {"PATH": "p", "LC_ALL": "C", "OMP_NUM_THREADS": "1"}
