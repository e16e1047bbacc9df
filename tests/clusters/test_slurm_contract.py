"""The scheduler ``slurm`` on real Slurm: the contract, and what only the real thing shows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from contract import SchedulerContract, make_batch, wait_for_end, wait_until

from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.base import JobState, Resources
from nmma_fitter.schedulers.slurm import SlurmScheduler

pytestmark = pytest.mark.slurm
SHORT = Resources(memory_mb=100, seconds=60)
SUBMIT_ONE = """
import json, sys
from pathlib import Path
from nmma_fitter.schedulers.base import BatchRequest, Resources
from nmma_fitter.schedulers.slurm import SlurmScheduler
state, folder = map(Path, sys.argv[1:])
batch = BatchRequest("from-a-job", (folder / "job.sh",), (folder,), Resources(memory_mb=100))
print(json.dumps(SlurmScheduler(state).submit(batch)))
"""


def scheduler_of(tmp_path: Path, **settings: object) -> SlurmScheduler:
    return SlurmScheduler(tmp_path / "state" / "slurm", **settings)


def counted(tmp_path: Path, *names: str) -> tuple[dict[str, str], Path]:
    """Commands that note each call in a file before they run."""
    log, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    log.touch()
    for name in names:
        script = f'#!/bin/bash\necho {name} >>"{log}"\nexec /usr/bin/{name} "$@"\n'
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    return {name: str(folder / name) for name in names}, log


def runs_of(folder: Path) -> int:
    return len((folder / "ran").read_text().splitlines())


class TestContract(SchedulerContract):
    unknown_id = "999999_0"
    shortest_limit = 60
    seconds = 60.0

    @pytest.fixture
    def scheduler(self, slurm, tmp_path) -> SlurmScheduler:
        self.cluster = slurm
        return scheduler_of(tmp_path, warning_seconds=0)

    def pass_time(self, job_id: str) -> None:
        self.cluster.expire(job_id)


class TestSubmit:
    def test_a_partition_that_is_not_there_is_refused(self, slurm, tmp_path):
        scheduler = scheduler_of(tmp_path, partition="nowhere")
        batch = make_batch(tmp_path, "true", "true")
        with pytest.raises(SchedulerError, match="nowhere") as refusal:
            scheduler.rehearse(batch)
        assert not isinstance(refusal.value, SchedulerUnknown)
        with pytest.raises(SchedulerError, match="Invalid partition name") as refusal:
            scheduler.submit(batch)
        assert not isinstance(refusal.value, SchedulerUnknown)

    def test_more_memory_than_any_node_has_is_refused(self, slurm, tmp_path):
        batch = make_batch(tmp_path, "true", resources=Resources(memory_mb=10**7))
        with pytest.raises(SchedulerError, match="MB of a node in partition") as refusal:
            scheduler_of(tmp_path).submit(batch)
        assert not isinstance(refusal.value, SchedulerUnknown)

    def test_a_state_folder_with_a_percent_sign_is_written_to(self, slurm, tmp_path):
        scheduler = scheduler_of(tmp_path / "50%j of 'it'")
        batch = make_batch(tmp_path, "echo to slurm")
        wait_for_end(scheduler, scheduler.submit(batch))
        written = tmp_path / "50%j of 'it'" / "state" / "slurm" / batch.token / "0.out"
        assert written.read_text() == "to slurm\n"

    def test_a_job_submits_without_handing_on_what_it_has(self, slurm, tmp_path):
        inner = make_batch(tmp_path, "env >env; echo ran >>ran")
        folder = inner.folders[0]
        said = tmp_path / "said"
        command = [sys.executable, "-c", SUBMIT_ONE, str(tmp_path / "state"), str(folder)]
        environment = {
            **slurm.environment,
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": "xoxb-secret",
            "SBATCH_PARTITION": "nowhere",
            "SLURM_CPUS_PER_TASK": "7",
        }
        script = '#!/bin/bash\nexport SBATCH_PARTITION SLURM_CPUS_PER_TASK=7\n"$@"\n'
        (tmp_path / "outer.sh").write_text(script)
        subprocess.run(
            ["/usr/bin/sbatch", "--partition=main", f"--output={said}", "outer.sh", *command],
            env=environment,
            cwd=tmp_path,
            check=True,
        )
        wait_until((folder / "ran").exists)
        [job_id] = json.loads(said.read_text())
        text = (folder / "env").read_text()
        assert "SLACK" not in text and "nowhere" not in text
        assert f"SLURM_ARRAY_JOB_ID={job_id.partition('_')[0]}\n" in text
        assert "SLURM_CPUS_PER_TASK=1\n" in text

    def test_a_submit_that_got_no_answer_is_found_later_and_ran_once(self, slurm, tmp_path):
        scheduler = scheduler_of(tmp_path, command_seconds=2)
        batch = make_batch(tmp_path, "echo ran >>ran")
        assert scheduler.largest_batch
        slurm.controller.pause()
        with pytest.raises(SchedulerUnknown, match="no answer within 2 s"):
            scheduler.submit(batch)
        unanswered = scheduler.poll(["1_0"], [batch.token])
        assert unanswered.jobs["1_0"].state is JobState.UNKNOWN
        assert unanswered.found is None and unanswered.queued is None
        slurm.controller.resume()
        found = wait_until(lambda: (scheduler.poll([], [batch.token]).found or {}).get(batch.token))
        wait_for_end(scheduler, list(found.values()))
        assert runs_of(batch.folders[0]) == 1

    def test_a_thousand_jobs_are_one_submit_and_one_question(self, slurm, tmp_path):
        commands, calls = counted(tmp_path, "sbatch", "squeue", "sacct")
        scheduler = scheduler_of(tmp_path, commands=commands, extra={"hold": True})
        batch = make_batch(tmp_path, *["true"] * 1000, resources=SHORT)
        ids = scheduler.submit(batch)
        answer = scheduler.poll(ids, [batch.token])
        scheduler.cancel(ids)
        assert calls.read_text().split() == ["sbatch", "squeue"]
        assert (len(answer.jobs), answer.queued) == (1000, 1000)
        assert {status.state for status in answer.jobs.values()} == {JobState.HELD}


class TestPoll:
    def test_a_held_job_will_never_start(self, slurm, tmp_path):
        scheduler = scheduler_of(tmp_path, extra={"hold": True})
        [job_id] = scheduler.submit(make_batch(tmp_path, "true"))
        status = scheduler.poll([job_id]).jobs[job_id]
        assert (status.state, status.reason) == (JobState.HELD, "never_started")
        assert "JobHeldUser" in status.detail

    def test_over_its_memory_without_cgroups_is_out_of_memory(self, slurm, tmp_path):
        scheduler = scheduler_of(tmp_path)
        body = f"{sys.executable} -c 'import time; x = bytearray(300 << 20); time.sleep(60)'"
        [job_id] = scheduler.submit(make_batch(tmp_path, body, resources=SHORT))
        status = wait_for_end(scheduler, [job_id])[job_id]
        assert (status.reason, status.exit_code) == ("out_of_memory", 137)

    def test_the_warning_reaches_the_units_own_shell(self, slurm, tmp_path):
        scheduler = scheduler_of(tmp_path, warning_seconds=30)
        body = "trap 'echo USR1 >told; exit 75' USR1\nsleep 600 & wait"
        [job_id] = scheduler.submit(batch := make_batch(tmp_path, body, resources=SHORT))
        status = wait_for_end(scheduler, [job_id], 60)[job_id]
        assert (batch.folders[0] / "told").read_text() == "USR1\n"
        assert status.exit_code == 75

    def test_without_accounts_a_job_no_longer_shown_is_absent(self, slurm, tmp_path):
        scheduler = scheduler_of(tmp_path)
        with slurm.configured(MinJobAge="2"):
            [job_id] = scheduler.submit(make_batch(tmp_path, "true"))
            wait_for_end(scheduler, [job_id])
            wait_until(lambda: scheduler.poll([job_id]).jobs[job_id].state is JobState.ABSENT, 90)

    def test_a_requeued_job_is_its_second_start(self, slurm, tmp_path):
        scheduler = scheduler_of(tmp_path)
        body = 'echo "$NMMA_FITTER_RESTART" >>starts; [ "$NMMA_FITTER_RESTART" = 1 ] || sleep 600'
        batch = make_batch(tmp_path, body)
        [job_id] = scheduler.submit(batch)
        wait_until((batch.folders[0] / "starts").exists)
        slurm.run("scontrol", "requeue", job_id)
        assert wait_for_end(scheduler, [job_id], 60)[job_id].state is JobState.ENDED_WELL
        assert (batch.folders[0] / "starts").read_text() == "0\n1\n"


class TestAccounting:
    def test_who_cancelled_is_told(self, slurm_dbd, tmp_path):
        scheduler = scheduler_of(tmp_path)
        batch = make_batch(tmp_path, "touch ready; sleep 600")
        [job_id] = scheduler.submit(batch)
        wait_until((batch.folders[0] / "ready").exists)
        scheduler.cancel([job_id])
        wait_until(lambda: "by root" in scheduler.poll([job_id]).jobs[job_id].detail)

    def test_cancelled_while_it_waits_is_cancelled(self, slurm_dbd, tmp_path):
        scheduler = scheduler_of(tmp_path, extra={"hold": True})
        ids = scheduler.submit(make_batch(tmp_path, "true", "true", "true"))
        scheduler.cancel([ids[1]])
        one = scheduler.poll(ids).jobs
        assert [one[job_id].state.value for job_id in ids] == ["held", "absent", "held"]
        assert one[ids[1]].reason == "cancelled"
        scheduler.cancel(ids)
        every = wait_for_end(scheduler, ids)
        assert {every[job_id].reason for job_id in ids} == {"cancelled"}

    def test_a_purged_job_is_found_in_the_accounts(self, slurm_dbd, tmp_path):
        commands, calls = counted(tmp_path, "squeue", "sacct")
        scheduler = scheduler_of(tmp_path, commands=commands, cluster="test")
        batch = make_batch(tmp_path, "exit 3", "exit 0")
        with slurm_dbd.configured(MinJobAge="2"):
            ids = scheduler.submit(batch)
            wait_for_end(scheduler, ids)
            wait_until(lambda: not slurm_dbd.run("squeue", "-h", "-tall"), 90)
        calls.write_text("")
        answer = scheduler.poll([ids[0]], [batch.token])
        assert sorted(calls.read_text().split()) == ["sacct", "squeue"]
        assert answer.found == {batch.token: dict(enumerate(ids))}
        assert [answer.jobs[job_id].exit_code for job_id in ids] == [3, 0]
        assert [answer.jobs[i].state.final for i in ids] == [True, True]
        assert scheduler.poll([], [batch.token]).found == answer.found

    def test_accounts_that_do_not_answer_prove_nothing(self, slurm_dbd, tmp_path):
        scheduler = scheduler_of(tmp_path, command_seconds=5)
        assert scheduler.poll(["999999_0"]).jobs["999999_0"].state is JobState.ABSENT
        slurm_dbd.accounting.slurmdbd.pause()
        try:
            answer = scheduler.poll(["999999_0"], ["no-such-token"])
        finally:
            slurm_dbd.accounting.slurmdbd.resume()
        assert answer.jobs["999999_0"].state is JobState.UNKNOWN
        assert answer.found is None and answer.queued == 0
