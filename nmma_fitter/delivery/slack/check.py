"""Whether Slack can be told at all: the token, its scopes, and each channel."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from nmma_fitter.delivery.slack.settings import SlackSettings, read_token
from nmma_fitter.errors import Undelivered

Finding = tuple[bool, str]

SCOPES = {
    "chat:write": "to post and edit messages",
    "files:write": "to upload pictures",
    "files:read": "to see whether an upload has arrived",
}
# One of each pair, as the channel is public or private.
CHANNEL_SCOPES = {
    "history": "to find what is posted already, so that nothing is posted twice",
    "read": "for this check, to see whether the app is a member",
}
HOW = "add it under 'OAuth & Permissions' at https://api.slack.com/apps, then install the app again"


def check(settings: SlackSettings, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """What is in order and what is not, each in a line that says what to do.

    Parameters
    ----------
    settings : SlackSettings
    environ : mapping
        Where the token may be.
    """
    from nmma_fitter.delivery.slack.api import make_client
    from nmma_fitter.delivery.slack.refusals import FAILURES, in_words

    if not settings.channels:
        yield False, "slack.channels is empty: Slack is off; list the channels' ids there"
        return
    try:
        client = make_client(read_token(settings, environ), settings)
    except Undelivered as error:
        yield False, str(error)
        return
    try:
        answer = client.auth_test()
    except FAILURES as error:
        yield False, str(in_words(error, "auth.test", "", 0.0))
        return
    yield True, f"the token is that of {answer['user']} in the workspace {answer['team']}"
    scopes = _scopes(answer.headers)
    yield from (_scope(name, why, scopes) for name, why in SCOPES.items())
    for channel in settings.channels:
        try:
            about = client.conversations_info(channel=channel)["channel"]
        except FAILURES as error:
            yield False, str(in_words(error, "conversations.info", channel, 0.0))
        else:
            yield from _channel(channel, about, scopes)


def _scopes(headers: Mapping[str, Any]) -> set[str]:
    named = [v for k, v in headers.items() if k.lower() == "x-oauth-scopes"]
    return {scope.strip() for scope in ",".join(map(str, named)).split(",") if scope.strip()}


def _scope(name: str, why: str, scopes: set[str]) -> Finding:
    if name in scopes:
        return True, f"scope {name}"
    return False, f"the scope {name} is missing ({why}): {HOW}"


def _channel(channel: str, about: Mapping[str, Any], scopes: set[str]) -> Iterator[Finding]:
    label = f"{channel} (#{about.get('name', '')})"
    kind = "groups" if about.get("is_private") else "channels"
    for name, why in CHANNEL_SCOPES.items():
        yield _scope(f"{kind}:{name}", f"{why}, in {label}", scopes)
    if about.get("is_archived"):
        yield False, f"{label} is archived: unarchive it, or name another in slack.channels"
    elif not about.get("is_member"):
        yield False, f"the app is not a member of {label}: write /invite and its name there"
    else:
        yield True, f"the app is a member of {label}"
