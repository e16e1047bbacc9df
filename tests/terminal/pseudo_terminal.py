"""A command on a pseudo-terminal, and the screen a person would see there.

The screen is what a terminal makes of everything written to it: control sequences are applied, and
what scrolled away stays above. Waiting is for something to be seen, with a generous limit.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

LIMIT = 180.0
# What may stand between the characters of a line: to move the cursor, erase, show or hide it.
SEQUENCE = re.compile(rb"\x1b\[[?]?[0-9;]*[A-Za-z]")
DRAWN = re.compile(rb"(?=\r\x1b\[2K)")  # where lines that change are drawn anew
NOT_WANTED = ("NO_COLOR", "TERM", "COLUMNS", "LINES", "FORCE_COLOR", "PYTHONIOENCODING")
PLAIN_NOT_WANTED = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def program(name: str) -> str:
    """One of the commands of the environment that the tests run in."""
    return str(Path(sys.executable).with_name(name))


class Terminal:
    """A command with a terminal of its own.

    Parameters
    ----------
    command : sequence of str
    cwd : Path
    columns, rows : int
    environment : dict of str, optional
        Over the caller's.
    parts : pattern
        Where what is written is split into frames.

    Attributes
    ----------
    folder : Path
        Where it runs.
    raw : bytes
        Everything that was written.
    frames : list of (float, list of str)
        Seconds since the start, and the window as it was then; one for each change.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        *,
        columns: int = 80,
        rows: int = 24,
        environment: dict[str, str] | None = None,
        parts: re.Pattern[bytes] = DRAWN,
    ) -> None:
        self.folder, self.raw, self._parts = cwd, b"", parts
        self.frames: list[tuple[float, list[str]]] = []
        self._screen = pyte.HistoryScreen(columns, rows, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        self._set_size(columns, rows)
        kept = {key: value for key, value in os.environ.items() if key not in NOT_WANTED}
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**kept, "TERM": "xterm-256color", **(environment or {})},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # Ctrl-C is for it
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """Close the window, with the command still in it."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def press(self, keys: str) -> None:
        """Type something; ``\\x03`` is Ctrl-C."""
        os.write(self._master, keys.encode())

    def resize(self, columns: int, rows: int = 24) -> None:
        """Give the window another size, which the command is told of."""
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def _set_size(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    @property
    def window(self) -> list[str]:
        """The lines in the window."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def lines(self) -> list[str]:
        """All lines, those that scrolled away included, without the empty ones at the end."""
        columns = self._screen.columns
        above = [
            "".join(row[i].data for i in range(columns)).rstrip()
            for row in self._screen.history.top
        ]
        return "\n".join([*above, *self.window]).rstrip().split("\n")

    @property
    def text(self) -> str:
        """All lines, as one text."""
        return "\n".join(self.lines)

    @property
    def cursor_hidden(self) -> bool:
        """Whether the terminal was left without a cursor."""
        return bool(self._screen.cursor.hidden)

    def until(self, seen: str | Callable[[], bool], limit: float = LIMIT) -> None:
        """Read until a text has been on the screen, or something is so."""
        end, looked = time.monotonic() + limit, 0

        def shown() -> bool:
            nonlocal looked
            new, looked = self.frames[looked:], len(self.frames)
            return any(seen in "\n".join(window) for _, window in new) or seen in self.text

        while not (seen() if callable(seen) else shown()):
            assert self._read(end - time.monotonic()), f"never seen: {seen}\n{self.text}"

    def end(self, limit: float = LIMIT) -> int:
        """Read to the end; returns the exit status."""
        end = time.monotonic() + limit
        while self._read(end - time.monotonic()):
            pass
        assert time.monotonic() < end, f"it never ended\n{self.text}"
        return self.process.wait(timeout=30)

    def _read(self, seconds: float) -> bool:
        """Take in what was written; False at the end of it, or when the time is up."""
        if seconds <= 0:
            return False
        if not select.select([self._master], [], [], min(seconds, 0.2))[0]:
            return True
        try:
            found = os.read(self._master, 65536)
        except OSError:  # nobody has the other end any more
            return False
        self.raw += found
        for part in self._parts.split(found):
            self._stream.feed(part)
            self.frames.append((time.monotonic() - self._began, self.window))
        return bool(found)

    def check(self) -> None:
        """Assert what every screen must be: nothing raw, no traceback, a cursor."""
        assert "Traceback" not in self.text, self.text
        assert not self.cursor_hidden
        left = SEQUENCE.sub(b"", self.raw)
        assert not PLAIN_NOT_WANTED.search(left), PLAIN_NOT_WANTED.search(left)
