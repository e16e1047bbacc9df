"""``nmma-fitter status``: how everything stands, from the snapshot of the last tick alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from nmma_fitter.durations import in_words
from nmma_fitter.engine.files import Json, read_json
from nmma_fitter.engine.snapshot import FORMAT, snapshot_path
from nmma_fitter.errors import BadInput
from nmma_fitter.plain import one_line
from nmma_fitter.poller.presence import stop_request
from nmma_fitter.run_progress import read_heartbeat
from nmma_fitter.terminal import folded

EX_STALE = 3
ORDER = ("running", "submitted", "submitting", "pending", "failed", "done", "skipped", "unchanged")
Row = tuple[str, ...]


def show_status(
    state: Path,
    night: str | None,
    *,
    as_json: bool,
    now: float,
    in_queue: Callable[[], Sequence[str]] = tuple,
) -> int:
    """Print how each unit stands; returns the exit status.

    Parameters
    ----------
    state : Path
        The state folder.
    night : str or None
        Only this night: its name, or how it begins.
    as_json : bool
        For a program: the snapshot, with ``age``, ``stale`` and ``stopped`` added.
    now : float
        This host's clock; minutes matter, seconds do not.
    in_queue : callable
        Lines about pollers that wait in the batch system's queue; asked when a tick is missed.

    Returns
    -------
    int
        0, or 3 when ticks are expected and the last one is older than two periods, or a poller
        waits in the queue for its first one.
    """
    snapshot = read_json(snapshot_path(state))
    if snapshot is None or snapshot.get("format") != FORMAT:
        if waiting := in_queue():
            print("\n".join(["no tick has ended here yet", *waiting]))
            return EX_STALE
        raise BadInput(
            f"{snapshot_path(state)}: no tick of this version has ended here yet; "
            "run make-jobs first"
        )
    age = max(0.0, now - float(snapshot["written"]))
    stopped = stop_request(state)
    late = is_late(snapshot, age)
    nights = _chosen(snapshot, night)
    if as_json:
        extra = {"age": round(age, 1), "stale": late, "stopped": stopped is not None}
        print(json.dumps({**snapshot, **extra, "nights": nights}, indent=1))
    else:
        print(folded(_first_line(snapshot, age, late, stopped, state)))
        for line in in_queue() if late and stopped is None else ():
            print(folded(f"! {line}"))
        _print_nights(snapshot, nights, now, alone=night is not None)
    return EX_STALE if late and stopped is None else 0


def is_late(snapshot: Json, age: float) -> bool:
    """Whether ticks are expected and the last one is older than two periods."""
    period = snapshot.get("period")
    return period is not None and age > 2 * float(period)


def _chosen(snapshot: Json, night: str | None) -> list[Json]:
    nights: list[Json] = [n for n in snapshot["nights"] if n["night"].startswith(night or "")]
    if not nights and night is not None:
        known = ", ".join(n["night"] for n in snapshot["nights"][-10:])
        raise BadInput(f"no night {night!r} in the last tick's snapshot; the last are: {known}")
    return nights


def _first_line(snapshot: Json, age: float, late: bool, stopped: Json | None, state: Path) -> str:
    poller = snapshot.get("poller", {})
    who = poller.get("kind", "make-jobs")
    if poller.get("job"):
        who += f" {poller['job']}"
    if poller.get("host"):
        who += f" on {poller['host']}"
    last = f"last tick {in_words(age)} ago by {who}"
    if order := snapshot.get("order"):  # after the tick
        since = age + float(snapshot["written"]) - float(order["time"])
        last += f", {order['by']} {in_words(max(0.0, since))} ago"
    total: Counter[str] = Counter(snapshot.get("earlier", {}).get("counts", {}))
    for night in snapshot["nights"]:
        total.update(night["counts"])
    stand = _counts(total)
    if stopped is not None:
        return f"STOPPED by {stopped.get('by', 'someone')} ({last}): {stand}; nmma-fitter start"
    if not late:
        return f"{last}: {stand}"
    period = in_words(float(snapshot["period"]))
    return (
        f"NO TICK for {in_words(age)}, expected every {period} ({last}): {stand}; see "
        f"{state / 'poller.log'}, then start the poller again"
    )


def _counts(counts: Counter[str] | dict[str, int]) -> str:
    known = [name for name in ORDER if counts.get(name)]
    others = sorted(name for name in counts if name not in ORDER and counts[name])
    return ", ".join(f"{counts[name]} {name}" for name in (*known, *others)) or "nothing"


def _print_nights(snapshot: Json, nights: Sequence[Json], now: float, *, alone: bool) -> None:
    lasting = [*snapshot.get("waiting", []), *snapshot.get("left_out", [])]
    for note in dict.fromkeys([*lasting, *snapshot.get("notes", [])]):
        print(folded(f"! {one_line(note)}"))
    earlier = snapshot.get("earlier", {})
    if earlier.get("nights") and not alone:
        print(f"{earlier['nights']} earlier nights: {_counts(earlier['counts'])}")
    for one in nights:
        closed = f"closed, revision {one['revision']}" if one["closed"] else "open"
        print(folded(f"{one_line(one['night'])} ({closed}): {_counts(one['counts'])}"))
        if set(one["counts"]) == {"skipped"}:
            print("! nothing could be fitted: every fit of this night was skipped")
        _print_table([_row(unit, now) for unit in one.get("units", [])])


def _print_table(rows: Sequence[Row]) -> None:
    rows = [tuple(map(one_line, row)) for row in rows]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(4)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        print(folded("  " + "  ".join([*cells, *row[4:]]).rstrip(), "      "))


def _row(unit: Json, now: float) -> Row:
    """Object, task, how it stands, time, and the rest in words."""
    if unit["state"] == "running":
        began = unit.get("started") or unit["since"]
        span = f"for {in_words(now - float(began))}"
    elif unit["seconds"] is not None:
        span = in_words(float(unit["seconds"]))
    else:
        ended = unit["state"] in ("done", "failed", "skipped")
        span = "" if ended else f"for {in_words(now - float(unit['since']))}"
    return unit["object"], unit["task"], unit["standing"], span, "; ".join(_remarks(unit, now))


def _remarks(unit: Json, now: float) -> list[str]:
    words = []
    if unit.get("unit_night"):
        words.append(f"fitted in {unit['unit_night']}")
    if unit["reason"] or unit["detail"]:
        words.append(": ".join(filter(None, (unit["reason"], unit["detail"]))))
    live = unit["state"] not in ("done", "failed", "skipped")
    if live and unit.get("job"):
        words.append(f"job {unit['job']}")
    if unit.get("attempt", 1) > 1:
        words.append(f"attempt {unit['attempt']}")
    beat = unit.get("heartbeat") or {}
    if live and (found := read_heartbeat(beat)) is not None:
        words.append(found[0].in_words(found[1]))
        words.append(f"heartbeat {in_words(now - float(beat['seen']))} ago")
    if live and unit.get("deadline"):
        words.append(f"ends within {in_words(float(unit['deadline']) - now)}")
    return words
