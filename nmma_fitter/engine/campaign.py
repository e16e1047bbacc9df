"""A kind of work: what it wants of a night's files, and what its ended units add up to."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nmma_fitter.engine import sentinel as sentinels
from nmma_fitter.engine.ledger import Ledger, NeedRow, UnitRow
from nmma_fitter.engine.sentinel import SentinelState
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Wanted


@dataclass(frozen=True)
class Ending:
    """How one need of an object stands.

    Attributes
    ----------
    need : NeedRow
    run : Path or None
        Folder of the run whose outputs stand, when the unit is done. Never the public names:
        they may show another digest's by now.
    shown : Path or None
        Folder to point people to: the work folder while it shows this run, else the run's.
    """

    need: NeedRow
    run: Path | None = None
    shown: Path | None = None


class Campaign(Protocol):
    """What the poller asks of a campaign."""

    name: str

    def wanted(
        self, night: str, files: Iterable[Path], known: Container[str] = frozenset()
    ) -> Sequence[Wanted]:
        """Units that a night's files ask for, or why there can be none; the same every time.

        What is costly to find out of a unit need not be asked again where its digest is `known`.
        """
        ...

    def available(self, task: str) -> bool:
        """Whether what a task needs is here now; asked often, so looked for only at times."""
        ...

    def collect(
        self, folder: Path, name: str, endings: Sequence[Ending], history: Sequence[UnitRow]
    ) -> None:
        """Write an object's product into its folder; called again whenever a unit has ended.

        `history` are all units of the object, of whichever night, in the order they came.
        """
        ...

    def show(self, ledger: Ledger, night: str) -> None:
        """Write what shows a night, after its products and its sentinel."""
        ...

    def show_all(self, ledger: Ledger) -> None:
        """Write what shows all nights together."""
        ...


def ending_of(ledger: Ledger, need: NeedRow) -> Ending:
    """How a need stands, with the run whose outputs its sentinel vouches for."""
    row = ledger.unit(need.digest) if need.digest and need.state is State.DONE else None
    if row is None:
        return Ending(need)
    state, proof = sentinels.read_sentinel(row.unit, deep=False)
    if state is not SentinelState.VALID:  # the next tick fits again
        return Ending(need)
    run = row.unit.attempts / str(proof["attempt"])
    return Ending(need, run, row.unit.folder if sentinels.is_exposed(row.unit) else run)
