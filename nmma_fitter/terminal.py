"""The terminal: lines that change at its foot, lines above that stay, and no control characters.

Everything a command writes goes through `guard_streams`, and nothing but `LiveLines` moves the
cursor. It hides nothing, so that there is nothing to restore however a command ends.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import re
import shutil
import sys
import textwrap
import threading
import traceback
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, TextIO

log = logging.getLogger(__name__)

# What would move a cursor, colour a window or turn the text around it; tabs and new lines stay.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_UP, _ERASE = "\x1b[1A", "\x1b[2K"
_SPARE = 3  # columns left free at the right: for the ^C that a terminal shows of Ctrl-C


def clean(text: str) -> str:
    """Text of which no character steers the terminal that shows it."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def folded(text: str, more: str = "  ") -> str:
    """A line as a terminal shows it without breaking words; unchanged where nobody looks."""
    if not sys.stdout.isatty():
        return text
    columns = max(20, shutil.get_terminal_size().columns)
    lead = text[: len(text) - len(text.lstrip())]
    lines = textwrap.wrap(
        text,
        columns,
        subsequent_indent=lead + more,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines) or text


def can_redraw(stream: TextIO) -> bool:
    """Whether lines can change after they were written: on a terminal that was not called plain."""
    plain = os.environ.get("TERM") in ("dumb", "unknown") or bool(os.environ.get("NO_COLOR"))
    return stream.isatty() and not plain


def bar(share: float, stream: TextIO, longest: int = 40) -> str:
    """A bar of which a share is filled, no longer than half the window."""
    length = min(longest, shutil.get_terminal_size().columns // 2)
    full, empty = ("━", "─") if stream.encoding.lower().startswith("utf") else ("#", "-")
    filled = round(length * min(1.0, max(0.0, share)))
    return full * filled + empty * (length - filled)


class CleanStream(io.TextIOWrapper):
    """Standard output or standard error: without control characters, above the live lines."""

    _begun = ""

    def write(self, text: str) -> int:
        """Write text; while there are live lines, only whole lines of it."""
        cleaned = clean(text)
        live = LiveLines.current
        if live is None or not self.isatty():
            begun, self._begun = self._begun, ""
            super().write(begun + cleaned)
        else:
            whole, newline, self._begun = (self._begun + cleaned).rpartition("\n")
            if newline:
                self.flush()
                live.write_above(whole)
        return len(text)


def guard_streams() -> None:
    """Let what a command writes reach the terminal clean, whatever the locale can encode."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            number = stream.fileno()
        except (AttributeError, OSError, ValueError):  # none, or one of a program that calls us
            continue
        stream.flush()
        guarded = CleanStream(
            os.fdopen(number, "wb", closefd=False),
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering or name == "stderr",
        )
        setattr(sys, name, guarded)


class LiveLines:
    """Lines at the foot of the terminal that are drawn again and again.

    A window that becomes narrower may break lines that are longer, or cut them; which of both is
    not known. Then the old lines stay as they are, and the new ones are drawn below.

    Parameters
    ----------
    stream : TextIO
        A terminal.
    """

    current: ClassVar[LiveLines | None] = None

    def __init__(self, stream: TextIO) -> None:
        self._number = stream.fileno()
        self._encoding = stream.encoding
        self._lines: list[str] = []
        self._drawn: list[str] = []
        self._lock = threading.RLock()
        stream.flush()
        LiveLines.current = self

    def draw(self, lines: Sequence[str]) -> None:
        """Show these in place of the last ones."""
        with self._lock:
            if LiveLines.current is self:
                self._lines = [clean(line) for line in lines]
                self._put("")

    def write_above(self, text: str) -> None:
        """Write lines that stay."""
        with self._lock:
            self._put(text + "\n")

    def close(self) -> None:
        """Take the lines away."""
        with self._lock:
            if LiveLines.current is self:
                LiveLines.current = None
                self._lines = []
                self._put("")

    def _put(self, above: str) -> None:
        columns, rows = shutil.get_terminal_size()
        narrower = any(_width(line) >= columns for line in self._drawn)
        before = "\r\n" if narrower else _erased(len(self._drawn))
        self._drawn = _fitted(self._lines, columns - _SPARE, rows - 1)
        self._send(before + above + "\n".join(self._drawn))

    def _send(self, text: str) -> None:
        left = text.encode(self._encoding, "replace")
        while left:
            left = left[os.write(self._number, left) :]


def _forget() -> None:
    LiveLines.current = None


os.register_at_fork(after_in_child=_forget)  # the lines and their lock are the parent's


def _erased(count: int) -> str:
    return "\r" + _ERASE + (_UP + _ERASE) * (count - 1) if count else ""


def _fitted(lines: Sequence[str], columns: int, rows: int) -> list[str]:
    """The lines that fit a window, each cut where it ends."""
    shown = list(lines)
    if len(shown) > max(rows, 2):
        kept = max(rows, 2) - 1
        shown = [*shown[:kept], f"... and {len(lines) - kept} more"]
    return [_cut(line, max(columns, 1)) for line in shown]


def _cut(line: str, columns: int) -> str:
    if _width(line) <= columns:
        return line
    kept, used = "", 0
    for character in line:
        used += _width(character)
        if used > columns - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def _width(text: str) -> int:
    """Columns of a text: characters of East Asia take two, accents of their own none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


class Showing:
    """What only shows: it may fail, and what it shows goes on.

    Parameters
    ----------
    goes_on : str
        What is said to go on.
    """

    def __init__(self, goes_on: str) -> None:
        self._goes_on = goes_on
        self._said = False

    def safely(self, show: Callable[[], None]) -> bool:
        """Call what shows; say once that it failed, if it does. Returns whether it did not."""
        try:
            show()
        except Exception as error:  # an error of ours, a terminal that was closed, a full disk
            if LiveLines.current is not None:
                with contextlib.suppress(OSError):
                    LiveLines.current.close()
            drop_what_nobody_reads(error)
            if not self._said:
                self._said = True
                log.warning("cannot show the progress (%s); %s", _where(error), self._goes_on)
            return False
        return True


def drop_what_nobody_reads(error: BaseException) -> None:
    """Write no more to standard output where its other end is gone for good."""
    if isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.EIO):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
