"""Without a shared file system: inputs travel to the node, and what a run leaves comes home."""

from __future__ import annotations

from pathlib import Path

import pytest
from htcondor_pool import private_pool
from installation import Installation
from test_htcondor_night import CONFIG
from toy_campaign import doubles

from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.unit import read_unit

pytestmark = pytest.mark.htcondor

BEATS = 250
# A start takes seconds here, which count for the limit and not for the warning.
TRAVELS = CONFIG.replace("warning_seconds = 5", "warning_seconds = 10")
TRAVELS += 'files = "transfer"\ncheckpoint_seconds = 8\n'
SHORT = {"resources": {"seconds": 40}}
LONG = ("evicted", "struck", "out of time")
EVERY = ("plain", "fails", *LONG)


def story(root: Path) -> Installation:
    with private_pool(root / "pool", nodes=3, shared=False) as pool:
        night = Installation(root, pool, TRAVELS)
        night.want("plain", seconds=0.5, picture="lightcurves.png")
        night.want("fails", seconds=0.5, final="bad_input")
        night.want("evicted", seconds=6)
        night.want("struck", seconds=BEATS / 10, resources={"cores": 8})
        night.want("out of time", seconds=45, **SHORT)
        night.start()
        try:
            pool.run("condor_vacate_job", night.until_run("evicted").job_id)
            begun = night.until_run("struck", 2)  # it was stopped to send its checkpoint home
            pool.nodes[begun.host].kill()
            night.finish(200)
        finally:
            night.stop()
    return night


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


@pytest.mark.slow  # on a loaded machine a start may take the seconds that the warning gives
def test_a_run_out_of_time_brings_its_checkpoint_home_to_the_next(told):
    assert any("out of time toy: timeout, trying again" in note for note in told.notes)
    assert list(told.work("out of time").glob("attempts/1-*/checkpoint.h5"))


def test_a_checkpoint_that_was_sent_home_survives_the_node(told):
    starts = told.starts("struck")
    assert len({start.host for start in starts}) == 2
    assert told.out("struck")["first"] >= 50


def test_no_attempt_ran_twice(told):
    assert doubles(told.all_starts()) == []
