"""What squeue, sacct, scontrol and sbatch print, recorded from Slurm 22.05, and what it means."""

import pytest

from nmma_fitter.errors import SchedulerError, SchedulerFull, SchedulerUnknown
from nmma_fitter.schedulers.base import JobState
from nmma_fitter.schedulers.commands import Said
from nmma_fitter.schedulers.slurm_capabilities import parse
from nmma_fitter.schedulers.slurm_partitions import (
    Partition,
    chosen,
    longest,
    parse_partitions,
    too_large,
)
from nmma_fitter.schedulers.slurm_queue import (
    Row,
    covers,
    parse_accounting,
    parse_controller,
    parse_queue,
)
from nmma_fitter.schedulers.slurm_refusals import job_number
from nmma_fitter.schedulers.slurm_states import status_of

QUEUE = """\
72|k3f9|CANCELLED|k3f9|0|k3f9|None|k3f9|0|k3f9|abc-0|k3f9|abc-0|k3f9.
75|k3f9|FAILED|k3f9|768|k3f9|NonZeroExitCode|k3f9|0|k3f9|wrap|k3f9|(null)|k3f9.
76|k3f9|PENDING|k3f9|0|k3f9|PartitionTimeLimit|k3f9|0|k3f9|toolong|k3f9|(null)|k3f9.
74|k3f9|PENDING|k3f9|0|k3f9|JobHeldUser|k3f9|0|k3f9|evil|name
73_9|k3f9|x|abcd|y|k3f9.
73_0|k3f9|PENDING|k3f9|0|k3f9|BeginTime|k3f9|1|k3f9|abc-1|k3f9|abc-1|k3f9.
73_1|k3f9|RUNNING|k3f9|0|k3f9|None|k3f9|0|k3f9|abc-1|k3f9|abc-1|k3f9.
73_2|k3f9|FAILED|k3f9|9|k3f9|JobLaunchFailure|k3f9|0|k3f9|abc-1|k3f9|abc-1|k3f9.
"""
ACCOUNTS = """\
9|k3f9|FAILED|k3f9|1:0|k3f9|999999M|k3f9||k3f9|wrap
72|k3f9|CANCELLED by 0|k3f9|0:0|k3f9|200M|k3f9||k3f9|abc-0
38_0|k3f9|FAILED|k3f9|0:9|k3f9|100M|k3f9||k3f9|abc-2
38_0.batch|k3f9|CANCELLED by 0|k3f9|0:9|k3f9||k3f9|328314880|k3f9|batch
41_1|k3f9|CANCELLED by 0|k3f9|0:0|k3f9|200M|k3f9||k3f9|abc-3
41_1.batch|k3f9|FAILED|k3f9|9:0|k3f9||k3f9|4927488|k3f9|batch
55_[0,2-3]|k3f9|PENDING|k3f9|0:0|k3f9|500Mn|k3f9||k3f9|abc-4
55_1|k3f9|FAILED|k3f9|3:0|k3f9|500Mn|k3f9||k3f9|abc-4
"""
CONFIG = """\
Configuration data as of 2026-11-22T06:01:30
AccountingStorageType   = accounting_storage/slurmdbd
MaxArraySize            = 10001
MessageTimeout          = 20 sec
MinJobAge               = 300 sec
SchedulerParameters     = batch_sched_delay=0,max_script_size=1000000
SLURM_VERSION           = 22.05.8

Slurmctld(primary) at vm is UP
"""
SAYS = "sbatch: error: Batch job submission failed: "


class TestQueue:
    shown = parse_queue(QUEUE, "k3f9")

    def test_array_tasks_are_told_by_id(self):
        assert {job_id: row.state for job_id, row in self.shown.tasks.items()} == {
            "73_0": "PENDING",
            "73_1": "RUNNING",
            "73_2": "FAILED",
        }

    def test_every_job_that_waits_or_runs_counts(self):
        assert self.shown.live == 4

    def test_a_name_that_looks_like_a_job_is_none(self):
        assert "73_9" not in self.shown.tasks

    def test_exit_code_is_that_of_wait(self):
        assert self.shown.tasks["73_2"].signal == 9
        assert self.shown.arrays["75"].exit_code == 3

    def test_a_task_cancelled_as_it_waited_is_known_by_its_array(self):
        assert status_of(self.shown.of("72_5")).reason == "cancelled"
        assert self.shown.of("76_0") is None

    def test_the_header_of_another_cluster_is_no_part_of_an_id(self):
        line = QUEUE.splitlines()[-1]
        assert list(parse_queue(f"CLUSTER: test\n{line}\n", "k3f9").tasks) == ["73_2"]

    @pytest.mark.parametrize("text", ["", "\n", "CLUSTER: test\n"])
    def test_nothing_is_an_empty_queue(self, text):
        assert parse_queue(text, "k3f9").tasks == {}

    @pytest.mark.parametrize("text", ["1_0|k3f9.", "|k3f9||k3f9|.", QUEUE + "1_0"])
    def test_what_is_not_in_the_form_asked_for_is_no_answer(self, text):
        assert parse_queue(text, "k3f9") is None
        assert text.startswith("72") or parse_accounting(text, "k3f9") is None


class TestAccounts:
    shown = parse_accounting(ACCOUNTS, "k3f9")

    def test_over_memory_is_told_by_the_step(self):
        status = status_of(self.shown.tasks["38_0"])
        assert (status.reason, status.exit_code) == ("out_of_memory", 137)

    def test_who_cancelled_is_named(self):
        assert status_of(self.shown.tasks["41_1"]).detail == "CANCELLED by root"

    def test_tasks_shown_as_one_have_no_state_of_their_own(self):
        assert list(self.shown.tasks) == ["38_0", "41_1", "55_1"]
        assert self.shown.of("55_2") is None
        assert set(self.shown.some) == {"9", "72", "38", "41", "55"}

    def test_exit_code_is_kept(self):
        status = status_of(self.shown.tasks["55_1"])
        assert (status.state, status.reason) == (JobState.ENDED_BADLY, "nonzero_exit")
        assert status.exit_code == 3


@pytest.mark.parametrize(
    ("row", "state", "reason"),
    [
        (Row("1_0", "PENDING", "Priority"), JobState.PENDING, None),
        (Row("1_0", "PENDING", "ReqNodeNotAvail, UnavailableNodes:n[1-2]"), JobState.PENDING, None),
        (Row("1_0", "PENDING", "QOSMaxJobsPerUserLimit"), JobState.PENDING, None),
        (Row("1_0", "PENDING", "AssocMaxJobsLimit"), JobState.PENDING, None),
        (Row("1_0", "PENDING", "PartitionDown"), JobState.PENDING, None),
        (Row("1_0", "PENDING", "JobHeldUser"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "JobHeldAdmin"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "DependencyNeverSatisfied"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "PartitionTimeLimit"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "PartitionConfig"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "BadConstraints"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "InvalidAccount"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "InvalidQOS"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "QOSMaxMemoryPerJob"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "AssocMaxWallDurationPerJobLimit"), JobState.HELD, "never_started"),
        (Row("1_0", "PENDING", "launch failed requeued held"), JobState.HELD, "node_failure"),
        (Row("1_0", "CONFIGURING"), JobState.RUNNING, None),
        (Row("1_0", "RUNNING"), JobState.RUNNING, None),
        (Row("1_0", "SUSPENDED"), JobState.RUNNING, None),
        (Row("1_0", "COMPLETING"), JobState.RUNNING, None),
        (Row("1_0", "REQUEUED"), JobState.PENDING, None),
        (Row("1_0", "REQUEUE_HOLD"), JobState.HELD, "never_started"),
        (Row("1_0", "SPECIAL_EXIT"), JobState.HELD, "never_started"),
        (Row("1_0", "COMPLETED", "", 0, 0), JobState.ENDED_WELL, None),
        (Row("1_0", "TIMEOUT", "", 0, 15), JobState.ENDED_BADLY, "timeout"),
        (Row("1_0", "DEADLINE"), JobState.ENDED_BADLY, "timeout"),
        (Row("1_0", "OUT_OF_MEMORY", "", 0, 125), JobState.ENDED_BADLY, "out_of_memory"),
        (Row("1_0", "NODE_FAIL"), JobState.ENDED_BADLY, "node_failure"),
        (Row("1_0", "BOOT_FAIL"), JobState.ENDED_BADLY, "node_failure"),
        (Row("1_0", "PREEMPTED"), JobState.ENDED_BADLY, "preempted"),
        (Row("1_0", "CANCELLED"), JobState.ENDED_BADLY, "cancelled"),
        (Row("1_0", "FAILED", "", 3, 0), JobState.ENDED_BADLY, "nonzero_exit"),
        (Row("1_0", "FAILED", "", 0, 9), JobState.ENDED_BADLY, "nonzero_exit"),
        (Row("1_0", "FAILED", "", 0, 9, over_memory=True), JobState.ENDED_BADLY, "out_of_memory"),
        (Row("1_0", "FAILED", "", 137, 0, over_memory=True), JobState.ENDED_BADLY, "out_of_memory"),
        (Row("1_0", "FAILED", "", 3, 0, over_memory=True), JobState.ENDED_BADLY, "nonzero_exit"),
        (Row("1_0", "FAILED", "", 0, 10), JobState.ENDED_BADLY, "timeout"),
        (Row("1_0", "FAILED", "", 0, 53), JobState.ENDED_BADLY, "never_started"),
        (Row("1_0", "FAILED", "BadConstraints", 1, 0), JobState.ENDED_BADLY, "never_started"),
        (Row("1_0", "REVOKED"), JobState.UNKNOWN, None),
        (Row("1_0", "SOMETHING_NEW"), JobState.UNKNOWN, None),
    ],
    ids=lambda value: f"{value.state} {value.reason}" if isinstance(value, Row) else str(value),
)
def test_every_state_has_its_reason(row, state, reason):
    status = status_of(row)
    assert (status.state, status.reason) == (state, reason)
    assert row.state in status.detail


def test_a_restarted_job_says_so():
    assert status_of(Row("1_0", "PENDING", "BeginTime", restarts=1)).detail == (
        "PENDING (BeginTime), start 2"
    )


class TestCapabilities:
    def test_settings_are_read(self):
        can = parse(CONFIG)
        assert (can.version, can.accounting, can.max_array_size) == ("22.05.8", True, 10001)
        assert (can.min_job_age, can.message_timeout, can.max_script_size) == (300, 20, 1000000)

    @pytest.mark.parametrize("storage", ["accounting_storage/none", "(null)"])
    def test_no_accounting_is_seen(self, storage):
        text = CONFIG.replace("accounting_storage/slurmdbd", storage)
        assert not parse(text).accounting

    def test_nothing_said_means_slurms_defaults(self):
        assert parse("").max_array_size == 1001


@pytest.mark.parametrize("out", ["123\n", "123;test\n", "site: welcome\n123\n", "  123;a.b-c \n"])
def test_the_one_line_that_is_an_id_is_the_id(out):
    assert job_number(Said(0, out, "")) == "123"


@pytest.mark.parametrize(
    "out",
    ["", "Submitted batch job 123\n", "123\n124\n", "123 x\n", "job 123;test\n", "-1\n"],
)
def test_no_clear_id_is_no_answer(out):
    with pytest.raises(SchedulerUnknown, match="no job id that is clear"):
        job_number(Said(0, out, ""))


@pytest.mark.parametrize(
    "error",
    [
        f"{SAYS}Invalid partition name specified",
        f"{SAYS}Invalid account or account/partition combination specified",
        f"{SAYS}Invalid qos specification",
        f"{SAYS}Requested node configuration is not available",
        f"{SAYS}Invalid feature specification",
        f"{SAYS}Requested reservation is invalid",
        f"{SAYS}Job dependency problem",
        "sbatch: error: Invalid generic resource (gres) specification",
        "sbatch: unrecognized option '--nosuch=1'\nTry \"sbatch --help\" for more information",
        "sbatch: error: Invalid --time specification",
        f"sbatch: error: QOSMaxWallDurationPerJobLimit\n{SAYS}Job violates accounting/QOS policy",
    ],
)
def test_a_clear_no_is_a_refusal(error):
    with pytest.raises(SchedulerError) as refusal:
        job_number(Said(1, "", error))
    assert not isinstance(refusal.value, SchedulerUnknown)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    "said",
    [
        Said(1, "", f"{SAYS}Socket timed out on send/recv operation"),
        Said(1, "", f"{SAYS}Unable to contact slurm controller (connect failure)"),
        Said(1, "", f"{SAYS}Zero Bytes were transmitted or received"),
        Said(1, "", f"{SAYS}Required partition not available (inactive or drain)"),
        Said(1, "", "sbatch: error: 'x' can't be reached now, or it is an invalid entry"),
        Said(1, "123\n", f"{SAYS}Invalid partition name specified"),
        Said(None, "", "sbatch: no answer within 60 s"),
        Said(None, "", f"{SAYS}Invalid partition name specified"),
        Said(-9, "", ""),
    ],
    ids=lambda said: said.message[:60],
)
def test_everything_else_is_no_answer(said):
    with pytest.raises(SchedulerUnknown):
        job_number(said)


@pytest.mark.parametrize(
    "error",
    [
        f"sbatch: error: QOSMaxSubmitJobPerUserLimit\n{SAYS}Job violates accounting/QOS policy",
        f"sbatch: error: AssocMaxSubmitJobLimit\n{SAYS}Job violates accounting/QOS policy",
        "sbatch: error: AssocGrpSubmitJobsLimit\nallocation failure: Job violates accounting/QOS",
        f"{SAYS}Job violates accounting/QOS policy (job submit limit, user's size and/or ...)",
    ],
)
def test_a_limit_on_jobs_is_no_fault_of_the_batch(error):
    with pytest.raises(SchedulerFull):
        job_number(Said(1, "", error))


PARTITIONS = """\
PartitionName=main Default=YES MaxCPUsPerNode=UNLIMITED MaxTime=01:00:00 MaxMemPerNode=UNLIMITED \
State=UP TotalNodes=2
PartitionName=long Default=NO MaxCPUsPerNode=4 MaxTime=7-00:00:00 State=DOWN MaxMemPerNode=2000 \
TotalNodes=1
PartitionName=free Default=NO MaxTime=UNLIMITED State=UP TotalNodes=0
"""
NODES = """\
NodeName=n1 CPUEfctv=8 CPUTot=8 RealMemory=16000 Partitions=main,long BootTime=None
NodeName=n2 CPUEfctv=2 CPUTot=2 RealMemory=32000 Partitions=main BootTime=None
"""


class TestPartitions:
    main, long, free = parse_partitions(PARTITIONS, NODES)

    def test_each_has_its_time_and_the_most_of_a_node(self):
        assert self.main == Partition("main", True, True, 3600.0, 2, 8, 32000)
        assert self.long == Partition("long", False, False, 604800.0, 1, 4, 2000)
        assert self.free == Partition("free")

    def test_a_job_that_names_none_goes_to_the_default(self):
        every = [self.main, self.long, self.free]
        assert chosen(every, "") == [self.main]
        assert chosen(every, "long,free") == [self.long, self.free]

    def test_of_several_the_longest_counts(self):
        assert longest([self.main, self.long]) == 604800.0
        assert longest([self.main, self.free]) is None and longest([]) is None

    def test_only_what_fits_nowhere_is_too_large(self):
        assert "at most 4 of a node in partition long" in too_large([self.long], 6, 100)
        assert "at most 2000 MB" in too_large([self.long], 1, 2001)
        assert too_large([self.main, self.long], 6, 100) == ""
        assert too_large([], 99, 10**9) == ""


def test_a_task_is_told_from_those_that_wait_as_one():
    assert [i for i in range(12) if covers("7_[0,2-5:2,9%4]", i)] == [0, 2, 4, 9]
    assert covers("7_[0-3,...]", 99) and not covers("7", 0)


def test_what_scontrol_shows_is_read_like_the_queue():
    shown = parse_controller(
        "JobId=3 ArrayJobId=1 ArrayTaskId=2 JobName=t UserId=u JobState=RUNNING Reason=None\n"
        "JobId=1 ArrayJobId=1 ArrayTaskId=3-4 JobName=t JobState=PENDING Reason=Priority\n"
        "JobId=9 JobName=x JobState=COMPLETED Reason=None\n"
    )
    assert shown.of("1_2").state == "RUNNING" and shown.living("1_4").reason == "Priority"
    assert shown.living("1_5") is None and shown.of("9").state == "COMPLETED"
