"""The one durable record of units, attempts and nights: SQLite with a rollback journal.

Only the holder of the lock opens it. It can be lost: `rebuild.rebuild` makes it again from the work
folders and the batch files, and nothing runs twice. Readers use the snapshot.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmma_fitter.engine.attempt import RunRecord
from nmma_fitter.engine.batch import Batch
from nmma_fitter.engine.unit import State, Unit
from nmma_fitter.errors import NmmaFitterError

SCHEMA_VERSION = 3
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE units (
    digest TEXT PRIMARY KEY, generation INTEGER NOT NULL, folder TEXT NOT NULL,
    campaign TEXT NOT NULL, night TEXT NOT NULL, object TEXT NOT NULL, task TEXT NOT NULL,
    spec TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, detail TEXT NOT NULL DEFAULT '',
    deadline REAL, ended REAL, seconds REAL, time_factor REAL NOT NULL DEFAULT 1,
    memory_factor REAL NOT NULL DEFAULT 1, resume_from TEXT);
CREATE INDEX units_state ON units (state);
CREATE INDEX units_task ON units (task, ended);
CREATE TABLE attempts (
    folder TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
    generation INTEGER NOT NULL, token TEXT NOT NULL, idx INTEGER NOT NULL, job_id TEXT,
    reason TEXT, detail TEXT NOT NULL DEFAULT '', charged INTEGER NOT NULL DEFAULT 1,
    absent_since REAL, sign_of_life TEXT NOT NULL DEFAULT '',
    evaluations INTEGER NOT NULL DEFAULT 0, seconds INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (folder, number));
CREATE INDEX attempts_unit ON attempts (digest, generation);
CREATE INDEX attempts_job ON attempts (job_id);
CREATE TABLE needs (
    night TEXT NOT NULL, object TEXT NOT NULL, task TEXT NOT NULL, digest TEXT,
    state TEXT, reason TEXT, detail TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (night, object, task));
CREATE INDEX needs_digest ON needs (digest);
CREATE TABLE nights (
    night TEXT PRIMARY KEY, folder TEXT NOT NULL, revision INTEGER NOT NULL DEFAULT 0,
    closed INTEGER NOT NULL DEFAULT 0, dirty INTEGER NOT NULL DEFAULT 1);
"""
SINCE = {
    2: "ALTER TABLE attempts ADD COLUMN seconds INTEGER NOT NULL DEFAULT 0",
    3: "CREATE INDEX attempts_job ON attempts (job_id)",
}


class LedgerError(NmmaFitterError):
    """The ledger cannot be used as it is."""


@dataclass(frozen=True)
class UnitRow:
    """A unit as the ledger remembers it."""

    unit: Unit
    state: State
    reason: str | None
    detail: str
    deadline: float | None
    seconds: float | None
    time_factor: float
    memory_factor: float
    resume_from: str | None


@dataclass(frozen=True)
class AttemptRow:
    """A unit's attempt as the ledger remembers it."""

    folder: str
    number: int
    token: str
    idx: int
    job_id: str | None
    reason: str | None
    absent_since: float | None
    sign_of_life: str
    evaluations: int


@dataclass(frozen=True)
class NeedRow:
    """What a night wants of an object: a unit, or the reason why there is none."""

    night: str
    object: str
    task: str
    digest: str | None
    state: State
    reason: str | None
    detail: str
    unit_night: str | None
    folder: str | None
    seconds: float | None


class Ledger:
    """The ledger, open. Every method that changes something is one transaction of its own,
    unless it is called inside `transaction`."""  # noqa: D205, D209

    def __init__(self, path: Path) -> None:
        self.path = path
        self._depth = 0
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA synchronous = FULL")
            self._create()
        except sqlite3.DatabaseError as error:
            raise LedgerError(
                f"{path}: {error}; move the file away, it is rebuilt from the work folders"
            ) from None

    def _create(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise LedgerError(
                f"{self.path}: schema {version}, this version knows {SCHEMA_VERSION}; "
                "use the version that wrote it, or move the file away to have it rebuilt"
            )
        if version == SCHEMA_VERSION:
            return
        later = [statement for since, statement in SINCE.items() if since > version]
        with self.transaction():
            for statement in SCHEMA.split(";") if version == 0 else later:
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @property
    def fresh(self) -> bool:
        """Whether nothing was ever put in: new, or killed before `rebuild` was through."""
        return not self._run("SELECT 1 FROM meta WHERE key='filled'")

    def set_filled(self) -> None:
        """Note that `rebuild` has put in what there was."""
        self._run("INSERT OR REPLACE INTO meta VALUES ('filled', '')")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; may be nested, the outermost counts."""
        if self._depth == 0:
            self._db.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._db.execute("COMMIT")

    def _run(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()

    # Units

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
            " memory_factor=1, resume_from=NULL WHERE digest=?",
            *(unit.generation, str(unit.folder), unit.night, unit.object),
            *(json.dumps(unit.to_json()), State.PENDING, deadline, unit.digest),
        )
        self._touch_nights(unit.digest)

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
        self._run("UPDATE units SET deadline=? WHERE digest=?", deadline, digest)

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
        """How the last units of a task ended, newest first; skipped ones do not count."""
        rows = self._run(
            "SELECT state, reason FROM units WHERE task=? AND state IN (?,?)"
            " ORDER BY ended DESC LIMIT ?",
            *(task, State.DONE, State.FAILED, count),
        )
        return [(State(r["state"]), r["reason"]) for r in rows]

    def one_try(self, task: str, night: str) -> str | None:
        """Digest of the one unit of a stopped task that a night tries."""
        rows = self._run("SELECT value FROM meta WHERE key=?", f"one try {night} {task}")
        return str(rows[0]["value"]) if rows else None

    def set_one_try(self, task: str, night: str, digest: str) -> None:
        """Note which unit of a stopped task a night tries."""
        self._run("INSERT OR REPLACE INTO meta VALUES (?,?)", f"one try {night} {task}", digest)

    # Attempts

    def next_number(self, unit: Unit) -> int:
        """A number no attempt of this unit, or in its work folder, has had in this ledger."""
        sql = "SELECT max(number) AS n FROM attempts WHERE folder=? OR digest=?"
        rows = self._run(sql, str(unit.folder), unit.digest)
        return int(rows[0]["n"] or 0) + 1

    def add_batch(self, batch: Batch) -> None:
        """Note a batch's attempts, before it is submitted or when it is found again."""
        for index, job in enumerate(batch.jobs):
            self._run(
                "INSERT OR IGNORE INTO attempts (folder, number, digest, generation, token, idx,"
                " seconds) VALUES (?,?,?,?,?,?,?)",
                *(job.folder, job.attempt, job.digest, job.generation, batch.token, index),
                job.seconds,
            )

    def add_run(self, unit: Unit, run: RunRecord) -> None:
        """Note an attempt of which only its run is known, no batch."""
        ran_for = (run.started.get("digest"), run.started.get("generation"))
        if ran_for == (unit.digest, unit.generation):
            self._run(
                "INSERT OR IGNORE INTO attempts (folder, number, digest, generation, token, idx,"
                " job_id) VALUES (?,?,?,?,'',0,?)",
                *(str(unit.folder), run.number, unit.digest, unit.generation, run.job_id),
            )

    def set_job(self, token: str, index: int, job_id: str) -> None:
        """Note the batch system's id of a job.

        Slurm's controller, killed before it has saved its state, gives an id out again: it is the
        newer attempt's alone, and an older one is from now on looked for by its token.
        """
        self._run(
            "UPDATE attempts SET job_id=NULL WHERE job_id=? AND NOT (token=? AND idx=?)"
            " AND reason IS NULL",
            *(job_id, token, index),
        )
        self._run("UPDATE attempts SET job_id=? WHERE token=? AND idx=?", job_id, token, index)

    def last_attempt(self, digest: str, generation: int) -> AttemptRow | None:
        """The newest attempt of a unit's generation."""
        rows = self._run(
            "SELECT * FROM attempts WHERE digest=? AND generation=? ORDER BY number DESC LIMIT 1",
            *(digest, generation),
        )
        return _attempt_row(rows[0]) if rows else None

    def end_attempt(
        self, folder: str, number: int, reason: str, detail: str, *, charged: bool
    ) -> None:
        """Note how an attempt ended."""
        self._run(
            "UPDATE attempts SET reason=?, detail=?, charged=? WHERE folder=? AND number=?",
            *(reason, detail, int(charged), folder, number),
        )

    def note_life(
        self, attempt: AttemptRow, absent_since: float | None, sign: str, evaluations: int
    ) -> None:
        """Note since when an attempt is absent, and the last sign of life it gave."""
        self._run(
            "UPDATE attempts SET absent_since=?, sign_of_life=?, evaluations=?"
            " WHERE folder=? AND number=?",
            *(absent_since, sign, evaluations, attempt.folder, attempt.number),
        )

    def charged(self, digest: str, generation: int, reason: str) -> int:
        """How many attempts of a unit ended for this reason and counted."""
        rows = self._run(
            "SELECT count(*) AS n FROM attempts WHERE digest=? AND generation=? AND reason=?"
            " AND charged=1",
            *(digest, generation, reason),
        )
        return int(rows[0]["n"])

    def tries(self, digest: str, generation: int) -> int:
        """How many attempts of a unit's generation there were."""
        rows = self._run(
            "SELECT count(*) AS n FROM attempts WHERE digest=? AND generation=?",
            *(digest, generation),
        )
        return int(rows[0]["n"])

    def seconds(self, digest: str, generation: int) -> int:
        """Wall-clock time for which the jobs of a unit's generation have asked, added up."""
        rows = self._run(
            "SELECT coalesce(sum(seconds), 0) AS n FROM attempts WHERE digest=? AND generation=?"
            " AND job_id IS NOT NULL",
            *(digest, generation),
        )
        return int(rows[0]["n"])

    # Nights

    def open_night(self, night: str, folder: Path) -> None:
        """Know a night."""
        self._run("INSERT OR IGNORE INTO nights (night, folder) VALUES (?,?)", night, str(folder))

    def need(
        self,
        night: str,
        obj: str,
        task: str,
        digest: str | None,
        state: State | None = None,
        reason: str | None = None,
        detail: str = "",
    ) -> bool:
        """Note what a night wants of an object; True when that is new or has changed."""
        values = (digest, state, reason, detail)
        rows = self._run(
            "SELECT digest, state, reason, detail FROM needs WHERE night=? AND object=? AND task=?",
            *(night, obj, task),
        )
        if rows and tuple(rows[0]) == values:
            return False
        self._run("INSERT OR REPLACE INTO needs VALUES (?,?,?,?,?,?,?)", night, obj, task, *values)
        self._run("UPDATE nights SET dirty=1 WHERE night=?", night)
        return True

    def drop_needs(self, night: str, obj: str, tasks: Iterable[str]) -> None:
        """Forget what a night wanted of an object, such as the error of a file now mended."""
        for task in tasks:
            self._run(
                "DELETE FROM needs WHERE night=? AND object=? AND task=?", *(night, obj, task)
            )

    def needs(self, night: str) -> list[NeedRow]:
        """What a night wants and how that stands."""
        rows = self._run(
            "SELECT n.night, n.object, n.task, n.digest, coalesce(u.state, n.state) AS state,"
            " CASE WHEN u.state IS NULL THEN n.reason ELSE u.reason END AS reason,"
            " CASE WHEN u.state IS NULL THEN n.detail ELSE u.detail END AS detail,"
            " u.night AS unit_night, u.folder, u.seconds"
            " FROM needs n LEFT JOIN units u ON u.digest = n.digest WHERE n.night=?"
            " ORDER BY n.object, n.rowid",
            night,
        )
        return [NeedRow(**{**dict(r), "state": State(r["state"])}) for r in rows]

    def is_needed(self, digest: str) -> bool:
        """Whether any night still wants a unit."""
        return bool(self._run("SELECT 1 FROM needs WHERE digest=? LIMIT 1", digest))

    def nights(self) -> list[tuple[str, int, bool]]:
        """Name, revision and whether closed of every night, by name."""
        rows = self._run("SELECT night, revision, closed FROM nights ORDER BY night")
        return [(r["night"], int(r["revision"]), bool(r["closed"])) for r in rows]

    def dirty_nights(self) -> list[str]:
        """Nights in which something changed since they were last collected."""
        return [r["night"] for r in self._run("SELECT night FROM nights WHERE dirty=1")]

    def set_collected(self, night: str) -> None:
        """Note that a night's products are up to date."""
        self._run("UPDATE nights SET dirty=0 WHERE night=?", night)

    def night(self, night: str) -> tuple[Path, int, bool]:
        """Folder, revision and whether it is closed."""
        row = self._run("SELECT * FROM nights WHERE night=?", night)[0]
        return Path(row["folder"]), int(row["revision"]), bool(row["closed"])

    def set_night(self, night: str, revision: int, *, closed: bool) -> None:
        """Note a night's revision and whether it is closed."""
        self._run(
            "UPDATE nights SET revision=?, closed=? WHERE night=?", revision, int(closed), night
        )

    def _touch_nights(self, digest: str) -> None:
        self._run(
            "UPDATE nights SET dirty=1 WHERE night IN (SELECT night FROM needs WHERE digest=?)",
            digest,
        )


def _unit_row(row: sqlite3.Row) -> UnitRow:
    unit = Unit.from_json(Path(row["folder"]), json.loads(row["spec"]))
    names = ("reason", "detail", "deadline", "seconds")
    more = ("time_factor", "memory_factor", "resume_from")
    return UnitRow(unit, State(row["state"]), **{n: row[n] for n in names + more})


def _attempt_row(row: sqlite3.Row) -> AttemptRow:
    names = ("folder", "number", "token", "idx", "job_id", "reason", "absent_since")
    return AttemptRow(**{n: row[n] for n in (*names, "sign_of_life", "evaluations")})
