"""A controller that is stopped for a minute, in the middle of a submit too, and one that dies."""

from pathlib import Path

import pytest
from installation import CONFIG, Installation
from slurm_cluster import SlurmCluster, private_slurm
from toy_campaign import doubles

pytestmark = pytest.mark.slurm

PAUSE = 60.0
DEATHS = ("outlived", "outlives it")  # a unit whose controller is back before its end, and not
# sbatch as the poller knows it: the controller stops in the moment it is called for the first time.
STOPPING_SBATCH = """\
#!/bin/bash
[ -e {flag} ] || {{ touch {flag}; kill -STOP {pid}; }}
exec sbatch "$@"
"""


class Told:
    """Two installations on one cluster, and what a second death of its controller did."""

    def __init__(self, root: Path, cluster: SlurmCluster) -> None:
        self.at_work = Installation(root / "at-work", cluster)
        wrapper = root / "sbatch"
        wrapper.write_text(STOPPING_SBATCH.format(flag=root / "called", pid=cluster.controller.pid))
        wrapper.chmod(0o755)
        commands = f'commands = {{ sbatch = "{wrapper}" }}\n'
        self.submitting = Installation(root / "submitting", cluster, CONFIG + commands)
        self.both = (self.at_work, self.submitting)
        self.jobs: list[str] = []


def story(root: Path) -> Told:
    with private_slurm(root / "slurm") as cluster:
        told = Told(root, cluster)
        try:
            play(told, cluster)
        finally:
            for site in told.both:
                site.stop()
    return told


def play(told: Told, cluster: SlurmCluster) -> None:
    told.at_work.want("ends meanwhile", seconds=15)
    told.at_work.want("goes on", seconds=80)
    told.at_work.start()
    for name in ("ends meanwhile", "goes on"):
        told.at_work.until_run(name)
    for number in range(3):
        told.submitting.want(f"asked {number}", seconds=1)
    told.submitting.start()  # and the controller stops
    told.submitting.until((told.submitting.root.parent / "called").exists, 30, "sbatch")
    told.at_work.want("comes meanwhile", seconds=1)
    told.at_work.pause(PAUSE)
    cluster.controller.resume()
    told.at_work.until_run("comes meanwhile")
    told.submitting.until_run("asked 2")
    told.jobs = sorted(cluster.run("squeue", "-h", "-r", "-tall", "-o%i").split())
    for name in DEATHS:
        told.at_work.want(name, seconds=6)
        told.at_work.until_run(name)
        cluster.controller.kill()  # it may not have saved yet that there is such a job
        told.at_work.pause(8 if name == "outlives it" else 1)
        cluster.controller.start()
    told.at_work.want("comes after", seconds=1)  # perhaps under the number of the one before
    # A job that runs twice under one number makes Slurm drain the node.
    told.at_work.until(lambda: cluster.resume_nodes() or is_done(told), 90, "the one after")
    for site in told.both:
        site.finish(120)


def is_done(told: Told) -> bool:
    return told.at_work.states("comes after") == ["done"]


def test_a_submit_that_was_not_answered_is_adopted(told):
    assert told.submitting.states("asked 0", "asked 1", "asked 2") == ["done"] * 3
    assert any("not answered" in note for note in told.submitting.notes)


def test_a_submit_that_was_not_answered_is_not_repeated(told):
    starts = told.submitting.all_starts()
    assert len(starts) == 3 and doubles(starts) == []


def test_what_ran_through_the_pause_is_done_by_its_first_run(told):
    for name in ("ends meanwhile", "goes on"):
        assert told.at_work.states(name) == ["done"]
        assert len(told.at_work.starts(name)) == 1


def test_nothing_is_submitted_while_the_controller_does_not_answer(told):
    assert any("did not answer" in note for note in told.at_work.notes)
    assert told.at_work.states("comes meanwhile") == ["done"]
    assert len(told.at_work.starts("comes meanwhile")) == 1


@pytest.mark.parametrize("name", [*DEATHS, "comes after"])
def test_a_unit_whose_controller_died_at_its_start_has_its_result(told, name):
    assert told.at_work.states(name) == ["done"]
    assert doubles(told.at_work.starts(name)) == []


def test_no_tick_said_that_anything_had_failed(told):
    states = {n["state"] for site in told.both for r in site.reports for n in r["needs"]}
    assert "failed" not in states


def test_slurm_had_no_jobs_besides_those_that_started(told):
    starts = [start for site in told.both for start in site.all_starts()]
    later = [one for name in (*DEATHS, "comes after") for one in told.at_work.starts(name)]
    assert told.jobs == sorted({start.job_id for start in starts if start not in later})
