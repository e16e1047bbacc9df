"""What a primary_job asks of Slurm's commands; the real Slurm is in clusters/test_primary_job."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from nmma_fitter.errors import BadInput
from nmma_fitter.poller.primary_chain import (
    SUCCESSOR_OF,
    Chain,
    OwnJob,
    parse_limit,
    script_of,
    successor_environment,
)

SLURM = {
    "SLURM_JOB_ID": "17",
    "SLURM_JOB_NAME": "nmma-primary",
    "SLURM_JOB_PARTITION": "main",
    "SLURM_JOB_ACCOUNT": "pipe",
    "SLURM_JOB_QOS": "(null)",
    "SLURM_MEM_PER_NODE": "600",
    "SLURM_SUBMIT_DIR": "/a folder",
    "SLURMD_NODENAME": "n1",
    "SLURM_CONF": "/etc/slurm.conf",
    "SBATCH_PARTITION": "elsewhere",
}
FAKE = """#!{python}
import json, os, sys
from pathlib import Path
folder = Path(__file__).parent
name = Path(sys.argv[0]).name
with (folder / "calls").open("a") as stream:
    stream.write(json.dumps([name, sys.argv[1:], dict(os.environ)]) + "\\n")
queue = (folder / "queue").read_text() if (folder / "queue").exists() else ""
if name == "squeue" and "--format=%A" in sys.argv:
    if queue == "down":
        sys.exit("slurm_load_jobs error: Unable to contact slurm controller")
    print(queue)
elif name == "squeue":
    print("2:00|1:55|" + str(folder / "primary job") + " --config my.toml")
elif name == "sbatch":
    (folder / "queue").write_text("18\\n")
    print("18")
"""


class Slurm:
    """Executables in a folder that stand for Slurm's, and what they were called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "primary job").write_text("#!/bin/bash\n")
        for name in ("squeue", "sbatch", "scancel"):
            path = folder / name
            path.write_text(FAKE.format(python=sys.executable))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.environ = {**SLURM, "PATH": f"{folder}:{os.environ['PATH']}", "TOKEN": "kept"}

    def chain(self) -> Chain:
        output = Path("/logs/100%.log")
        job = OwnJob.from_environment(self.environ, Path("/spool/slurm_script"), output)
        return Chain(job, self.environ, ("--leave-after", "10s"), begin_after=60.0)

    def queue(self, text: str) -> None:
        (self.folder / "queue").write_text(text)

    def calls(self, name: str) -> list[list[str]]:
        return [arguments for called, arguments, _ in self._calls() if called == name]

    def environment(self, name: str) -> dict[str, str]:
        return next(environ for called, _, environ in self._calls() if called == name)

    def _calls(self):
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]


@pytest.fixture
def slurm(tmp_path) -> Slurm:
    return Slurm(tmp_path)


def test_the_successor_gets_what_this_job_got_and_waits_for_its_end(slurm):
    chain = slurm.chain()
    chain.ensure()
    assert chain.successor == "18"
    assert slurm.calls("sbatch") == [
        [
            "--parsable",
            "--dependency=singleton",
            "--begin=now+60",
            "--job-name=nmma-primary",
            "--export=ALL",
            "--partition=main",
            "--account=pipe",
            "--mem=600",
            "--chdir=/a folder",
            "--output=/logs/100%%.log",
            "--open-mode=append",
            "--time=2:00",
            str(slurm.folder / "primary job"),
            "--leave-after",
            "10s",
        ]
    ]


def test_nothing_that_slurm_set_for_this_job_reaches_sbatch_but_the_way_to_the_cluster(slurm):
    slurm.chain().ensure()
    environ = slurm.environment("sbatch")
    left = {name for name in environ if name.startswith(("SLURM", "SBATCH"))}
    assert left == {"SLURM_CONF"}
    assert environ["TOKEN"] == "kept" and environ[SUCCESSOR_OF] == "17"


def test_one_that_is_queued_already_is_the_successor(slurm):
    slurm.queue("18\n")
    chain = slurm.chain()
    chain.ensure()
    assert chain.successor == "18" and slurm.calls("sbatch") == []


def test_more_than_one_are_reduced_to_the_oldest(slurm):
    slurm.queue("30\n18\n22\n17\n")
    chain = slurm.chain()
    chain.ensure()
    assert chain.successor == "18" and slurm.calls("scancel") == [["22", "30"]]


def test_while_the_queue_cannot_be_read_nothing_is_submitted(slurm):
    slurm.queue("down")
    chain = slurm.chain()
    chain.ensure()
    assert chain.successor is None and slurm.calls("sbatch") == []
    slurm.queue("")
    chain.ensure()
    assert chain.successor == "18"


def test_a_successor_that_somebody_cancelled_is_replaced_at_the_end(slurm):
    chain = slurm.chain()
    chain.ensure()
    slurm.queue("")
    chain.ensure()
    assert len(slurm.calls("sbatch")) == 1
    chain.ensure(again=True)
    assert len(slurm.calls("sbatch")) == 2


def test_the_end_of_a_chain_cancels_what_is_queued(slurm):
    chain = slurm.chain()
    chain.ensure()
    chain.end()
    assert slurm.calls("scancel") == [["18"]] and chain.successor is None


def test_its_limit_and_what_is_left_are_known(slurm):
    chain = slurm.chain()
    assert (chain.limit, chain.seconds_left) == (120.0, 115.0)


def test_without_slurms_commands_it_goes_on_alone(slurm, tmp_path):
    slurm.environ["PATH"] = str(tmp_path / "nowhere")
    chain = slurm.chain()
    chain.ensure()
    assert chain.successor is None and chain.limit is None


def test_outside_of_a_slurm_job_it_says_what_to_run():
    with pytest.raises(BadInput, match="sbatch jobs/primary_job"):
        OwnJob.from_environment({}, Path("x"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0:59", 59),
        ("2:00", 120),
        ("12:00:00", 43200),
        ("1-02:03:04", 93784),
        ("UNLIMITED", None),
        ("INVALID", None),
    ],
)
def test_slurms_times_are_read(text, seconds):
    assert parse_limit(text) == seconds


def test_a_script_is_found_in_a_command_with_blanks(tmp_path):
    script = tmp_path / "a b" / "primary job"
    script.parent.mkdir()
    script.touch()
    assert script_of(f"{script} --config x y") == script
    assert script_of("(null)") is None


def test_a_successors_environment_says_whose_it_is():
    assert successor_environment({"HOME": "/h", "SLURMD_X": "1"}, "5") == {
        "HOME": "/h",
        SUCCESSOR_OF: "5",
    }
