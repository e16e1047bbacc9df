"""The table and the file of figures: one row for each thing that was done."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .sweep import Tally
from .verdict import Verdict

COLUMNS = {
    "scenario": 30,
    "units": 6,
    "ticks": 6,
    "kills": 6,
    "places": 7,
    "missed": 7,
    "results": 8,
    "failed": 7,
    "requeued": 9,
    "doubled": 8,
    "lost": 5,
    "unended": 8,
    "broken": 7,
    "errors": 7,
    "seconds": 8,
}


@dataclass(frozen=True)
class Figures:
    """What one scenario did and found.

    Attributes
    ----------
    scenario : str
        Scheduler, what was done, and the control if it is one.
    seed : int
    places, missed : int
        Boundaries (kind and place) at which ticks were killed; seen but never killed at.
    kills : dict
        Kills by kind of boundary, of call and at random.
    control : bool
        Whether doubles and losses are expected.
    run : str
        When the run began that this belongs to.
    """

    scenario: str
    seed: int
    units: int
    ticks: int
    kills: dict[str, int]
    places: int
    missed: int
    results: int
    failures: dict[str, int]
    requeued: int
    doubled: int
    lost: int
    unended: int
    broken: int
    errors: int
    held: int
    seconds: float
    fewest_in_flight: int | None = None
    disasters: dict[str, int] = field(default_factory=dict)
    control: bool = False
    run: str = ""

    @property
    def as_expected(self) -> bool:
        """All over, no double, loss, half or error; in a control at least one double or loss."""
        if self.control:
            return self.doubled + self.lost > 0
        wrong = (self.doubled, self.lost, self.unended, self.broken, self.errors)
        return not any(wrong)


def figures(
    scenario: str, seed: int, tally: Tally, verdict: Verdict, seconds: float, **more: object
) -> Figures:
    """Put together what was done and what was found."""
    return Figures(
        scenario=scenario,
        seed=seed,
        units=verdict.units,
        ticks=tally.ticks,
        kills=kills_by_kind(tally),
        places=len(tally.killed),
        missed=len(tally.missed) if tally.killed else 0,
        results=verdict.results,
        failures=dict(verdict.failures),
        requeued=verdict.requeues,
        doubled=len(verdict.doubled),
        lost=len(verdict.lost),
        unended=len(verdict.unended),
        broken=len(verdict.broken),
        errors=tally.errors,
        held=tally.held,
        seconds=round(seconds, 1),
        **more,  # type: ignore[arg-type]
    )


def kills_by_kind(tally: Tally) -> dict[str, int]:
    """Kills by kind of boundary, of call and at random."""
    found: Counter[str] = Counter()
    for boundary, count in tally.killed.items():
        found[boundary.kind] += count
    for (name, moment), count in tally.calls.items():
        found[f"{name} {moment}"] += count
    if tally.random:
        found["random"] = tally.random
    return dict(sorted(found.items()))


def append(path: Path, row: Figures) -> None:
    """Add a row to the file of figures."""
    with path.open("a") as stream:
        stream.write(json.dumps(asdict(row)) + "\n")


def read(path: Path) -> list[Figures]:
    """All rows of the file of figures."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Figures(**json.loads(line)) for line in lines]


def table(rows: list[Figures]) -> str:
    """The rows as a table, with what was killed and what failed beneath each."""
    lines = ["".join(f"{name:>{width}}" for name, width in COLUMNS.items())]
    for row in rows:
        cells = asdict(row) | {
            "kills": sum(row.kills.values()),
            "failed": sum(row.failures.values()),
        }
        lines.append("".join(f"{cells[name]!s:>{width}}" for name, width in COLUMNS.items()))
        details = {"kills": row.kills, "failed": row.failures, "disasters": row.disasters}
        for name, counts in details.items():
            if counts:
                words = ", ".join(f"{key} {count}" for key, count in counts.items())
                lines.append(f"{'':4}{name}: {words}")
        if row.fewest_in_flight is not None:
            lines.append(f"{'':4}at least {row.fewest_in_flight} units in flight")
    return "\n".join(lines)
