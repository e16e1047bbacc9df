"""Text that came from outside, made fit to be shown."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TOKEN = re.compile(r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]+|(?i:bearer)\s+\S+")
_IN_ADDRESS = re.compile(r"(://)[^/\s'\"@]+(?=@)|(://[^\s'\"?]+\?)[^\s'\"]+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def one_line(text: str, longest: int | None = None) -> str:
    """Text on one line, with everything that cannot be printed replaced.

    Also what would reorder the text around it. It is safe for neither mathtext nor HTML: draw it
    with ``parse_math=False``, escape it.

    Parameters
    ----------
    text : str
    longest : int, optional
        Characters looked at.
    """
    flat = " ".join(text[:longest].split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in flat)


def counted(number: int, noun: str) -> str:
    """``1 fit``, ``2 fits``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, keep: int) -> str:
    """Return the first `keep` characters, with an ellipsis when some are left out."""
    return text if keep >= len(text) else text[:keep].rstrip() + "…"


def short_line(text: str, longest: int) -> str:
    """Text on one line without characters that are not seen, of at most so many characters."""
    return shortened(one_line(text), longest - 1)


def last_lines(path: Path, number: int, longest: int) -> str:
    """The end of a log: at most so many lines and characters, without what is not text."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - 4 * longest))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [_UNSEEN.sub(" ", line).rstrip() for line in without_tokens(text).splitlines()]
    kept = "\n".join(lines[-number:]) if number else ""
    return kept if len(kept) <= longest else kept[-longest:].partition("\n")[2] or kept[-longest:]


def without_tokens(text: str) -> str:
    """Text in which nothing is left that looks like a token, or an address's password or query."""
    return _IN_ADDRESS.sub(_hidden, _TOKEN.sub("(token)", text))


def _hidden(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}(hidden)"
