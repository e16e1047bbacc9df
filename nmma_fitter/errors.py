"""The errors a person may see: what was wrong, where, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from nmma_fitter.plain import one_line


class NmmaFitterError(Exception):
    """Base of every error this package raises on purpose.

    A command prints the message on one line and exits with `exit_status`; no traceback.

    Attributes
    ----------
    reason : str
        The name under which a unit that meets this error ends (see ``engine.unit.Reason``
        for the engine's closed list; a campaign may register its own).
    transient : bool
        Whether the same call may succeed when it is simply made again.
    """

    reason: ClassVar[str] = "nonzero_exit"
    transient: ClassVar[bool] = False
    exit_status: ClassVar[int] = 1

    def __str__(self) -> str:
        """The message on one line: what it quotes may hold anything."""
        return one_line(super().__str__())


class BadInput(NmmaFitterError):
    """A light curve, prior file or argument that cannot be used as it is."""

    reason = "bad_input"
    exit_status = 2


class ConfigError(BadInput):
    """A configuration file or setting that cannot be used as it is."""


class Unavailable(NmmaFitterError):
    """A model whose data or library are not on this machine."""

    reason = "unavailable"
    exit_status = 3


class UnsupportedData(NmmaFitterError):
    """Data that a model cannot predict, such as a band outside its range."""

    reason = "unsupported_data"
    exit_status = 3


class TooFewDetections(NmmaFitterError):
    """A light curve with fewer detections in the window than a fit needs."""

    reason = "too_few_detections"
    exit_status = 3


class NotConverged(NmmaFitterError):
    """A fit whose sampler ended without a result that may be ranked."""

    reason = "not_converged"
    exit_status = 4


class Interrupted(NmmaFitterError):
    """A fit that was asked to stop.

    Parameters
    ----------
    message : str
        How far it was.
    checkpoint : Path, optional
        Where it keeps its checkpoint; the message then says whether there is one.
    """

    reason = "timeout"
    transient = True
    exit_status = 75

    def __init__(self, message: str, checkpoint: Path | None = None) -> None:
        self.resumes = checkpoint is not None and checkpoint.is_file()
        kept = f"resume from {checkpoint}" if self.resumes else "there is no checkpoint yet"
        super().__init__(f"{message}; {kept}")


class RankingRefused(NmmaFitterError):
    """Fits that may not be compared, since they did not see the same data."""

    reason = "bad_input"
    exit_status = 2


class SchedulerError(NmmaFitterError):
    """The batch system said no, and nothing was submitted."""

    reason = "rejected"


class SchedulerFull(SchedulerError):
    """A limit on how many jobs there may be: nothing was submitted, fewer or later may be."""


class SchedulerUnknown(SchedulerError):
    """The batch system did not answer: a submit may or may not have been accepted."""

    reason = "lost"
    transient = True


class Undelivered(NmmaFitterError):
    """Something that could not be sent or posted; it stays due, and is tried again.

    Parameters
    ----------
    message : str
        What was wrong, where, and what to do.
    retry_after : float, optional
        Seconds after which another try is worth it, where the other end said so.
    everything : bool
        Whether all else that is due there would meet the same: it is then not tried either.
    """

    transient = True

    def __init__(
        self, message: str, *, retry_after: float | None = None, everything: bool = True
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.everything = everything


# What reading a file of somebody else's making may raise, beside the errors of ours.
GARBLED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


class LockHeld(NmmaFitterError):
    """Another process holds the lock of this state directory."""

    transient = True
    exit_status = 0
