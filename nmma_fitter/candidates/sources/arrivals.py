"""Nights into which something came, remembered until a tick has looked at them.

The pull goes on outside the tick's lock, so a night may get another file while a tick looks at it:
a tick first renames the night's mark, and a file that comes later makes a new one.
"""

from __future__ import annotations

from pathlib import Path

from nmma_fitter.engine.files import write_atomic

TAKEN = ".looked-at-"


def announce(state: Path, night: str) -> None:
    """Note that something comes, or has just come, into a night; called before it and after it."""
    folder = state / "arrived"
    folder.mkdir(exist_ok=True)
    write_atomic(folder / night, "")


def arrived(state: Path) -> list[str]:
    """Nights that are to be looked at; from now on only `looked_at` forgets them."""
    folder = state / "arrived"
    for path in folder.glob("[!.]*"):
        path.replace(folder / f"{TAKEN}{path.name}")
    return sorted(path.name.removeprefix(TAKEN) for path in folder.glob(f"{TAKEN}*"))


def looked_at(state: Path, night: str) -> None:
    """Note that all that had come into a night by `arrived` is known to the ledger."""
    (state / "arrived" / f"{TAKEN}{night}").unlink(missing_ok=True)
