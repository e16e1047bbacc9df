"""Between both ends: the poller killed at every boundary; connections cut, answers lost at random.

Every kill, every call to Slack that went wrong, every connection cut is one fault. In the end each
light curve must have arrived whole, each result and page must lie at the destination byte by byte,
and each fit's picture must be in its thread once.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import figures
from .disasters import ledger_lost
from .ends import Arrivals, Ends
from .figures import Figures
from .scenarios import Plan, Say, read_places, write_places
from .sweep import PATIENCE, Tally, finish
from .ticks import NO_KILL, Kill
from .verdict import Verdict, judge

SLACK_RATE = 0.3  # of the calls that change something
DOWN_TICKS = 3
LONGEST_TICK = 2.0


@dataclass(frozen=True)
class Delivery:
    """``boundaries``, ``places`` or ``faults``, with sound deliveries or as a control.

    ``places`` are those boundaries that no file in the folder `known` says were killed at.
    """

    what: str
    ends: Ends
    plan: Plan
    seed: int
    control: str | None = None
    known: Path | None = None

    @property
    def name(self) -> str:
        """What is done, to which part of the boundaries, and the control."""
        without = f" no {self.control}" if self.control else ""
        part = f" {self.plan.first}+{self.plan.step}n" if self.what == "boundaries" else ""
        return f"deliveries {self.what}{part}{without}"

    def play(self, base: Path, say: Say) -> Figures:
        """Do it, and count."""
        known = read_places(self.known) if self.known else set()
        start, tally = time.monotonic(), Tally(self.plan.harmless, known)
        faults, slack = Counter[str](), self.ends.slack
        before = len(slack.faults.met)
        arrivals = Arrivals(base, self.ends, self.control, tally)
        if self.what == "faults":
            _Weather(arrivals, self.ends, random.Random(self.seed), faults).rage(self.plan, say)
        else:
            self.plan.sweep(arrivals, say, self.plan.limit * 0.8)
            write_places(base / "places", tally)
        verdict = Verdict()
        if not finish(arrivals.sites, tally, max(PATIENCE, self.plan.limit * 0.3)):
            say("not everything has ended in time")
        faults.update(f"Slack {kind}" for _, kind in slack.faults.met[before:])
        for site in arrivals.sites:
            verdict.add(judge(site))
            site.judge(verdict)  # type: ignore[attr-defined]
            if tally.errors and (site.outside / "errors").exists():
                say((site.outside / "errors").read_text()[-1500:])
        self.ends.judge(verdict)
        for line in [*verdict.doubled, *verdict.lost, *verdict.unended, *verdict.broken][:8]:
            say(line)
        seconds = time.monotonic() - start
        more = {"control": bool(self.control), "disasters": dict(sorted(faults.items()))}
        return figures.figures(self.name, self.seed, tally, verdict, seconds, **more)


@dataclass
class _Weather:
    """Random faults."""

    arrivals: Arrivals
    ends: Ends
    dice: random.Random
    faults: Counter[str]

    def rage(self, plan: Plan, say: Say) -> None:
        """Tick until there were `plan.kills` faults, not half of them kills, or time is up.

        How many kills a tick meets depends on how long it takes, so on the machine's load.
        """
        end = time.monotonic() + plan.limit * 0.8
        met = self.ends.slack.faults.met
        before, down, said = len(met), 0, 0
        self.ends.slack.faults.rate = SLACK_RATE
        while time.monotonic() < end:
            others = len(met) - before + self.faults.total()
            count = others + self.arrivals.tally.kills
            if count >= plan.kills and others > plan.kills / 2:
                break
            if count >= said + 100:
                said = count
                say(f"{count} faults, {self.arrivals.count} light curves")
            down = self._down(down)
            self._tick()
        self.ends.slack.faults.rate = 0.0
        if down:
            self.ends.server.start()

    def _down(self, ticks: int) -> int:
        """Let the other machine be down for some ticks, now and then."""
        if ticks == 1:
            self.ends.server.start()
        elif ticks == 0 and self.dice.random() < 0.03:
            self.ends.server.stop()
            self.faults["sshd down"] += 1
            return DOWN_TICKS
        return max(0, ticks - 1)

    def _tick(self) -> None:
        night = (
            self.arrivals.arrive() if self.dice.random() < 0.4 or not self.arrivals.sites else ""
        )
        kill = NO_KILL
        if self.dice.random() < 0.3:
            kill = Kill(after=self.dice.uniform(0.05, LONGEST_TICK))
        if self.arrivals.sites and self.dice.random() < 0.03:
            ledger_lost(self.arrivals.site).begin()
            self.faults["ledger lost"] += 1
        cutter = None
        if self.dice.random() < 0.4:
            cutter = threading.Timer(self.dice.uniform(0.05, LONGEST_TICK), self._cut)
            cutter.start()
        self.arrivals.tick(night or self.arrivals.newest, kill)
        if cutter is not None:
            cutter.cancel()
            cutter.join()

    def _cut(self) -> None:
        """End the connections that there are."""
        if self.ends.server.sessions():
            self.ends.server.cut()
            self.faults["connections cut"] += 1
