"""Light curves that change, come back, are wanted by two nights, and results that go away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from batch_of_files import BatchOfFiles
from small_units import TEMPLATES, small_unit

from nmma_fitter.engine.campaign import ending_of
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.night import close_night, night_fin
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracker, TrackSettings
from nmma_fitter.engine.unit import State, Unit, read_unit
from nmma_fitter.engine.want import Wanted, register
from nmma_fitter.schedulers.base import BatchRequest


class Place:
    """An installation with a batch system of files and a clock that stands still."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, 0.0
        self.batch = BatchOfFiles(root / "cluster")
        self.ledger = Ledger(root / "ledger.sqlite")

    def unit(self, version: int = 0, night: str = "n1", obj: str = "a") -> Unit:
        return small_unit(self.root / "outdir", obj, version, night=night)

    def tick(self, *versions: int, night: str = "n1", force: bool = False) -> None:
        units = [self.unit(v, night, obj) for obj, v in zip("abc", versions, strict=False)]
        ledger = self.ledger
        ledger.open_night(night, self.root / "outdir" / night)
        wanted = [Wanted(unit.object, unit.task, unit) for unit in units]
        register(ledger, night, wanted, deadline=self.now + 1000, force=force, now=self.now)
        tracked = Tracker(ledger, self.batch, TrackSettings(), self.now).run(ledger.units())
        settings = SubmitSettings(TEMPLATES)
        submit(ledger, self.batch, self.root, tracked.submittable, settings, self.now)
        for dirty in ledger.dirty_nights():
            close_night(ledger, dirty)
            ledger.set_collected(dirty)

    def fit(self, how: str = "done") -> None:
        for job in self.batch.jobs("pending"):
            self.batch.finish(self.batch.start(job), how)

    def row(self, version: int, obj: str = "a") -> UnitRow:
        row = self.ledger.unit(self.unit(version, obj=obj).digest)
        assert row is not None
        return row


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_changed_photometry_supersedes_and_cancels_the_old_fit(place):
    place.tick(0)
    place.tick(1)
    assert (place.row(0).state, place.row(0).reason) == (State.SKIPPED, "superseded")
    assert [job["reason"] for job in place.batch.jobs("ended badly").values()] == ["cancelled"]
    assert place.row(1).state is State.SUBMITTED


def test_photometry_put_back_is_fitted_though_its_job_was_cancelled(place):
    place.tick(0)
    job = next(iter(place.batch.jobs()))
    place.batch.start(job)
    place.tick(1)
    place.batch.end(job, "running", "")  # it takes its time to die
    place.tick(0)
    place.batch.end(job, "ended badly", "cancelled", runs_die=True)
    place.tick(0)
    place.fit()
    place.tick(0)
    assert place.row(0).state is State.DONE
    assert place.row(1).reason == "superseded"


def test_a_result_put_back_shows_under_the_public_names_again(place):
    place.tick(0)
    place.fit()
    place.tick(1)
    place.fit()
    place.tick(1)
    newer = (place.unit().folder / "out.txt").read_text()
    place.tick(0)
    assert (place.unit().folder / "out.txt").read_text() != newer
    assert len(place.batch.submitted) == 2


def test_a_later_night_does_not_take_the_folder_from_changed_photometry(place):
    place.tick(0)
    place.fit()
    place.tick(0)
    place.tick(1)  # n1 holds a newer light curve now
    place.tick(0, night="n2")  # and n2 the old one, which has its result
    owner = read_unit(place.unit().folder)
    assert owner is not None and owner.digest == place.unit(1).digest
    place.fit()
    place.tick(1)
    assert place.row(1).state is State.DONE
    assert place.row(0).state is State.DONE


def test_a_superseded_fit_that_another_night_wants_moves_to_that_night(place):
    place.tick(0)
    place.tick(1)
    place.tick(0, night="n2")
    assert place.row(0).unit.folder == place.unit(night="n2").folder
    assert place.row(1).state.live


def test_a_result_that_is_gone_withdraws_the_nights_sentinel_until_it_is_back(place):
    place.tick(0)
    place.fit()
    place.tick(0)
    fin = night_fin(place.root / "outdir" / "n1", "n1")
    assert fin.exists()
    for path in place.unit().attempts.glob("*/out.txt"):
        path.unlink()
    place.tick(0)
    assert not fin.exists()
    place.now += 10_000  # long after the first deadline
    place.tick(0)
    place.fit()
    place.tick(0)
    assert place.row(0).state is State.DONE
    assert '"revision": 2' in fin.read_text()


def test_force_raises_the_generation_of_what_has_ended_only(place):
    place.tick(0)
    place.tick(0, force=True)
    assert place.row(0).unit.generation == 0
    place.fit()
    place.tick(0)
    place.tick(0, force=True)
    assert place.row(0).unit.generation == 1
    assert (place.row(0).state, len(place.batch.submitted)) == (State.SUBMITTED, 2)


def test_a_folder_that_cannot_be_made_is_a_named_failure_and_the_others_go_on(place):
    folder = place.unit(obj="a").folder
    folder.parent.mkdir(parents=True)
    folder.write_text("a file is in the way")
    place.tick(0, 0)
    needs = {need.object: need for need in place.ledger.needs("n1")}
    assert (needs["a"].state, needs["a"].reason) == (State.FAILED, "disk_full")
    assert needs["b"].state is State.SUBMITTED
    folder.unlink()
    place.tick(0, 0)
    assert place.row(0).state is State.SUBMITTED


def test_a_job_past_its_deadline_is_cancelled_until_it_is_gone(place):
    place.tick(0)
    job = next(iter(place.batch.jobs()))
    place.now += 2000
    place.batch.answers = False
    place.tick(0)
    assert (place.row(0).state, place.row(0).reason) == (State.FAILED, "timeout")
    assert place.batch.jobs()[job]["state"] == "pending"
    place.batch.answers = True
    place.tick(0)
    assert place.batch.jobs()[job]["reason"] == "cancelled"


@pytest.mark.parametrize("how", ["node_failure", "deadline"])
def test_a_result_that_comes_late_wins(place, how):
    place.tick(0)
    run = place.batch.start(next(iter(place.batch.jobs())))
    place.now += 2000
    place.batch.answers = how == "node_failure"
    if how == "node_failure":
        place.batch.end(next(iter(place.batch.jobs())), "ended badly", how)
    place.tick(0)
    assert place.row(0).state is State.FAILED
    place.batch.finish(run, "done")  # the copy that a killed daemon left behind
    place.tick(0)
    assert place.row(0).state is State.DONE


def test_a_silent_batch_system_gets_no_new_jobs_until_it_answers(place):
    place.tick(0)
    place.now += 2000
    place.batch.answers = False
    place.tick(0)  # ends at its deadline, and the cancel does not get through
    place.tick(0, 0)
    assert place.row(0, "b").state is State.PENDING
    place.batch.answers = True
    place.tick(0, 0)
    assert place.row(0, "b").state is State.SUBMITTED


def test_a_publish_killed_before_the_public_names_is_completed(place):
    place.tick(0)
    place.fit()
    for name in ("out.txt", "model.fin"):
        (place.unit().folder / name).unlink()
    place.tick(0)
    assert place.unit().fin.exists()
    assert (place.unit().folder / "out.txt").exists()


def test_ended_well_without_outputs_is_no_output(place):
    place.tick(0)
    place.fit("silent")
    place.tick(0)
    place.tick(0)
    place.fit("silent")
    place.tick(0)
    assert (place.row(0).state, place.row(0).reason) == (State.FAILED, "no_output")


def test_an_earlier_fits_product_is_its_own_run_after_newer_photometry(place):
    place.tick(0)
    place.fit()
    place.tick(0)
    place.tick(0, night="n2")  # the same light curve
    [need] = place.ledger.needs("n2")
    before = ending_of(place.ledger, need)
    assert before.shown == need_folder(need)
    place.tick(1)
    place.fit()
    place.tick(1)  # newer photometry, in the same folder
    after = ending_of(place.ledger, *place.ledger.needs("n2"))
    assert after.run == before.run and (after.run / "out.txt").is_file()
    assert after.shown == after.run, "the public names are the newer fit's"


def need_folder(need) -> Path:
    return Path(need.folder)


class Watching(BatchOfFiles):
    """Notes at each submit whether the night's sentinel is there."""

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        self.there = night_fin(self.root.parent / "outdir" / "n1", "n1").exists()
        return super().submit(batch)


def test_a_night_is_withdrawn_before_late_work_is_submitted(place):
    place.batch = Watching(place.root / "cluster")
    place.tick(0)
    place.fit()
    place.tick(0)
    assert night_fin(place.root / "outdir" / "n1", "n1").is_file()
    place.tick(0, 0)
    assert place.batch.there is False
