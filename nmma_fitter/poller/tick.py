"""What a tick is asked for, and what it found and did."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nmma_fitter.engine.files import Json
from nmma_fitter.engine.ledger import NeedRow


@dataclass(frozen=True)
class Order:
    """What this call of ``make-jobs`` is asked for.

    Attributes
    ----------
    night_dir : Path or None
        Folder of candidate files; None takes the newest.
    candidates : tuple of str
        Only these objects; empty means all.
    models : tuple of str
        Only these models; empty means the configured ones.
    force : bool
        Fit again what has ended.
    timeout : float or None
        Seconds until what is not finished is ended, instead of the configured ones.
    follow : bool
        Take newer nights as they come, instead of the one that is the newest at the start.
    """

    night_dir: Path | None = None
    candidates: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    force: bool = False
    timeout: float | None = None
    follow: bool = False


@dataclass(frozen=True)
class Rhythm:
    """When the next tick is to be expected, for those who look from outside.

    Attributes
    ----------
    kind : str
        Who ticks: the command as a person knows it.
    period : float or None
        Seconds from one tick to the next, besides what a tick takes; None while a person waits
        for a night, where no tick is expected once it has ended.
    """

    kind: str = "make-jobs"
    period: float | None = None


BY_HAND = Rhythm()


@dataclass
class TickReport:
    """What one tick found and did.

    Attributes
    ----------
    night : str
        The night that was looked at, empty when there is none.
    needs : list of NeedRow
        Everything asked for, and how it stands.
    running : dict of (object, task) to dict
        Heartbeats of what runs now.
    new, unchanged : int
        Units started anew by this call of the command, and units known before this tick.
    ended : list of str
        Digests of units that ended in this tick.
    notes : list of str
        What a person should know, one line each.
    skipped : list of str
        Steps for which there was no time left; the next tick begins with them.
    due_soon : int
        Deliveries that are to be made at one of the next ticks.
    waiting : list of str
        Sources that do not answer, and deliveries that wait for longer, with why.
    left_out : list of str
        Folders that look like nights and cannot be, or that there is none.
    """

    night: str = ""
    needs: list[NeedRow] = field(default_factory=list)
    running: dict[tuple[str, str], Json] = field(default_factory=dict)
    new: int = 0
    unchanged: int = 0
    ended: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    due_soon: int = 0
    waiting: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether everything asked for has ended, and those who can be told were told."""
        left = self.skipped or self.due_soon
        return not left and all(need.state.ended for need in self.needs)
