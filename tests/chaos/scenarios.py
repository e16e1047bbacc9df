"""What is done to an installation, each in a fresh folder, and judged in the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import figures
from .boundaries import Boundary
from .disasters import Disaster, Disasters
from .figures import Figures
from .installation import Bed, Installation
from .storm import Storm
from .sweep import PATIENCE, Nights, Tally, every_boundary, every_moment, finish
from .verdict import Verdict, judge

Say = Callable[[str], None]


def _no_disasters(site: Installation, dice: random.Random) -> Sequence[Disaster]:
    return ()


@dataclass(frozen=True)
class Plan:
    """How much of everything.

    Attributes
    ----------
    units : int
        New units for each tick that is killed at a boundary or around a call.
    first, step : int
        Boundaries number first, first + step, ...
    seek : bool
        In the end kill at each kind and place that was seen and not hit.
    between : int
        Kills at a boundary from one tick that is let pass to the next.
    enough : int or None
        Seek no more once ticks were killed at so many kinds and places.
    harmless : bool
        Whether to seek out also boundaries that change nothing.
    moments : int
        Kills for each moment of a call.
    kills, in_flight : int
        Random kills, and units in flight meanwhile.
    seconds : (float, float)
        How long those units take.
    apart : int
        Random kills from one disaster to the next.
    limit : float
        Seconds for each scenario.
    """

    units: int = 2
    first: int = 1
    step: int = 1
    between: int = 1
    seek: bool = True
    enough: int | None = None
    harmless: bool = True
    moments: int = 3
    kills: int = 200
    in_flight: int = 200
    seconds: tuple[float, float] = (15.0, 60.0)
    apart: int = 10
    limit: float = 600.0

    def sweep(self, nights: Nights, say: Say, seconds: float) -> None:
        """Kill at every boundary, for so long."""
        every_boundary(
            nights,
            say,
            first=self.first,
            step=self.step,
            between=self.between,
            seek=self.seek,
            enough=self.enough,
            seconds=seconds,
        )


@dataclass(frozen=True)
class Scenario:
    """One of ``boundaries``, ``calls`` and ``random``, on one bed, sound or as a control."""

    what: str
    bed: Bed
    plan: Plan
    seed: int
    control: str | None = None
    disasters: Disasters = _no_disasters

    @property
    def name(self) -> str:
        """Scheduler, what is done, and the control."""
        without = f" no {self.control}" if self.control else ""
        return f"{self.bed.scheduler} {self.what}{without}"

    def play(self, base: Path, say: Say) -> Figures:
        """Do it, and count."""
        start = time.monotonic()
        tally, more = Tally(self.plan.harmless), {"control": bool(self.control)}
        if self.what == "random":
            sites, facts = self._random(base, tally, say)
            more |= facts
        else:
            sites = self._nights(base, tally, say)
        verdict = Verdict()
        if not finish(sites, tally, max(PATIENCE, self.plan.limit * 0.3)):
            say("not everything has ended in time")
        for site in sites:
            verdict.add(judge(site))
            if tally.errors and (site.outside / "errors").exists():
                say((site.outside / "errors").read_text()[-1500:])
        for line in [*verdict.doubled, *verdict.lost, *verdict.unended, *verdict.broken][:5]:
            say(line)
        seconds = time.monotonic() - start
        return figures.figures(self.name, self.seed, tally, verdict, seconds, **more)

    def _nights(self, base: Path, tally: Tally, say: Say) -> Sequence[Installation]:
        plan = self.plan
        nights = Nights(base, self.bed, self.control, tally, plan.units)
        if self.what == "calls":
            every_moment(nights, self.bed.calls, plan.moments)
        else:
            plan.sweep(nights, say, plan.limit * 0.7)
            write_places(base / "places", tally)
        return nights.sites

    def _random(
        self, base: Path, tally: Tally, say: Say
    ) -> tuple[Sequence[Installation], dict[str, object]]:
        plan, dice = self.plan, random.Random(self.seed)
        site = Installation(base / "000", self.bed, self.control)
        disasters = self.disasters(site, dice)
        storm = Storm(site, tally, dice, plan.in_flight, plan.seconds, disasters, plan.apart)
        storm.rage(plan.kills, plan.limit * 0.6, say)
        facts = {"fewest_in_flight": storm.fewest, "disasters": dict(storm.happened)}
        return [site], facts


def read_places(folder: Path) -> set[Boundary]:
    """Every boundary that was killed at, from all files in a folder."""
    lines = [line for file in folder.glob("*.places") for line in file.read_text().splitlines()]
    cells = [line.split(maxsplit=2) for line in lines]
    return {Boundary(kind, place) for count, kind, place in cells if count != "-"}


def write_places(path: Path, tally: Tally) -> None:
    """Every boundary that was killed at, and those that were only seen."""
    lines = [f"{count:5} {boundary}" for boundary, count in tally.killed.items()]
    missed = [f"    - {boundary}" for boundary in tally.missed]
    path.write_text("\n".join([*sorted(lines, key=lambda line: line[6:]), *missed]) + "\n")
