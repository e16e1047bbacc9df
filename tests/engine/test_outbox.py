"""What has changed is due to each courier until it has been delivered: in order, within bounds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from small_units import small_unit

from nmma_fitter.engine.files import write_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.outbox import (
    FIRST_WAIT,
    Parcel,
    Posts,
    first_nights,
    send,
    set_due,
    still_due,
)
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import Undelivered


@dataclass
class Notebook:
    """A courier that notes what it was given, or says why it could not take it."""

    name: str = "notebook"
    begins_anew: bool = False
    got: list[tuple[str, str]] = field(default_factory=list)
    fails: dict[str, Undelivered] = field(default_factory=dict)
    halves: set[str] = field(default_factory=set)

    def deliver(self, parcel: Parcel, posts: Posts, enough: Callable[[], bool]) -> bool:
        """Note it."""
        if parcel.object in self.fails:
            raise self.fails[parcel.object]
        self.got.append((parcel.night, parcel.object))
        return parcel.object not in self.halves


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for night in ("n1", "n2"):
            ledger.open_night(night, tmp_path / night)
            for name in "ab":
                unit = small_unit(tmp_path, night + name)
                ledger.add_unit(unit, None)
                ledger.need(night, name, unit.task, unit.digest)
                ledger.set_state(unit.digest, State.FAILED, "lost", ended=1.0)
        yield ledger


class Office:
    """Couriers over a ledger, at a time that a test sets; known from the first night on."""

    def __init__(
        self, ledger: Ledger, state: Path, *couriers: Notebook, known: bool = True
    ) -> None:
        self.ledger, self.state, self.couriers = ledger, state, couriers
        self.now = 100.0
        if known:
            write_json(state / "couriers.json", {courier.name: "" for courier in couriers})

    def due(self, night: str, *objects: str) -> None:
        begins = first_nights(self.ledger, self.couriers, self.state)
        for name in objects:
            set_due(self.ledger, begins, night, name)

    def send(self, enough: Callable[[], bool] = lambda: False) -> list[str]:
        return send(self.ledger, self.couriers, lambda: self.now, enough)


def test_a_night_goes_after_its_objects_and_nights_in_their_order(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "b", "a", "")
    office.due("n2", "a", "")
    office.send()
    assert book.got == [("n1", "b"), ("n1", "a"), ("n1", ""), ("n2", "a"), ("n2", "")]


def test_what_was_delivered_is_not_due_again_until_it_changes(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "a")
    office.send(), office.send()
    assert book.got == [("n1", "a")]
    office.due("n1", "a")
    office.send()
    assert book.got == [("n1", "a")] * 2


def test_an_object_that_cannot_be_delivered_holds_back_its_night_and_no_other(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    book.fails["a"] = Undelivered("a is not liked", everything=False)
    office.due("n1", "a", "b", "")
    office.due("n2", "b", "")
    office.send()
    assert book.got == [("n1", "b"), ("n2", "b"), ("n2", "")]


def test_an_end_that_is_down_is_tried_again_after_a_wait_and_then_gets_everything_in_order(
    ledger, tmp_path
):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "a", "b", "")
    book.fails["a"] = Undelivered("no route to host")
    assert office.send() == ["notebook: n1 a: no route to host"]
    book.fails.clear()
    assert office.send() == [] and book.got == []
    office.now += FIRST_WAIT
    office.send()
    assert book.got == [("n1", "a"), ("n1", "b"), ("n1", "")]


def test_the_same_trouble_is_said_once_and_waited_for_longer_each_time(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "a")
    book.fails["a"] = Undelivered("no route to host")
    said, waits = [], []
    for _ in range(4):
        said += office.send()
        until = ledger.trouble("notebook").until
        waits.append(until - office.now)
        office.now = until
    assert said == ["notebook: n1 a: no route to host"]
    assert waits == [FIRST_WAIT * factor for factor in (1, 2, 4, 8)]


def test_an_end_that_says_when_to_come_again_is_taken_at_its_word(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "a")
    book.fails["a"] = Undelivered("too many requests", retry_after=3.0)
    office.send()
    assert ledger.trouble("notebook").until == office.now + 3.0


def test_what_changes_is_worth_a_try_at_once_although_it_failed_before(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "a")
    book.fails["a"] = Undelivered("a is not liked", everything=False)
    office.send()
    book.fails.clear()
    assert office.send() == [] and book.got == []
    office.due("n1", "a")
    office.send()
    assert book.got == [("n1", "a")]


def test_an_end_that_is_down_is_left_alone_whatever_changes(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "a")
    book.fails["a"] = Undelivered("no route to host")
    office.send()
    book.fails.clear()
    office.due("n1", "a", "b")
    office.send()
    assert book.got == []


def test_people_get_the_newest_night_first(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook(begins_anew=True))
    office.due("n1", "a", "")
    office.due("n2", "a", "")
    office.send()
    assert book.got == [("n2", "a"), ("n2", ""), ("n1", "a"), ("n1", "")]


def test_what_waits_for_long_is_told_by_courier_with_why(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "a", "b")
    book.fails = {"a": Undelivered("no route to host")}
    for _ in range(2):
        office.send()
        office.now = ledger.trouble("notebook").until
    office.now -= 1
    assert still_due(ledger, office.now) == (2, [])
    office.now -= FIRST_WAIT * 2
    assert still_due(ledger, office.now) == (0, ["notebook: 2 deliveries wait: no route to host"])


def test_people_are_told_of_a_night_although_one_object_cannot_be(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook(begins_anew=True))
    book.fails["a"] = Undelivered("a is not liked", everything=False)
    office.due("n1", "a", "b", "")
    office.send()
    assert book.got == [("n1", "b"), ("n1", "")]


def test_a_copy_that_was_not_configured_for_a_while_gets_everything(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    office.due("n1", "a")
    office.send()
    office.couriers = ()
    office.due("n1", "b")
    office.send()
    office.couriers = (book,)
    office.due("n2", "a")
    office.send()
    assert ("n1", "b") in book.got


def test_a_night_that_waits_for_its_object_is_not_waited_for(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    book.fails["a"] = Undelivered("a is not liked", everything=False)
    office.due("n1", "a", "")
    for _ in range(3):
        office.send()
        office.now = max(row.not_before for row in ledger.due())
    office.send()
    assert still_due(ledger, office.now)[0] == 0


def test_a_clock_that_was_set_back_does_not_silence_a_courier(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook())
    book.fails["a"] = Undelivered("no route to host")
    office.due("n1", "a")
    office.now = 1e9
    office.send()
    book.fails.clear()
    office.now = 200.0
    office.send()
    assert book.got == [("n1", "a")]


@pytest.mark.parametrize("error", [TypeError("garbled"), KeyError("log_z"), OSError("gone")])
def test_what_one_object_raises_is_its_own_trouble(ledger, tmp_path, error):
    office = Office(ledger, tmp_path, book := Notebook())
    book.fails["a"] = error
    office.due("n1", "a", "b")
    [note] = office.send()
    assert book.got == [("n1", "b")] and str(error) in note


def test_couriers_take_turns(ledger, tmp_path):
    order: list[str] = []

    class Turn(Notebook):
        def deliver(self, parcel, posts, enough):
            order.append(self.name)
            return super().deliver(parcel, posts, enough)

    office = Office(ledger, tmp_path, Turn("one"), Turn("two"))
    office.due("n1", "a", "b", "")
    office.send()
    assert order == ["one", "two"] * 3


def test_one_courier_in_trouble_does_not_keep_another(ledger, tmp_path):
    down, up = Notebook("down"), Notebook("up")
    office = Office(ledger, tmp_path, down, up)
    down.fails["a"] = Undelivered("no route to host")
    office.due("n1", "a")
    office.send()
    assert up.got == [("n1", "a")]


def test_what_there_was_no_time_for_is_due_at_the_next_tick(ledger, tmp_path):
    office = Office(ledger, tmp_path, book := Notebook(halves={"a"}))
    office.due("n1", "a", "b")
    office.send()
    assert book.got == [("n1", "a")]
    book.halves.clear()
    office.send(lambda: True)
    assert book.got == [("n1", "a")]
    office.send()
    assert book.got == [("n1", "a"), ("n1", "a"), ("n1", "b")]


def test_a_new_courier_gets_all_there_is_or_begins_with_the_newest_night(ledger, tmp_path):
    everything, news = Notebook("everything"), Notebook("news", begins_anew=True)
    office = Office(ledger, tmp_path, everything, news, known=False)
    office.due("n2", "b")
    office.send()
    assert len(everything.got) == 6 and news.got == [("n2", "b")]
    office.due("n1", "a")
    office.send()
    assert news.got == [("n2", "b")]


def test_a_lost_ledger_does_not_make_old_nights_news(ledger, tmp_path):
    office = Office(ledger, tmp_path, news := Notebook(begins_anew=True), known=False)
    office.due("n2", "b")
    with Ledger(tmp_path / "again.sqlite") as again:
        for night in ("n1", "n2"):
            again.open_night(night, tmp_path / night)
        office.ledger = again
        office.due("n1", "a", "b")
        office.send()
    assert news.got == []


def test_a_courier_no_longer_configured_keeps_nothing(ledger, tmp_path):
    office = Office(ledger, tmp_path, Notebook("former"))
    office.due("n1", "a")
    office.couriers = (Notebook("other"),)
    office.send()
    assert ledger.due("former") == []


def test_an_intent_is_known_before_the_post_and_its_reference_after(ledger):
    posts = Posts(ledger, "notebook", lambda: 5.0)
    assert posts.get("k") is None
    posts.intend("k")
    posts.intend("k")
    assert posts.get("k").done is False and posts.get("k").since == 5.0
    posts.done("k", "ref", "content")
    assert (posts.get("k").done, posts.get("k").ref) == (True, "ref")
    posts.intend("k")
    assert posts.get("k").done
