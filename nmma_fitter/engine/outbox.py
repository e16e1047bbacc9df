"""Sending what has changed to those who asked for it, each within the tick's budget.

What is due to a courier waits in the ledger until it has been delivered. One that cannot be reached
is asked again after a while, twice as long each time; the fits, and the other couriers, go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from nmma_fitter.engine.campaign import Campaign, Ending, ending_of
from nmma_fitter.engine.collect import collect
from nmma_fitter.engine.files import folder_name, read_json, write_json
from nmma_fitter.engine.ledger import Ledger, OutboxRow, Post
from nmma_fitter.engine.ledger_outbox import NO_TROUBLE, Trouble
from nmma_fitter.errors import GARBLED, NmmaFitterError, Undelivered

FIRST_WAIT, LONGEST_WAIT = 15.0, 1800.0  # seconds before it is tried again
SOON = 20.0  # for what may have passed by then, somebody who waits for a night waits too


@dataclass(frozen=True)
class Parcel:
    """One object of a night, or the night as a whole, as it stands now.

    Attributes
    ----------
    night : str
    object : str
        Empty for the night as a whole.
    folder : Path
        Where its results lie.
    endings : sequence of Ending
        The object's tasks; for a night those of all its objects.
    revision : int
        Of the night.
    closed : bool
        Whether the night is closed.
    """

    night: str
    object: str
    folder: Path
    endings: Sequence[Ending]
    revision: int
    closed: bool

    @property
    def outdir(self) -> Path:
        """The results' folder."""
        return self.folder.parents[1] if self.object else self.folder.parent


class Posts:
    """The posts of one courier: an intent is on disk before each, its end after it.

    Parameters
    ----------
    ledger : Ledger
    courier : str
    now : callable
        The poller's clock.
    """

    def __init__(self, ledger: Ledger, courier: str, now: Callable[[], float]) -> None:
        self._ledger, self._courier, self.now = ledger, courier, now

    def get(self, key: str) -> Post | None:
        """What is known of a post; None when it was never intended."""
        return self._ledger.post(self._courier, key)

    def intend(self, key: str) -> None:
        """To be called before a post is attempted; safe to repeat."""
        self._ledger.intend_post(self._courier, key, self.now())

    def done(self, key: str, ref: str, content: str = "") -> None:
        """To be called once it is certain that something was posted, or edited."""
        self._ledger.set_posted(self._courier, key, ref, content, self.now())


LAST = "\U0010ffff"  # sorts after every name


class Courier(Protocol):
    """Somebody who is told, or sent, what has changed.

    Attributes
    ----------
    name : str
        Unique in an installation, and the same for ever: the ledger knows it by that.
    begins_anew : bool
        Whether it tells people: it starts with the night that is the newest when it is first
        configured, and the newest night goes first. Else it keeps a copy: it gets everything there
        is, in the order of the nights.
    """

    name: str
    begins_anew: bool

    def deliver(self, parcel: Parcel, posts: Posts, enough: Callable[[], bool]) -> bool:
        """Bring a courier's other end up to date with one object, or with a night.

        It may be killed anywhere and called again with the same: then nothing is there twice.

        Parameters
        ----------
        parcel : Parcel
        posts : Posts
        enough : callable
            Whether to begin nothing more in this tick.

        Returns
        -------
        bool
            False when there was no time for all of it; it is called again at the next tick.

        Raises
        ------
        Undelivered
            It could not be delivered; what to do about it, and when it is worth another try.
        """
        ...


def set_due(ledger: Ledger, begins: Mapping[str, str], night: str, obj: str) -> None:
    """Note that an object of a night, or the night (`obj` empty), has changed.

    Parameters
    ----------
    begins : mapping of str to str
        As `first_nights` returns it.
    """
    for courier, first in begins.items():
        if night >= first:
            ledger.set_due(courier, night, obj)


def make_products(
    ledger: Ledger,
    campaign: Campaign,
    couriers: Sequence[Courier],
    state: Path,
    enough: Callable[[], bool],
    latest: str = LAST,
) -> list[str]:
    """Make what shows that something changed, see `collect`; and note that the couriers are due."""
    changed = partial(set_due, ledger, first_nights(ledger, couriers, state, latest))
    return collect(ledger, campaign, state, enough, changed)


def first_nights(
    ledger: Ledger, couriers: Sequence[Courier], state: Path, latest: str = LAST
) -> dict[str, str]:
    """From which night on each courier is told; a new one, or one that is back, begins as it says.

    That is kept in ``<state>/couriers.json``: if it went with the ledger, old nights were news.
    Names that sort after `latest` are of no night that can have been: nobody begins there.
    """
    path = state / "couriers.json"
    stored = {str(name): str(night) for name, night in (read_json(path) or {}).items()}
    names = {courier.name for courier in couriers}
    known = {name: n for name, n in stored.items() if name in names and n <= latest}
    new = [courier for courier in couriers if courier.name not in known]
    if new or known != stored:
        nights = [name for name, _, _ in ledger.nights()]
        for courier in new:
            newest = max((name for name in nights if name <= latest), default="")
            known[courier.name] = newest if courier.begins_anew else ""
            for night in () if courier.begins_anew else nights:
                _everything_due(ledger, courier.name, night)
        write_json(path, known)
    return known


def _everything_due(ledger: Ledger, courier: str, night: str) -> None:
    with ledger.transaction():
        for name in dict.fromkeys(need.object for need in ledger.needs(night)):
            ledger.set_due(courier, night, name)
        ledger.set_due(courier, night, "")


def send(
    ledger: Ledger,
    couriers: Sequence[Courier],
    now: Callable[[], float],
    enough: Callable[[], bool],
) -> list[str]:
    """Deliver what is due, for as long as there is time; returns what a person should know.

    The couriers take turns, so that one with much to do does not keep the others waiting.
    """
    ledger.forget_couriers(courier.name for courier in couriers)
    notes: list[str] = []
    rounds = [_Round(ledger, courier, now, enough, notes).run() for courier in couriers]
    while rounds and not enough():
        rounds = [one for one in rounds if next(one, False)]
    return notes


def still_due(ledger: Ledger, now: float) -> tuple[int, list[str]]:
    """How many deliveries are to be made soon; and a line for each courier that waits, with why."""
    waiting: dict[str, list[str]] = {}
    nights: set[tuple[str, str]] = set()  # a night waits for its objects
    soon = 0
    for row in ledger.due():
        trouble = ledger.trouble(row.courier)
        waits = row.object == "" and (row.courier, row.night) in nights
        if not waits and max(row.not_before, trouble.until) <= now + SOON:
            soon += 1
        else:
            why = trouble.detail if trouble.until > row.not_before else row.detail
            waiting.setdefault(row.courier, []).append(why)
            nights.add((row.courier, row.night))
    lines = [f"{name}: {len(why)} deliveries wait: {why[0]}" for name, why in waiting.items()]
    return soon, lines


@dataclass
class _Round:
    """One courier's deliveries in one tick."""

    ledger: Ledger
    courier: Courier
    now: Callable[[], float]
    enough: Callable[[], bool]
    notes: list[str]

    def run(self) -> Iterator[bool]:
        """Make one delivery after the other; yields True after each."""
        ledger, name = self.ledger, self.courier.name
        if _is_later(ledger.trouble(name).until, self.now()):
            return
        held_back: set[str] = set()  # nights of which an object is still due
        for row in self._in_order():
            if self.enough():
                return
            waits = row.object == "" and row.night in held_back and not self.courier.begins_anew
            if _is_later(row.not_before, self.now()) or waits:
                held_back.add(row.night)
                continue
            whole = self._deliver(row)
            if whole is None:
                return
            if not whole:
                held_back.add(row.night)
            yield True

    def _in_order(self) -> list[OutboxRow]:
        """People get the newest night first; copies are made in the order of the nights."""
        rows = self.ledger.due(self.courier.name)
        if self.courier.begins_anew:
            rows.sort(key=lambda row: row.night, reverse=True)
        return rows

    def _deliver(self, row: OutboxRow) -> bool | None:
        """Whether it was delivered; None when nothing more should be tried in this tick."""
        posts = Posts(self.ledger, self.courier.name, self.now)
        try:
            parcel = parcel_of(self.ledger, row.night, row.object)
            whole = self.courier.deliver(parcel, posts, self.enough)
        except (NmmaFitterError, OSError, *GARBLED) as error:
            return self._put_off(row, error)
        self.ledger.set_trouble(self.courier.name, NO_TROUBLE)
        if not whole:
            return None
        self.ledger.set_sent(row)
        return True

    def _put_off(self, row: OutboxRow, error: Exception) -> bool | None:
        """Note when to try again; what is wrong is said once, until it is something else."""
        name, said = self.courier.name, str(error)
        asked = error.retry_after if isinstance(error, Undelivered) else None
        if isinstance(error, Undelivered) and error.everything:
            known = self.ledger.trouble(name)
            until = self.now() + _wait(known.tries, asked)
            self.ledger.set_trouble(name, Trouble(known.tries + 1, until, said))
        else:
            known = Trouble(row.tries, row.not_before, row.detail)
            self.ledger.put_off(row, self.now() + _wait(row.tries, asked), said)
        if known.detail != said:
            label = " ".join(part for part in (row.night, row.object) if part)
            self.notes.append(f"{name}: {label}: {said}")
        return None if isinstance(error, Undelivered) and error.everything else False


def _wait(tries: int, asked: float | None) -> float:
    """Seconds until the next try: as the other end asked, or twice as long each time."""
    return min(FIRST_WAIT * 2.0 ** min(tries, 20) if asked is None else asked, LONGEST_WAIT)


def _is_later(until: float, now: float) -> bool:
    """Whether there is still to be waited; a clock that was set back counts as a wait over."""
    return now < until <= now + LONGEST_WAIT


def parcel_of(ledger: Ledger, night: str, obj: str) -> Parcel:
    """An object of a night, or the night (`obj` empty), as it stands now."""
    folder, revision, closed = ledger.night(night)
    needs = [need for need in ledger.needs(night) if obj in ("", need.object)]
    if obj:
        folder = folder / folder_name(obj)
    endings = [ending_of(ledger, need) for need in needs]
    return Parcel(night, obj, folder, endings, revision, closed)
