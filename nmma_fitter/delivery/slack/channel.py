"""One channel, and posting to it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nmma_fitter.delivery.slack.blocks import Message
from nmma_fitter.delivery.slack.record import Record
from nmma_fitter.delivery.slack.settings import SlackSettings, read_token
from nmma_fitter.errors import Undelivered

if TYPE_CHECKING:
    from nmma_fitter.delivery.slack.api import Api


class Channel:
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

    def __init__(
        self, settings: SlackSettings, channel: str, outdir: Path, environ: Mapping[str, str]
    ) -> None:
        self.settings, self.id, self.outdir = settings, channel, outdir
        self._environ = environ

    @cached_property
    def api(self) -> Api:
        """The channel's calls; asked for first, the token is read."""
        from nmma_fitter.delivery.slack.api import Api

        return Api(read_token(self.settings, self._environ), self.id, self.settings)

    def once(self, record: Record, key: str, message: Message, content: str = "") -> str:
        """Post a message to the channel unless it is there; returns its ``ts``.

        One that was found there, since its answer had been lost, may show something older: its
        content is then noted as unknown.
        """
        entry = record.get(key)
        if entry is not None and entry.ref:
            return entry.ref
        if entry is not None and entry.certain is not None:
            record.wait(entry)
            if ref := self.api.find(key, entry.certain):
                record.done(key, ref)
                return ref
        return attempt(record, key, lambda: self.api.post(message, key), content)


def attempt(record: Record, key: str, post: Callable[[], str], content: str = "") -> str:
    """Post, with a note before and after."""
    with noted(record, key):
        ref = post()
    record.done(key, ref, content)
    return ref


@contextmanager
def noted(record: Record, key: str) -> Iterator[None]:
    """Note an attempt before it is made, and whether it certainly came to nothing."""
    from nmma_fitter.delivery.slack.refusals import Refused

    record.begin(key)
    try:
        yield
    except Refused:
        record.refused(key)
        raise
    except Undelivered:
        record.unanswered(key)
        raise
