"""What a fit needs and is not here: remembered, and looked for again from time to time.

Looking again for every candidate may mean waiting for a download that cannot come; never again, a
poller of months would not see what came a minute after its start.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from nmma_fitter.errors import Unavailable

T = TypeVar("T")
FIRST_WAIT, LONGEST_WAIT = 15.0, 1800.0  # seconds before it is looked for again


@dataclass(frozen=True)
class _Absence:
    why: str
    wait: float
    until: float


_known: dict[str, _Absence] = {}


def look(key: str, find: Callable[[], T], forget: Callable[[], object] = lambda: None) -> T:
    """What `find` returns; where it raises `Unavailable`, that is the answer for a while.

    Parameters
    ----------
    key : str
        What is looked for.
    find : callable
    forget : callable
        Called before it is looked for again, for what `find` itself remembers.

    Raises
    ------
    Unavailable
        It is not here, or was not when it was last looked for. The next wait is twice as long.
    """
    known = _known.get(key)
    if known is not None:
        if time.monotonic() < known.until:
            raise Unavailable(known.why)
        importlib.invalidate_caches()  # it may be a library
        forget()
    try:
        found = find()
    except Unavailable as error:
        wait = min(2 * known.wait, LONGEST_WAIT) if known else FIRST_WAIT
        _known[key] = _Absence(str(error), wait, time.monotonic() + wait)
        raise
    _known.pop(key, None)
    return found
