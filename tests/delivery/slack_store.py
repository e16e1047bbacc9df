"""What a workspace holds: messages and files, in memory and as JSON lines on disk."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

BOT, USER = "B0000FITTER", "U0000FITTER"


@dataclass
class Message:
    """A message; `visible` is when it can first be seen, `edits` how often it was changed."""

    channel: str
    ts: str
    text: str
    blocks: list[Any] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    thread_ts: str | None = None
    files: list[str] = field(default_factory=list)
    bot_id: str = BOT
    user: str = USER
    visible: float = 0.0
    edits: int = 0
    deleted: bool = False

    @property
    def key(self) -> str | None:
        """The mark in its metadata."""
        return ((self.metadata or {}).get("event_payload") or {}).get("key")


@dataclass
class File:
    """A file from its ticket on."""

    id: str
    name: str
    length: int
    alt_txt: str = ""
    title: str = ""
    uploaded: bool = False
    completed: bool = False


class Store:
    """A workspace.

    Parameters
    ----------
    log : Path, optional
        Where every change is appended, and what is there already is read from.
    """

    def __init__(self, log: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.messages: list[Message] = []
        self.files: dict[str, File] = {}
        self._number = 0
        self._log = log
        if log is not None and log.exists():
            for line in log.read_text().splitlines():
                self._apply(json.loads(line))

    def add(self, message: Message) -> Message:
        """Keep a new message."""
        return self._note("message", message)

    def put(self, file: File) -> File:
        """Keep a file, new or as it is now."""
        return self._note("file", file)

    def next_ts(self) -> str:
        """A time stamp that no message has yet."""
        with self.lock:
            self._number += 1
            return f"{int(time.time())}.{self._number:06d}"

    def message(self, channel: str, ts: str) -> Message | None:
        """A message that was not deleted."""
        found = [m for m in self.messages if (m.channel, m.ts) == (channel, ts)]
        return found[0] if found and not found[0].deleted else None

    def delete(self, channel: str, ts: str) -> None:
        """As a person may, with all its replies."""
        for message in self.messages:
            if message.channel == channel and ts in (message.ts, message.thread_ts):
                message.deleted = True
                self._note("message", message)

    def parents(self, channel: str) -> list[Message]:
        """Messages of a channel that are no replies, oldest first."""
        return [m for m in self.messages if m.channel == channel and m.thread_ts is None]

    def replies(self, channel: str, ts: str) -> list[Message]:
        """Replies of a thread, oldest first."""
        return [m for m in self.messages if (m.channel, m.thread_ts) == (channel, ts)]

    def names(self, message: Message) -> list[str]:
        """Names of a message's files."""
        return [self.files[one].name for one in message.files]

    def duplicates(self) -> list[str]:
        """What is there more than once: messages by their mark, files by name and thread."""
        seen: Counter[tuple[str, ...]] = Counter()
        for message in self.messages:
            if message.key is not None:
                seen[(message.channel, "message", message.key)] += 1
            for name in self.names(message):
                seen[(message.channel, "file", str(message.thread_ts), name)] += 1
        return [" ".join(what) for what, times in seen.items() for _ in range(times - 1)]

    def _note(self, kind: str, value: Any) -> Any:
        with self.lock:
            self._apply({"kind": kind, "value": asdict(value)})
            if self._log is not None:
                with self._log.open("a") as stream:
                    stream.write(json.dumps({"kind": kind, "value": asdict(value)}) + "\n")
        return value

    def _apply(self, event: dict[str, Any]) -> None:
        if event["kind"] == "file":
            self.files[event["value"]["id"]] = File(**event["value"])
            self._number = max(self._number, len(self.files))
            return
        message = Message(**event["value"])
        self._number = max(self._number, int(message.ts.split(".")[1]))
        for place, known in enumerate(self.messages):
            if (known.channel, known.ts) == (message.channel, message.ts):
                self.messages[place] = message
                return
        self.messages.append(message)
