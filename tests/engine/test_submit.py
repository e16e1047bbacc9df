"""What is submitted together, what goes first when not all may go, and how fast."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_of_files import BatchOfFiles
from small_units import TEMPLATES, small_unit

from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracker, TrackSettings
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Wanted, register
from nmma_fitter.schedulers.base import BatchRequest

TASKS = ("Me2017", "Piro2021")


class Place:
    """An installation with a batch system of files, and what it was handed."""

    def __init__(self, root: Path) -> None:
        self.root, self.outdir = root, root / "outdir"
        self.batch = BatchOfFiles(root / "cluster")
        self.ledger = Ledger(root / "ledger.sqlite")
        self.handed: list[BatchRequest] = []
        accepted = self.batch.submit
        self.batch.submit = lambda b: (self.handed.append(b), accepted(b))[1]  # type: ignore[method-assign]

    def want(self, night: str, *objects: str, tasks: tuple[str, ...] = TASKS, **more: Any) -> None:
        self.ledger.open_night(night, self.outdir / night)
        units = [
            replace(small_unit(self.outdir, obj, night=night, task=task), **more)
            for obj in objects
            for task in tasks
        ]
        wanted = [Wanted(unit.object, unit.task, unit) for unit in units]
        register(self.ledger, night, wanted, deadline=1e9)

    def tick(self, *, queued: int | None = None, **settings: Any) -> list[str]:
        tracked = Tracker(self.ledger, self.batch, TrackSettings(), 0.0).run(self.ledger.units())
        bounds = SubmitSettings(TEMPLATES, **settings)
        return submit(
            *(self.ledger, self.batch, self.root, tracked.submittable, bounds, 0.0, queued)
        )

    def end(self, count: int) -> None:
        for job in list(self.batch.jobs("pending"))[:count]:
            self.batch.finish(self.batch.start(job), "done")

    @property
    def submitted(self) -> list[tuple[str, str, str]]:
        """Night, object and task of what was handed over, call by call."""
        return [
            (folder.parts[-3], folder.parts[-2], folder.parts[-1])
            for batch in self.handed
            for folder in batch.folders
        ]


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_units_of_one_task_and_equal_resources_are_one_batch(place):
    place.want("n1", *"abcde")
    place.tick()
    assert [Counter(f.name for f in batch.folders) for batch in place.handed] == [
        {"Me2017": 5},
        {"Piro2021": 5},
    ]


def test_a_unit_that_asks_for_more_is_a_batch_of_its_own(place):
    place.want("n1", "a", "b", tasks=("Me2017",))
    digest = place.ledger.units()[0].unit.digest
    place.ledger.set_next(digest, 2.0, 1.0, None)
    place.tick()
    assert sorted(batch.resources.seconds for batch in place.handed) == [60, 120]


@pytest.mark.parametrize("own", [2, None])
def test_a_batch_is_no_larger_than_the_batch_system_takes(place, own):
    place.batch.largest_batch = own
    place.want("n1", *"abcde", tasks=("Me2017",))
    place.tick(per_batch=3)
    assert [len(batch.scripts) for batch in place.handed] == ([2, 2, 1] if own else [3, 2])


def test_no_more_jobs_are_queued_than_allowed_and_the_rest_follows_as_they_end(place):
    place.want("n1", *"abcde", tasks=("Me2017",))
    assert place.tick(max_queued=3) == ["2 units wait for their turn to be submitted"]
    place.tick(max_queued=3)
    assert len(place.submitted) == 3
    place.end(1)
    place.tick(max_queued=3)
    assert len(place.submitted) == 4


def test_jobs_of_ours_that_only_the_batch_system_knows_count(place):
    place.want("n1", *"abcde", tasks=("Me2017",))
    place.tick(max_queued=4, queued=3)
    assert len(place.submitted) == 1


def test_the_newest_night_goes_first_with_all_tasks_of_an_object_together(place):
    place.want("n1", "z")
    place.want("n2", "b", "a")
    place.tick(per_tick=4)
    assert set(place.submitted) == {("n2", o, t) for o in "ab" for t in TASKS}
    place.tick(per_tick=4)
    assert set(place.submitted[4:]) == {("n1", "z", task) for task in TASKS}


def test_objects_of_a_night_keep_the_order_in_which_they_came(place):
    place.want("n1", "z", "a")
    place.tick(per_tick=2)
    assert {name for _, name, _ in place.submitted} == {"z"}


def test_there_is_a_pause_between_two_calls_and_none_around_them(place):
    place.want("n1", "a")
    pauses: list[float] = []
    place.tick(pause=2.5, sleep=pauses.append)
    assert len(place.handed) == 2 and pauses == [2.5]


def test_what_there_is_no_time_for_waits_for_the_next_tick(place):
    place.want("n1", "a")
    said = place.tick(enough=lambda: bool(place.handed), pause=9.0, sleep=lambda _: None)
    assert said == ["1 units wait for their turn to be submitted"]
    place.tick()
    assert len(place.submitted) == 2


def test_files_that_the_disk_does_not_take_after_all_put_the_batch_off(place, monkeypatch):
    from nmma_fitter.engine import files

    place.want("n1", "a", tasks=("Me2017",))

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "_sync", full)
        [said] = place.tick()
    assert "No space left" in said and not place.handed
    assert place.ledger.units()[0].state is State.PENDING
    place.tick()
    assert len(place.submitted) == 1
