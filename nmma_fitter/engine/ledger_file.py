"""The ledger's file: opening it, its tables, and all-or-nothing changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from nmma_fitter.errors import NmmaFitterError

SCHEMA_VERSION = 8
OUTBOX = """CREATE TABLE IF NOT EXISTS outbox (
    courier TEXT NOT NULL, night TEXT NOT NULL, object TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT '', PRIMARY KEY (courier, night, object))"""
POSTS = """CREATE TABLE IF NOT EXISTS posts (
    courier TEXT NOT NULL, key TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
    ref TEXT NOT NULL DEFAULT '', content TEXT NOT NULL DEFAULT '', since REAL NOT NULL,
    PRIMARY KEY (courier, key))"""
OBJECTS = "CREATE INDEX IF NOT EXISTS units_object ON units (object)"
SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE units (
    digest TEXT PRIMARY KEY, generation INTEGER NOT NULL, folder TEXT NOT NULL,
    campaign TEXT NOT NULL, night TEXT NOT NULL, object TEXT NOT NULL, task TEXT NOT NULL,
    spec TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, detail TEXT NOT NULL DEFAULT '',
    deadline REAL, ended REAL, seconds REAL, time_factor REAL NOT NULL DEFAULT 1,
    memory_factor REAL NOT NULL DEFAULT 1, resume_from TEXT, refused REAL);
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
{OUTBOX};
{POSTS};
{OBJECTS};
"""
SINCE = {
    2: "ALTER TABLE attempts ADD COLUMN seconds INTEGER NOT NULL DEFAULT 0",
    3: "CREATE INDEX IF NOT EXISTS attempts_job ON attempts (job_id)",
    4: OUTBOX,
    5: POSTS,
    6: OBJECTS,
    7: "UPDATE nights SET dirty=1",  # since when nights have pages
    8: "ALTER TABLE units ADD COLUMN refused REAL",
}


class LedgerError(NmmaFitterError):
    """The ledger cannot be used as it is."""


def _storable(value: Any) -> Any:
    """Text that came from outside may hold what has no place in UTF-8."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()
    return value


class LedgerFile:
    """The ledger, open, without a word on what is in its tables."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._depth = 0
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA synchronous = FULL")
            self._create()
        except sqlite3.OperationalError as error:  # locked, or a file system in trouble: it is good
            raise LedgerError(
                f"{path}: {error}; leave the file where it is and try again"
            ) from None
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

    def first_time(self, said: str) -> bool:
        """Whether a line for a person is new here; it is not from now on."""
        known = self._run("SELECT 1 FROM meta WHERE key=?", f"said: {said}")
        if not known:
            self._run("INSERT INTO meta VALUES (?, '')", f"said: {said}")
        return not known

    def forget_said(self) -> None:
        """Let `first_time` hold again for every line."""
        self._run("DELETE FROM meta WHERE key LIKE 'said: %'")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
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
        return self._db.execute(sql, [_storable(value) for value in values]).fetchall()

    def _touch_nights(self, digest: str) -> None:
        """Mark every night that shows a unit: those that need it, and those after its own.

        The page of an object lists the units that it had in this and in earlier nights.
        """
        self._run(
            "UPDATE nights SET dirty=1 WHERE night IN (SELECT night FROM needs WHERE digest=?"
            " UNION SELECT needs.night FROM units JOIN needs ON needs.object = units.object"
            " AND needs.night >= units.night WHERE units.digest=?)",
            *(digest, digest),
        )
