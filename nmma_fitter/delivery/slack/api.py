"""The calls to one channel of Slack, through its SDK; each is made once.

The SDK's own handlers that repeat calls are off: the default one posts again after a lost
connection, when the first may have been accepted, and the one for rate limits sleeps for as long as
Slack asks, under the tick's lock. Only the bytes of an upload are sent again here: nobody sees them
before the upload is completed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from nmma_fitter.delivery.slack.blocks import Message
from nmma_fitter.delivery.slack.pictures import Picture
from nmma_fitter.delivery.slack.refusals import FAILURES, Refused, in_words, is_certain
from nmma_fitter.delivery.slack.settings import SlackSettings
from nmma_fitter.engine.files import canonical_digest
from nmma_fitter.errors import Undelivered

EVENT = "nmma_fitter"  # of the metadata by which our messages are found again
PAGE, PAGES = 999, 25
BYTES_SENT = 3  # times at most
DAY = 86400.0  # by which Slack's clock and ours may differ at most

# The SDK logs addresses of uploads and what it sends; what a person should know, we say.
_silent = logging.getLogger(f"{__name__}.sdk")
_silent.setLevel(logging.CRITICAL + 1)


class _Client(WebClient):
    """The SDK's client, which also tells whether an upload came to its last step."""

    completing = False

    def files_completeUploadExternal(self, **arguments: Any) -> Any:  # noqa: N802 (the SDK's name)
        self.completing = True
        return super().files_completeUploadExternal(**arguments)


@dataclass(frozen=True)
class Replies:
    """What a thread holds of ours.

    Attributes
    ----------
    files : mapping of file name to Slack's id
    messages : mapping of mark to ``ts``
    """

    files: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)


def mark_of(key: str) -> str:
    """What marks a message of ours in its metadata: bounded, whatever the key holds."""
    return canonical_digest(key)[:32]


class Api:
    """One channel.

    Parameters
    ----------
    token : str
    channel : str
        Its id.
    settings : SlackSettings
    """

    def __init__(self, token: str, channel: str, settings: SlackSettings) -> None:
        self._channel, self._settings = channel, settings
        self.client = make_client(token, settings)

    def post(self, message: Message, key: str, thread: str | None = None) -> str:
        """Post a message, or a reply; returns its ``ts``."""
        answer = self._call(
            "chat.postMessage", **_content(message, key), thread_ts=thread, unfurl_links=False,
            unfurl_media=False,
        )  # fmt: skip
        if not answer.get("ts"):
            raise self._unknown("chat.postMessage", "its answer names no message")
        return str(answer["ts"])

    def edit(self, ts: str, message: Message, key: str) -> None:
        """Replace a message's content; the same call again does no harm."""
        self._call("chat.update", ts=ts, **_content(message, key))

    def upload(
        self, pictures: Sequence[Picture], comment: str, thread: str, described: bool = True
    ) -> None:
        """Upload pictures into a thread; whether they are seen there, only `replies` tells.

        Parameters
        ----------
        pictures : sequence of Picture
            Those of one reply, at most ten.
        comment : str
            Text of the reply that holds them.
        thread : str
        described : bool
            With descriptions for screen readers.
        """
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

        files = [_upload(picture, described) for picture in pictures]
        try:
            for attempt in Retrying(
                stop=stop_after_attempt(BYTES_SENT),
                wait=wait_random(0.05, 0.3),
                retry=retry_if_exception(self._nothing_shared),
                reraise=True,
            ):
                with attempt:
                    self.client.completing = False
                    self.client.files_upload_v2(
                        channel=self._channel,
                        thread_ts=thread,
                        file_uploads=[dict(one) for one in files],
                        initial_comment=comment,
                    )
        except FAILURES as error:
            said = in_words(error, "upload", self._channel, self._settings.settle_seconds)
            if self.client.completing or isinstance(said, Refused):
                raise said from None
            raise Refused(str(said), retry_after=said.retry_after) from None

    def _nothing_shared(self, error: BaseException) -> bool:
        """Whether an upload failed before its last step, for a reason that may have passed."""
        if self.client.completing:
            return False
        if isinstance(error, SlackApiError):
            return not is_certain(error)
        if isinstance(error, HTTPError):
            return error.code >= 500
        return isinstance(error, OSError | HTTPException)

    def find(self, key: str, since: float) -> str | None:
        """The ``ts`` of a message of ours in the channel, None when it is certainly not there.

        Parameters
        ----------
        key : str
        since : float
            When it was first to be posted, by our clock.
        """
        mark = mark_of(key)
        pages = self._pages(
            "conversations.history", include_all_metadata=True, oldest=f"{since - DAY:.6f}"
        )
        for message in pages:
            if self._mark(message) == mark:
                return str(message["ts"])
        return None

    def replies(self, thread: str) -> Replies:
        """What a thread holds of ours."""
        found = Replies()
        for message in self._pages("conversations.replies", ts=thread, include_all_metadata=True):
            if (mark := self._mark(message)) is not None:
                found.messages[mark] = str(message["ts"])
            for file in message.get("files") or []:
                if isinstance(file, dict) and file.get("name"):
                    found.files[str(file["name"])] = str(file.get("id", ""))
        return found

    def _mark(self, message: dict[str, Any]) -> str | None:
        """The mark of a message, when the message is ours: others could carry it too."""
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") != EVENT:
            return None
        if not {message.get("bot_id"), message.get("user")} & self._own_ids:
            return None
        payload = metadata.get("event_payload") or {}
        return str(payload.get("key", ""))

    @cached_property
    def _own_ids(self) -> set[str]:
        answer = self._call("auth.test")
        return {str(answer[name]) for name in ("bot_id", "user_id") if answer.get(name)}

    def _pages(self, method: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        for _ in range(PAGES):
            answer = self._call(method, limit=PAGE, cursor=cursor, **arguments)
            yield from (one for one in answer.get("messages") or [] if isinstance(one, dict))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
        raise self._unknown(method, f"more than {PAGES} pages; cannot tell what is posted already")

    def _unknown(self, method: str, why: str) -> Undelivered:
        return Undelivered(f"{method}: {why}", retry_after=self._settings.settle_seconds)

    def _call(self, method: str, **arguments: Any) -> Any:
        if method != "auth.test":
            arguments["channel"] = self._channel
        try:
            return getattr(self.client, method.replace(".", "_"))(**arguments)
        except FAILURES as error:
            settle = self._settings.settle_seconds
            raise in_words(error, method, self._channel, settle) from None


def make_client(token: str, settings: SlackSettings) -> _Client:
    """A client that makes each call once, and says nothing in the log."""
    return _Client(
        token=token,
        base_url=settings.base_url or WebClient.BASE_URL,
        timeout=settings.command_seconds,  # type: ignore[arg-type]  # urllib takes a float
        logger=_silent,
        retry_handlers=[],
    )


def _content(message: Message, key: str) -> dict[str, Any]:
    return {
        "text": message.text,
        "blocks": message.blocks,
        "metadata": {"event_type": EVENT, "event_payload": {"key": mark_of(key)}},
        # Nothing in a text becomes a mention or a link that we did not make one.
        "parse": "none",
        "link_names": False,
    }


def _upload(picture: Picture, described: bool) -> dict[str, Any]:
    value: dict[str, Any] = {
        "file": picture.content, "filename": picture.name, "title": picture.title
    }  # fmt: skip
    return {**value, "alt_txt": picture.description} if described else value
