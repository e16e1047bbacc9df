"""Nodes that die and jobs that are pushed aside: two copies of one run, and one result."""

import json
from pathlib import Path

import pytest
from daemons import wait_until
from installation import Installation
from slurm_cluster import SlurmCluster, private_slurm
from toy_campaign import doubles

from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.unit import read_unit

pytestmark = pytest.mark.slurm

WHOLE = {"resources": {"cores": 8}}  # a node each
ASIDE = {"resources": {"cores": 8, "options": {"partition": "preempt"}}}
NAMES = ["struck", "cut off", "pushed aside", "requeued"]


def story(root: Path) -> Installation:
    """Four units on a node each, what befalls them, and two more nodes to go to."""
    with private_slurm(root / "slurm", nodes=6) as cluster:
        site = Installation(root, cluster)
        site.want("struck", seconds=5, **WHOLE)
        go_on = root / "go"
        site.want("cut off", seconds=1, until=str(go_on), **WHOLE)
        site.want("pushed aside", seconds=15, **ASIDE)
        site.want("requeued", seconds=5, **WHOLE)
        site.start()
        try:
            first = {name: site.until_run(name) for name in NAMES}
            cluster.nodes[first["struck"].host].kill()
            cluster.nodes[first["cut off"].host].slurmd.kill()
            cluster.run("scontrol", "requeue", first["requeued"].job_id)
            push(cluster, first["pushed aside"].host)
            site.until_run("cut off", 2)
            site.both_ran = all(alive(start.pid) for start in site.starts("cut off"))
            go_on.touch()
            site.finish(120)
            pids = [start.pid for start in site.starts("cut off")]
            wait_until(lambda: not any(map(alive, pids)), 60, "both copies to end")
            wait_until(lambda: len(published(site)) == 2, 10, "both to publish")
        finally:
            site.stop()
    return site


def push(cluster: SlurmCluster, node: str) -> None:
    """Take a node for a job of a partition that goes before others."""
    command = ("sbatch", "-phigh", "-c8", f"-w{node}", "-o/dev/null", "--wrap", "sleep 3")
    cluster.run(*command)


def published(site: Installation) -> list[str]:
    """What both copies said when they published."""
    logs = [path.read_text() for path in site.work("cut off").glob("attempts/*/log")]
    return sorted(line for text in logs for line in text.splitlines() if "publish:" in line)


def alive(pid: int) -> bool:
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text().rpartition(")")[2].split()[0] not in "ZX"


@pytest.mark.parametrize("name", NAMES)
def test_its_unit_is_done(told, name):
    assert told.states(name) == ["done"]


@pytest.mark.parametrize("name", NAMES)
def test_it_was_started_twice_and_no_attempt_by_two_jobs(told, name):
    assert len(told.starts(name)) == 2
    assert doubles(told.starts(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_its_one_result_is_vouched_for(told, name):
    state, proof = read_sentinel(read_unit(told.work(name)))
    assert state is SentinelState.VALID and proof["outcome"] == "done"
    assert len(list((told.work(name) / "sentinels").iterdir())) == 1


@pytest.mark.parametrize("name", ["struck", "cut off"])
def test_slurm_started_it_again_elsewhere(told, name):
    one, two = told.starts(name)
    assert (one.job_id, two.job_id) == (one.job_id, one.job_id) and one.host != two.host


def test_with_slurmd_alone_gone_two_copies_ran_at_once(told):
    assert told.both_ran


def test_both_copies_came_to_their_end_and_one_was_first(told):
    first, second = published(told)
    assert (first, second) == ("publish: another run of this unit was first", "publish: done")


def test_the_published_output_is_that_of_the_run_the_sentinel_names(told):
    work = told.work("cut off")
    proof = json.loads((work / "toy.fin").read_text())
    assert (work / "out.json").samefile(work / "attempts" / proof["attempt"] / "out.json")
