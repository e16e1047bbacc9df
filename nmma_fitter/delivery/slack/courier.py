"""A channel that is told: one message for each object, its thread, and a digest of each night."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from nmma_fitter.delivery.news import night_news
from nmma_fitter.delivery.slack.blocks import Message, digest_message
from nmma_fitter.delivery.slack.channel import Channel
from nmma_fitter.delivery.slack.record import FILE, Record
from nmma_fitter.delivery.slack.settings import SlackSettings
from nmma_fitter.delivery.words import link_of
from nmma_fitter.engine.folders import make_below
from nmma_fitter.engine.outbox import Parcel, Posts


class SlackCourier:
    """Tells one channel."""

    begins_anew = True

    def __init__(self, channel: Channel) -> None:
        self.name = f"slack {channel.id}"
        self.channel = channel

    def deliver(self, parcel: Parcel, posts: Posts, enough: Callable[[], bool]) -> bool:
        """Bring the channel up to date with an object, or sum up a closed night."""
        from nmma_fitter.delivery.slack.thread import ObjectThread

        settings = self.channel.settings
        make_below(parcel.outdir, parcel.folder)
        record = Record(posts, self.channel.id, parcel.folder, settings)
        if parcel.object:
            return ObjectThread(self.channel, parcel, record, enough).deliver()
        if parcel.closed and settings.digest:
            self._digest(parcel, record)
        return True

    def _digest(self, parcel: Parcel, record: Record) -> None:
        key = f"digest/{parcel.night}/{parcel.revision}"
        record.restore(key, lambda: [parcel.folder / FILE])
        self.channel.once(record, key, digest_of(parcel, self.channel.settings))


def couriers(
    settings: SlackSettings, outdir: Path, environ: Mapping[str, str] = os.environ
) -> list[SlackCourier]:
    """One courier for each channel; none when Slack is off."""
    return [SlackCourier(Channel(settings, one, outdir, environ)) for one in settings.channels]


def digest_of(parcel: Parcel, settings: SlackSettings) -> Message:
    """The message that sums up a night."""
    link = link_of(settings.page_url, parcel.night) if settings.page_url else ""
    return digest_message(night_news(parcel), link)
