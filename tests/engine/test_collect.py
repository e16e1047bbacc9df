"""Products are made for as long as there is time; the rest is made by the next call."""

from collections import Counter
from pathlib import Path

import pytest
from small_units import small_unit

from nmma_fitter.engine.budget import Budget
from nmma_fitter.engine.collect import collect
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import BadInput


class Counting:
    """A campaign that notes what it was asked to collect."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.nights: Counter[str] = Counter()
        self.broken: set[str] = set()

    def collect(self, folder: Path, name: str, endings, history) -> None:
        self.calls[name] += 1
        if name in self.broken:
            raise BadInput("cannot be drawn")

    def show(self, ledger: Ledger, night: str) -> None:
        self.nights[night] += 1
        if night in self.broken:
            raise BadInput("cannot be shown")

    def show_all(self, ledger: Ledger) -> None:
        self.nights["all"] += 1


@pytest.fixture
def campaign():
    return Counting()


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.open_night("n1", tmp_path / "n1")
        for name in "abc":
            unit = small_unit(tmp_path, name)
            ledger.add_unit(unit, None)
            ledger.need("n1", name, unit.task, unit.digest)
            ledger.set_state(unit.digest, State.FAILED, "lost", ended=1.0)
        yield ledger


def no_time() -> bool:
    return True


def test_what_there_is_no_time_for_is_done_by_the_next_calls_and_nothing_twice(
    ledger, campaign, tmp_path
):
    notes = [collect(ledger, campaign, tmp_path, no_time) for _ in range(3)]
    assert campaign.calls == {"a": 1, "b": 1, "c": 1}
    assert "the next tick goes on" in notes[0][0] and notes[2] == []


def test_a_night_closes_only_when_all_of_it_is_collected(ledger, campaign, tmp_path):
    collect(ledger, campaign, tmp_path, no_time)
    assert ledger.night("n1")[2] is False and ledger.dirty_nights() == ["n1"]
    collect(ledger, campaign, tmp_path, lambda: False)
    assert ledger.night("n1")[2] is True and ledger.dirty_nights() == []


def test_an_object_that_changes_meanwhile_is_collected_again(ledger, campaign, tmp_path):
    collect(ledger, campaign, tmp_path, no_time)
    unit = small_unit(tmp_path, "a")
    ledger.set_state(unit.digest, State.FAILED, "timeout", ended=2.0)
    collect(ledger, campaign, tmp_path, lambda: False)
    assert campaign.calls == {"a": 2, "b": 1, "c": 1}


def test_one_object_that_fails_keeps_its_night_open_and_the_others_collected(
    ledger, campaign, tmp_path
):
    campaign.broken.add("b")
    [note] = collect(ledger, campaign, tmp_path, lambda: False)
    assert "b" in note and campaign.calls["c"] == 1 and not ledger.night("n1")[2]
    campaign.broken.clear()
    collect(ledger, campaign, tmp_path, lambda: False)
    assert ledger.night("n1")[2] and campaign.calls == {"a": 1, "b": 2, "c": 1}


def test_a_night_whose_page_cannot_be_written_is_shown_by_a_later_call(ledger, campaign, tmp_path):
    campaign.broken.add("n1")
    [note] = collect(ledger, campaign, tmp_path, lambda: False)
    assert "its page is not up to date" in note and ledger.night("n1")[2] and ledger.dirty_nights()
    campaign.broken.clear()
    collect(ledger, campaign, tmp_path, lambda: False)
    assert campaign.nights == {"n1": 2, "all": 1} and not ledger.dirty_nights()
    assert campaign.calls == {"a": 1, "b": 1, "c": 1}


def test_what_one_object_raises_does_not_keep_the_others(ledger, campaign, tmp_path):
    def garbled(folder: Path, name: str, endings, history) -> None:
        campaign.calls[name] += 1
        if name == "a":
            raise TypeError("its ranking is a list")

    campaign.collect = garbled
    [note] = collect(ledger, campaign, tmp_path, lambda: False)
    assert "its ranking is a list" in note and campaign.calls == {"a": 1, "b": 1, "c": 1}


def test_what_was_made_is_announced_the_night_after_its_objects(ledger, campaign, tmp_path):
    told: list[tuple[str, str]] = []
    collect(ledger, campaign, tmp_path, lambda: False, lambda night, obj: told.append((night, obj)))
    assert told == [("n1", "a"), ("n1", "b"), ("n1", "c"), ("n1", "")]


def test_a_budget_is_used_up_by_time_or_by_being_asked_to_leave():
    now, leaving = [0.0], [False]
    budget = Budget(10.0, lambda: leaving[0], lambda: now[0])
    assert not budget.used_up()
    now[0] = 10.0
    assert budget.used_up()
    now[0], leaving[0] = 0.0, True
    assert budget.used_up()
