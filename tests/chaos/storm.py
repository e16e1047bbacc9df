"""Random kills with many units in flight, while the machines beneath die as well."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .disasters import Disaster
from .installation import Installation
from .sweep import NIGHT, Tally
from .ticks import Kill, Outcome, tick

ENDED = ("done", "failed", "skipped")


@dataclass
class Storm:
    """Random kills.

    Parameters
    ----------
    site : Installation
    tally : Tally
    dice : random.Random
    in_flight : int
        New units come as soon as fewer than this have not ended.
    seconds : (float, float)
        How long units take.
    disasters : sequence of Disaster
        What else happens, in this order, `apart` kills apart.
    """

    site: Installation
    tally: Tally
    dice: random.Random
    in_flight: int
    seconds: tuple[float, float]
    disasters: Sequence[Disaster] = ()
    apart: int = 10
    happened: Counter[str] = field(default_factory=Counter)
    fewest: int = 0
    _usual: float = 1.0
    _nights: int = 0
    _added: int = 0
    _ended: set[str] = field(default_factory=set)
    _begun: list[tuple[float, Disaster]] = field(default_factory=list)

    def rage(self, kills: int, seconds: float, say: Callable[[str], None]) -> None:
        """Kill so many ticks, each at a random time; one in three ticks is let pass."""
        end = time.monotonic() + seconds
        self._fill()
        self._pass()
        self.fewest = self._open()
        while self.tally.random < kills and time.monotonic() < end:
            before = self.tally.random
            self._tick(Kill(after=self.dice.uniform(0.0, self._usual * 1.05)))
            if self.dice.random() < 1 / 3:
                self._pass()
            if self.tally.random > before and self.tally.random % self.apart == 0:
                self._next_disaster(say)
            self._end_disasters(time.monotonic())
        self._end_disasters(float("inf"))

    def _pass(self) -> None:
        outcome = self._tick(Kill())
        self._usual = 0.7 * self._usual + 0.3 * outcome.seconds
        in_flight = self._open()
        self.fewest = min(self.fewest, in_flight)
        if in_flight < self.in_flight * 1.2:
            self._fill(in_flight)

    def _tick(self, kill: Kill) -> Outcome:
        outcome = tick(self.site, NIGHT.format(self._nights), kill)
        self.tally.note(outcome, kill)
        return outcome

    def _fill(self, in_flight: int = 0) -> None:
        """Another night's candidates."""
        self._nights += 1
        count = round(1.5 * self.in_flight) - in_flight
        self._added += count
        night, prefix = NIGHT.format(self._nights), f"n{self._nights:05d}-"
        self.site.add_mixture(night, count, prefix, self.dice, self.seconds)

    def _open(self) -> int:
        """Units that no tick that passed has seen ended."""
        try:
            text = (self.site.site / "state" / "snapshot.json").read_text()
        except FileNotFoundError:
            return self._added
        for night in json.loads(text)["nights"]:
            units = night.get("units", ())
            self._ended.update(unit["object"] for unit in units if unit["state"] in ENDED)
        return self._added - len(self._ended)

    def _next_disaster(self, say: Callable[[str], None]) -> None:
        if not self.disasters:
            return
        disaster = self.disasters[self.happened.total() % len(self.disasters)]
        if any(one is disaster for _, one in self._begun):
            return
        said = disaster.begin()
        self.happened[disaster.name] += 1
        say(f"{self.tally.random} kills; {disaster.name} {said}".rstrip())
        self._begun.append((time.monotonic() + disaster.lasts, disaster))

    def _end_disasters(self, now: float) -> None:
        for due, disaster in [*self._begun]:
            if due <= now:
                disaster.end()
                self._begun.remove((due, disaster))
