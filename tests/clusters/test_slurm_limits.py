"""Limits of a site, on real Slurm: they are met, said and waited for; no unit fails for them."""

from collections.abc import Iterator

import pytest
from installation import Installation
from slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

NAMES = [f"toy{number}" for number in range(5)]


@pytest.fixture
def two_jobs(slurm_dbd) -> Iterator[SlurmCluster]:
    """A QOS that lets one person have two jobs in the queue."""
    limit = ("sacctmgr", "-i", "modify", "qos", "normal", "set")
    slurm_dbd.run(*limit, "MaxSubmitJobsPerUser=2")
    try:
        yield slurm_dbd
    finally:
        slurm_dbd.run(*limit, "MaxSubmitJobsPerUser=-1")


def test_what_is_over_a_submit_limit_waits_and_is_done_later(two_jobs, tmp_path):
    site = Installation(tmp_path, two_jobs)
    for name in NAMES:
        site.want(name, seconds=1)
    first = site.tick()
    states = [need["state"] for need in first["needs"]]
    assert (states.count("submitted"), states.count("pending")) == (2, 3)
    assert any("QOSMaxSubmitJobPerUserLimit" in note for note in first["notes"])
    assert any("max_queued" in note and "submit_per_tick" in note for note in first["notes"])
    waits = [need["detail"] for need in first["needs"] if need["state"] == "pending"]
    assert all("QOSMaxSubmitJobPerUserLimit" in detail for detail in waits)
    site.start()
    try:
        site.finish(240)
    finally:
        site.stop()
    assert site.states(*NAMES) == ["done"] * 5
    assert len(site.all_starts()) == 5


def test_a_time_limit_above_the_partitions_is_cut_and_said_once(slurm, tmp_path):
    site = Installation(tmp_path, slurm)
    for name in NAMES[:2]:
        site.want(name, seconds=0.5, resources={"seconds": 7200})
    site.start()
    try:
        site.finish(120)
    finally:
        site.stop()
    assert site.states(*NAMES[:2]) == ["done"] * 2
    [said] = [note for note in site.notes if "partition main" in note]
    assert "2 h" in said and "60 min" in said
