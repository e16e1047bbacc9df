"""Settings of Slack, checked before any request is made; the token is never among them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nmma_fitter.errors import Undelivered

TOKEN = "NMMA_FITTER_SLACK_TOKEN"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{6,20}")
_TOKEN = re.compile(r"xox[a-z]-[A-Za-z0-9-]+|xoxe\.xox[a-z]-[A-Za-z0-9-]+")

Plot = Literal["lightcurves", "corner", "comparison"]


def _channel(text: str) -> str:
    if not _CHANNEL.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a channel's id, such as C0123456789: names change, ids do not; open "
            "the channel in Slack, click its name, and copy the id at the end of 'About'"
        )
    return text


def _channels(texts: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(texts)) < len(texts):
        raise ValueError("a channel is listed twice")
    return texts


def _web(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError(f"{text!r} is no address; it begins with https://")
    if parts.username or parts.password:
        raise ValueError("leave user and password out of it: addresses are posted and logged")
    return text


def _api(text: str) -> str:
    parts = urlsplit(_web(text))
    if text and parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError(f"{text!r}: the token would cross the network unencrypted; use https://")
    return text


def _links(links: Mapping[str, str]) -> Mapping[str, str]:
    for label, template in links.items():
        if not label or len(label) > 60:
            raise ValueError(f"{label!r}: a link's label has 1 to 60 characters")
        if template.replace("{object}", "").count("{") or "{object}" not in template:
            raise ValueError(f"{template!r}: {{object}}, and no other braces, marks the name")
        _web(template.replace("{object}", "x"))
    return links


def _token_file(path: Path | None) -> Path | None:
    whole = path.expanduser() if path else None
    if whole is not None and not whole.is_absolute():
        raise ValueError(f"{path}: give the whole path, or one that begins with ~")
    return whole


class SlackSettings(BaseModel):
    """``[slack]``; without channels it is off.

    Attributes
    ----------
    channels : tuple of str
        Ids of the channels that are told.
    token_file : Path or None
        Where the token is, when it is not in the environment; mode 600 and ours.
    base_url : str
        Address of the Web API; empty for the usual one.
    page_url : str
        Where the pushed pages are seen, for links to ``<page_url>/<night>/<object>/``.
    links : mapping of label to template
        Further links of an object, with ``{object}`` for its name.
    plots : tuple of str
        Pictures that are posted.
    failures : bool
        Whether each failure is a reply with its log's last lines.
    digest : bool
        Whether a closed night is summed up in the channel.
    log_lines : int
        How many of the log's last lines a failure shows.
    command_seconds : float
        Time limit of each request.
    settle_seconds : float
        How long after a lost answer a message may still arrive; only then it is looked for.
    share_seconds : float
        How long Slack may take to show an upload it has confirmed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: Annotated[
        tuple[Annotated[str, AfterValidator(_channel)], ...], AfterValidator(_channels)
    ] = ()
    token_file: Annotated[Path | None, AfterValidator(_token_file)] = None
    base_url: Annotated[str, AfterValidator(_api)] = ""
    page_url: Annotated[str, AfterValidator(_web)] = ""
    links: Annotated[dict[str, str], AfterValidator(_links), Field(max_length=10)] = {}
    plots: tuple[Plot, ...] = ("lightcurves", "corner", "comparison")
    failures: bool = True
    digest: bool = True
    log_lines: Annotated[int, Field(ge=0, le=50)] = 15
    command_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    settle_seconds: Annotated[float, Field(ge=0, le=600)] = 5.0
    share_seconds: Annotated[float, Field(ge=0, le=3600)] = 60.0

    def links_of(self, name: str) -> dict[str, str]:
        """Addresses of an object by label, its name percent-encoded."""
        safe = quote(name, safe="", errors="replace")
        return {label: text.replace("{object}", safe) for label, text in self.links.items()}


def read_token(settings: SlackSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The token, from the environment or its file; no message ever shows it.

    Raises
    ------
    Undelivered
        There is none, or its file can be read by others: what to do about it.
    """
    text = environ.get(TOKEN, "").strip()
    where = f"the environment variable {TOKEN}"
    if not text and settings.token_file is not None:
        where = str(settings.token_file)
        text = _private_text(settings.token_file).strip()
    if not text:
        raise Undelivered(f"no Slack token: set {TOKEN}, or slack.token_file to a file with it")
    if not _TOKEN.fullmatch(text):
        raise Undelivered(f"{where}: not a Slack token; a bot token begins with xoxb-")
    return text


def _private_text(path: Path) -> str:
    try:
        with path.open(encoding="ascii", errors="replace") as stream:
            found = os.fstat(stream.fileno())
            if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
                raise Undelivered(
                    f"{path}: others may read the token; make it yours alone: chmod 600, and if "
                    "others had it, a new token"
                )
            return stream.read(1000)
    except OSError as error:
        raise Undelivered(f"{path}: cannot read the Slack token: {error.strerror}") from None
