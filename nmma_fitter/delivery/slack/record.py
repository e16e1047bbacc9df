"""What was posted about an object, or a night, in a channel: in the ledger and beside the results.

The file ``slack.json`` holds what the ledger does, so that nothing is posted again when the ledger
is lost; and from when on it is certain whether a post has arrived, since an answer that was lost
may belong to a post that is still on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nmma_fitter.delivery.slack.settings import SlackSettings
from nmma_fitter.engine.files import read_json, write_json
from nmma_fitter.engine.outbox import Posts
from nmma_fitter.errors import Undelivered

FILE = "slack.json"
FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """One post.

    Attributes
    ----------
    ref : str
        What Slack calls it; empty while it is not certain that it was posted.
    content : str
        What it showed, for those that are edited.
    certain : float or None
        From when on, by the poller's clock, it can be looked up whether the last attempt has
        arrived; None when it certainly has not.
    taken : bool
        Whether Slack has confirmed an upload that was not seen yet.
    """

    ref: str = ""
    content: str = ""
    certain: float | None = None
    taken: bool = False


class Record:
    """The posts about one object, or a night.

    Parameters
    ----------
    posts : Posts
    channel : str
    folder : Path
        Where its results lie, and its file.
    settings : SlackSettings
        How long a post may be on its way.
    """

    def __init__(self, posts: Posts, channel: str, folder: Path, settings: SlackSettings) -> None:
        self._posts, self._channel, self._path = posts, channel, folder / FILE
        self._settings = settings
        self._now = posts.now

    def get(self, key: str) -> Entry | None:
        """What is known of a post; None when it was never attempted."""
        known = self._posts.get(key)
        if known is None:
            return None
        if known.done:
            return Entry(known.ref, known.content)
        return _read(self._path, self._channel).get(key) or Entry(certain=known.since)

    def wait(self, entry: Entry) -> None:
        """Raise `Undelivered` while what was sent last may still arrive."""
        longest = self._settings.command_seconds + self._settings.settle_seconds
        left = (entry.certain or 0.0) - self._now()
        if left > 0:
            raise Undelivered(
                "Slack did not say what became of a post; it is looked for before it is sent again",
                retry_after=min(left, longest + self._settings.share_seconds),
                everything=False,
            )

    def begin(self, key: str) -> None:
        """To be called before every attempt."""
        self._posts.intend(key)
        settings = self._settings
        certain = self._now() + settings.command_seconds + settings.settle_seconds
        self._write(key, Entry(certain=certain))

    def refused(self, key: str) -> None:
        """Note that an attempt certainly came to nothing."""
        self._write(key, Entry())

    def unanswered(self, key: str) -> None:
        """Note that an attempt is over, and nobody knows what came of it."""
        self._write(key, Entry(certain=self._now() + self._settings.settle_seconds))

    def taken(self, key: str) -> None:
        """Note that an upload was confirmed, and has yet to be seen."""
        self._write(key, Entry(certain=self._now() + self._settings.share_seconds, taken=True))

    def done(self, key: str, ref: str, content: str = "") -> None:
        """Note that something is there, or shows something else."""
        self._posts.done(key, ref, content)
        self._write(key, Entry(ref, content))

    def restore(self, key: str, files: Callable[[], Iterable[Path]]) -> None:
        """Take from the files what the ledger has lost, when it does not know `key`.

        Parameters
        ----------
        key : str
            The first of all posts about this object, or night.
        files : callable
            Those of all nights, oldest first.
        """
        if self._posts.get(key) is not None:
            return
        found: dict[str, Entry] = {}
        for path in files():
            for name, entry in _read(path, self._channel).items():
                if entry.ref or not found.get(name, Entry()).ref:
                    found[name] = entry
        for name, entry in sorted(found.items(), key=lambda item: item[0] == key):  # that one last
            self._posts.intend(name)
            if entry.ref:
                self._posts.done(name, entry.ref, entry.content)
            else:
                self._write(name, entry)

    def _write(self, key: str, entry: Entry) -> None:
        stored = read_json(self._path) or {}
        channels: dict[str, Any] = _table(stored.get("channels"))
        posts = {**_table(channels.get(self._channel)), key: asdict(entry)}
        channels = {**channels, self._channel: posts}
        write_json(self._path, {"format": FORMAT, "channels": channels})


def _read(path: Path, channel: str) -> dict[str, Entry]:
    stored = _table((read_json(path) or {}).get("channels"))
    found: dict[str, Entry] = {}
    for key, value in _table(stored.get(channel)).items():
        known = _table(value)
        certain = known.get("certain")
        found[key] = Entry(
            ref=str(known.get("ref", "")),
            content=str(known.get("content", "")),
            certain=float(certain) if isinstance(certain, int | float) else None,
            taken=known.get("taken") is True,
        )
    return found


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
