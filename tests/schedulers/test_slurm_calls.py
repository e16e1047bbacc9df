"""What Slurm's commands are told, and what is made of an answer, against executables."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from contract import HOSTILE_NAMES, make_batch, wait_until
from slurm_stand_ins import CONFIG, QUEUE, StandIns

from nmma_fitter.errors import SchedulerError, SchedulerFull, SchedulerUnknown
from nmma_fitter.schedulers.base import BatchRequest, JobState, Resources
from nmma_fitter.schedulers.slurm import SlurmScheduler
from nmma_fitter.schedulers.slurm_capabilities import Cluster
from nmma_fitter.schedulers.slurm_commands import Commands
from nmma_fitter.schedulers.slurm_settings import SlurmSettings

ACCOUNTS = r"""
for word in "$@"; do case $word in --delimiter=*) s=${word#*=};; esac; done
row() { printf '%s' "$1"; shift; for field in "$@"; do printf '%s%s' "$s" "$field"; done; echo; }
"""


@pytest.fixture
def commands(tmp_path, monkeypatch) -> StandIns:
    stand_ins = StandIns(tmp_path)
    monkeypatch.setenv("PATH", f"{stand_ins.bin}:/usr/bin:/bin")
    return stand_ins


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


class TestCommandLines:
    def test_a_submit_is_one_sbatch_of_these_words(self, commands, state, tmp_path):
        settings = {
            "cluster": "big",
            "partition": "long",
            "account": "a b",
            "qos": "q",
            "constraint": "x&y",
            "reservation": "r",
            "nice": 5,
            "mail_type": "FAIL",
            "mail_user": "me@there",
            "extra": {"exclude": "n'1", "exclusive": True, "contiguous": False},
            "requeue": False,
        }
        resources = Resources(3, 1500, 3601, {"partition": "short", "gres": "gpu:1"})
        batch = make_batch(tmp_path, "true", "true", token="abc-1", resources=resources)
        assert SlurmScheduler(state, **settings).submit(batch) == ["7_0", "7_1"]
        assert commands.calls("sbatch") == [
            [
                "--clusters=big",
                "--parsable",
                "--export=ALL",
                "--array=0-1",
                "--job-name=abc-1",
                "--comment=abc-1",
                f"--chdir={state}/abc-1",
                f"--output={state}/abc-1/%a.out",
                "--open-mode=append",
                "--time=61",
                "--nodes=1",
                "--ntasks=1",
                "--cpus-per-task=3",
                "--mem=1500M",
                "--signal=B:USR1@120",
                "--no-requeue",
                "--partition=short",
                "--account=a b",
                "--qos=q",
                "--constraint=x&y",
                "--reservation=r",
                "--nice=5",
                "--mail-type=FAIL",
                "--mail-user=me@there",
                "--exclude=n'1",
                "--exclusive",
                "--gres=gpu:1",
                f"{state}/abc-1/array.sh",
            ]
        ]

    def test_what_is_dropped_is_left_out(self, commands, state, tmp_path):
        drop = ("mem", "requeue", "signal", "open-mode", "nodes", "ntasks", "comment")
        SlurmScheduler(state, drop=drop).submit(make_batch(tmp_path, "true"))
        [words] = commands.calls("sbatch")
        assert not [w for w in words if w.lstrip("-").split("=")[0] in (*drop, "no-requeue")]

    def test_a_short_job_is_not_warned_at_its_start(self, commands, state, tmp_path):
        batch = make_batch(tmp_path, "true", resources=Resources(seconds=60))
        SlurmScheduler(state).submit(batch)
        assert "--signal=B:USR1@15" in commands.calls("sbatch")[0]

    def test_the_environment_is_built(self, commands, state, tmp_path, monkeypatch):
        for name in ("SLACK_BOT_TOKEN", "SBATCH_PARTITION", "SLURM_JOB_ID", "AWS_SECRET"):
            monkeypatch.setenv(name, "x")
        monkeypatch.setenv("SLURM_CONF", "/c")
        monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
        SlurmScheduler(state).submit(make_batch(tmp_path, "true"))
        environment = commands.environment("sbatch")
        allowed = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "SLURM_CONF"}
        bash = {"PWD", "SHLVL", "_", "OLDPWD"}
        extra = set(environment) - allowed - bash
        assert {n for n in extra if not n.startswith(("OMP_", "OPENBLAS_", "MKL_"))} <= {
            "LC_MESSAGES",
            "LD_LIBRARY_PATH",
            "PYTHONPATH",
            "VIRTUAL_ENV",
            "CONDA_PREFIX",
            "MPLCONFIGDIR",
            "XDG_CACHE_HOME",
            "XDG_DATA_HOME",
            "SNCOSMO_DATA_DIR",
            "NMMA_FITTER_DATA_DIR",
            "LC_CTYPE",
        }
        assert environment["LC_MESSAGES"] == "C" and environment["SLURM_CONF"] == "/c"

    def test_a_rehearsal_leaves_no_trace(self, commands, state, tmp_path):
        commands.says("sbatch", "cat >/dev/null; echo 'sbatch: Job 6 to start at 12:00' >&2")
        batch = make_batch(tmp_path, "true")
        assert SlurmScheduler(state).rehearse(batch) == "Job 6 to start at 12:00"
        assert commands.calls("sbatch")[0][0] == "--test-only"
        assert not state.exists()

    def test_cancel_names_ids_and_nothing_else(self, commands, state):
        hostile = ["../1_0", "-u", "7_0 8", "7_0\n8_0", "--user=root", "", "7_[0-9]", "0_1"]
        SlurmScheduler(state).cancel(["7_0", *hostile, "8_1", "7_0"])
        assert commands.calls("scancel") == [["--quiet", "7_0", "8_1"]]

    def test_many_ids_are_cancelled_in_several_calls(self, commands, state):
        SlurmScheduler(state).cancel([f"7_{i}" for i in range(2500)])
        assert [len(words) - 1 for words in commands.calls("scancel")] == [1000, 1000, 500]


class TestArrayScript:
    @pytest.mark.parametrize("name", [*HOSTILE_NAMES, "\udcff not UTF-8", "back\\slash", "%a"])
    def test_each_task_becomes_its_own_script(self, commands, state, tmp_path, name):
        body = 'echo "$$ $NMMA_FITTER_JOB_ID $NMMA_FITTER_RESTART" >ran'
        batch = make_batch(tmp_path / name, body, body)
        SlurmScheduler(state).submit(batch)
        script = state / batch.token / "array.sh"
        environment = {"PATH": os.defpath, "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "1"}
        pid = os.posix_spawn("/bin/bash", ["bash", str(script)], environment)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert (batch.folders[1] / "ran").read_text() == f"{pid} 7_1 0\n"
        assert not (batch.folders[0] / "ran").exists()

    def test_a_folder_that_is_not_there_ends_the_task(self, commands, state, tmp_path):
        batch = make_batch(tmp_path, "touch ran")
        SlurmScheduler(state).submit(replace(batch, folders=(tmp_path / "gone",)))
        script = state / batch.token / "array.sh"
        environment = {"PATH": os.defpath, "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "0"}
        pid = os.posix_spawn("/bin/bash", ["bash", str(script)], environment)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 72


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"NMMA_FITTER_JOB_ID": "7_1", "NMMA_FITTER_RESTART": "2", "SLURM_JOB_ID": "9"}, "7_1 2"),
        ({"SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "1"}, "7_1 0"),
        ({"SLURM_JOB_ID": "9", "SLURM_RESTART_COUNT": "1"}, "9 1"),
        ({}, "none 0"),
    ],
)
def test_a_job_script_knows_its_job(environment, expected):
    partial = Path(__file__).parents[2] / "templates" / "partials" / "slurm.sh.j2"
    script = f'set -u\n{partial.read_text()}\necho "$job_id $restart"'
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout == f"{expected}\n"


def is_gone(group: int) -> bool:
    """Whether a process group has ended; init takes a moment to bury what was killed."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


class TestSubmit:
    def test_a_token_is_handed_over_once(self, commands, state, tmp_path):
        batch = make_batch(tmp_path, "true")
        SlurmScheduler(state).submit(batch)
        with pytest.raises(SchedulerError, match="submitted before"):
            SlurmScheduler(state).submit(batch)
        assert len(commands.calls("sbatch")) == 1

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"token": "../x"}, "token"),
            ({"token": ""}, "token"),
            ({"scripts": (), "folders": ()}, "no script"),
            ({"folders": ()}, "one folder per script"),
            ({"scripts": (Path("job.sh"),)}, "absolute"),
            ({"resources": Resources(seconds=0)}, "positive"),
            ({"resources": Resources(options={"partion": "a"})}, "did you mean 'partition'"),
            ({"resources": Resources(options={"array": "0-9"})}, "'array' is set for every"),
            ({"resources": Resources(options={"exclude": "a\nb"})}, "not printable"),
        ],
    )
    def test_an_impossible_batch_is_refused_by_us(self, commands, state, tmp_path, change, message):
        batch = replace(make_batch(tmp_path, "true"), **change)
        with pytest.raises(SchedulerError, match=message):
            SlurmScheduler(state).submit(batch)
        assert not commands.calls("sbatch") and not state.exists()

    def test_an_array_the_cluster_does_not_take_is_refused(self, commands, state):
        scheduler = SlurmScheduler(state)
        assert scheduler.largest_batch == 1001
        paths = (Path("/x"),) * 1002
        with pytest.raises(SchedulerError, match="at most 1001"):
            scheduler.submit(BatchRequest("t", paths, paths, Resources()))

    def test_a_script_the_cluster_does_not_take_is_refused(self, commands, state, tmp_path):
        text = f"{CONFIG}SchedulerParameters = max_script_size=100"
        commands.says("scontrol", f"echo '{text}'")
        with pytest.raises(SchedulerError, match="over the cluster's 100"):
            SlurmScheduler(state).submit(make_batch(tmp_path, "true"))

    def test_a_command_that_hangs_is_ended_with_all_it_started(self, commands, state, tmp_path):
        commands.says("sbatch", f"echo $$ >{tmp_path}/pid; sleep 600 & wait")
        with pytest.raises(SchedulerUnknown, match="no answer within 3 s"):
            SlurmScheduler(state, command_seconds=3).submit(make_batch(tmp_path, "true"))
        group = int((tmp_path / "pid").read_text())
        wait_until(lambda: is_gone(group), 5)

    def test_a_command_that_is_gone_is_no_answer(self, commands, state, tmp_path):
        scheduler = SlurmScheduler(state)
        (commands.bin / "sbatch").unlink()
        with pytest.raises(SchedulerUnknown, match="cannot be run"):
            scheduler.submit(make_batch(tmp_path, "true"))


class TestPlainJobs:
    """Where a cluster takes no arrays."""

    def plain(self, commands: StandIns) -> None:
        commands.says(
            "sbatch",
            'case "$*" in *--array*) echo "sbatch: error: Batch job submission failed: '
            'Invalid job array specification" >&2; exit 1;; esac\necho 7',
        )

    def test_with_arrays_off_no_array_is_asked_for(self, commands, state, tmp_path):
        commands.control("MaxArraySize = 0\n")
        scheduler = SlurmScheduler(state)
        assert scheduler.largest_batch == 1
        assert scheduler.submit(make_batch(tmp_path, "true")) == ["7"]
        [words] = commands.calls("sbatch")
        assert not [word for word in words if word.startswith("--array")]
        assert [word for word in words if word.endswith("/0.out")]

    def test_what_only_sbatch_says_is_found_out_once(self, commands, state, tmp_path):
        self.plain(commands)
        scheduler = SlurmScheduler(state)
        with pytest.raises(SchedulerFull, match="Invalid job array specification"):
            scheduler.submit(make_batch(tmp_path, "true", "true"))
        assert scheduler.submit(make_batch(tmp_path, "true")) == ["7"]
        assert scheduler.submit(make_batch(tmp_path, "true")) == ["7"]
        assert scheduler.largest_batch == 1 and len(commands.calls("sbatch")) == 4

    def test_a_rehearsal_finds_the_same(self, commands, state, tmp_path):
        self.plain(commands)
        assert SlurmScheduler(state).rehearse(make_batch(tmp_path, "true")) == "7"

    def test_it_is_polled_and_found_and_cancelled(self, commands, state):
        commands.says("squeue", f"{QUEUE}row 7 RUNNING 0 None 0 t t; row 8 COMPLETED 0 None 0 u u")
        commands.says("sacct", f"{ACCOUNTS}row 9 TIMEOUT 0:15 1M '' v")
        scheduler = SlurmScheduler(state)
        answer = scheduler.poll(["7", "8", "9"], ["t"])
        said = [answer.jobs[job_id].state for job_id in ("7", "8")]
        assert said == [JobState.RUNNING, JobState.ENDED_WELL]
        assert answer.jobs["9"].reason == "timeout" and answer.found == {"t": {0: "7"}}
        scheduler.cancel(["7"])
        assert commands.calls("scancel") == [["--quiet", "7"]]

    def test_its_script_knows_its_job(self, commands, state, tmp_path):
        batch = make_batch(tmp_path, 'echo "$NMMA_FITTER_JOB_ID" >ran')
        SlurmScheduler(state).submit(batch)
        environment = {"PATH": os.defpath, "SLURM_JOB_ID": "9"}
        subprocess.run(["bash", state / batch.token / "array.sh"], env=environment, check=True)
        assert (batch.folders[0] / "ran").read_text() == "9\n"


class TestFitted:
    """What a partition gives."""

    SHOWN = (
        "PartitionName=main Default=YES MaxTime=01:00:00 MaxMemPerNode=4000 TotalNodes=1\n"
        "PartitionName=long Default=NO MaxTime=UNLIMITED TotalNodes=1\n"
    )

    def test_a_time_limit_is_cut_to_the_partitions_and_said(self, commands, state):
        commands.control(partitions=self.SHOWN)
        fitted, said = SlurmScheduler(state).fitted(Resources(seconds=7200))
        assert fitted.seconds == 3600
        assert "2 h" in said and "60 min that partition main gives" in said

    @pytest.mark.parametrize("settings", [{"partition": "long"}, {"extra": {"partition": "long"}}])
    def test_not_where_another_is_named(self, commands, state, settings):
        commands.control(partitions=self.SHOWN)
        asked = Resources(seconds=7200)
        assert SlurmScheduler(state, **settings).fitted(asked) == (asked, "")
        named = Resources(seconds=7200, options={"partition": "long"})
        assert SlurmScheduler(state).fitted(named) == (named, "")

    def test_nor_where_the_cluster_does_not_say(self, commands, state):
        commands.says("scontrol", "exit 1")
        asked = Resources(seconds=10**6)
        assert SlurmScheduler(state).fitted(asked) == (asked, "")

    @pytest.mark.parametrize("verb", ["submit", "rehearse"])
    def test_more_memory_than_a_node_gives_is_refused_by_name(
        self, commands, state, tmp_path, verb
    ):
        commands.control(partitions=self.SHOWN)
        batch = make_batch(tmp_path, "true", resources=Resources(memory_mb=4001))
        with pytest.raises(SchedulerError, match="at most 4000 MB of a node in partition main"):
            getattr(SlurmScheduler(state), verb)(batch)


class TestPoll:
    def test_many_jobs_are_one_squeue_and_one_sacct(self, commands, state):
        rows = "for i in {0..999}; do row 7_$i RUNNING 0 None 0 t t; done"
        commands.says("squeue", f"{QUEUE}{rows}")
        commands.says("sacct", f"{ACCOUNTS}row 8_0 TIMEOUT 0:15 1M '' u")
        ids = [*(f"7_{i}" for i in range(1000)), "8_0"]
        answer = SlurmScheduler(state).poll(ids)
        assert answer.jobs["7_999"].state is JobState.RUNNING
        assert answer.jobs["8_0"].reason == "timeout"
        assert answer.queued == 1000
        [queue], [accounts] = commands.calls("squeue"), commands.calls("sacct")
        assert f"--user={os.getuid()}" in queue and "--states=all" in queue
        assert "--jobs=8" in accounts and "--starttime=now-30days" in accounts

    def test_a_queue_that_does_not_answer_proves_nothing(self, commands, state):
        commands.says("squeue", "echo 'slurm_load_jobs error: Socket timed out' >&2; exit 1")
        answer = SlurmScheduler(state).poll(["7_0", "x"], ["t"])
        assert (answer.jobs["7_0"].state, answer.found) == (JobState.UNKNOWN, None)
        assert "Socket timed out" in answer.jobs["7_0"].detail
        assert answer.jobs["x"].state is JobState.ABSENT
        assert answer.queued is None and not commands.calls("sacct")

    def test_a_queue_that_says_something_else_proves_nothing(self, commands, state):
        commands.says("squeue", "echo 'maintenance until noon'")
        status = SlurmScheduler(state).poll(["7_0"]).jobs["7_0"]
        assert status.state is JobState.UNKNOWN and "maintenance" in status.detail

    def test_a_queue_that_hangs_proves_nothing(self, commands, state):
        commands.says("squeue", f"{QUEUE}row 7_0 COMPLETED 0 None 0 t t; sleep 60")
        answer = SlurmScheduler(state, command_seconds=3).poll(["7_0"])
        assert answer.jobs["7_0"].state is JobState.UNKNOWN

    @pytest.mark.parametrize(
        "body", ["exit 1", "echo 'Connection refused' >&2; exit 1", "sleep 60"]
    )
    def test_accounts_that_do_not_answer_prove_nothing(self, commands, state, body):
        commands.says("sacct", body)
        commands.says("squeue", f"{QUEUE}row 7_1 RUNNING 0 None 0 t t")
        answer = SlurmScheduler(state, command_seconds=3).poll(["7_0", "7_1"])
        assert answer.jobs["7_0"].state is JobState.UNKNOWN
        assert answer.jobs["7_1"].state is JobState.RUNNING
        assert answer.found == {} and answer.queued == 1

    def test_without_accounts_what_the_queue_has_not_is_absent(self, commands, state):
        commands.control("AccountingStorageType = accounting_storage/none")
        assert SlurmScheduler(state).poll(["7_0"]).jobs["7_0"].state is JobState.ABSENT
        assert not commands.calls("sacct")

    def test_without_sacct_on_this_machine_it_is_absent(self, commands, state, monkeypatch):
        (commands.bin / "sacct").unlink()
        (commands.bin / "bash").symlink_to("/bin/bash")
        for name in ("ls", "grep", "env", "cat"):
            (commands.bin / name).symlink_to(f"/usr/bin/{name}")
        monkeypatch.setenv("PATH", str(commands.bin))
        assert SlurmScheduler(state).poll(["7_0"]).jobs["7_0"].state is JobState.ABSENT

    def test_accounts_that_lag_do_not_end_a_job_nor_revive_one(self, commands, state):
        commands.says("squeue", f"{QUEUE}row 7_0 CANCELLED 0 None 0 t t")
        commands.says(
            "sacct", f"{ACCOUNTS}row 7_0 RUNNING 0:0 1M '' t; row 8_0 RUNNING 0:0 1M '' t"
        )
        answer = SlurmScheduler(state).poll(["7_0", "8_0"])
        assert answer.jobs["7_0"].reason == "cancelled"
        assert (answer.jobs["8_0"].state, answer.jobs["8_0"].reason) == (JobState.ABSENT, None)

    @pytest.mark.parametrize("silent", ["true", QUEUE])
    @pytest.mark.parametrize(
        ("id_", "word", "state_"),
        [
            ("7_[0-1]", "PENDING", JobState.PENDING),
            ("7_0", "RUNNING", JobState.RUNNING),
        ],
    )
    def test_a_queue_alone_does_not_end_a_job_that_lives_for_the_accounts(
        self, commands, state, silent, id_, word, state_
    ):
        commands.says("squeue", silent)
        commands.says("scontrol", "exit 1")
        commands.says("sacct", f"{ACCOUNTS}row '{id_}' {word} 0:0 1M '' t")
        status = SlurmScheduler(state).poll(["7_0"]).jobs["7_0"]
        assert (status.state, status.reason) == (state_, None)
        assert "sacct" in status.detail

    @pytest.mark.parametrize("storage", ["slurmdbd", "none"])
    def test_nor_one_that_lives_for_scontrol(self, commands, state, storage):
        commands.says("squeue", "true")
        shown = "JobId=7 ArrayJobId=7 ArrayTaskId=0-1 JobName=t JobState=PENDING Reason=Priority\n"
        commands.control(f"AccountingStorageType = accounting_storage/{storage}\n", jobs=shown)
        status = SlurmScheduler(state).poll(["7_0"]).jobs["7_0"]
        assert status.state is JobState.PENDING and "Priority" in status.detail

    def test_a_task_that_no_longer_waits_with_its_array_was_cancelled(self, commands, state):
        commands.says("sacct", f"{ACCOUNTS}row '7_[0,2]' PENDING 0:0 1M '' t")
        commands.says("squeue", f"{QUEUE}row 7_0 PENDING 0 Priority 0 t t")
        answer = SlurmScheduler(state).poll(["7_0", "7_1"])
        assert answer.jobs["7_1"].reason == "cancelled"

    def test_without_accounts_a_queue_that_says_nothing_at_all_proves_nothing(
        self, commands, state
    ):
        commands.says("squeue", "true")
        commands.says("scontrol", "exit 1")
        (commands.bin / "sacct").unlink()
        assert SlurmScheduler(state).poll(["7_0"]).jobs["7_0"].state is not JobState.ENDED_BADLY

    @pytest.mark.parametrize("order", ["echo noise; {q}", "{q}; echo noise"])
    def test_a_line_of_a_wrapper_beside_an_empty_queue_changes_nothing(
        self, commands, state, order
    ):
        commands.says("squeue", order.format(q="{ " + QUEUE + "}"))
        answer = SlurmScheduler(state).poll(["7_0"], ["t"])
        assert (answer.jobs["7_0"].state, answer.found) == (JobState.ABSENT, {})

    def test_a_line_instead_of_an_empty_queue_holds_up_no_first_submit(self, commands, state):
        commands.says("squeue", "echo 'answer of 12:01:07'")
        assert SlurmScheduler(state).poll([]).found == {}
        assert SlurmScheduler(state).poll([], ["t"]).found is None

    def test_a_task_missing_from_a_known_array_is_inferred_to_be_cancelled(self, commands, state):
        commands.says("squeue", f"{QUEUE}row 7_1 PENDING 0 Priority 0 t t")
        answer = SlurmScheduler(state).poll(["7_0", "8_0"])
        assert (answer.jobs["7_0"].state, answer.jobs["7_0"].reason) == (
            JobState.ABSENT,
            "cancelled",
        )
        assert answer.jobs["8_0"].reason is None

    def test_tokens_are_found_by_name_or_comment_and_index(self, commands, state):
        rows = "row 7_0 RUNNING 0 None 0 one x; row 7_3 RUNNING 0 None 0 renamed one; "
        commands.says("squeue", f"{QUEUE}{rows}row 9 RUNNING 0 None 0 one one")
        commands.says("sacct", f"{ACCOUNTS}row 5_2 COMPLETED 0:0 1M '' two")
        answer = SlurmScheduler(state).poll([], ["one", "two", "three", "a b", "one"])
        assert answer.found == {"one": {0: "7_0", 3: "7_3"}, "two": {2: "5_2"}}
        assert answer.jobs["5_2"].state is JobState.ENDED_WELL
        assert "--name=two,three" in commands.calls("sacct")[0]

    def test_of_two_arrays_of_one_name_the_first_counts(self, commands, state, caplog):
        rows = "row 12_0 RUNNING 0 None 0 t t; row 7_0 RUNNING 0 None 0 t t"
        commands.says("squeue", f"{QUEUE}{rows}")
        assert SlurmScheduler(state).poll([], ["t"]).found == {"t": {0: "7_0"}}
        assert "12_0" in caplog.text

    def test_jobs_and_tokens_that_are_missing_are_one_question(self, commands, state):
        commands.says(
            "sacct", f"{ACCOUNTS}row 7_0 FAILED 3:0 1M '' a; row 8_0 COMPLETED 0:0 1M '' b"
        )
        answer = SlurmScheduler(state).poll(["7_0"], ["b"])
        assert answer.jobs["7_0"].exit_code == 3
        assert answer.found == {"b": {0: "8_0"}}
        [words] = commands.calls("sacct")
        assert not [word for word in words if word.startswith(("--jobs", "--name"))]

    def test_killed_for_memory_is_read_from_what_slurm_wrote(self, commands, state):
        commands.says("squeue", f"{QUEUE}row 7_0 FAILED 9 JobLaunchFailure 0 t t")
        (state / "t").mkdir(parents=True)
        said = "slurmstepd-n1: error: StepId=38.batch exceeded memory limit (3283 > 1048), being"
        (state / "t" / "0.out").write_text(f"{said} killed\n")
        assert SlurmScheduler(state).poll(["7_0"]).jobs["7_0"].reason == "out_of_memory"


def test_a_cluster_that_did_not_answer_is_asked_again_later(commands):
    commands.says("scontrol", "exit 1")
    now = [1000.0]
    cluster = Cluster(Commands(SlurmSettings()), clock=lambda: now[0])
    assert cluster.can.max_array_size == cluster.can.max_array_size == 1001
    assert len(commands.calls("scontrol")) == 1
    commands.says("scontrol", "echo 'MaxArraySize = 5'")
    now[0] += 301
    assert cluster.can.max_array_size == 5


def test_a_cancel_that_did_not_arrive_is_said(commands, state):
    commands.says("scancel", "echo 'scancel: error: Kill job error: Socket timed out' >&2; exit 1")
    with pytest.raises(SchedulerUnknown, match="Socket timed out"):
        SlurmScheduler(state).cancel(["7_0"])


def test_jobs_that_have_ended_are_no_error_of_a_cancel(commands, state):
    commands.says("scancel", "echo 'scancel: error: Kill job error: Invalid job id' >&2; exit 1")
    SlurmScheduler(state).cancel(["7_0"])


def test_a_disk_that_is_full_is_no_refusal(commands, state, tmp_path):
    state.write_text("a file where the folder should be")
    with pytest.raises(SchedulerUnknown, match="cannot write"):
        SlurmScheduler(state).submit(make_batch(tmp_path, "true"))


def test_folders_of_old_batches_are_removed(commands, state, tmp_path):
    scheduler = SlurmScheduler(state)
    old, new = make_batch(tmp_path, "true"), make_batch(tmp_path, "true")
    scheduler.submit(old)
    scheduler.submit(new)
    os.utime(state / old.token, (0, 0))
    assert scheduler.prune(30) == [old.token]
    assert [path.name for path in state.iterdir()] == [new.token]
