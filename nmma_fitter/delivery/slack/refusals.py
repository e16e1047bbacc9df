"""What went wrong between us and Slack, in words a person can act on.

A refusal is certain: nothing was posted. Of anything else (a connection lost, a time-out, an error
of Slack's own) nobody knows, and it must be looked up before it is posted again.
"""

from __future__ import annotations

import re
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from slack_sdk.errors import SlackApiError, SlackClientError

from nmma_fitter.delivery.slack.settings import TOKEN
from nmma_fitter.errors import Undelivered
from nmma_fitter.plain import short_line

FAILURES = (SlackClientError, OSError, HTTPException)  # whatever a call of the SDK may raise
LONGEST_WAIT = 3600.0
UNEDITABLE = ("cant_update_message", "edit_window_closed")
GONE = ("message_not_found", "thread_not_found")
# By Slack's method pages "some aspect of the operation" may have succeeded.
UNSURE = ("fatal_error", "internal_error", "service_unavailable", "request_timeout")
BAD_TOKEN = ("not_authed", "invalid_auth", "token_revoked", "token_expired", "account_inactive")
_CODE = re.compile(r"[a-z][a-z_0-9]{2,60}")
_ASKED = "open the channel in Slack, click its name, and copy the id at the end of 'About'"
ADVICE = {
    "channel_not_found": f"this app sees no channel {{channel}}: {_ASKED}; a private channel is "
    "seen once the app is a member: write /invite and the app's name there",
    "not_in_channel": "the app is not a member of {channel}: write /invite and its name there",
    "is_archived": "{channel} is archived: unarchive it, or name another in slack.channels",
    "restricted_action": "the workspace's settings forbid posting in {channel}: ask its owner",
    "posting_to_channel_denied": "the workspace forbids files in {channel}: ask its owner",
    "file_uploads_disabled": "the workspace forbids uploads: ask its owner, or set plots = []",
    "storage_limit_reached": "the workspace has no room for files: delete some, or set "
    "slack.plots = []",
}
OURS = ("msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "no_text")


class Refused(Undelivered):
    """Slack said no, and nothing was posted.

    Parameters
    ----------
    code : str
        Slack's own word for it.
    """

    def __init__(self, message: str, code: str = "", **more: Any) -> None:
        super().__init__(message, **more)
        self.code = code


def in_words(error: Exception, what: str, channel: str, settle: float) -> Undelivered:
    """An error of the SDK as one of ours.

    Parameters
    ----------
    error : Exception
        One of `FAILURES`.
    what : str
        The method that was called.
    channel : str
    settle : float
        Seconds after which it can be looked up what became of a call that was not answered.
    """
    if isinstance(error, SlackApiError):
        return _answered(error.response, what, channel, settle)
    if isinstance(error, HTTPError):  # of an upload's bytes
        if error.code == 429:
            return _too_fast(error.headers.get("Retry-After"), what)
        return Undelivered(f"Slack answered HTTP {error.code}", retry_after=settle)
    said = short_line(str(getattr(error, "reason", None) or error) or type(error).__name__, 200)
    return Undelivered(f"no answer from Slack ({said})", retry_after=settle)


def is_certain(error: Exception) -> bool:
    """Whether an error says that nothing was posted."""
    if not isinstance(error, SlackApiError):
        return False
    status, code = int(error.response.status_code), _code(error.response)
    if status == 200:
        return bool(_CODE.fullmatch(code)) and code not in UNSURE
    return 400 <= status < 500 and status != 408


def _answered(response: Any, what: str, channel: str, settle: float) -> Undelivered:
    status, code = int(response.status_code), _code(response)
    if status == 429:
        return _too_fast(_header(response, "retry-after"), what)
    if status != 200 and not _CODE.fullmatch(code):
        message = f"Slack, or a proxy before it, answered HTTP {status}"
        certain = 400 <= status < 500 and status != 408
        return Refused(message) if certain else Undelivered(message, retry_after=settle)
    if code in UNSURE or not _CODE.fullmatch(code):
        return Undelivered(f"Slack failed ({short_line(code, 60)})", retry_after=settle)
    everything = code in BAD_TOKEN or code in ADVICE or code == "missing_scope"
    return Refused(f"{what}: {_advice(code, response, channel)}", code, everything=everything)


def _advice(code: str, response: Any, channel: str) -> str:
    if code in BAD_TOKEN:
        return (
            f"Slack does not accept the token ({code}): install the app in the workspace again and "
            f"put its new bot token where {TOKEN} or slack.token_file has it"
        )
    if code == "missing_scope":
        needed = short_line(str(response.get("needed") or "unknown"), 100)
        return (
            f"the token lacks the scope {needed}: add it under 'OAuth & Permissions' of the app, "
            "and install the app again (missing_scope)"
        )
    if code in OURS:
        return f"Slack does not take the message ({code}): a fault of nmma_fitter, please report it"
    return f"{ADVICE.get(code, 'Slack refuses it').format(channel=channel)} ({code})"


def _too_fast(retry_after: object, what: str) -> Refused:
    try:
        seconds = min(max(float(str(retry_after)), 1.0), LONGEST_WAIT)
    except ValueError:
        seconds = 30.0
    return Refused(
        f"{what}: more requests than Slack takes; it asks for {seconds:g} s of patience",
        "ratelimited",
        retry_after=seconds,
    )


def _code(response: Any) -> str:
    data = response.data
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def _header(response: Any, name: str) -> str | None:
    return next((str(v) for k, v in response.headers.items() if k.lower() == name), None)
