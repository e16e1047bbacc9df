"""Without a shared file system: inputs travel to the node, and what a run leaves comes home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from daemons import wait_until
from htcondor_pool import Pool, private_pool
from installation import Installation
from test_htcondor_night import CONFIG
from toy_campaign import doubles

from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.unit import read_unit

pytestmark = pytest.mark.htcondor

BEATS = 250
TRAVELS = CONFIG.replace("warning_seconds = 5", "warning_seconds = 10")
# An evicted run's checkpoint has to be home by then, on a machine however busy.
TRAVELS = TRAVELS.replace("grace_seconds = 5", "grace_seconds = 300")
TRAVELS += 'files = "transfer"\ncheckpoint_seconds = 8\nhold_seconds = 2\n'
# What a node asks of Apptainer: its version, a try of HTCondor's own image, and to run a job's.
APPTAINER = """\
#!/bin/sh
case "$*" in
  *--version*) echo "apptainer version 1.4.5" ;;
  *exit_37*) exit 37 ;;
  *) echo "FATAL: no such image" >&2; exit 255 ;;
esac
"""
BOXED = (
    TRAVELS
    + """\
hold_tries = 0
container_image = "/nowhere/image"
extra = { transfer_container = "false" }
"""
)
SHORT = {"resources": {"seconds": 40}}
LONG = ("evicted", "struck", "out of time", "deaf")
EVERY = ("plain", "fails", *LONG)


def story(root: Path) -> Installation:
    apptainer = root / "apptainer"
    apptainer.write_text(APPTAINER)
    apptainer.chmod(0o755)
    boxes = {"SINGULARITY": str(apptainer)}
    with private_pool(root / "pool", nodes=3, shared=False, settings=boxes) as pool:
        night = Installation(root, pool, TRAVELS)
        night.want("plain", seconds=0.5, picture="lightcurves.png")
        night.want("fails", seconds=0.5, final="bad_input")
        night.want("evicted", seconds=6)
        night.want("struck", seconds=BEATS / 10, resources={"cores": 8})
        night.want("out of time", seconds=45, **SHORT)
        night.want("deaf", seconds=45, keep=True, deaf=True, resources={"seconds": 20})
        night.start()
        try:
            pool.run("condor_vacate_job", night.until_run("evicted").job_id)
            begun = night.until_run("struck", 2)  # it was stopped to send its checkpoint home
            pool.nodes[begun.host].kill()
            night.walled = behind_a_wall(root / "walled", pool)
            night.boxed = in_an_image_that_does_not_run(root / "boxed", pool)
            night.finish(200)
        finally:
            night.stop()
    return night


def behind_a_wall(root: Path, pool: Pool) -> Installation:
    """An installation that nobody can enter while its jobs run, as root's folders are for jobs."""
    night = Installation(root, pool, TRAVELS)
    night.want("runs on", seconds=20)
    night.want("ends meanwhile", seconds=4)
    night.start()
    begun = [night.until_run(name).job_id for name in ("runs on", "ends meanwhile")]
    night.stop()
    walls = [root / name for name in ("outdir", "state", "candidates")]
    for wall in walls:
        wall.chmod(0)
    try:
        night.inside = os.access(walls[0], os.R_OK | os.X_OK)
        wait_until(lambda: held(pool, begun[1]), 60, "a hold of what ends meanwhile")
    finally:
        for wall in walls:
            wall.chmod(0o755)
    night.start()
    night.finish(120)
    return night


def in_an_image_that_does_not_run(root: Path, pool: Pool) -> Installation:
    night = Installation(root, pool, BOXED)
    night.want("boxed", seconds=1)
    night.start()
    try:
        night.until(lambda: night.notes, 60, "an end of its first job")
    finally:
        night.stop()
    return night


def held(pool: Pool, job_id: str) -> list[str]:
    lines = pool.queue("ClusterId", "ProcId", "JobStatus", "HoldReasonCode")
    words = [line.split() for line in lines]
    return [
        code
        for cluster, proc, status, code in words
        if (f"{cluster}.{proc}", status) == (job_id, "5")
    ]


@pytest.mark.parametrize("name", ["plain", *LONG])
def test_its_result_comes_home_and_is_vouched_for(told, name):
    assert told.states(name) == ["done"]
    state, proof = read_sentinel(read_unit(told.work(name)))
    assert state is SentinelState.VALID and proof["outcome"] == "done"


def test_a_failure_of_its_own_comes_home_too(told):
    assert told.states("fails") == ["failed(bad_input)"]


def test_everything_a_run_leaves_is_there(told):
    [run] = (told.work("plain") / "attempts").iterdir()
    left = {path.name for path in run.iterdir()}
    assert {"started", "exit", "outcome.json", "log", "heartbeat", "lightcurves.png"} <= left


@pytest.mark.parametrize("name", LONG)
def test_what_is_started_again_goes_on_from_its_checkpoint(told, name):
    out = told.out(name)
    assert out["first"] > 0 and len(told.starts(name)) > 1


def test_a_run_out_of_time_brings_its_checkpoint_home_to_the_next(told):
    assert any("out of time toy: timeout, trying again" in note for note in told.notes)
    assert list(told.work("out of time").glob("attempts/1-*/checkpoint.h5"))


def test_a_run_that_does_not_stop_in_time_brings_its_checkpoint_home_too(told):
    assert any("deaf toy: timeout, trying again" in note for note in told.notes)
    assert list(told.work("deaf").glob("attempts/1-*/checkpoint.h5"))


def test_a_checkpoint_that_was_sent_home_survives_the_node(told):
    starts = told.starts("struck")
    assert len({start.host for start in starts}) == 2
    assert told.out("struck")["first"] >= 50


def test_no_attempt_ran_twice(told):
    assert doubles(told.all_starts()) == []


def test_while_it_runs_it_needs_nothing_of_the_submitting_hosts_folders(told):
    assert not told.walled.inside  # nor could its job have read them: it is the same user's
    [start] = {start.attempt_key: start for start in told.walled.starts("runs on")}.values()
    assert told.walled.states("runs on") == ["done"] and start.attempt == 1


def test_what_ends_while_its_output_cannot_be_brought_home_is_done_again(told):
    assert told.walled.states("ends meanwhile") == ["done"]
    starts = told.walled.starts("ends meanwhile")
    assert len(starts) > 1 and len({start.job_id for start in starts}) == 1


def test_what_no_node_can_begin_is_not_started_for_ever(told):
    [note] = told.boxed.notes[:1]
    assert "boxed toy: node_failure, trying again" in note
    assert "no node could begin it" in note and "no such image" in note
