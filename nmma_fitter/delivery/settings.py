"""``[email]`` and ``[webhook]``, checked before anybody is called; passwords are not among them."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")


def _address(text: str) -> str:
    if text and not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is no mail address, such as name@example.org")
    return text


Address = Annotated[str, AfterValidator(_address)]


class EmailSettings(BaseModel):
    """``[email]``; without recipients it is off. The password is in NMMA_FITTER_SMTP_PASSWORD.

    Attributes
    ----------
    host, port : str, int
        Of the SMTP server.
    security : str
        ``starttls``, ``tls`` (port 465, as a rule), or ``none``, which never takes a password.
    user : str
        Empty for a server that asks for no password.
    sender : str
    recipients : tuple of str
        Each gets a mail of their own.
    page_url : str
        Where the pushed pages are seen.
    objects, digest : bool
        Whether there is a mail for each object, and for each night.
    command_seconds : float
        Time limit of each step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]*$")] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: Address = ""
    recipients: tuple[Address, ...] = ()
    page_url: Annotated[str, Field(pattern=r"^(https?://[^@]+)?$")] = ""  # no password
    objects: bool = True
    digest: bool = True
    command_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0

    @model_validator(mode="after")
    def _is_whole(self) -> EmailSettings:
        if self.recipients and not self.sender:
            raise ValueError("email.sender is needed where there are recipients")
        if self.user and self.security == "none":
            raise ValueError("a password is never sent unencrypted: set security or leave user out")
        return self


def _url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
        raise ValueError("give an address that begins with https:// or http://, without a password")
    return text


class WebhookSettings(BaseModel):
    """``[webhook]``; without an address it is off.

    Attributes
    ----------
    url : str
    signed : bool
        Whether each post carries ``X-Nmma-Fitter-Signature: sha256=<hex>``, the HMAC of its body;
        the secret is in NMMA_FITTER_WEBHOOK_SECRET.
    command_seconds : float
        Time limit of connecting, and of waiting for an answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(_url)] = ""
    signed: bool = False
    command_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
