"""What is remembered of a source between two looks; it may be lost, and is then found out again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nmma_fitter.candidates.sources.base import Offer
from nmma_fitter.engine.files import read_json, write_json

SOURCE = "the source"  # what is said of itself
LEFT_OUT = "nights that cannot be"  # what is said of them
FIRST_WAIT, LONGEST_WAIT = 15.0, 1800.0  # seconds before a dead source is asked again


@dataclass(frozen=True)
class Known:
    """A file as it was when it was last fetched.

    Attributes
    ----------
    size, time : int, str
        As it was offered.
    sha256 : str
    taken : bool
        Whether it lies among the candidates; else it was set aside, or refused.
    """

    size: int
    time: str
    sha256: str
    taken: bool


class Memory:
    """The memory of one source.

    Parameters
    ----------
    path : Path
        Where it is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        stored = read_json(path) or {}
        self.files = dict(_parsed(stored.get("files")))
        self._said = _saying(stored.get("said"))
        self._saying: dict[str, str] = {}
        self._tries = int(_number(stored.get("tries")))
        self._since = _number(stored.get("since"))
        self._not_before = _number(stored.get("not_before"))

    @property
    def trouble(self) -> str:
        """Why the source does not answer, empty when it does."""
        return self._said.get(SOURCE, "") if self._tries else ""

    @property
    def left_out(self) -> str:
        """What was said of nights that were left out at the last look, empty when none was."""
        return self._said.get(LEFT_OUT, "")

    def is_due(self, now: float) -> bool:
        """Whether the source should be asked; a clock that was set back counts as a wait over."""
        return not self._since <= now < self._not_before

    def is_new(self, offer: Offer) -> bool:
        """Whether a file was never fetched as it is offered."""
        known = self.files.get(offer.key)
        return known is None or (known.size, known.time) != (offer.size, offer.time)

    def say(self, about: str, text: str) -> list[str]:
        """What to tell a person: nothing while the same has been said of the same thing."""
        self._saying[about] = text
        return [] if self._said.get(about) == text else [text]

    def answered(self, now: float, every: float, nights: Iterable[str]) -> None:
        """Note that the source was asked and answered; older nights are forgotten."""
        self._said = dict(self._saying)
        self._tries, self._since, self._not_before = 0, now, now + every
        oldest = min(nights, default="")
        self.files = {key: known for key, known in self.files.items() if key >= oldest}
        self._write()

    def failed(self, now: float, wait: float | None) -> None:
        """Note that it did not answer, and when to ask again; what else was said stands."""
        self._said |= self._saying
        if wait is None:
            wait = min(FIRST_WAIT * 2.0 ** min(self._tries, 20), LONGEST_WAIT)
        self._tries, self._since = self._tries + 1, now
        self._not_before = now + min(wait, LONGEST_WAIT)
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        value = {
            "files": {key: asdict(known) for key, known in self.files.items()},
            "said": self._said,
            "tries": self._tries,
            "since": self._since,
            "not_before": self._not_before,
        }
        write_json(self._path, value)


def _parsed(files: Any) -> Iterable[tuple[str, Known]]:
    for key, value in files.items() if isinstance(files, dict) else ():
        try:
            size, time, sha256, taken = (value[name] for name in Known.__annotations__)
            yield key, Known(int(size), str(time), str(sha256), bool(taken))
        except (KeyError, TypeError, ValueError):
            continue


def _saying(said: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
