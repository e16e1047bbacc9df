"""A channel that is told: one message for each object, its thread, and a digest of each night."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nmma_fitter.delivery.news import night_news
from nmma_fitter.delivery.slack.blocks import Message, digest_message
from nmma_fitter.delivery.slack.record import FILE, Record
from nmma_fitter.delivery.slack.settings import SlackSettings, read_token
from nmma_fitter.delivery.words import link_of
from nmma_fitter.engine.outbox import Parcel, Posts
from nmma_fitter.errors import Undelivered

if TYPE_CHECKING:
    from nmma_fitter.delivery.slack.api import Api


class SlackCourier:
    """One channel.

    Parameters
    ----------
    settings : SlackSettings
    channel : str
        Its id.
    outdir : Path
        Where the nights lie.
    environ : mapping
        Where the token may be.
    """

    begins_anew = True

    def __init__(
        self, settings: SlackSettings, channel: str, outdir: Path, environ: Mapping[str, str]
    ) -> None:
        self.name = f"slack {channel}"
        self.settings, self.channel, self.outdir = settings, channel, outdir
        self._environ = environ

    @cached_property
    def api(self) -> Api:
        """The channel's calls; asked for first, the token is read."""
        from nmma_fitter.delivery.slack.api import Api

        return Api(read_token(self.settings, self._environ), self.channel, self.settings)

    def deliver(self, parcel: Parcel, posts: Posts, enough: Callable[[], bool]) -> bool:
        """Bring the channel up to date with an object, or sum up a closed night."""
        from nmma_fitter.delivery.slack.thread import ObjectThread

        record = Record(posts, self.channel, parcel.folder, self.settings)
        if parcel.object:
            return ObjectThread(self, parcel, record, enough).deliver()
        if parcel.closed and self.settings.digest:
            self._digest(parcel, record)
        return True

    def _digest(self, parcel: Parcel, record: Record) -> None:
        key = f"digest/{parcel.night}/{parcel.revision}"
        record.restore(key, lambda: [parcel.folder / FILE])
        self.once(record, key, digest_of(parcel, self.settings))

    def once(self, record: Record, key: str, message: Message, content: str = "") -> str:
        """Post a message to the channel unless it is there; returns its ``ts``."""
        entry = record.get(key)
        if entry is not None and entry.ref:
            return entry.ref
        if entry is not None and entry.certain is not None:
            record.wait(entry)
            if ref := self.api.find(key, entry.certain):
                record.done(key, ref, content)
                return ref
        return attempt(record, key, lambda: self.api.post(message, key), content)


def attempt(record: Record, key: str, post: Callable[[], str], content: str = "") -> str:
    """Make one attempt, noted before and after."""
    from nmma_fitter.delivery.slack.refusals import Refused

    record.begin(key)
    try:
        ref = post()
    except Refused:
        record.refused(key)
        raise
    except Undelivered:
        record.unanswered(key)
        raise
    record.done(key, ref, content)
    return ref


def digest_of(parcel: Parcel, settings: SlackSettings) -> Message:
    """The message that sums up a night."""
    link = link_of(settings.page_url, parcel.night) if settings.page_url else ""
    return digest_message(night_news(parcel), link)
