"""Units of one object in one job, on the real local scheduler with the toy campaign."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from toy_campaign import Start, ToyCampaign, doubles, read_starts, write_candidate
from waiting import tick_to_the_end, wait_until

from nmma_fitter.config import load_config
from nmma_fitter.engine.files import read_json
from nmma_fitter.engine.unit import Unit
from nmma_fitter.errors import NmmaFitterError
from nmma_fitter.fits import COMMAND, SERVER
from nmma_fitter.fits_campaign import FitsCampaign
from nmma_fitter.make_jobs import Order, Poller, TickReport
from nmma_fitter.poller.orders import Selection, cancel

NIGHT = "2459778-2459785"
TASKS = ("one", "two", "three")
CONFIG = "[tick]\ngrace = 0.5\nsubmit_grace = 0.5\n[scheduler]\nslots = 2\n"


class Place:
    """An installation of the toy campaign whose units share jobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "my.toml").write_text(CONFIG)
        self.config = load_config(root / "my.toml")
        self.campaign = ToyCampaign(root / "outdir", root / "starts", TASKS, group="together")
        self.poller = self.new_poller()

    def want(self, **settings: object) -> None:
        write_candidate(self.root / "candidates" / NIGHT, "a", **{"seconds": 0.1, **settings})

    def new_poller(self) -> Poller:
        (self.root / "candidates" / NIGHT).mkdir(parents=True, exist_ok=True)
        order = Order(night_dir=self.root / "candidates" / NIGHT)
        return Poller(self.config, order, campaign=self.campaign)

    def finish(self) -> dict[str, tuple[str, str | None]]:
        """State and reason of each task, when all have ended."""
        return how(tick_to_the_end(self.poller))

    def until_begun(self, task: str) -> int:
        """Process of a task's first supervisor, once its run has begun."""
        self.poller.tick()
        found = wait_until(lambda: [*self.folder(task).glob("attempts/*/heartbeat")])
        return int((read_json(found[0].with_name("started")) or {})["pid"])

    def cancel(self, chosen: Selection) -> int:
        scheduler = self.poller.scheduler
        return cancel(self.config, self.campaign, scheduler, chosen, lambda line: None)

    def folder(self, task: str) -> Path:
        return self.root / "outdir" / NIGHT / "a" / task

    @property
    def starts(self) -> list[Start]:
        return read_starts(self.root / "starts")


def how(report: TickReport) -> dict[str, tuple[str, str | None]]:
    return {need.task: (need.state.value, need.reason) for need in report.needs}


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_one_that_fails_keeps_the_others_from_nothing(place):
    place.want(tasks={"two": {"final": "bad_input"}})
    done = ("done", None)
    assert place.finish() == {"one": done, "two": ("failed", "bad_input"), "three": done}
    assert len({start.job_id for start in place.starts}) == 1
    assert [start.attempt for start in place.starts] == [1, 1, 1]


@pytest.mark.slow
def test_one_that_is_killed_is_tried_again_alone(place):
    go_on = place.root / "go"
    place.want(tasks={"two": {"until": str(go_on)}})
    place.until_begun("two")
    os.kill(place.starts[1].pid, signal.SIGKILL)
    go_on.touch()
    assert set(place.finish().values()) == {("done", None)}
    assert [start.attempt for start in place.starts] == [1, 1, 1, 2]
    assert len({start.job_id for start in place.starts}) == 2


@pytest.mark.slow
def test_a_job_told_to_end_takes_nothing_from_those_without_a_turn(place):
    go_on = place.root / "go"
    place.want(tasks={"one": {"until": str(go_on)}})
    os.kill(parent_of(place.until_begun("one")), signal.SIGTERM)
    go_on.touch()
    assert set(place.finish().values()) == {("done", None)}
    assert len(place.starts) == 4 and doubles(place.starts) == []
    assert len({start.job_id for start in place.starts}) == 4, "each the second time in its own"


def test_a_poller_killed_after_the_submit_finds_the_job_of_all(place):
    place.want()
    accepted = place.poller.scheduler.submit

    def killed(batch):
        accepted(batch)
        raise KeyboardInterrupt

    place.poller.scheduler.submit = killed
    with pytest.raises(KeyboardInterrupt):
        place.poller.tick()
    place.poller = place.new_poller()
    assert set(place.finish().values()) == {("done", None)}
    assert len(place.starts) == 3 and len({start.job_id for start in place.starts}) == 1


@pytest.mark.slow
def test_cancelling_one_leaves_the_job_to_the_others(place):
    go_on = place.root / "go"
    place.want(tasks={"one": {"until": str(go_on)}})
    place.until_begun("one")
    assert place.cancel(Selection(models=("two",))) == 1
    go_on.touch()
    found = place.finish()
    assert found["one"] == found["three"] == ("done", None)
    assert len({start.job_id for start in place.starts}) == 1


def test_cancelling_all_ends_the_job(place):
    place.want(tasks={"one": {"seconds": 3600.0}})
    place.until_begun("one")
    chosen = Selection(objects=("a",))
    assert place.cancel(chosen) == 3
    assert set(place.finish().values()) == {("failed", "cancelled")}
    assert len(place.starts) == 1


ROWS = ["2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2"]
FITS = '[fits]\nmodels = ["Me2017", "Piro2021", "nugent-hyper"]\n'


def fits_units(root: Path, together: str) -> dict[str, Unit]:
    """Units by model of a light curve of three detections."""
    (root / "my.toml").write_text(f"{FITS}together = {together}\n")
    path = root / "ZTF1.csv"
    path.write_text("\n".join([",jd,mag,mag_unc,filter,limmag,programid", *numbered(ROWS)]) + "\n")
    wanted = FitsCampaign(load_config(root / "my.toml")).wanted(NIGHT, [path], AllKnown())
    return {want.task: want.unit for want in wanted if want.unit}


def numbered(rows: list[str]) -> list[str]:
    return [f"{number},{row}" for number, row in enumerate(rows)]


class AllKnown:
    """Digests: every one is known, so that no model is loaded."""

    def __contains__(self, digest: object) -> bool:
        return True


def test_models_that_are_named_share_a_job_and_stay_the_units_they_were(tmp_path):
    alone = fits_units(tmp_path, "[]")
    units = fits_units(tmp_path, '["Me2017", "Piro2021"]')
    assert {name: unit.digest for name, unit in units.items()} == {
        name: unit.digest for name, unit in alone.items()
    }
    groups = {name: unit.group for name, unit in units.items()}
    assert groups == {"Me2017": "fits", "Piro2021": "fits", "nugent-hyper": ""}
    assert (units["Me2017"].server, units["nugent-hyper"].command) == (SERVER, COMMAND)
    assert {unit.group for unit in alone.values()} == {""}
    for unit in units.values():
        assert Unit.from_json(unit.folder, unit.to_json()) == unit


def test_a_model_that_is_none_is_an_error(tmp_path):
    with pytest.raises(NmmaFitterError, match="Piro2021"):
        fits_units(tmp_path, '["Piro2012"]')


@pytest.mark.slow  # four whole fits
def test_fits_that_share_a_job_find_what_they_find_alone(tmp_path):
    found = []
    for together in ("[]", '["Piro2021", "nugent-hyper"]'):
        root = tmp_path / str(len(found))
        (root / "candidates" / NIGHT).mkdir(parents=True)
        fits_units(root, together)
        (root / "ZTF1.csv").rename(root / "candidates" / NIGHT / "ZTF1.csv")
        order = Order(models=("Piro2021", "nugent-hyper"))
        report = tick_to_the_end(Poller(load_config(root / "my.toml"), order))
        assert set(how(report).values()) == {("done", None)}
        found.append(sorted((root / "outdir").rglob("attempts/*/posterior_samples.dat")))
    alone, shared = found
    assert [path.read_bytes() for path in alone] == [path.read_bytes() for path in shared]
    assert len({path.parent.name for path in shared}) == 1, "one job"
