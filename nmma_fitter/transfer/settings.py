"""Settings of the other ends of a transfer, checked before any command sees them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_HOST = re.compile(r"(?!-)[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:]{2,45}", re.ASCII)
_REMOTE = re.compile(r"(?!-)[A-Za-z0-9_./~+=@,%-]+", re.ASCII)


def _one_line(text: str) -> str:
    if text.startswith("-") or not text.isprintable():
        raise ValueError("must not begin with '-' or hold characters that do not print")
    return text


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError("is no host name or address; user and port are settings of their own")
    return text


def _remote(text: str) -> str:
    # What a shell at the other end could read anything into is not needed for a folder's name.
    if not _REMOTE.fullmatch(text) or ".." in text.split("/"):
        raise ValueError("write a folder with letters, digits and _./~+=@,%- only, without ..")
    return text


def _local(path: Path) -> Path:
    if _one_line(str(path)) and set(str(path)) & set("'\"\\"):
        raise ValueError("a path with quotes or backslashes cannot be handed to ssh")
    return path.expanduser()


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Host = Annotated[str, AfterValidator(_host)]
User = Annotated[str, Field(pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?$")]
RemotePath = Annotated[str, AfterValidator(_remote)]
LocalPath = Annotated[Path, AfterValidator(_local)]
# A name or a whole path: another would depend on the folder that the poller was started in.
Command = Annotated[str, Field(pattern=r"^/?[A-Za-z0-9_.+][A-Za-z0-9_.+-]*$|^/[A-Za-z0-9_./+-]+$")]
Verify = Literal["checksum", "manifest"]


class Timing(BaseModel):
    """Limits that every transfer by rsync has.

    Attributes
    ----------
    time_limit : float
        Seconds after which a call of rsync is ended; what it had brought is kept for the next.
    tries : int
        How often a call is made again at once when it was cut.
    bandwidth_kb : int
        KiB a second, 0 for no limit.
    rsync : str
        The command here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_limit: Annotated[float, Field(gt=0)] = 300.0
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    bandwidth_kb: Annotated[int, Field(ge=0)] = 0
    rsync: Command = "rsync"


class RsyncPlace(Timing):
    """A folder on another machine, reached by rsync over SSH.

    Attributes
    ----------
    host : str
    path : str
        The folder; with a key restricted by rrsync, relative to the folder the key opens.
    user : str
        Empty for what ssh's own configuration says.
    port : int or None
    key : Path or None
        Private key; None for what ssh's own configuration or agent has.
    known_hosts : Path or None
        File with the host's key; None for ssh's own.
    connect_seconds : int
        How long to wait for a connection; a silent one is given up after three times as long.
    ssh : str
        The command here.
    """

    host: Host
    path: RemotePath = "."
    user: User = ""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    key: LocalPath | None = None
    known_hosts: LocalPath | None = None
    connect_seconds: Annotated[int, Field(ge=1, le=600)] = 15
    ssh: Command = "ssh"


class RsyncDestination(RsyncPlace):
    """``[destinations.NAME]`` on another machine.

    Attributes
    ----------
    verify : str
        ``checksum``: rsync compares checksums of both sides; a write-only key is enough.
        ``manifest``: the files are read back and their SHA-256 compared; the key must allow that.
    """

    kind: Literal["rsync"]
    verify: Verify = "checksum"


class FolderDestination(Timing):
    """``[destinations.NAME]`` in a folder of this machine, a mounted one say; it must exist."""

    kind: Literal["folder"]
    path: LocalPath
    verify: Verify = "checksum"


DestinationSettings = Annotated[RsyncDestination | FolderDestination, Field(discriminator="kind")]
