"""Units as the ledger remembers them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.engine.ledger_file import LedgerFile
from nmma_fitter.engine.unit import State, Unit


@dataclass(frozen=True)
class UnitRow:
    """A unit as the ledger remembers it.

    `refused` is when a limit of the batch system last kept it from being submitted; None when it
    was not, or has been submitted since.
    """

    unit: Unit
    state: State
    reason: str | None
    detail: str
    deadline: float | None
    seconds: float | None
    time_factor: float
    memory_factor: float
    resume_from: str | None
    refused: float | None = None


class UnitTable(LedgerFile):
    """What is to be done, and how that stands."""

    def add_unit(self, unit: Unit, deadline: float | None) -> None:
        """Remember a new unit as pending."""
        self._run(
            "INSERT INTO units (digest, generation, folder, campaign, night, object, task, spec,"
            " state, deadline) VALUES (?,?,?,?,?,?,?,?,?,?)",
            *(unit.digest, unit.generation, str(unit.folder), unit.campaign, unit.night),
            *(unit.object, unit.task, json.dumps(unit.to_json()), State.PENDING, deadline),
        )

    def raise_generation(self, unit: Unit, deadline: float | None) -> None:
        """Want a unit anew, whatever became of it and wherever it was."""
        self._run(
            "UPDATE units SET generation=?, folder=?, night=?, object=?, spec=?, state=?,"
            " reason=NULL, detail='', deadline=?, ended=NULL, seconds=NULL, time_factor=1,"
            " memory_factor=1, resume_from=NULL, refused=NULL WHERE digest=?",
            *(unit.generation, str(unit.folder), unit.night, unit.object),
            *(json.dumps(unit.to_json()), State.PENDING, deadline, unit.digest),
        )
        self._touch_nights(unit.digest)

    def relocate(self, before: Path, now: Path) -> None:
        """Name the folders where they are, after all of them were moved together."""
        old = f"{before}/"
        columns = (("units", "folder"), ("units", "resume_from"), ("attempts", "folder"))
        with self.transaction():
            for table, column in (*columns, ("nights", "folder")):
                self._run(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?)"
                    f" WHERE substr({column}, 1, ?) = ?",
                    *(f"{now}/", len(old) + 1, len(old), old),
                )

    def set_state(
        self,
        digest: str,
        state: State,
        reason: str | None = None,
        detail: str = "",
        *,
        ended: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Note a unit's state; `ended` is the poller's clock when the state is final."""
        before = self._run("SELECT state FROM units WHERE digest=?", digest)
        self._run(
            "UPDATE units SET state=?, reason=?, detail=?, ended=?, seconds=? WHERE digest=?",
            *(state, reason, detail, ended, seconds, digest),
        )
        if state.ended or any(State(row["state"]).ended for row in before):
            self._touch_nights(digest)

    def set_deadline(self, digest: str, deadline: float | None) -> None:
        """Note until when a unit may take; None until it is wanted again."""
        self._run("UPDATE units SET deadline=?, refused=NULL WHERE digest=?", deadline, digest)

    def move_deadline(self, digest: str, now: float, *, refused: bool) -> None:
        """Move a unit's deadline on by the time since it was last refused, which does not count.

        `refused` is whether it is refused now once more.
        """
        self._run(
            "UPDATE units SET deadline=deadline + max(0, ? - coalesce(refused, ?)), refused=?"
            " WHERE digest=?",
            *(now, now, now if refused else None, digest),
        )

    def set_next(
        self, digest: str, time_factor: float, memory_factor: float, resume_from: str | None
    ) -> None:
        """Note what the unit's next attempt asks for, and the run it resumes."""
        self._run(
            "UPDATE units SET time_factor=?, memory_factor=?, resume_from=? WHERE digest=?",
            *(time_factor, memory_factor, resume_from, digest),
        )

    def unit(self, digest: str) -> UnitRow | None:
        """One unit by its digest."""
        rows = self._run("SELECT * FROM units WHERE digest=?", digest)
        return _unit_row(rows[0]) if rows else None

    def units(self, *states: State) -> list[UnitRow]:
        """Units in these states (all when none is given), in the order they came."""
        marks = ",".join("?" * len(states))
        where = f" WHERE state IN ({marks})" if states else ""
        return [
            _unit_row(r) for r in self._run(f"SELECT * FROM units{where} ORDER BY rowid", *states)
        ]

    def history(self, obj: str) -> list[UnitRow]:
        """Every unit of an object, in the order they came."""
        rows = self._run("SELECT * FROM units WHERE object=? ORDER BY rowid", obj)
        return [_unit_row(row) for row in rows]

    def stands(self, obj: str) -> list[tuple[str, ...]]:
        """What tells how every unit of an object stands, in the order they came."""
        names = "digest, generation, state, reason"
        rows = self._run(f"SELECT {names} FROM units WHERE object=? ORDER BY rowid", obj)
        return [tuple(str(value) for value in row) for row in rows]

    def digests(self) -> set[str]:
        """Every unit's digest."""
        return {row["digest"] for row in self._run("SELECT digest FROM units")}

    def count(self, *states: State) -> int:
        """How many units are in these states."""
        marks = ",".join("?" * len(states))
        sql = f"SELECT count(*) AS n FROM units WHERE state IN ({marks})"
        return int(self._run(sql, *states)[0]["n"])

    def unit_in_folder(self, folder: Path, states: Iterable[State]) -> list[UnitRow]:
        """Units whose work folder this is, in these states."""
        wanted = set(states)
        rows = self._run("SELECT * FROM units WHERE folder=?", str(folder))
        return [row for row in map(_unit_row, rows) if row.state in wanted]

    def late(self, since: float) -> list[UnitRow]:
        """Failed and skipped units that had attempts and ended after `since`."""
        rows = self._run(
            "SELECT * FROM units WHERE state IN (?,?) AND ended > ? AND digest IN"
            " (SELECT digest FROM attempts) ORDER BY rowid",
            *(State.FAILED, State.SKIPPED, since),
        )
        return [_unit_row(row) for row in rows]

    def last_ended(self, task: str, count: int) -> list[tuple[State, str | None]]:
        """How the last units of a task ended, newest first.

        Skipped ones do not count, nor those that failed without an attempt: what kept them from
        one was not the task.
        """
        rows = self._run(
            "SELECT state, reason FROM units WHERE task=? AND state IN (?,?) AND NOT (reason IS"
            " 'never_started' AND digest NOT IN (SELECT digest FROM attempts))"
            " ORDER BY ended DESC LIMIT ?",
            *(task, State.DONE, State.FAILED, count),
        )
        return [(State(r["state"]), r["reason"]) for r in rows]


def _unit_row(row: sqlite3.Row) -> UnitRow:
    unit = Unit.from_json(Path(row["folder"]), json.loads(row["spec"]))
    names = ("reason", "detail", "deadline", "seconds")
    more = ("time_factor", "memory_factor", "resume_from", "refused")
    return UnitRow(unit, State(row["state"]), **{n: row[n] for n in names + more})
