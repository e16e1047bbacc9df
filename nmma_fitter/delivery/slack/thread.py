"""One object in one channel: its message, edited as its fits end, and the replies in its thread.

The message always shows the newest night; the thread is a history, to which nothing is posted twice
and from which nothing is taken away. A message that a person has deleted stays deleted: the object
gets another when it comes back with new data.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nmma_fitter.delivery.news import (
    ObjectNews,
    data_mark,
    generation_of,
    newest_run,
    object_news,
    other_of,
)
from nmma_fitter.delivery.slack import pictures
from nmma_fitter.delivery.slack.blocks import (
    Message,
    again_message,
    escaped,
    failure_message,
    object_message,
)
from nmma_fitter.delivery.slack.channel import Channel, attempt, noted
from nmma_fitter.delivery.slack.pictures import Picture
from nmma_fitter.delivery.slack.record import FILE, Record
from nmma_fitter.delivery.slack.settings import SlackSettings
from nmma_fitter.delivery.statistics import task_title
from nmma_fitter.delivery.words import link_of, ranked_words
from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.files import canonical_digest, folder_name
from nmma_fitter.engine.outbox import Parcel
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import Undelivered
from nmma_fitter.plain import last_lines

if TYPE_CHECKING:
    from nmma_fitter.delivery.slack.api import Replies

LOOKS = (0.1, 0.3, 0.6)  # seconds between looks for an upload that was just confirmed
LOG_TEXT = 2500


@dataclass(frozen=True)
class Shown:
    """What an object's message shows, as the ledger keeps it.

    Attributes
    ----------
    digest : str
        Of its content.
    night : str
    data : str
        Mark of the light curve.
    gone : bool
        Whether a person has deleted it.
    """

    digest: str = ""
    night: str = ""
    data: str = ""
    gone: bool = False

    @classmethod
    def of(cls, content: str) -> Shown:
        """Read back `text`."""
        try:
            return cls(*json.loads(content))
        except (ValueError, TypeError):
            return cls()

    @property
    def text(self) -> str:
        """On one line."""
        return json.dumps([self.digest, self.night, self.data, self.gone])


@dataclass
class ObjectThread:
    """One call of the courier about one object."""

    channel: Channel
    parcel: Parcel
    record: Record
    enough: Callable[[], bool]
    _news: ObjectNews = field(init=False)
    _put_off: list[Undelivered] = field(default_factory=list)
    _to_see: dict[str, list[str]] = field(default_factory=dict)
    _seen: Replies | None = None

    def __post_init__(self) -> None:
        self._news = object_news(self.parcel)
        self._stem = f"object/{folder_name(self.parcel.object)}"
        self._data = data_mark(self.parcel.endings)

    def deliver(self) -> bool:
        """Bring the thread up to date; False when there was no time for all of it."""
        from nmma_fitter.delivery.slack.refusals import GONE, Refused

        where = f"*/{folder_name(self.parcel.object)}/{FILE}"
        self.record.restore(self._stem, lambda: sorted(self.channel.outdir.glob(where)))
        try:
            ts = self._parent()
            if ts is None:
                return True
            whole = self._replies(ts)
            if self._to_see:
                self._look(ts)
        except Refused as refusal:
            if refusal.code not in GONE:
                raise
            return self._deleted()
        if self._put_off:
            raise min(self._put_off, key=lambda one: one.retry_after or 0.0)
        return whole

    def _parent(self) -> str | None:
        """The message, posted or edited where that is due; None when there is to be none."""
        message = message_of(self.parcel, self.channel.settings)
        new = Shown(message.digest, self.parcel.night, self._data)
        key = self._newest()
        known = self.record.get(key)
        if known is None and not _worth_telling(self._news):
            return None
        shown = Shown.of(known.content) if known else Shown()
        new = new if new.data else replace(new, data=shown.data)
        if shown.gone:
            if self.parcel.night < shown.night or shown.data == new.data:
                return None
            key = self._next(key)
        ts = self.channel.once(self.record, key, message, new.text)
        stored = self.record.get(key)
        shown = Shown.of(stored.content) if stored else Shown()
        if self.parcel.night < shown.night or shown == new:
            return ts
        if shown.data not in ("", new.data):
            self._say(f"{self._stem}/again/{new.data}", again_message(self._news), ts)
        return self._edited(key, ts, message, shown, new)

    def _edited(self, key: str, ts: str, message: Message, shown: Shown, new: Shown) -> str:
        """Edit the message; one that may not be edited any more is followed by another."""
        from nmma_fitter.delivery.slack.refusals import UNEDITABLE, Refused

        try:
            if shown.digest != new.digest:
                self.channel.api.edit(ts, message, key)
        except Refused as refusal:
            if refusal.code not in UNEDITABLE:
                raise
            return self.channel.once(self.record, self._next(key), message, new.text)
        self.record.done(key, ts, new.text)
        return ts

    def _newest(self) -> str:
        """Key of the message that stands for the object now."""
        key = self._stem
        while self.record.get(self._next(key)) is not None:
            key = self._next(key)
        return key

    def _next(self, key: str) -> str:
        number = int(key.removeprefix(self._stem).lstrip("#") or 1)
        return f"{self._stem}#{number + 1}"

    def _deleted(self) -> bool:
        """Note that a person has deleted the message; with new data the object gets another."""
        key = self._newest()
        entry = self.record.get(key)
        shown = Shown.of(entry.content) if entry else Shown()
        gone = replace(shown, gone=True)
        self.record.done(key, entry.ref if entry else "", gone.text)
        return True if shown.data == self._data else self.deliver()

    def _replies(self, ts: str) -> bool:
        """Failures and pictures that are due; what has to wait does not hold up the others."""
        steps: list[Callable[[], None]] = []
        for ending in self.parcel.endings:
            if ending.need.state is State.FAILED and self.channel.settings.failures:
                steps.append(lambda ending=ending: self._failure(ending, ts))  # type: ignore[misc]
            if ending.run is not None:
                steps.append(lambda ending=ending: self._fit(ending, ts))  # type: ignore[misc]
        if "comparison" in self.channel.settings.plots:
            steps.append(lambda: self._comparison(ts))
        for step in steps:
            if self.enough():
                return False
            try:
                step()
            except Undelivered as error:
                if error.everything:
                    raise
                self._put_off.append(error)
        return True

    def _failure(self, ending: Ending, ts: str) -> None:
        need, run = ending.need, newest_run(ending)
        settings = self.channel.settings
        told = [need.task, need.digest or need.detail, generation_of(ending), need.reason]
        key = f"{self._stem}/failed/{canonical_digest(told)[:32]}"
        log = last_lines(run.folder / "log", settings.log_lines, LOG_TEXT) if run else ""
        self._say(key, failure_message(other_of(ending), self._news.night, log), ts)

    def _say(self, key: str, message: Message, ts: str) -> None:
        """Post a text into the thread unless it is there."""
        from nmma_fitter.delivery.slack.api import mark_of

        entry = self.record.get(key)
        if entry is not None and entry.ref:
            return
        if entry is not None and entry.certain is not None:
            self.record.wait(entry)
            if ref := self._there(ts).messages.get(mark_of(key)):
                return self.record.done(key, ref)
        attempt(self.record, key, lambda: self.channel.api.post(message, key, ts))

    def _fit(self, ending: Ending, ts: str) -> None:
        key = f"{self._stem}/plots/{ending.need.task}/{pictures.unit_key(ending)}"
        rows = [row for row in self._news.ranked if row.model == ending.need.task]
        words = f": {ranked_words(rows[0])}" if rows else ""
        title = task_title(ending.need.task)
        comment = escaped(f"{title}{words} (night {self._news.night})")
        plots, folder = self.channel.settings.plots, self.parcel.folder
        self._show(key, lambda: pictures.of_fit(ending, self._news, plots, folder), comment, ts)

    def _comparison(self, ts: str) -> None:
        if not self._news.settled or len(self._news.ranked) < 2:
            return
        mark = pictures.comparison_key(self.parcel.endings)
        found = pictures.comparison(self.parcel.folder, self._news, mark)
        comment = escaped(f"All models: {self._news.headline} (night {self._news.night})")
        key = f"{self._stem}/comparison/{mark}"
        self._show(key, lambda: [found] if found else [], comment, ts)

    def _show(self, key: str, made: Callable[[], list[Picture]], comment: str, ts: str) -> None:
        """Upload pictures into the thread unless they are there."""
        entry = self.record.get(key)
        if entry is not None and entry.ref:
            return
        missing = made()
        names = [picture.name for picture in missing]
        if entry is not None and entry.certain is not None:
            there = self._there(ts).files
            missing = [picture for picture in missing if picture.name not in there]
            if names and not missing:
                return self.record.done(key, there[names[0]])
            self.record.wait(entry)
        if not missing:
            return
        # Descriptions are known to have kept confirmed files from being shown.
        described = entry is None or not entry.taken
        self._upload(key, missing, comment, ts, described)
        self._to_see[key] = names

    def _upload(
        self, key: str, some: list[Picture], comment: str, ts: str, described: bool
    ) -> None:
        with noted(self.record, key):
            self.channel.api.upload(some, comment, ts, described)
        self.record.taken(key)

    def _there(self, ts: str) -> Replies:
        """What the thread holds, asked for once."""
        if self._seen is None:
            self._seen = self.channel.api.replies(ts)
        return self._seen

    def _look(self, ts: str) -> None:
        """Look for what was just uploaded, for a moment; Slack confirms before it shows."""
        for pause in (*LOOKS, 0.0):
            there = self.channel.api.replies(ts).files
            for key, names in list(self._to_see.items()):
                if all(name in there for name in names):
                    self.record.done(key, there[names[0]] or "seen")
                    del self._to_see[key]
            if not self._to_see or self.enough():
                break
            time.sleep(pause)
        if self._to_see:
            self._put_off.append(
                Undelivered(
                    "pictures that Slack has confirmed are not in the thread yet; looked for again",
                    retry_after=min(3.0, self.channel.settings.share_seconds),
                    everything=False,
                )
            )


def message_of(parcel: Parcel, settings: SlackSettings) -> Message:
    """The message about an object."""
    links = settings.links_of(parcel.object)
    if settings.page_url:
        links = {"results": link_of(settings.page_url, parcel.night, parcel.object), **links}
    return object_message(object_news(parcel), links)


def _worth_telling(news: ObjectNews) -> bool:
    """Whether there is more than models that were skipped; those the night's digest counts."""
    return bool(news.ranked or news.having("failed", "running", "done"))
