"""A task that only fails is stopped, tries one unit a night, and goes on when it succeeds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from batch_of_files import BatchOfFiles
from small_units import TEMPLATES, small_unit

from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracker, TrackSettings
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Registered, Wanted, register

FAILED = ("a", "b", "c")
STOP_AFTER = len(FAILED)


class Place:
    """Nights of small units, on a batch system of files."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, 0.0
        self.batch = BatchOfFiles(root / "cluster")
        self.ledger = Ledger(root / "ledger.sqlite")

    def tick(self, night: str, *objects: str, of: str | None = None) -> Registered:
        """One tick; `of` is the night in which the light curves first came."""
        self.now += 1
        self.ledger.open_night(night, self.root / "outdir" / night)
        units = [small_unit(self.root / "outdir", obj, night=of or night) for obj in objects]
        wanted = [Wanted(unit.object, unit.task, unit) for unit in units]
        bounds = {"deadline": self.now + 1000, "stop_after": STOP_AFTER, "now": self.now}
        said = register(self.ledger, night, wanted, **bounds)  # type: ignore[arg-type]
        rows = self.ledger.units()
        tracked = Tracker(self.ledger, self.batch, TrackSettings(), self.now).run(rows)
        settings = SubmitSettings(TEMPLATES)
        submit(self.ledger, self.batch, self.root, tracked.submittable, settings, self.now)
        return said

    def end(self, how: str) -> None:
        for job in self.batch.jobs("pending"):
            self.batch.finish(self.batch.start(job), how)

    def row(self, obj: str) -> UnitRow:
        [row] = [row for row in self.ledger.units() if row.unit.object == obj]
        return row

    def states(self, *objects: str) -> Counter[State]:
        return Counter(self.row(obj).state for obj in objects)


@pytest.fixture
def place(tmp_path) -> Place:
    """A task of which the last three units failed, in night n1."""
    place = Place(tmp_path)
    place.tick("n1", *FAILED)
    place.end("final")
    place.tick("n1", *FAILED)
    return place


def test_a_task_that_keeps_failing_is_stopped_and_says_so(place):
    said = place.tick("n1", *FAILED, "x", "y")
    assert place.states("x", "y") == {State.SKIPPED: 2}
    assert "stopped" in place.row("x").detail and "bad_input" in said.notes[0]


def test_another_night_tries_one_and_only_one(place):
    for _ in range(3):
        place.tick("n2", "x", "y", "z")
        place.end("final")
    assert place.states("x", "y", "z") == {State.FAILED: 1, State.SKIPPED: 2}


def test_the_one_try_may_be_a_unit_that_was_stopped_in_an_earlier_night(place):
    place.tick("n1", *FAILED, "x", "y")
    for _ in range(3):
        place.tick("n2", "x", "y", of="n1")
        place.end("final")
    assert place.states("x", "y") == {State.FAILED: 1, State.SKIPPED: 1}


def test_what_was_stopped_goes_on_once_the_task_succeeds(place):
    place.tick("n2", "x", "y", "z")
    assert place.states("x", "y", "z") == {State.SUBMITTED: 1, State.SKIPPED: 2}
    place.end("done")
    place.tick("n2", "x", "y", "z")
    said = place.tick("n2", "x", "y", "z")
    assert place.states("x", "y", "z") == {State.DONE: 1, State.SUBMITTED: 2}
    assert said.notes == ["model has succeeded again: 2 units that were stopped go on"]
    assert place.row("y").deadline == place.now + 1000


def test_a_unit_whose_run_found_its_model_unavailable_is_not_taken_up(place):
    place.tick("n2", "x")
    digest = place.row("x").unit.digest
    place.ledger.set_state(digest, State.SKIPPED, "unavailable", "no template", ended=1.0)
    place.tick("n2", "x")
    assert place.row("x").detail == "no template"


def test_a_silent_batch_system_does_not_change_which_one_is_tried(place):
    place.batch.answers = False
    place.tick("n2", "x", "y")
    place.tick("n2", "x", "y")
    place.batch.answers = True
    place.tick("n2", "x", "y")
    assert place.states("x", "y") == {State.SUBMITTED: 1, State.SKIPPED: 1}
