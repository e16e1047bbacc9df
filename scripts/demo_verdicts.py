"""Print what was simulated beside what the fits say of it: `make demo` ends with this.

    python scripts/demo_verdicts.py FOLDER

FOLDER holds ``truth.json`` and the results in ``outdir``. First the true parameters beside the
posterior of the true model, then the verdicts. Status 1 where an object has none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill, indent
from typing import Any

import numpy as np

JD_OF_MJD_0 = 2400000.5
INTERVAL = (0.05, 0.95)
WIDTH = 76  # of a note, in characters
ROW = "{:<16}{:<12}{:<12}{:<13}{:<7}{}"


@dataclass(frozen=True)
class Compared:
    """A true parameter beside its posterior."""

    name: str
    true: float
    median: float
    inside: bool

    def __str__(self) -> str:
        mark = "" if self.inside else " *"
        return f"{self.name:<20}{number(self.true):>6} ({number(self.median)}){mark}"


def main() -> int:
    """Read the folder and print."""
    folder = Path(sys.argv[1])
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["objects"]
    rows = []
    print("\nTrue parameters, and in brackets the medians found with the true model")
    print("(* outside the 90 % credible interval; of ten, one is on average)")
    for name, entry in truth.items():
        path = next((folder / "outdir").glob(f"*/{name}/ranking.json"), None)
        ranking = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
        ranked = ranking.get("ranked", ())
        if any(row["model"] == entry["model"] for row in ranked) and path is not None:
            show(f"{name}, {entry['model']}", list(compared(entry, ranking, path.parent)))
            if "note" in entry:
                print(indent(fill(entry["note"], WIDTH), "  "))
        rows.append(verdict(name, entry["model"], ranked))
    head = ROW.format("object", "simulated", "best model", "probability", "right", "")
    print(f"\n{head.rstrip()}")
    print("\n".join(rows))
    print("(probability: among the models compared, all equally likely beforehand)")
    return int(any(row.endswith("no result") for row in rows))


def verdict(name: str, model: str, ranked: Any) -> str:
    """One line: the true model, the best one, its probability, and whether they are the same."""
    if not ranked:
        return ROW.format(name, model, "no result", "", "", "").rstrip()
    best = ranked[0]
    right = "yes" if best["model"] == model else "NO"
    fits = "" if best["describes"] else "it fits poorly"
    probability = f"{best['probability']:.3f}"
    return ROW.format(name, model, best["model"], probability, right, fits).rstrip()


def compared(
    entry: Mapping[str, Any], ranking: Mapping[str, Any], folder: Path
) -> Iterator[Compared]:
    """Each true parameter of an object, with the posterior of the true model."""
    posterior = np.genfromtxt(folder / entry["model"] / "posterior_samples.dat", names=True)
    trigger = float(ranking["comparability"]["trigger_mjd"])
    explosion = entry["explosion_jd"] - JD_OF_MJD_0
    for name, value in {**entry["parameters"], "timeshift": explosion - trigger}.items():
        median, low, high = np.quantile(posterior[name], (0.5, *INTERVAL))
        yield Compared(name, value, median, low <= value <= high)


def show(title: str, parameters: list[Compared]) -> None:
    """Print parameters, two a line."""
    print(title)
    cells = [f"{one!s:<38}" for one in parameters]
    for first in range(0, len(cells), 2):
        print(f"  {''.join(cells[first : first + 2])}".rstrip())


def number(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
