"""The poller as a job that HTCondor's own cron starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from contract import wait_until

from nmma_fitter.shipped import shipped

pytestmark = pytest.mark.htcondor

PROGRAM = """\
#!/bin/bash
echo "$@" >>{here}/calls
"""


@pytest.fixture
def submitted(htcondor, tmp_path) -> str:
    """The shipped file with its paths filled in and a slot every minute, submitted."""
    program = tmp_path / "make-jobs"
    program.write_text(PROGRAM.format(here=tmp_path))
    program.chmod(0o755)
    text = shipped("jobs", "primary_job.sub").read_text()
    for name, value in {
        "/path/to/bin": tmp_path,
        "/path/to/my.toml": tmp_path / "my.toml",
        "/path/to/log": tmp_path,
        "cron_minute    = 0,30": "cron_minute = *",
    }.items():
        assert name in text
        text = text.replace(name, str(value))
    (tmp_path / "primary_job.sub").write_text(text)
    return htcondor.run("condor_submit", str(tmp_path / "primary_job.sub"))


@pytest.mark.slow  # waits for two full minutes
def test_it_is_started_again_and_again(submitted, tmp_path):
    calls = tmp_path / "calls"
    wait_until(lambda: calls.exists() and len(calls.read_text().splitlines()) == 2, 200)
    assert calls.read_text().splitlines()[0].endswith("my.toml --once --linger 25m")


def test_htcondor_takes_it_and_keeps_it_until_its_slot(submitted, htcondor):
    [line] = htcondor.queue("JobUniverse", "CronMinute", "OnExitRemove", "JobStatus")
    assert line.split()[:3] == ["12", "*", "false"]


def test_status_finds_it_while_it_waits_and_when_it_is_held(submitted, htcondor, tmp_path):
    (tmp_path / "my.toml").write_text('[scheduler]\nname = "htcondor"\n')
    entry = "from nmma_fitter.cli import nmma_fitter_main; nmma_fitter_main()"
    command = [sys.executable, "-c", entry, "status", "--config", "my.toml"]

    def status() -> str:
        environment = {**os.environ, **htcondor.environment}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    [cluster] = htcondor.queue("ClusterId")
    said = status()
    assert f"primary_job.sub {cluster} wa" in said  # waits for its slot, or was started for it
    htcondor.run("condor_hold", cluster)
    said = status()
    assert f"primary_job.sub {cluster} is held: via condor_hold" in said
    assert f"`condor_rm {cluster}`" in said
