"""The scheduler ``htcondor`` without a pool: settings, descriptions, and what is read."""

import importlib.util
import os
import shlex
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest
from contract import HOSTILE_NAMES, make_batch

from nmma_fitter.errors import ConfigError, SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers import get
from nmma_fitter.schedulers.base import BatchRequest, JobState, Resources
from nmma_fitter.schedulers.htcondor import HTCondorScheduler
from nmma_fitter.schedulers.htcondor_script import wrapper
from nmma_fitter.schedulers.htcondor_settings import HTCondorSettings
from nmma_fitter.schedulers.htcondor_states import ads_of_events, status_of
from nmma_fitter.schedulers.htcondor_submit import description

WITHOUT = """
from nmma_fitter.errors import ConfigError
from nmma_fitter.schedulers import get
from nmma_fitter.config import load_config
load_config()
try:
    get("htcondor", state="/tmp/none")
except ConfigError as error:
    print(error)
"""
needs_bindings = pytest.mark.skipif(
    importlib.util.find_spec("htcondor2") is None, reason="HTCondor's bindings are not installed"
)


def described(batch: BatchRequest, **settings: object) -> tuple[dict[str, str], list]:
    return description(batch, HTCondorSettings(**settings), Path("/state/htcondor/token"))


class TestWithoutBindings:
    def test_asking_for_it_says_what_to_install(self, tmp_path):
        for package in Path(sysconfig.get_path("purelib")).iterdir():
            if "htcondor" not in package.name and "classad" not in package.name:
                (tmp_path / package.name).symlink_to(package)
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-S", "-c", WITHOUT],
            env={"PYTHONPATH": f"{root}:{tmp_path}", "PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "pip install 'nmma-fitter[htcondor]'" in done.stdout, done.stderr


@needs_bindings
class TestWithoutPool:
    @pytest.fixture
    def scheduler(self, tmp_path, monkeypatch) -> HTCondorScheduler:
        monkeypatch.setenv("CONDOR_CONFIG", "/dev/null")
        return HTCondorScheduler(tmp_path / "state", command_seconds=20)

    def test_a_poll_without_an_answer_is_unknown(self, scheduler):
        answer = scheduler.poll(["1.0"], ["token"])
        assert answer.jobs["1.0"].state is JobState.UNKNOWN
        assert answer.found is None and answer.queued is None

    def test_a_submit_without_an_answer_is_no_refusal(self, scheduler, tmp_path):
        with pytest.raises(SchedulerUnknown):
            scheduler.submit(make_batch(tmp_path, "true"))

    def test_a_cancel_without_an_answer_is_said(self, scheduler):
        with pytest.raises(SchedulerUnknown):
            scheduler.cancel(["1.0"])

    def test_a_token_is_submitted_once(self, scheduler, tmp_path):
        batch = make_batch(tmp_path, "true")
        with pytest.raises(SchedulerUnknown):
            scheduler.submit(batch)
        with pytest.raises(SchedulerError, match="was submitted before") as refusal:
            scheduler.submit(batch)
        assert not isinstance(refusal.value, SchedulerUnknown)

    def test_old_batches_are_removed(self, scheduler, tmp_path):
        for name, time in (("old", 0), ("new", None)):
            (tmp_path / "state" / name).mkdir(parents=True)
            if time is not None:
                os.utime(tmp_path / "state" / name, (time, time))
        assert scheduler.prune(30) == ["old"]


@needs_bindings
class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"extra": {"queue": "7"}}, "set for every batch"),
            ({"extra": {"+NMMAFitterBatch": '"x"'}}, "jobs are found by it"),
            ({"extra": {"request_memory": "7"}}, "the model's memory_mb"),
            ({"extra": {"rank": "1\nqueue 9"}}, "not printable"),
            ({"extra": {"a = b": "1"}}, "no command"),
            ({"extra": {"reqest_gpus": "1"}}, "did you mean 'request_gpus'"),
            ({"requirements": "a\nqueue"}, "not printable"),
            ({"files": "nfs"}, "files"),
            ({"lease": 7}, "its settings are: pool, schedd"),
        ],
    )
    def test_a_setting_that_cannot_work_is_refused_by_name(self, tmp_path, settings, said):
        with pytest.raises(ConfigError, match=said):
            get("htcondor", state=tmp_path, **settings)

    def test_an_option_of_a_model_that_is_ours_is_refused(self, tmp_path):
        batch = make_batch(tmp_path, "true", resources=Resources(options={"log": "x"}))
        with pytest.raises(SchedulerError, match="'log' is set for every batch"):
            HTCondorScheduler(tmp_path / "state").submit(batch)


class TestDescription:
    def test_resources_and_limits_are_asked_for(self, tmp_path):
        resources = Resources(cores=3, memory_mb=700, seconds=90)
        commands, items = described(make_batch(tmp_path, "a", "b", resources=resources))
        assert (commands["request_cpus"], commands["request_memory"]) == ("3", "700")
        assert "> 90)" in commands["periodic_hold"]
        assert items == [{"unit": "0"}, {"unit": "1"}]

    def test_what_a_site_asks_for_is_there(self, tmp_path):
        extra = {"+Project": '"x"'}
        settings = {"requirements": "HasX", "accounting_group": "g", "extra": extra}
        commands, _ = described(make_batch(tmp_path, "a"), container_image="/i.sif", **settings)
        wanted = {"container_image": "/i.sif", "accounting_group": "g", "+Project": '"x"'}
        assert wanted.items() <= commands.items() and commands["requirements"] == "HasX"

    @pytest.mark.parametrize(("files", "sent"), [("shared", "False"), ("transfer", None)])
    def test_an_image_is_not_sent_where_nodes_see_it(self, tmp_path, files, sent):
        batch = make_batch(tmp_path, "a")
        commands, _ = described(batch, container_image="/i.sif", files=files)
        assert commands.get("transfer_container") == sent

    @pytest.mark.parametrize("name", ["request_gpus", "+RequestGpu", "My.Rnk", "a_command_of_2031"])
    def test_what_is_not_known_to_be_misspelt_is_handed_on(self, tmp_path, name):
        commands, _ = described(make_batch(tmp_path, "a"), extra={name: "1"})
        assert commands[name] == "1"

    def test_a_dollar_in_a_path_is_no_macro(self, tmp_path):
        batch = make_batch(tmp_path, "a")
        commands, _ = description(batch, HTCondorSettings(), Path("/state/$(x) it's"))
        assert commands["log"] == "/state/$(DOLLAR)(x) it's/log"
        assert commands["arguments"].startswith("\"'/state/$(DOLLAR)(x) it''s/run.sh' ")

    def test_a_path_with_a_line_break_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="not printable"):
            description(make_batch(tmp_path, "a"), HTCondorSettings(), Path("/a\nqueue 9"))

    def test_what_travels_is_what_is_said_of_the_unit_its_script_and_its_last_checkpoint(
        self, tmp_path
    ):
        batch = make_batch(tmp_path, "a")
        folder = batch.folders[0]
        (folder / "config.json").touch()
        (folder / "corner.png").touch()
        for number in (1, 2):
            run = folder / "attempts" / f"{number}-1.0-0"
            run.mkdir(parents=True)
            (run / "checkpoint.h5").touch()
            os.utime(run / "checkpoint.h5", (number, number))
        _, [item] = described(batch, files="transfer")
        assert item["files"] == "config.json,job.sh,attempts/2-1.0-0/checkpoint.h5"

    def test_units_that_share_a_job_do_not_travel(self, tmp_path):
        batch = make_batch(tmp_path, "true")
        shared = replace(batch, scripts=(batch.folders[0] / "shared-1.sh",))
        with pytest.raises(ValueError, match="share a job"):
            described(shared, files="transfer")


class TestWrapper:
    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_it_becomes_the_jobs_own_script(self, tmp_path, name):
        batch = make_batch(tmp_path / name, "true", 'echo "$NMMA_FITTER_JOB_ID $PWD" >ran')
        self.run(tmp_path, batch, "1", "7.1")
        assert (batch.folders[1] / "ran").read_text() == f"7.1 {batch.folders[1]}\n"

    def test_its_restart_is_what_htcondor_counts(self, tmp_path):
        batch = make_batch(tmp_path, "echo $NMMA_FITTER_RESTART >ran")
        (tmp_path / "ad").write_text('Owner = "x"\nNumShadowStarts = 3\n')
        self.run(tmp_path, batch, "0", "7.0", _CONDOR_JOB_AD=str(tmp_path / "ad"))
        assert (batch.folders[0] / "ran").read_text() == "2\n"

    def test_the_environment_is_set_and_quoted(self, tmp_path):
        batch = make_batch(tmp_path, 'echo "$LANG" >ran')
        value = "a'; touch x; '"
        script = wrapper(batch, HTCondorSettings(), {"LANG": value})
        assert f"export LANG={shlex.quote(value)}".encode() in script

    def run(self, tmp_path: Path, batch: BatchRequest, *arguments: str, **environ: str) -> None:
        path = tmp_path / "run.sh"
        path.write_bytes(wrapper(batch, HTCondorSettings(warning_seconds=0), {}))
        environment = {"PATH": os.defpath, **environ}
        subprocess.run(["bash", path, *arguments], env=environment, check=True, timeout=600)


AD = {"ClusterId": 1, "ProcId": 0, "NMMAFitterBatch": "token"}


class TestStates:
    @pytest.mark.parametrize(
        ("ad", "state", "reason"),
        [
            ({"JobStatus": 1}, JobState.PENDING, None),
            ({"JobStatus": 2}, JobState.RUNNING, None),
            ({"JobStatus": 2, "JobDisconnectedDate": 7}, JobState.RUNNING, None),
            ({"JobStatus": 6}, JobState.RUNNING, None),
            ({"JobStatus": 7}, JobState.RUNNING, None),
            ({"JobStatus": 3}, JobState.ENDED_BADLY, "cancelled"),
            ({"JobStatus": 3, "RemoteHost": "n1"}, JobState.RUNNING, None),
            (
                {"JobStatus": 3, "LastHoldReasonCode": 3, "LastHoldReasonSubCode": 7702},
                JobState.ENDED_BADLY,
                "timeout",
            ),
            ({"JobStatus": 3, "LastHoldReasonCode": 3}, JobState.ENDED_BADLY, "cancelled"),
            ({"JobStatus": 4, "ExitCode": 0}, JobState.ENDED_WELL, None),
            ({"JobStatus": 4, "ExitCode": 3}, JobState.ENDED_BADLY, "nonzero_exit"),
            ({"JobStatus": 4}, JobState.UNKNOWN, None),
            (
                {"JobStatus": 4, "ExitBySignal": True, "ExitSignal": 9},
                JobState.ENDED_BADLY,
                "nonzero_exit",
            ),
            (
                {"JobStatus": 4, "ExitBySignal": True, "ExitSignal": 9, "RequestMemory": 100}
                | {"MemoryUsage": 101},
                JobState.ENDED_BADLY,
                "out_of_memory",
            ),
            ({"JobStatus": 5, "HoldReasonCode": 1}, JobState.HELD, "never_started"),
            ({"JobStatus": 5, "HoldReasonCode": 16}, JobState.PENDING, None),
            ({"JobStatus": 5, "HoldReasonCode": 34}, JobState.ENDED_BADLY, "out_of_memory"),
            ({"JobStatus": 5, "HoldReasonCode": 47}, JobState.ENDED_BADLY, "timeout"),
            ({"JobStatus": 5, "HoldReasonCode": 13, "NumHolds": 3}, JobState.PENDING, None),
            ({"JobStatus": 5, "HoldReasonCode": 13, "NumHolds": 4}, JobState.HELD, "node_failure"),
            ({"JobStatus": 5, "HoldReasonCode": 99}, JobState.HELD, "never_started"),
            (
                {"JobStatus": 5, "HoldReasonCode": 3, "HoldReasonSubCode": 7701},
                JobState.ENDED_BADLY,
                "out_of_memory",
            ),
            ({"JobStatus": 42}, JobState.UNKNOWN, None),
        ],
    )
    def test_each_is_one_of_ours(self, ad, state, reason):
        status = status_of({**AD, **ad}, hold_tries=3)
        assert (status.state, status.reason, status.token) == (state, reason, "token")

    def test_a_detail_is_one_line(self):
        ad = {**AD, "JobStatus": 5, "HoldReason": "a\nb"}
        assert status_of(ad, 3).detail == "held: a b"

    def test_a_log_tells_of_the_end_and_of_the_limit_that_brought_it(self):
        ids = {"ClusterId": 1, "ProcId": 0}
        events = [
            {**ids, "event": "SUBMIT"},
            {**ids, "event": "JOB_HELD", "HoldReasonCode": 3, "HoldReasonSubCode": 7701},
            {**ids, "event": "JOB_ABORTED", "Reason": "policy"},
        ]
        [ad] = ads_of_events(events, "token").values()
        assert status_of(ad, 3).reason == "out_of_memory"
