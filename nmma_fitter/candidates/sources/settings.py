"""``[sources.NAME]``: where candidates come from, checked before anything is asked."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nmma_fitter.transfer.settings import LocalPath, RsyncPlace

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _url(text: str) -> str:
    parts = urlsplit(text)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (safe and parts.hostname and text.isprintable() and " " not in text):
        raise ValueError("write https://HOST: a token goes there")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("no user, password or query in here; the token comes from the environment")
    return text.rstrip("/")


class Intake(BaseModel):
    """What every source has.

    Attributes
    ----------
    nights : int
        How many of the newest nights are looked at.
    every : float
        Seconds between two looks.
    settle_seconds : float
        How long a file must stay as it is to count as whole, where no manifest says so. A writer
        that pauses for longer at the end of a row cannot be told from one that has finished.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    nights: Annotated[int, Field(ge=1)] = 3
    every: Annotated[float, Field(ge=0)] = 10.0
    settle_seconds: Annotated[float, Field(ge=0)] = 20.0


class RsyncSource(RsyncPlace, Intake):
    """Night folders on another machine, reached by rsync over SSH."""

    kind: Literal["rsync"]


class FolderSource(Intake):
    """Night folders in a folder of this machine."""

    kind: Literal["folder"]
    path: LocalPath


class SkyportalSource(Intake):
    """The sources saved to groups of a SkyPortal, as a night folder a day.

    Attributes
    ----------
    url : str
    group_ids : tuple of int
    token_variable : str
        The environment variable that holds the token.
    saved_within_days : float
        Only objects saved to the groups since.
    days : int
        What the night's folder is named after: so many days before today, and today.
    most_objects : int
    request_seconds : float
        Time limit of each call.
    time_limit : float
        Of a look as a whole.
    tries : int
    """

    kind: Literal["skyportal"]
    url: Annotated[str, AfterValidator(_url)]
    group_ids: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    token_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "SKYPORTAL_TOKEN"
    saved_within_days: Annotated[float, Field(gt=0, le=36500)] = 30.0
    days: Annotated[int, Field(ge=0)] = 7
    most_objects: Annotated[int, Field(ge=1)] = 500
    request_seconds: Annotated[float, Field(gt=0)] = 30.0
    time_limit: Annotated[float, Field(gt=0)] = 300.0
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    every: Annotated[float, Field(ge=0)] = 600.0


SourceSettings = Annotated[
    RsyncSource | FolderSource | SkyportalSource, Field(discriminator="kind")
]
