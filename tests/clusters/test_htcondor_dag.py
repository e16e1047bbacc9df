"""A night as a DAG under real DAGMan: a node that fails, and the rescue that mends it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from daemons import wait_until
from htcondor_pool import Pool, private_pool
from installation import POLLER, Installation
from test_htcondor_night import CONFIG
from toy_campaign import ToyCampaign
from toy_poller import NIGHT

from nmma_fitter.config import load_config
from nmma_fitter.errors import BadInput
from nmma_fitter.make_jobs import Order
from nmma_fitter.poller.dag import render_dag

pytestmark = pytest.mark.htcondor


@dataclass
class Told:
    """What the DAG came to, first and when its rescue had run."""

    site: Installation
    dag: Path
    nodes: int
    first: list[str]
    second: list[str]
    rescues: list[Path]
    refused: str


def story(root: Path) -> Told:
    with private_pool(root / "pool") as pool:
        site = Installation(root, pool, CONFIG)
        for name in ("good", "better"):
            site.want(name, seconds=0.5)
        site.want("large", seconds=0.5, resources={"cores": 2})
        site.want("bad", seconds=0.2, exit=3)
        config = load_config(root / "my.toml")
        campaign = ToyCampaign(config.paths.outdir, root / "starts")
        order = Order(night_dir=root / "candidates" / NIGHT)
        collect = [sys.executable, str(POLLER), str(root), "--collect"]
        dag = render_dag(config, order, root / "dag", collect, campaign)
        try:
            render_dag(config, order, root / "dag", collect, campaign)
            refused = ""
        except BadInput as error:
            refused = str(error)
        run(pool, dag.path)
        first = site.states("good", "better", "large", "bad")
        rescues = sorted((root / "dag").glob("*.rescue*"))
        mend(site, "bad")
        run(pool, dag.path)
        second = site.states("good", "better", "large", "bad")
    return Told(site, dag.path, dag.nodes, first, second, rescues, refused)


def run(pool: Pool, dag: Path) -> None:
    """Submit a DAG, and wait until it has ended, whatever came of it."""
    pool.run("condor_submit_dag", str(dag))
    wait_until(lambda: not pool.queue(), 120, f"the end of {dag.name}")


def mend(site: Installation, name: str) -> None:
    """Take away what makes a toy fail."""
    path = site.work(name) / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "exit": None}))


def test_every_unit_is_a_node(told):
    text = told.dag.read_text()
    assert told.nodes == 4 and text.count("\nJOB ") == 4 and text.count("\nRETRY ") == 4


def test_the_nodes_that_end_well_are_collected_although_one_fails(told):
    assert told.first == ["done", "done", "done", "failed(nonzero_exit)"]


def test_a_node_that_fails_is_tried_again(told):
    assert len(told.site.starts("bad")) == 4  # thrice by the DAG, once by its rescue


def test_the_rescue_runs_the_failed_node_alone_and_its_result_is_collected(told):
    assert [path.suffix for path in told.rescues] == [".rescue001"]
    assert told.second == ["done"] * 4
    assert [len(told.site.starts(name)) for name in ("good", "better", "large")] == [1, 1, 1]


def test_the_night_is_closed_over_all_of_them(told):
    value = json.loads((told.site.outdir / f"{NIGHT}.fin").read_text())
    assert {unit["state"] for unit in value["units"]} == {"done"}


def test_a_folder_with_a_dag_is_not_written_over(told):
    assert "is there already" in told.refused
