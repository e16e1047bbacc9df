"""A night written as a DAG, whose nodes are run here by hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from toy_campaign import ToyCampaign, write_candidate
from toy_poller import NIGHT

from nmma_fitter.config import load_config
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import BadInput
from nmma_fitter.make_jobs import Order
from nmma_fitter.poller.dag import Collecting, collect_command, render_dag
from nmma_fitter.poller.tick import TickReport

CONFIG = '[scheduler]\nname = "htcondor"\n'


class Night:
    """A night of toys, and its DAG."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "my.toml").write_text(CONFIG)
        self.config = load_config(root / "my.toml")
        self.campaign = ToyCampaign(self.config.paths.outdir, root / "starts")
        self.order = Order(night_dir=root / "candidates" / NIGHT)

    def want(self, name: str, **settings: object) -> None:
        write_candidate(self.root / "candidates" / NIGHT, name, **settings)

    def render(self) -> str:
        command = ["true"]
        dag = render_dag(self.config, self.order, self.root / "dag", command, self.campaign)
        return dag.path.read_text()

    def run_node(self, number: int) -> None:
        """What HTCondor would start for a node of the first group."""
        [script] = (self.root / "dag").glob("dag-*/run.sh")
        command = ["bash", script, str(number), f"{number + 1}.0"]
        subprocess.run(command, env={"PATH": os.defpath}, check=False, timeout=600)

    def collect(self) -> TickReport:
        return Collecting(self.config, self.order, campaign=self.campaign).tick()


@pytest.fixture
def night(tmp_path) -> Night:
    return Night(tmp_path)


def states(report: TickReport) -> dict[str, tuple[State, str | None]]:
    return {need.object: (need.state, need.reason) for need in report.needs}


def test_each_unit_is_a_node_that_is_tried_again_and_the_last_node_collects(night):
    night.want("a")
    night.want("b")
    text = night.render()
    assert text.count("\nJOB ") == 2 and text.count("\nRETRY ") == 2
    assert f"FINAL collect {night.root}/dag/collect.sub" in text


def test_a_node_without_a_result_has_failed_by_name_and_the_others_are_done(night):
    night.want("a", seconds=0.1)
    night.want("b", seconds=0.1, exit=3)
    night.want("c")
    night.render()
    night.run_node(0)
    night.run_node(1)
    assert states(night.collect()) == {
        "a": (State.DONE, None),
        "b": (State.FAILED, "nonzero_exit"),
        "c": (State.FAILED, "never_started"),
    }


def test_a_result_that_comes_later_is_collected(night):
    night.want("a", seconds=0.1)
    night.render()
    assert states(night.collect()) == {"a": (State.FAILED, "never_started")}
    night.run_node(0)
    assert states(night.collect()) == {"a": (State.DONE, None)}


def test_nothing_left_to_run_is_said(night):
    night.want("a", seconds=0.1)
    night.render()
    night.run_node(0)
    night.collect()
    (night.root / "dag").rename(night.root / "first")
    with pytest.raises(BadInput, match="no unit of this night waits"):
        night.render()


def test_a_dag_is_not_written_over(night):
    night.want("a")
    night.render()
    with pytest.raises(BadInput, match="is there already"):
        night.render()


def test_the_command_that_collects_is_make_jobs(tmp_path):
    order = Order(candidates=("a b",), models=("Piro2021",))
    command = collect_command(order, tmp_path, tmp_path / "out", tmp_path / "my.toml")
    done = subprocess.run(
        [*command, "--help"], capture_output=True, text=True, check=True, timeout=600
    )
    assert command[0] == sys.executable and "--collect-only" in done.stdout
    assert {"--candidate=a b", "--models=Piro2021"} <= set(command)
