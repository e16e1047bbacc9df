"""A night on real Slurm with everything that a night may hold, while the cluster keeps well."""

from pathlib import Path

import pytest
from installation import Installation
from slurm_cluster import private_slurm
from toy_campaign import doubles

pytestmark = pytest.mark.slurm

PLAIN = [f"plain{number}" for number in range(6)]
HOSTILE = [
    "a'; touch x; echo '",
    'two  words "quoted"',
    "$(touch x)`touch x`",
    "new\nline",
    "-n",
    "../../../up",
    "100%j",
    "back\\slash",
]
MINUTE = {"resources": {"seconds": 60}}
BEATS = 450


def story(root: Path) -> Installation:
    with private_slurm(root / "slurm") as cluster:
        night = Installation(root, cluster)
        for name in (*PLAIN, *HOSTILE):
            night.want(name, seconds=0.5)
        night.want("nowhere", resources={"options": {"partition": "nowhere"}})
        night.want("huge", resources={"memory_mb": 10**6})
        night.want("broken", seconds=0.2, exit=3)
        night.want("hopeless", seconds=0.2, final="bad_input")
        night.want("warned", seconds=BEATS / 10, **MINUTE)
        night.want("deaf", seconds=BEATS / 10, deaf=True, keep=True, **MINUTE)
        night.want("unwanted", seconds=300)
        night.start()
        try:
            cluster.run("scancel", night.until_run("unwanted").job_id)
            deaf = night.until_run("deaf").job_id
            night.until((night.work("deaf") / f"attempts/1-{deaf}-0/checkpoint.h5").exists, 30, "")
            cluster.expire(deaf)
            night.finish(200)
        finally:
            night.stop()
        known = cluster.run("squeue", "-h", "-r", "-tall", "-o%i %r").splitlines()
        # Slurm keeps a record of a request that it has refused.
        night.jobs = [line.split()[0] for line in known if "BadConstraints" not in line]
    return night


def test_units_end_well(told):
    assert told.states(*PLAIN) == ["done"] * len(PLAIN)


def test_units_that_ask_for_the_same_are_one_array(told):
    assert len({told.starts(name)[0].job_id.partition("_")[0] for name in PLAIN}) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_end_well(told, name):
    assert told.states(name) == ["done"] and told.out(name)["evaluations"] == 5


def test_hostile_names_run_nothing_and_leave_the_folder_nowhere(told):
    assert not [path for path in told.root.rglob("x") if path.is_file()]
    assert {path.parents[2] for path in told.root.rglob("out.json")} >= {told.outdir}
    assert not (told.root / "up").exists()


def test_a_partition_that_does_not_exist_is_rejected_by_name(told):
    assert told.states("nowhere") == ["failed(rejected)"]
    assert "nvalid partition" in told.needs["nowhere"]["detail"]


def test_a_request_that_no_node_can_meet_is_a_named_failure(told):
    assert told.states("huge")[0] in ("failed(rejected)", "failed(never_started)")


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


def test_a_job_that_somebody_cancels_is_not_run_again(told):
    assert told.states("unwanted") == ["failed(cancelled)"]
    assert len(told.starts("unwanted")) == 1


def test_no_attempt_ran_twice(told):
    assert doubles(told.all_starts()) == []


def test_slurm_knows_of_no_job_that_did_not_start_and_of_none_besides(told):
    assert sorted(told.jobs) == sorted({start.job_id for start in told.all_starts()})
