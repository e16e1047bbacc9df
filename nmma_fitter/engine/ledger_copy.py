"""A copy of the ledger as of one moment, for those who only look."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from nmma_fitter.errors import LockHeld

READ_SECONDS = 60.0


def copy_ledger(source: Path, target: Path) -> None:
    """Copy a ledger, also while a tick is writing it; the tick is not disturbed.

    Raises
    ------
    LockHeld
        A tick has been writing the ledger for a minute.
    """
    uri = f"{source.resolve().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(uri, uri=True, timeout=READ_SECONDS)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    except sqlite3.OperationalError as error:
        raise LockHeld(f"{source}: {error}; a tick is writing it: try again in a minute") from None
