"""Jobs that several units share, on real Slurm."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_campaign import Start, ToyCampaign, doubles, read_starts, write_candidate
from waiting import tick_to_the_end, wait_until

from nmma_fitter.config import load_config
from nmma_fitter.make_jobs import Order, Poller

pytestmark = pytest.mark.slurm

NIGHT = "2459778-2459785"
TASKS = ("one", "two", "three")
CONFIG = '[tick]\ngrace = 2\n[scheduler]\nname = "slurm"\n[scheduler.slurm]\nwarning_seconds = 55\n'
DONE = dict.fromkeys(TASKS, ("done", None))


class Place:
    """An installation of the toy campaign with one object, whose units share a job."""

    def __init__(self, root: Path, **settings: object) -> None:
        (root / "my.toml").write_text(CONFIG)
        night = root / "candidates" / NIGHT
        write_candidate(night, "a", **{"seconds": 0.2, **settings})
        campaign = ToyCampaign(root / "outdir", root / "starts", TASKS, group="together")
        order = Order(night_dir=night)
        self.poller = Poller(load_config(root / "my.toml"), order, campaign=campaign)
        self._starts = root / "starts"

    @property
    def starts(self) -> list[Start]:
        return read_starts(self._starts)

    def until_begun(self, count: int) -> str:
        """Id of the job, when so many runs have begun."""
        self.poller.tick()
        wait_until(lambda: len(self.starts) >= count, 60)
        return self.starts[-1].job_id

    def finish(self) -> dict[str, tuple[str, str | None]]:
        report = tick_to_the_end(self.poller)
        return {need.task: (need.state.value, need.reason) for need in report.needs}


def test_the_units_of_an_object_are_one_task_of_an_array(slurm, tmp_path):
    place = Place(tmp_path)
    assert place.finish() == DONE
    assert len(place.starts) == 3 and len({start.job_id for start in place.starts}) == 1


def test_a_job_that_slurm_restarts_leaves_alone_what_had_ended(slurm, tmp_path):
    go_on = tmp_path / "go"
    place = Place(tmp_path, tasks={"two": {"until": str(go_on)}})
    slurm.run("scontrol", "requeue", place.until_begun(2))
    go_on.touch()
    assert place.finish() == DONE
    runs = [(start.attempt, start.restart) for start in place.starts]
    assert runs == [(1, 0), (1, 0), (1, 1), (1, 1)] and doubles(place.starts) == []


@pytest.mark.slow
def test_when_its_time_is_up_those_without_a_turn_are_tried_alone(slurm, tmp_path):
    go_on = tmp_path / "go"
    place = Place(tmp_path, tasks={"two": {"until": str(go_on)}}, resources={"seconds": 120})
    job_id = place.until_begun(2)
    slurm.expire(job_id)
    wait_until(lambda: not slurm.run("squeue", "--noheader", "--jobs", job_id).strip(), 120)
    go_on.touch()
    place.poller.tick()
    first = {start.job_id for start in place.starts}
    assert place.finish() == DONE
    assert len(first) == 1 and len({start.job_id for start in place.starts}) == 3
    assert [start.attempt for start in place.starts].count(2) == 2
