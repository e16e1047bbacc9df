"""What a reader leaves out or takes for granted, counted, so that a person is told once."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Iterable

from ...errors import BadInput
from ...vega import ab_minus_vega
from ..rows import Place

MOST_UNKNOWN = 200  # names of bands; to look for one that is near takes milliseconds
MOST_SHOWN = 10
_VEGA_SYSTEMS = ("bessell", "2mass")
_VEGA_LETTERS = frozenset(("U", "B", "V", "R", "I", "J", "H", "K", "Ks"))


class Tally:
    """Counts of what was done with a table's rows."""

    def __init__(self) -> None:
        self._rows: dict[str, list[int]] = {}
        self._unknown: Counter[str] = Counter()
        self._letters: dict[str, str] = {}
        self._unstated: Counter[str] = Counter()
        self._converted: Counter[str] = Counter()
        self._done: list[str] = []
        self.first: BadInput | None = None

    def leave_out(self, place: Place, why: str, error: BadInput | None = None) -> None:
        """Count a row that is left out; `error` is what to say where nothing else is found."""
        self._rows.setdefault(why, []).append(place.row or 0)
        self.first = self.first or error

    def unknown_band(self, place: Place, name: str, error: BadInput) -> None:
        """Count a row in a band that nothing here knows."""
        self._unknown[name] += 1
        self.first = self.first or error
        if len(self._unknown) > MOST_UNKNOWN:
            raise place.error(
                f"has more than {MOST_UNKNOWN} names of bands that are not known; "
                "check which column is the band"
            )

    def letter(self, text: str, band: str) -> None:
        """Remember what a bare letter was taken for."""
        self._letters[text] = band

    def unstated_system(self, text: str, band: str) -> None:
        """Count a magnitude in a band that is usually Vega's, without a system."""
        if text in _VEGA_LETTERS and band.startswith(_VEGA_SYSTEMS):
            self._unstated[band] += 1

    def converted(self, band: str) -> None:
        """Count a magnitude that was turned from Vega to AB."""
        self._converted[band] += 1

    def say(self, note: str) -> None:
        """Add a line, once."""
        if note not in self._done:
            self._done.append(note)

    def notes(self) -> tuple[str, ...]:
        """Lines for a person."""
        lines = [_left_out(rows, why) for why, rows in self._rows.items()]
        if self._unknown:
            named = some(f"{reprlib.repr(one)} ({n})" for one, n in self._unknown.items())
            lines.append(
                f"left out {_count(sum(self._unknown.values()))} in unknown bands: {named}"
            )
        if self._letters:
            pairs = some(f"{one} is {band}" for one, band in sorted(self._letters.items()))
            lines.append(f"bare band letters are taken so: {pairs}")
        if self._converted:
            lines.append(f"converted from Vega to AB: {_offsets(self._converted)}")
        if self._unstated:
            lines.append(
                "no system is stated, taken as AB; if it is Vega, add a column magsys that says "
                f"so (AB - Vega: {_offsets(self._unstated)})"
            )
        return (*lines, *self._done)


def _left_out(rows: list[int], why: str) -> str:
    return f"left out {_count(len(rows))} with {why}: row {some(map(str, rows))}"


def _count(number: int) -> str:
    return f"{number} row{'s' * (number != 1)}"


def some(names: Iterable[str]) -> str:
    """The first names, and whether there are more."""
    listed = list(names)
    return ", ".join(listed[:MOST_SHOWN]) + (", ..." if len(listed) > MOST_SHOWN else "")


def _offsets(counts: Counter[str]) -> str:
    return some(f"{band} {_offset(band)} ({number})" for band, number in sorted(counts.items()))


def _offset(band: str) -> str:
    try:
        return f"{ab_minus_vega(band):+.2f}"
    except BadInput:
        return "unknown"
