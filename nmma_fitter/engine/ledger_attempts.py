"""Attempts of units as the ledger remembers them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from nmma_fitter.engine.attempt import RunRecord
from nmma_fitter.engine.batch import Batch
from nmma_fitter.engine.ledger_file import LedgerFile
from nmma_fitter.engine.unit import State, Unit


@dataclass(frozen=True)
class AttemptRow:
    """A unit's attempt as the ledger remembers it.

    `seconds` is the wall-clock limit that it asked for, 0 where that is not known.
    """

    folder: str
    number: int
    token: str
    idx: int
    job_id: str | None
    reason: str | None
    absent_since: float | None
    sign_of_life: str
    evaluations: int
    seconds: int = 0


class AttemptTable(LedgerFile):
    """What was handed to the batch system, and what came of it."""

    def next_number(self, unit: Unit) -> int:
        """A number no attempt of this unit, or in its work folder, has had in this ledger."""
        sql = "SELECT max(number) AS n FROM attempts WHERE folder=? OR digest=?"
        rows = self._run(sql, str(unit.folder), unit.digest)
        return int(rows[0]["n"] or 0) + 1

    def add_batch(self, batch: Batch) -> None:
        """Note a batch's attempts, before it is submitted or when it is found again."""
        for index, job in batch.indexed():
            self._run(
                "INSERT OR IGNORE INTO attempts (folder, number, digest, generation, token, idx,"
                " seconds) VALUES (?,?,?,?,?,?,?)",
                *(job.folder, job.attempt, job.digest, job.generation, batch.token, index),
                job.seconds,
            )

    def forget_batch(self, token: str) -> None:
        """Take back `add_batch` for a batch of which nothing was submitted: it was refused."""
        self._run("DELETE FROM attempts WHERE token=?", token)

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
        """Note the batch system's id of a job, for each attempt that it runs.

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

    def shares_job(self, attempt: AttemptRow) -> bool:
        """Whether this attempt's job runs others as well."""
        sql = "SELECT count(*) AS n FROM attempts WHERE job_id=? AND token=? AND idx=?"
        rows = self._run(sql, attempt.job_id, attempt.token, attempt.idx)
        return int(rows[0]["n"]) > 1

    def to_cancel(self, attempts: Iterable[AttemptRow]) -> list[str]:
        """Ids of the jobs that may be ended together with these attempts.

        A job is left alone while it runs another attempt of a unit that is still to come to its
        end.
        """
        ending: dict[str, set[tuple[str, int]]] = {}
        for attempt in attempts:
            if attempt.job_id:
                ending.setdefault(attempt.job_id, set()).add((attempt.folder, attempt.number))
        return [job_id for job_id, those in ending.items() if self._wanted(job_id) <= those]

    def _wanted(self, job_id: str) -> set[tuple[str, int]]:
        """Folder and number of each attempt in a job for whose end some unit waits."""
        unfinished = [state for state in State if not state.ended]
        rows = self._run(
            "SELECT a.folder, a.number FROM attempts a JOIN units u ON a.digest=u.digest"
            " AND a.generation=u.generation WHERE a.job_id=? AND a.reason IS NULL"
            f" AND u.state IN ({','.join('?' * len(unfinished))})",
            *(job_id, *unfinished),
        )
        return {(row["folder"], row["number"]) for row in rows}

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


def _attempt_row(row: sqlite3.Row) -> AttemptRow:
    names = ("folder", "number", "token", "idx", "job_id", "reason", "absent_since")
    return AttemptRow(**{n: row[n] for n in (*names, "sign_of_life", "evaluations", "seconds")})
