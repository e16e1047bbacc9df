"""Nights, and what they need, as the ledger remembers them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.engine.ledger_file import LedgerFile
from nmma_fitter.engine.unit import State


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


class NightTable(LedgerFile):
    """Nights, and the units that each of them needs."""

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

    def lacking(self, reason: str) -> list[tuple[str, str]]:
        """Night and task of what became no unit, and was skipped for a reason."""
        rows = self._run(
            "SELECT DISTINCT night, task FROM needs WHERE digest IS NULL AND state=? AND reason=?"
            " ORDER BY night, task",
            *(State.SKIPPED, reason),
        )
        return [(row["night"], row["task"]) for row in rows]

    def is_needed(self, digest: str) -> bool:
        """Whether any night still wants a unit."""
        return bool(self._run("SELECT 1 FROM needs WHERE digest=? LIMIT 1", digest))

    def nights(self) -> list[tuple[str, int, bool]]:
        """Name, revision and whether closed of every night, by name."""
        return sorted(self.nights_as_they_came())

    def nights_as_they_came(self) -> list[tuple[str, int, bool]]:
        """The same, in the order in which they came to be known."""
        rows = self._run("SELECT night, revision, closed FROM nights ORDER BY rowid")
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

    def one_try(self, task: str, night: str) -> str | None:
        """Digest of the one unit of a stopped task that a night tries."""
        rows = self._run("SELECT value FROM meta WHERE key=?", f"one try {night} {task}")
        return str(rows[0]["value"]) if rows else None

    def set_one_try(self, task: str, night: str, digest: str) -> None:
        """Note which unit of a stopped task a night tries."""
        self._run("INSERT OR REPLACE INTO meta VALUES (?,?)", f"one try {night} {task}", digest)
