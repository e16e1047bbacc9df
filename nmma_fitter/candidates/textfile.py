"""The text of a file that somebody else wrote, or one line about why it is not text."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import IO

from .rows import Place

LARGEST_FILE = 50_000_000  # bytes; a light curve of a decade of nights is under one million
MOST_LINES = 60_000

_GZIP = b"\x1f\x8b"
_START = 1000  # bytes of a file, by which it is told what it is
_BLANK = b"\xef\xbb\xbf \t\r\n"
_ENDED = (b"{", b"[", b"<", _GZIP, b"PAR1", b"Obj\x01", b"SIMPLE  =")
_SIGNATURES = {
    b"PK": "a spreadsheet or zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel spreadsheet",
    b"SIMPLE  =": "a FITS file",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF",
}
_REMEDY = "export it as plain CSV text"


def read_lines(path: Path) -> list[str]:
    """Lines of a text file; see `text_lines` and `read_bytes`."""
    return text_lines(Place(path), read_bytes(path))


def text_lines(place: Place, content: bytes) -> list[str]:
    """Lines of a text as an editor counts them, without byte order mark.

    Raises
    ------
    BadInput
        When the text is too long, empty, binary or not UTF-8.
    """
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            raise place.error(f"is {kind}, not text; {_REMEDY}")
    if b"\0" in content:
        raise place.error(f"is binary (or UTF-16), not text; {_REMEDY} in UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise Place(place.path, row).error("is not UTF-8 text; save the file as UTF-8") from None
    if not text.strip():
        raise place.error("is empty; write or deliver it again")
    lines = split_lines(text)
    if len(lines) > MOST_LINES:
        raise place.error(
            f"has more than {MOST_LINES} lines, so is not one object's light curve; "
            "deliver one file per object"
        )
    return lines


def is_open_ended(path: Path) -> bool:
    """Whether a text of lines lacks its last line's end: it may be cut short.

    What is packed, binary, JSON or XML says itself where it ends, and is never meant.
    """
    with path.open("rb") as stream:
        start = stream.read(_START)
        if b"\0" in start or start.lstrip(_BLANK).startswith(_ENDED):
            return False
        stream.seek(0, os.SEEK_END)
        if not stream.tell():
            return False
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) not in (b"\n", b"\r")


def split_lines(text: str) -> list[str]:
    """Lines as an editor counts them.

    Not as str.splitlines, which also splits at form feeds and others: rows would be misnumbered.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def has_data(line: str) -> bool:
    """Whether a line is neither blank nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def check_file(path: Path) -> None:
    """Raise `BadInput` where there is no such file."""
    if not path.is_file():
        raise Place(path).error("is not a file; check the path")


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """A file's bytes, unpacked where it is gzip; with `most`, no more than its first so many.

    Raises
    ------
    BadInput
        When the file cannot be read, or is too large, packed or unpacked.
    """
    place = Place(path)
    try:
        check_file(path)
        with path.open("rb") as stream:
            packed = stream.read(len(_GZIP)) == _GZIP
            stream.seek(0)
            if not packed:
                return _bounded(stream, place, most)
            with gzip.GzipFile(fileobj=stream) as unpacked:
                return _bounded(unpacked, place, most)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise place.error("is gzip, and damaged or cut short; deliver it again") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise place.error(f"cannot be read ({reason}); check path and permissions") from None


def _bounded(stream: IO[bytes] | gzip.GzipFile, place: Place, most: int | None) -> bytes:
    if most is not None:
        return stream.read(most)
    content = stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise place.error(
            f"is larger than {LARGEST_FILE / 1e6:.0f} MB, so not one object's light curve; "
            "deliver one file per object"
        )
    return content
