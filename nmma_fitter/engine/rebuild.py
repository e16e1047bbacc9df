"""A lost ledger, made again from what lies on disk."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from nmma_fitter.engine.attempt import runs_of
from nmma_fitter.engine.batch import Batch, read_batches
from nmma_fitter.engine.files import read_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.unit import State, Unit, read_unit

log = logging.getLogger(__name__)


def open_ledger(state: Path, outdir: Path) -> Ledger:
    """Open a state folder's ledger; one that is missing is made again first."""
    ledger = Ledger(state / "ledger.sqlite")
    if ledger.fresh:
        found = rebuild(ledger, outdir, read_batches(state))
        if found:
            log.warning("the ledger was missing; rebuilt it from %d work folders", found)
    return ledger


def rebuild(ledger: Ledger, outdir: Path, batches: Iterable[Batch]) -> int:
    """Fill an empty ledger from work folders, batches and nights' sentinels; returns the count.

    A unit comes back as one whose job may still exist if a batch or a run of it does, so that
    nothing is submitted before the batch system and the sentinels have been asked. What a closed
    night says has ended stays so.
    """
    found: dict[str, Unit] = {}
    for path in sorted(outdir.glob("*/*/*/unit.json")):
        unit = read_unit(path.parent)
        known = found.get(unit.digest) if unit else None
        if unit is not None and (known is None or known.generation < unit.generation):
            found[unit.digest] = unit
    with ledger.transaction():
        for unit in found.values():
            ledger.add_unit(unit, None)
        for batch in batches:
            ledger.add_batch(batch)
        for unit in found.values():
            for run in runs_of(unit.attempts):
                ledger.add_run(unit, run)
            if ledger.last_attempt(unit.digest, unit.generation) is not None:
                ledger.set_state(unit.digest, State.SUBMITTING)
        for path in sorted(outdir.glob("*/*.fin")):
            _restore_night(ledger, path)
        ledger.set_filled()
    return len(found)


def _restore_night(ledger: Ledger, path: Path) -> None:
    """Read back a closed night, as `night.close_night` wrote it."""
    value = read_json(path) or {}
    try:
        night, revision = str(value["night"]), int(value["revision"])
        rows = [
            (str(u["object"]), str(u["task"]), u["digest"], State(u["state"]), u["reason"])
            for u in value["units"]
        ]
    except (KeyError, TypeError, ValueError):
        return
    ledger.open_night(night, path.parent)
    for obj, task, digest, state, reason in rows:
        ledger.need(night, obj, task, digest, state, reason)
        if digest is not None and state.ended and ledger.unit(digest) is not None:
            ledger.set_state(digest, state, reason, ended=0.0)
    ledger.set_night(night, revision, closed=True)
