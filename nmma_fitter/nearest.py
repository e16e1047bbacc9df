"""What a person may have meant by a name that is none of those there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(given: str, known: Iterable[str], most: int = 1) -> list[str]:
    """The known names that are most like the given one, whatever their case."""
    folded = {name.casefold(): name for name in known}
    return [folded[m] for m in difflib.get_close_matches(given.casefold(), folded, n=most)]


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """``(did you mean 'Piro2021'?)`` after a space; nothing where no name is like the given one."""
    close = nearest(given, known)
    return f" (did you mean {close[0]!r}?)" if close else ""
