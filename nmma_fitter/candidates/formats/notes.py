"""What was left out of a file and why, as lines for a person."""

from __future__ import annotations

from collections.abc import Iterable

MOST_NAMED = 10  # rows in one note


class LeftOut:
    """Rows left out, by reason.

    Attributes
    ----------
    rows : dict of str to list of int
        Reason to rows of the file, in its order.
    """

    def __init__(self) -> None:
        self.rows: dict[str, list[int]] = {}

    def add(self, reason: str, row: int | None) -> None:
        """Count one row."""
        self.rows.setdefault(reason, []).append(row or 0)

    def notes(self) -> tuple[str, ...]:
        """One line a reason: how many rows, why, and which."""
        return tuple(
            f"left out {len(rows)} with {reason}: row {some(rows)}"
            for reason, rows in self.rows.items()
        )


def some(values: Iterable[object], most: int = MOST_NAMED) -> str:
    """The first values, and whether there are more."""
    shown = [str(value) for value in values]
    return ", ".join(shown[:most]) + (", ..." if len(shown) > most else "")
