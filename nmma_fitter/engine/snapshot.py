"""What `nmma-fitter status` reads, written atomically at each tick's end.

It stays small for as long as an installation lives: the last nights and those still open are
listed unit by unit, older ones as counts, the oldest as one sum.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nmma_fitter.engine.attempt import runs_of
from nmma_fitter.engine.files import Json, read_json, write_json
from nmma_fitter.engine.ledger import AttemptRow, Ledger, NeedRow, UnitRow
from nmma_fitter.engine.night import counts, standing
from nmma_fitter.engine.unit import State

FORMAT = 2
IN_FULL = 14  # nights listed unit by unit, besides those that are open
OPEN_IN_FULL = 60
AS_COUNTS = 400
LONGEST_DETAIL = 300
OLD_BEAT = ("phase", "log_z")  # of jobs that version 0.1 started
BEAT = ("count", "evaluations", "done", "total", "text", "left", *OLD_BEAT)

NightRow = tuple[str, int, bool]


def snapshot_path(state: Path) -> Path:
    """Where an installation's snapshot lies."""
    return state / "snapshot.json"


def write_snapshot(
    ledger: Ledger,
    state: Path,
    about: Mapping[str, Any] | None = None,
    now: float | None = None,
    *,
    written: int | None = None,
) -> Json:
    """Write how every unit stands; return what was written.

    Parameters
    ----------
    ledger : Ledger
    state : Path
        The state folder.
    about : mapping, optional
        What else a reader should know of this tick: ``period``, ``poller``, ``notes`` and so on.
    now : float, optional
        The poller's clock.
    written : int, optional
        When the last tick ended, if that is not now.
    """
    now = time.time() if now is None else now
    before = _previous(state)
    listed, counted, earlier = _divide(ledger.nights_as_they_came())
    known = {night["night"]: night for night in before.get("nights", [])}
    changed = set(ledger.dirty_nights())
    fixed = {name: night for name, night in known.items() if name not in changed}
    nights = [_as_counts(ledger, row, fixed.get(row[0])) for row in counted]
    nights += [
        fixed[row[0]] if _is_fixed(fixed.get(row[0]), row) else _in_full(ledger, row, known, now)
        for row in listed
    ]
    value: Json = {
        "period": None,
        **(about or {}),
        "format": FORMAT,
        "written": int(now) if written is None else written,
        "nights": sorted(nights, key=lambda night: str(night["night"])),
        "earlier": _sum(ledger, earlier, before.get("earlier"), fixed),
    }
    write_json(snapshot_path(state), value)
    return value


def update_snapshot(ledger: Ledger, state: Path, by: str, now: float) -> None:
    """Write how every unit stands now, after an order; all else is as the last tick left it.

    Parameters
    ----------
    ledger : Ledger
    state : Path
    by : str
        The command that gave the order.
    now : float
    """
    before = _previous(state)
    if before:
        about = {key: before[key] for key in before if key not in ("nights", "earlier")}
        order = {"order": {"by": by, "time": int(now)}}
        write_snapshot(ledger, state, {**about, **order}, now, written=before["written"])


def heartbeats(snapshot: Json, night: str) -> dict[tuple[str, str], Json]:
    """Heartbeats of what runs in a night, by object and task; an empty one has not come yet."""
    units = [u for n in snapshot["nights"] if n["night"] == night for u in n.get("units", [])]
    live = [unit for unit in units if unit["state"] == State.RUNNING.value]
    return {(unit["object"], unit["task"]): unit.get("heartbeat", {}) for unit in live}


def _previous(state: Path) -> Json:
    value = read_json(snapshot_path(state)) or {}
    return value if value.get("format") == FORMAT else {}


def _divide(rows: Sequence[NightRow]) -> tuple[list[NightRow], list[NightRow], list[NightRow]]:
    """Nights to list in full, as counts, and only as part of a sum."""
    recent = rows[-IN_FULL:]
    rest = list(rows[: len(rows) - len(recent)])
    still_open = [row for row in rest if not row[2]][-OPEN_IN_FULL:]
    others = [row for row in rest if row not in still_open]
    cut = max(0, len(others) - AS_COUNTS)
    return [*still_open, *recent], others[cut:], others[:cut]


def _as_counts(ledger: Ledger, row: NightRow, known: Json | None) -> Json:
    night, revision, closed = row
    if known is not None and closed and _same(known, row):
        number = known["counts"]  # a closed night changes only with its revision
    else:
        number = counts(ledger.needs(night))
    return {"night": night, "revision": revision, "closed": closed, "counts": number}


def _is_fixed(known: Json | None, row: NightRow) -> bool:
    """Whether a night stands in full as it did: a closed one changes only with its revision."""
    return known is not None and row[2] and _same(known, row) and "units" in known


def _in_full(ledger: Ledger, row: NightRow, known: Mapping[str, Json], now: float) -> Json:
    night, revision, closed = row
    needs = ledger.needs(night)
    old = {(u["object"], u["task"]): u for u in known.get(night, {}).get("units", [])}
    units = [_unit(ledger, need, old.get((need.object, need.task)), now) for need in needs]
    head: Json = {"night": night, "revision": revision, "closed": closed}
    return {**head, "counts": counts(needs), "units": units}


def _same(known: Json, row: NightRow) -> bool:
    return (known.get("revision"), known.get("closed")) == row[1:]


def _sum(
    ledger: Ledger, rows: Sequence[NightRow], before: Json | None, known: Mapping[str, Json]
) -> Json:
    """One count of all nights that are not named any more."""
    if before is not None and before.get("nights") == len(rows):
        return before
    total: Counter[str] = Counter()
    for row in rows:
        total.update(_as_counts(ledger, row, known.get(row[0]))["counts"])
    return {"nights": len(rows), "counts": dict(total)}


def _unit(ledger: Ledger, need: NeedRow, old: Json | None, now: float) -> Json:
    value: Json = {
        "object": need.object,
        "task": need.task,
        "state": need.state.value,
        "standing": standing(need),
        "reason": need.reason,
        "detail": need.detail[:LONGEST_DETAIL],
        "seconds": need.seconds,
        "since": int(now),
    }
    if need.unit_night not in (None, need.night):
        value["unit_night"] = need.unit_night
    row = ledger.unit(need.digest) if need.digest else None
    if row is not None:
        value |= {"digest": row.unit.digest, "generation": row.unit.generation}
    attempt = ledger.last_attempt(row.unit.digest, row.unit.generation) if row else None
    if attempt is not None:
        value |= {"attempt": attempt.number, "job": attempt.job_id}
    if old is not None and all(old.get(key) == value.get(key) for key in ("state", "attempt")):
        value["since"] = old.get("since", value["since"])
    if row is not None and not need.state.ended:
        value["deadline"] = row.deadline
        value |= _alive(row, attempt, (old or {}).get("heartbeat"), now)
    return value


def _alive(row: UnitRow, attempt: AttemptRow | None, old: Json | None, now: float) -> Json:
    """What the newest run of a unit shows of itself."""
    runs = runs_of(row.unit.attempts, attempt.number) if attempt else []
    if not runs:
        return {}
    run = runs[-1]
    beat = {key: run.heartbeat.get(key) for key in BEAT} if run.heartbeat else {}
    # Its age is told by this clock, from when it was first seen to have changed.
    same = old is not None and [old.get(k) for k in ("run", *BEAT)] == [
        run.folder.name,
        *(beat.get(k) for k in BEAT),
    ]
    seen = old["seen"] if same and old else int(now)
    return {
        "started": run.started.get("time"),
        "heartbeat": {**beat, "run": run.folder.name, "seen": seen},
    }
