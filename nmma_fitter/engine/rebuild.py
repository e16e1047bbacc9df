"""A lost ledger, made again from what lies on disk."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from nmma_fitter.engine.attempt import RunRecord, runs_of
from nmma_fitter.engine.batch import Batch, read_batches
from nmma_fitter.engine.files import Json, folder_name, read_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.marker import settle
from nmma_fitter.engine.reasons import policy
from nmma_fitter.engine.sentinel import read_sentinel, took
from nmma_fitter.engine.snapshot import snapshot_path
from nmma_fitter.engine.unit import State, Unit, read_unit
from nmma_fitter.engine.witness import EXIT_REASONS

log = logging.getLogger(__name__)


def open_ledger(state: Path, outdir: Path) -> Ledger:
    """Open a state folder's ledger; one that is missing is made again first.

    Raises
    ------
    BadInput
        `outdir` is not this installation's, see `marker.settle`.
    """
    ledger = Ledger(state / "ledger.sqlite")
    try:
        settle(ledger, state, outdir)
    except BaseException:
        ledger.close()
        raise
    if ledger.fresh:
        (state / "collecting.json").unlink(missing_ok=True)  # so that all is announced again
        snapshot = read_json(snapshot_path(state))
        found = rebuild(ledger, outdir, read_batches(state), snapshot)
        if found:
            log.warning("the ledger was missing; rebuilt it from %d work folders", found)
    return ledger


def rebuild(
    ledger: Ledger, outdir: Path, batches: Iterable[Batch], snapshot: Json | None = None
) -> int:
    """Fill an empty ledger from work folders, batches and nights' sentinels; returns the count.

    A unit comes back as one whose job may still exist if a batch or a run of it does, so that
    nothing is submitted before the batch system and the sentinels have been asked. Earlier
    attempts count against the policy of the reason that their own records tell. What a closed
    night says has ended stays so; nights that were open, and what of them had ended, are taken
    from the last tick's snapshot, if there is one.
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
            _end_earlier_attempts(ledger, unit)
            if ledger.last_attempt(unit.digest, unit.generation) is not None:
                ledger.set_state(unit.digest, State.SUBMITTING)
        for path in sorted(outdir.glob("*/*.fin")):
            _restore_night(ledger, path)
        for night in (snapshot or {}).get("nights", []):
            _restore_open_night(ledger, outdir, night)
        ledger.set_filled()
    return len(found)


def _end_earlier_attempts(ledger: Ledger, unit: Unit) -> None:
    """Every attempt but the last has ended; how, is told by the newest of its runs."""
    last = ledger.last_attempt(unit.digest, unit.generation)
    newest = {run.number: run for run in runs_of(unit.attempts)}
    for number, run in newest.items():
        ran_for = (run.started.get("digest"), run.started.get("generation"))
        if last is None or number >= last.number or ran_for != (unit.digest, unit.generation):
            continue
        reason = _reason(run)
        # A time-out is free while it makes progress, which nobody remembers now.
        charged = policy(reason).charged and reason != "timeout"
        detail = "by its own records, the ledger was lost"
        ledger.end_attempt(str(unit.folder), number, reason, detail, charged=charged)


def _reason(run: RunRecord) -> str:
    said = run.outcome.get("reason")
    if isinstance(said, str):
        return said
    code = run.exit_code
    return "lost" if code is None else EXIT_REASONS.get(code, "nonzero_exit")


def _restore_open_night(ledger: Ledger, outdir: Path, value: Json) -> None:
    """Read back a night that had not been closed, as `snapshot.write_snapshot` wrote it."""
    try:
        night = str(value["night"])
        rows = [
            (str(u["object"]), str(u["task"]), u.get("digest"), State(u["state"]), u)
            for u in value.get("units", ())
        ]
    except (KeyError, TypeError, ValueError):
        return
    if not rows or night in {name for name, _, _ in ledger.nights()}:
        return  # counted only, or its sentinel knows better
    ledger.open_night(night, outdir / folder_name(night))
    for obj, task, digest, state, unit in rows:
        why = unit.get("reason"), str(unit.get("detail", ""))
        row = ledger.unit(digest) if digest is not None else None
        if digest is None:
            ledger.need(night, obj, task, None, state, *why)
        elif row is not None:
            ledger.need(night, obj, task, digest)
            last = ledger.last_attempt(digest, row.unit.generation)
            tried = row.unit.generation, last.number if last else None
            if state.ended and tried == (unit.get("generation"), unit.get("attempt")):
                _end(ledger, row.unit, state, *why)


def _end(ledger: Ledger, unit: Unit, state: State, reason: str | None, detail: str = "") -> None:
    """Note how a unit ended; when, and how long it took, only its sentinel may know."""
    _, proof = read_sentinel(unit, deep=False)
    ended = proof.get("ended")
    when = float(ended) if isinstance(ended, int) else 0.0
    ledger.set_state(unit.digest, state, reason, detail, ended=when, seconds=took(proof))


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
        row = ledger.unit(digest) if digest is not None else None
        if row is not None and state.ended:
            _end(ledger, row.unit, state, reason)
    ledger.set_night(night, revision, closed=True)
