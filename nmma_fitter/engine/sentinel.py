"""The sentinel: proof that a unit ended, with the outputs it vouches for.

A run publishes as its last act. Its outputs stay in its own attempt folder, which nobody else
writes; the sentinel is created by exclusive link as ``sentinels/<digest>-g<generation>.fin``, so
the first of two copies of a run wins and the other's stays with its attempt. The names people
look at (``<task>.fin`` and the outputs in the work folder) are links to the winner's files, made
after it and made again whenever they are missing.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from nmma_fitter.engine.files import (
    Json,
    link_exclusive,
    parse_json,
    read_json,
    replace_link,
    sha256,
    write_json,
)
from nmma_fitter.engine.unit import Unit


class SentinelState(StrEnum):
    """What a unit's sentinel says of the digest and generation wanted now."""

    NONE = "none"
    VALID = "valid"
    STALE = "stale"
    INVALID = "invalid"


class InvalidOutput(Exception):
    """An output that is missing, empty or not what the sentinel vouches for."""


def sentinel_path(unit: Unit) -> Path:
    """Where the sentinel of this digest and generation lies; the name that decides."""
    return unit.folder / "sentinels" / f"{unit.key}.fin"


def describe_outputs(attempt: Path, names: tuple[str, ...]) -> dict[str, Json]:
    """Size and SHA-256 of each output of a run; raises `InvalidOutput`."""
    found: dict[str, Json] = {}
    for name in names:
        path = attempt / name
        if not path.is_file() or path.is_symlink() or path.stat().st_size == 0:
            raise InvalidOutput(f"{name} is missing or empty")
        found[name] = {"size": path.stat().st_size, "sha256": sha256(path)}
    return found


def publish(unit: Unit, attempt: Path, record: Json) -> bool:
    """Publish a run's outcome as its last act.

    Parameters
    ----------
    unit : Unit
        As read from ``unit.json`` now; a run for another digest must not call this.
    attempt : Path
        The run's folder, inside ``unit.attempts``.
    record : dict
        Outcome, reason, times and whatever else is known of the run. Outputs are required when
        its ``outcome`` is ``done``.

    Returns
    -------
    bool
        False when another run of the same unit was first; its result stands.

    Raises
    ------
    InvalidOutput
        An output is missing or empty; nothing is published.
    """
    done = record.get("outcome") == "done"
    value = {
        **record,
        "campaign": unit.campaign,
        "object": unit.object,
        "task": unit.task,
        "digest": unit.digest,
        "generation": unit.generation,
        "attempt": attempt.name,
        "outputs": describe_outputs(attempt, unit.outputs) if done else {},
    }
    own = attempt / "sentinel.json"
    write_json(own, value)
    first = link_exclusive(own, sentinel_path(unit))
    if first:
        expose(unit, value)
    return first


def expose(unit: Unit, sentinel: Json) -> None:
    """Put the winner's files under the names people look at; safe to repeat."""
    attempt = unit.attempts / str(sentinel["attempt"])
    for name in sentinel["outputs"]:
        replace_link(attempt / name, unit.folder / name)
    log = attempt / "log"
    if log.is_file():
        replace_link(log, unit.folder / "log")
    replace_link(sentinel_path(unit), unit.fin)


def is_exposed(unit: Unit) -> bool:
    """Whether the public sentinel, which `expose` makes last, is the one that decides."""
    return unit.fin.exists() and unit.fin.samefile(sentinel_path(unit))


def read_sentinel(unit: Unit, *, deep: bool = True) -> tuple[SentinelState, Json]:
    """What the sentinel says, and its content when it is valid.

    Parameters
    ----------
    unit : Unit
        With the digest and generation wanted now.
    deep : bool
        Compare the outputs' SHA-256 too, not only their presence and size.

    Raises
    ------
    OSError
        A file is there and cannot be read: neither proof nor the lack of it.
    """
    path = sentinel_path(unit)
    if not path.exists():
        stale = unit.fin.exists() and not _vouches(unit, read_json(unit.fin))
        return (SentinelState.STALE if stale else SentinelState.NONE), {}
    value = parse_json(path.read_bytes())
    if value is None or not _vouches(unit, value) or not _outputs_check(unit, value, deep):
        return SentinelState.INVALID, {}
    return SentinelState.VALID, value


def took(sentinel: Json) -> float | None:
    """Seconds between start and end of the run, by its own host's clock."""
    start, end = sentinel.get("started"), sentinel.get("ended")
    return float(end - start) if isinstance(start, int) and isinstance(end, int) else None


def set_aside(unit: Unit) -> None:
    """Take an invalid sentinel out of the way, so that another run can publish."""
    path = sentinel_path(unit)
    number = 1
    while (aside := path.with_suffix(f".invalid{number}")).exists():
        number += 1
    path.rename(aside)


def _vouches(unit: Unit, value: Json | None) -> bool:
    return value is not None and (value.get("digest"), value.get("generation")) == (
        unit.digest,
        unit.generation,
    )


def _outputs_check(unit: Unit, value: Json, deep: bool) -> bool:
    outputs: Any = value.get("outputs")
    attempt = str(value.get("attempt", ""))
    if not isinstance(outputs, dict) or "/" in attempt or attempt in ("", ".", ".."):
        return False
    if value.get("outcome") == "done" and not set(unit.outputs) <= set(outputs):
        return False
    return all(
        "/" not in name and _same(unit.attempts / attempt / name, described, deep)
        for name, described in outputs.items()
    )


def _same(path: Path, described: Any, deep: bool) -> bool:
    try:
        return path.stat().st_size == described["size"] and (
            not deep or sha256(path) == described["sha256"]
        )
    except (FileNotFoundError, NotADirectoryError, KeyError, TypeError):
        return False
