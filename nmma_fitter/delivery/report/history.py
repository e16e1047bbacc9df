"""Every fit an object ever had: earlier nights, other photometry, higher generations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.engine.files import Json, read_json
from nmma_fitter.engine.ledger import UnitRow


@dataclass(frozen=True)
class Refit:
    """One fit of an object's history.

    Attributes
    ----------
    night, model : str
    digest : str
    generation : int
    state, reason : str
    folder : Path
        The object's folder of that night.
    log_z, log_z_err : float or None
    started, ended : float or None
        Seconds since 1970, by the clock of the fit's host.
    """

    night: str
    model: str
    digest: str
    generation: int
    state: str
    reason: str
    folder: Path
    log_z: float | None = None
    log_z_err: float | None = None
    started: float | None = None
    ended: float | None = None


def refits(units: Iterable[UnitRow]) -> list[Refit]:
    """All fits of an object's units, newest first: earlier generations are known by sentinels."""
    found: dict[tuple[str, str, int], Refit] = {}
    for row in units:
        unit = row.unit
        for path in sorted((unit.folder / "sentinels").glob("*.fin")):
            _add(found, _of_sentinel(row, read_json(path) or {}))
        _add(found, _of_unit(row))
    return sorted(found.values(), key=lambda fit: (fit.night, fit.started or 0), reverse=True)


def _add(found: dict[tuple[str, str, int], Refit], fit: Refit | None) -> None:
    if fit is not None:
        found.setdefault((fit.night, fit.digest, fit.generation), fit)


def _of_unit(row: UnitRow) -> Refit:
    """A fit without a sentinel, as the ledger tells of it."""
    unit, reason = row.unit, row.reason or ""
    state = row.state.value if row.state.ended else "running"
    place = unit.folder.parent
    return Refit(unit.night, unit.task, unit.digest, unit.generation, state, reason, place)


def _of_sentinel(row: UnitRow, said: Json) -> Refit | None:
    """A fit as its sentinel tells of it; None when that is garbled."""
    summary = said.get("summary")
    summary = summary if isinstance(summary, dict) else {}
    try:
        return Refit(
            night=row.unit.night,
            model=row.unit.task,
            digest=str(said["digest"]),
            generation=int(said["generation"]),
            state=str(said["outcome"]),
            reason=str(said.get("reason") or ""),
            folder=row.unit.folder.parent,
            log_z=as_number(summary.get("log_z")),
            log_z_err=as_number(summary.get("log_z_err")),
            started=as_number(said.get("started")),
            ended=as_number(said.get("ended")),
        )
    except (KeyError, TypeError, ValueError):
        return None


def as_number(value: object) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < float("inf") else None
