"""A night on a real pool with everything that a night may hold, among it nodes that die."""

from __future__ import annotations

from pathlib import Path

import pytest
from htcondor_pool import Pool, private_pool
from installation import Installation
from toy_campaign import doubles

from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.unit import read_unit

pytestmark = pytest.mark.htcondor

PLAIN = [f"plain{number}" for number in range(6)]
HOSTILE = ["a'; touch x; echo '", "$(touch x)`touch x`", "new\nline", "../../../up", "100%j, $(a)"]
SHORT = {"resources": {"seconds": 20}}
WHOLE = {"resources": {"cores": 8}}  # a node each
AGAIN = ["struck", "pushed aside", "its starter died"]
BEATS = 250
CONFIG = """
[tick]
interval = 0.5
grace = 4
submit_grace = 30
timeout = 36000
[scheduler]
name = "htcondor"
[scheduler.htcondor]
command_seconds = 20
warning_seconds = 5
grace_seconds = 5
lease_seconds = 20
"""


def story(root: Path) -> Installation:
    with private_pool(root / "pool", nodes=4) as pool:
        night = Installation(root, pool, CONFIG)
        for name in AGAIN:
            night.want(name, seconds=12, keep=True, **WHOLE)
        night.start()
        try:
            befall(night, pool)
            for name in (*PLAIN, *HOSTILE):
                night.want(name, seconds=0.5)
            night.want("nowhere", resources={"options": {"rank": "(("}})
            night.want("broken", seconds=0.2, exit=3)
            night.want("hopeless", seconds=0.2, final="bad_input")
            night.want("warned", seconds=BEATS / 10, **SHORT)
            night.want("deaf", seconds=BEATS / 10, deaf=True, keep=True, **SHORT)
            night.want("unwanted", seconds=300)
            pool.run("condor_rm", night.until_run("unwanted").job_id)
            night.finish(240)
        finally:
            night.stop()
        kept = pool.run("condor_history", "-af", "ClusterId", "ProcId").splitlines()
        here = pool.queue("ClusterId", "ProcId")
        night.jobs = [".".join(line.split()) for line in {*kept, *here}]
    return night


def befall(night: Installation, pool: Pool) -> None:
    """One node dies, one job is pushed aside, one starter dies."""
    first = {name: night.until_run(name) for name in AGAIN}
    for name in AGAIN:
        saved = night.work(name) / "attempts" / f"1-{first[name].job_id}-0" / "checkpoint.h5"
        night.until(saved.exists, 30, f"a checkpoint of {name}")
    pool.nodes[first["struck"].host].kill()
    pool.run("condor_vacate_job", first["pushed aside"].job_id)
    pool.nodes[first["its starter died"].host].signal(9, "condor_starter")


def test_units_end_well(told):
    assert told.states(*PLAIN) == ["done"] * len(PLAIN)


def test_units_that_ask_for_the_same_are_one_cluster(told):
    assert len({told.starts(name)[0].job_id.partition(".")[0] for name in PLAIN}) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_end_well(told, name):
    assert told.states(name) == ["done"] and told.out(name)["evaluations"] == 5


def test_hostile_names_run_nothing_and_leave_the_folder_nowhere(told):
    assert not [path for path in told.root.rglob("x") if path.is_file()]
    assert not (told.root / "up").exists()


def test_a_description_that_htcondor_does_not_take_is_rejected_by_name(told):
    assert told.states("nowhere") == ["failed(rejected)"]


def test_a_run_that_fails_is_tried_once_more(told):
    assert told.states("broken") == ["failed(nonzero_exit)"]
    assert [start.attempt for start in told.starts("broken")] == [1, 2]


def test_a_failure_that_is_final_is_not_tried_again(told):
    assert told.states("hopeless") == ["failed(bad_input)"]
    assert len(told.starts("hopeless")) == 1


@pytest.mark.parametrize("name", ["warned", "deaf"])
def test_a_run_out_of_time_is_done_by_the_next(told, name):
    assert told.states(name) == ["done"]
    assert any(f"{name} toy: timeout, trying again" in note for note in told.notes)


@pytest.mark.parametrize("name", ["warned", "deaf"])
def test_the_next_run_pays_nothing_twice(told, name):
    out = told.out(name)
    assert out["first"] > 0 and out["first"] + out["paid"] == BEATS


def test_a_job_that_somebody_removes_is_not_run_again(told):
    assert told.states("unwanted") == ["failed(cancelled)"]
    assert len(told.starts("unwanted")) == 1


@pytest.mark.parametrize("name", AGAIN)
def test_what_a_node_takes_away_is_started_again_by_htcondor_and_resumed(told, name):
    assert told.states(name) == ["done"]
    assert [start.job_id for start in told.starts(name)] == [told.starts(name)[0].job_id] * 2
    assert told.out(name)["first"] > 0


@pytest.mark.parametrize("name", [*AGAIN, *PLAIN])
def test_its_one_result_is_vouched_for(told, name):
    state, proof = read_sentinel(read_unit(told.work(name)))
    assert state is SentinelState.VALID and proof["outcome"] == "done"
    assert len(list((told.work(name) / "sentinels").iterdir())) == 1


def test_no_attempt_ran_twice(told):
    assert doubles(told.all_starts()) == []


def test_htcondor_knows_of_no_job_that_did_not_start(told):
    assert sorted(told.jobs) == sorted({start.job_id for start in told.all_starts()})
