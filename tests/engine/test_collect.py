"""Products are made of what changed, and a night is closed when all of them are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from small_units import small_unit

from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.collect import collect
from nmma_fitter.engine.files import read_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.night import night_fin
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import BadInput


class Noting:
    """A campaign that notes whose product was asked for."""

    name = "noting"

    def __init__(self) -> None:
        self.made: list[str] = []
        self.fails: set[str] = set()

    def collect(self, folder: Path, name: str, endings: Sequence[Ending]) -> None:
        if name in self.fails:
            raise BadInput("cannot be ranked")
        self.made.append(name)


class Place:
    """A night of three units in a ledger."""

    def __init__(self, root: Path) -> None:
        self.root, self.campaign = root, Noting()
        self.ledger = Ledger(root / "ledger.sqlite")
        self.ledger.open_night("n1", root / "n1")
        self.digests = {}
        for name in "abc":
            unit = small_unit(root, name)
            self.digests[name] = unit.digest
            self.ledger.add_unit(unit, None)
            self.ledger.need("n1", name, unit.task, unit.digest)

    def end(self, *names: str) -> None:
        for name in names:
            self.ledger.set_state(self.digests[name], State.FAILED, "cancelled", ended=1.0)

    def collect(self, enough: bool = False) -> list[str]:
        """Whose products were made."""
        self.campaign.made.clear()
        self.said = collect(self.ledger, self.campaign, self.root, lambda: enough)  # type: ignore[arg-type]
        return list(self.campaign.made)


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_only_objects_that_changed_are_done_again(place):
    assert place.collect() == ["a", "b", "c"]
    place.end("b")
    assert place.collect() == ["b"]
    assert place.collect() == []


def test_what_there_was_no_time_for_is_done_by_the_next_call(place):
    assert place.collect(enough=True) == ["a"]
    assert place.collect() == ["b", "c"]


def test_a_closed_night_leaves_no_marks(place):
    place.end("a", "b", "c")
    place.collect()
    assert night_fin(place.root / "n1", "n1").exists()
    assert read_json(place.root / "collecting.json") in (None, {})


def test_a_product_that_cannot_be_made_keeps_the_night_open_and_is_tried_again(place):
    place.end("a", "b", "c")
    place.campaign.fails = {"b"}
    assert place.collect() == ["a", "c"]
    assert "cannot be ranked" in place.said[0]
    assert not night_fin(place.root / "n1", "n1").exists()
    place.campaign.fails = set()
    assert place.collect() == ["b"]
    assert night_fin(place.root / "n1", "n1").exists()
