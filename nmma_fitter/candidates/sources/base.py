"""What a source of candidates is; its docstring is the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nmma_fitter.errors import NmmaFitterError

MANIFEST = "manifest.sha256"


class SourceError(NmmaFitterError):
    """A source that could not be asked, or answered nonsense.

    Parameters
    ----------
    message : str
    retry_after : float, optional
        Seconds after which another try is worth it, where the source said so.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Offer:
    """A file as a source offers it; its names are somebody else's writing.

    Attributes
    ----------
    night, file : str
    size : int
    time : str
        Of its last change, in the source's own words: only compared for equality.
    sha256 : str or None
        What the source vouches for, when it does.
    """

    night: str
    file: str
    size: int
    time: str
    sha256: str | None = None

    @property
    def key(self) -> str:
        """Night and file in one word."""
        return f"{self.night}/{self.file}"

    def agrees(self, other: Offer | None) -> bool:
        """Whether another look offers the same."""
        return other is not None and (self.size, self.time) == (other.size, other.time)


@dataclass(frozen=True)
class Look:
    """What there is at a source, and what a person should know about it."""

    offers: Sequence[Offer]
    remarks: Sequence[str] = field(default=())


class Source(Protocol):
    """Somewhere that candidates come from: night folders with a file an object.

    It decides nothing: what is new, whole and fit to be read is found out by ``intake``. Every call
    has a time limit of its own, may be killed anywhere, and is made again.

    A file counts as whole when two calls of `look`, some seconds apart, offer it alike, or when the
    offer carries the SHA-256 of its content, or a ``manifest.sha256`` that is offered beside it
    does.
    """

    def look(self) -> Look:
        """What is there now.

        Raises
        ------
        NmmaFitterError, OSError
            It could not be asked; what to do about that.
        """
        ...

    def fetch(self, offers: Sequence[Offer], into: Path) -> None:
        """Put files at ``<into>/<night>/<file>``, whose folders exist.

        One that is no longer there as it was offered is left out, or removed again. Raises as
        `look`; what was fetched until then stays.
        """
        ...
