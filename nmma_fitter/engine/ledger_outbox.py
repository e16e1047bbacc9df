"""What has yet to be sent, and what was posted under which key, as the ledger remembers it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from nmma_fitter.engine.ledger_file import LedgerFile


@dataclass(frozen=True)
class OutboxRow:
    """An object of a night, or the night as a whole (`object` empty), due to a courier."""

    courier: str
    night: str
    object: str
    tries: int
    not_before: float
    detail: str


@dataclass(frozen=True)
class Trouble:
    """That a courier's other end could not be reached: how often in a row, until when, and why."""

    tries: int = 0
    until: float = 0.0
    detail: str = ""


NO_TROUBLE = Trouble()


@dataclass(frozen=True)
class Post:
    """One message or file that must not be posted twice.

    Attributes
    ----------
    key : str
        What makes two posts the same.
    done : bool
        False while only the intent is known: it may or may not have been posted.
    ref : str
        What the service calls it, empty before it is done.
    content : str
        Digest of what was posted, for those that are edited.
    since : float
        The poller's clock at the first intent.
    """

    key: str
    done: bool
    ref: str
    content: str
    since: float


class OutboxTable(LedgerFile):
    """Deliveries that are due, and posts."""

    def set_due(self, courier: str, night: str, obj: str) -> None:
        """Note that something of a night has changed for a courier, and is worth a try at once."""
        self._run(
            "INSERT INTO outbox (courier, night, object) VALUES (?,?,?)"
            " ON CONFLICT (courier, night, object) DO UPDATE SET tries=0, not_before=0",
            *(courier, night, obj),
        )

    def due(self, courier: str | None = None) -> list[OutboxRow]:
        """What is due (to a courier): by night, objects in the order they came, the night last."""
        rows = self._run(
            "SELECT courier, night, object, tries, not_before, detail FROM outbox"
            " WHERE courier=coalesce(?, courier) ORDER BY night, object='', rowid",
            courier,
        )
        return [OutboxRow(**dict(row)) for row in rows]

    def put_off(self, row: OutboxRow, not_before: float, detail: str) -> None:
        """Note that a delivery failed, and when it is tried again."""
        self._run(
            "UPDATE outbox SET tries=tries+1, not_before=?, detail=?"
            " WHERE courier=? AND night=? AND object=?",
            *(not_before, detail, row.courier, row.night, row.object),
        )

    def trouble(self, courier: str) -> Trouble:
        """What keeps all of a courier's deliveries."""
        rows = self._run("SELECT value FROM meta WHERE key=?", f"trouble {courier}")
        return Trouble(**json.loads(rows[0]["value"])) if rows else NO_TROUBLE

    def set_trouble(self, courier: str, trouble: Trouble) -> None:
        """Note what keeps all of a courier's deliveries, or that nothing does."""
        if trouble != NO_TROUBLE:
            value = json.dumps(asdict(trouble))
            self._run("INSERT OR REPLACE INTO meta VALUES (?,?)", f"trouble {courier}", value)
        elif self.trouble(courier) != NO_TROUBLE:
            self._run("DELETE FROM meta WHERE key=?", f"trouble {courier}")

    def set_sent(self, row: OutboxRow) -> None:
        """Forget what has been delivered."""
        self._run(
            "DELETE FROM outbox WHERE courier=? AND night=? AND object=?",
            *(row.courier, row.night, row.object),
        )

    def forget_couriers(self, kept: Iterable[str]) -> None:
        """Forget what was due to couriers that are no longer configured."""
        names = list(kept)
        marks = ",".join("?" * len(names))
        self._run(f"DELETE FROM outbox WHERE courier NOT IN ({marks})", *names)

    def post(self, courier: str, key: str) -> Post | None:
        """What is known of a post."""
        rows = self._run("SELECT * FROM posts WHERE courier=? AND key=?", courier, key)
        if not rows:
            return None
        row = rows[0]
        return Post(row["key"], bool(row["done"]), row["ref"], row["content"], row["since"])

    def intend_post(self, courier: str, key: str, now: float) -> None:
        """Note, before it is attempted, that something is about to be posted."""
        self._run(
            "INSERT OR IGNORE INTO posts (courier, key, since) VALUES (?,?,?)", courier, key, now
        )

    def set_posted(self, courier: str, key: str, ref: str, content: str, now: float) -> None:
        """Note that something was posted, or edited."""
        self._run(
            "INSERT INTO posts (courier, key, done, ref, content, since) VALUES (?,?,1,?,?,?)"
            " ON CONFLICT (courier, key) DO UPDATE SET done=1, ref=excluded.ref,"
            " content=excluded.content",
            *(courier, key, ref, content, now),
        )
