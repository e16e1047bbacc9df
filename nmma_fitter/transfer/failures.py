"""What rsync's exit status and ssh's words mean, and what a person can do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nmma_fitter.errors import NmmaFitterError


class TransferError(NmmaFitterError):
    """A transfer that would fail again if it were simply made again."""


class TransferCut(TransferError):
    """A transfer that was cut, refused for now, or found the files changing."""

    transient = True


class FileTrouble(TransferCut):
    """A transfer in which some files did not get there; others can."""


class TransferTooLong(TransferError):
    """A transfer over its time limit; what it had brought is kept, the next one goes on."""

    transient = True


OF_SOME_FILES = frozenset({23, 24})
WORTH_ANOTHER_TRY = frozenset({12, 20, 23, 24, 30, 35, 255})

_STATUSES = {
    1: "rsync did not understand an option; is it older than 3.1?",
    2: "the two rsync do not understand each other; update the older one",
    3: "a file or folder cannot be used",
    4: "the other rsync cannot do what was asked",
    5: "the other end refused to start",
    10: "the connection failed",
    11: "a file could not be written or read; is the disk full?",
    12: "the connection was refused or broke",
    20: "rsync was interrupted",
    23: "some files could not be transferred",
    24: "some files vanished meanwhile",
    25: "rsync stopped deleting",
    30: "no data came for too long",
    35: "the other end did not answer",
    127: "there is no rsync at the other end; install it there",
    255: "the connection was refused or broke",
}

# The first that is found in what was said decides; {words} are its groups.
_SAID: tuple[tuple[str, str, bool], ...] = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for \S+ has changed",
        "its host key is not the one in known_hosts; ask its administrator whether it was "
        "changed, and only then replace the line",
        False,
    ),
    (
        r"No \S+ host key is known|Host key verification failed",
        "its host key is not in known_hosts; add it after comparing its fingerprint "
        "(ssh-keyscan, ssh-keygen -lf)",
        False,
    ),
    (
        r"Permission denied \(",
        "it does not accept the key; check user and key, and the key's line in "
        "authorized_keys there",
        False,
    ),
    (
        r"UNPROTECTED PRIVATE KEY|bad permissions",
        "the private key can be read by others; chmod 600 it",
        False,
    ),
    (r"Could not resolve hostname", "no such host; check the name and the name server", False),
    (
        r"Another instance of rrsync is already accessing",
        "another transfer to that folder is under way there",
        True,
    ),
    (r"option (\S+) has been disabled", "the key there does not allow {0}", False),
    (
        r"(reading from write-only|sending to read-only) server is not allowed",
        "the key there does not allow this direction: {0}",
        False,
    ),
    (r"No space left on device", "no space left on the device", False),
    (r"Disk quota exceeded", "the disk quota is used up", False),
    (
        r"(?:change_dir|link_stat|mkdir) .*failed: (.+?)(?: \(\d+\))?$",
        "the folder there cannot be used ({0}); check path",
        False,
    ),
    (r"rrsync error: (.+)", "the key there does not allow this: {0}", False),
)


def failure(place: str, status: int, said: str) -> TransferError:
    """The error for an exit status of rsync and what it and ssh printed.

    Parameters
    ----------
    place : str
        What was talked to, for the message.
    status : int
    said : str
        Standard error.
    """
    for pattern, words, transient in _SAID:
        if match := re.search(pattern, said, re.MULTILINE):
            kind = TransferCut if transient else TransferError
            return kind(f"{place}: {words.format(*match.groups())}")
    words = _STATUSES.get(status, f"rsync ended with status {status}")
    kind = TransferCut if status in WORTH_ANOTHER_TRY else TransferError
    kind = FileTrouble if status in OF_SOME_FILES else kind
    return kind(f"{place}: {words}{_quoted(said)}")


def _quoted(said: str) -> str:
    """The line that says most: the first that is not rsync's own summing up."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    chosen: Sequence[str] = [line for line in lines if not line.startswith("rsync error")] or lines
    text = "".join(c if c.isprintable() else "?" for c in chosen[0])[:200] if chosen else ""
    return f" ({text})" if text else ""
