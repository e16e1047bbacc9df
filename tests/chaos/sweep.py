"""Every boundary of a tick, one after the other, and every moment of a call."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import calls
from .boundaries import Boundary
from .installation import Bed, Installation
from .ticks import NO_KILL, Kill, Outcome, tick

NIGHT = "2460000-{:05d}"
SECONDS = 0.1
BLIND_TICKS = 4  # in which a blind poller starts another run while the first goes on
NIGHTS = 25
MOST = 5000
MOST_ERRORS = 20
TRIES = 10
PATIENCE = 600.0  # seconds, on a machine however busy; nobody counts on reaching it
HARMLESS = ("read", "lock")


@dataclass
class Tally:
    """What was done to an installation.

    Attributes
    ----------
    harmless : bool
        Whether boundaries that change nothing are missed.
    known : set of Boundary
        Killed at elsewhere, and so not missed here.
    killed : Counter of Boundary
        How often a tick was killed at each.
    seen : Counter of Boundary
        How often a tick went through each.
    calls : Counter of (str, str)
        Kills around a call: program and moment.
    random, ticks, held, errors : int
        Kills from outside; ticks in all, those that found the lock taken, those that raised.
    """

    harmless: bool = True
    known: set[Boundary] = field(default_factory=set)
    killed: Counter[Boundary] = field(default_factory=Counter)
    seen: Counter[Boundary] = field(default_factory=Counter)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    random: int = 0
    ticks: int = 0
    held: int = 0
    errors: int = 0

    @property
    def kills(self) -> int:
        """All kills of a tick."""
        return self.killed.total() + self.calls.total() + self.random

    @property
    def missed(self) -> list[Boundary]:
        """Boundaries that ticks went through and were never killed at."""
        missed = sorted(set(self.seen) - set(self.killed) - self.known, key=str)
        return [one for one in missed if self.harmless or one.kind not in HARMLESS]

    def note(self, outcome: Outcome, kill: Kill) -> None:
        """Count one tick."""
        self.ticks += 1
        self.seen.update(outcome.boundaries)
        self.held += outcome.how == "held"
        self.errors += outcome.how == "error"
        if not outcome.killed:
            return
        if kill.call is not None:
            self.calls[kill.call] += 1
        elif kill.after is not None:
            self.random += 1
        else:
            self.killed[outcome.boundaries[-1]] += 1


Situation = Callable[[], str]


class Nights:
    """A series of nights, each with a few units, and the ticks over them.

    An installation gets no more than `NIGHTS` of them, since a tick goes through more boundaries
    the more nights there are; then a fresh one takes its place.
    """

    def __init__(self, base: Path, bed: Bed, control: str | None, tally: Tally, units: int) -> None:
        self._fresh = lambda: Installation(base / f"{len(self.sites):03d}", bed, control)
        self.tally = tally
        self.units = units
        self.control = control
        self.sites: list[Installation] = []
        self.count = 0
        self.newest = ""

    @property
    def site(self) -> Installation:
        """The installation of the newest night."""
        return self.sites[-1]

    def next(self, *, fresh: bool = False) -> str:
        """A night with new units, if asked for in a fresh installation."""
        if fresh or not self.sites or len(self.site.nights()) >= NIGHTS:
            self.sites.append(self._fresh())
        self.count += 1
        night = self.newest = NIGHT.format(self.count)
        more = {"until": str(self._go_on)} if self.control else {}
        self.site.add_units(night, self.units, f"n{self.count:05d}-", seconds=SECONDS, **more)
        return night

    @property
    def _go_on(self) -> Path:
        """What the newest night's runs of a control wait for."""
        return self.site.outside / f"go-{self.newest}"

    def follow(self, night: str) -> None:
        """Tick once more; in a control so often that a blind poller has done what it does."""
        for _ in range(BLIND_TICKS if self.control else 1):
            self.tick(night)
        if self.control:
            self._go_on.touch()

    def tick(self, night: str, kill: Kill = NO_KILL) -> Outcome:
        """One tick, counted."""
        outcome = tick(self.site, night, kill)
        self.tally.note(outcome, kill)
        return outcome

    @property
    def situations(self) -> list[Situation]:
        """Ways to bring about a tick that may come by other places; each returns its night."""
        return [self.next, self._ended, self._unanswered, self.first]

    def mend(self) -> None:
        """Undo what a situation needed for one tick."""

    def first(self) -> str:
        """What only a first tick goes through."""
        return self.next(fresh=True)

    def _ended(self) -> str:
        """Units that end between this tick and the next."""
        night = self.next()
        self.tick(night)
        self.wait_for_results(night)
        return night

    def _unanswered(self) -> str:
        """Units whose jobs' ids were never learnt."""
        finish([self.site], self.tally, PATIENCE)
        night = self.next()
        self.tick(night, Kill(call=(self.site.bed.calls[0], "after")))
        return night

    def wait_for_results(self, night: str) -> None:
        """Wait until there is a sentinel for every candidate that lies here, or for `PATIENCE`."""
        candidates, results = self.site.site / "candidates" / night, self.site.site / "outdir"
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            there = len([*results.glob(f"{night}/*/*/sentinels/*.fin")])
            if there >= len([*candidates.glob("[!.]*")]):
                return
            time.sleep(0.05)

    def finish(self, seconds: float) -> bool:
        """Bring all installations to their end."""
        return finish(self.sites, self.tally, seconds)


def every_boundary(
    nights: Nights,
    say: Callable[[str], None],
    *,
    first: int = 1,
    step: int = 1,
    between: int = 1,
    seek: bool = True,
    enough: int | None = None,
    seconds: float = 600.0,
) -> None:
    """Kill a tick at its n-th boundary, n = 1, 2, ..., as far as any goes; let one pass in between.

    With `first` and `step` it is n = first, first + step, ...

    Each tick has new units to submit, and follows those of the ticks before it. What a tick goes
    through depends on how far these have come, so boundaries that were seen and never killed at
    are sought out in the end, if so wished, until there are `enough` of them in all.
    """
    end = time.monotonic() + seconds
    most = 0
    for number in range(first, MOST, step):
        outcome = nights.tick(nights.next(), Kill(at=number))
        most = max(most, len(outcome.boundaries))
        if (number - first) // step % between == 0:
            most = max(most, len(nights.tick(nights.newest).boundaries))
        # A tick that passes by chance, since it had less to do than others, is not the end.
        if (not outcome.killed and number > most) or time.monotonic() > end:
            say(f"no tick has more than {most} boundaries; tried {number}")
            break
    if not seek:
        return
    situations = deque(nights.situations)
    for prepare in situations:
        nights.tick(prepare())
        nights.mend()
    given_up: set[Boundary] = set()
    while missed := [b for b in nights.tally.missed if b not in given_up]:
        if time.monotonic() > end or len(nights.tally.killed) == enough:
            break
        if not _seek(nights, missed[0], situations):
            given_up.add(missed[0])


def _seek(nights: Nights, where: Boundary, situations: deque[Situation]) -> bool:
    """Bring about situations until a tick goes through a boundary, and kill it there."""
    for prepare in [*situations]:
        killed = nights.tick(prepare(), Kill(where=where)).killed
        nights.mend()
        if killed:
            situations.remove(prepare)
            situations.appendleft(prepare)  # where one is, there are others
            return True
    return False


def every_moment(nights: Nights, names: Sequence[str], times: int) -> None:
    """Kill the caller of each program before, during and after the call, and once it is answered.

    Before each the other units have ended, so that the local scheduler has no dispatcher left and
    needs the call.
    """
    for _ in range(times):
        for name in names:
            for moment in calls.MOMENTS:
                _around(nights, name, moment)


def _around(nights: Nights, name: str, moment: str) -> None:
    """Kill a tick around a call; one that did not get so far, on a busy machine, is not the last.

    A tick whose question is not answered in time puts off what it would have submitted.
    """
    for _ in range(TRIES):
        nights.finish(PATIENCE)
        night = nights.next()
        outcome = nights.tick(night, Kill(call=(name, moment)))
        nights.follow(night)
        if outcome.killed:
            return


def finish(sites: Sequence[Installation], tally: Tally, seconds: float) -> bool:
    """Tick until every night of every installation is closed; False when time is up."""
    end = time.monotonic() + seconds
    left = list(sites)
    give_up = tally.errors + MOST_ERRORS
    while left and time.monotonic() < end and tally.errors < give_up:
        if not [site for site in left if _advance(site, tally)]:
            time.sleep(0.2)
        left = [site for site in left if _open_nights(site)]
    return not left


def _advance(site: Installation, tally: Tally) -> bool:
    """Tick once over an open night; whether that was enough for it."""
    nights = _open_nights(site)
    outcome = tick(site, nights[-1]) if nights else None
    if outcome is not None:
        tally.note(outcome, NO_KILL)
    return outcome is None or outcome.how == "finished"


def _open_nights(site: Installation) -> list[str]:
    return [night for night in site.nights() if not site.is_over(night)]
