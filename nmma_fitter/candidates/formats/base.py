"""What a format is: how a file of it is recognised, and how its rows are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ...plain import one_line
from ..rows import Place, Row
from ..textfile import read_bytes, split_lines, text_lines

LONGEST_NOTE = 1500  # characters


@dataclass(frozen=True)
class Photometry:
    """Rows of one file before any are merged.

    Attributes
    ----------
    name : str or None
        The object's, where the file's content says it; untrusted text.
    rows : tuple of Row
        In the file's order.
    notes : tuple of str
        What was done that a person should know, such as "12 rows left out: negative subtraction";
        what the file says in them is made fit to be shown.
    """

    name: str | None
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shown = tuple(one_line(note, LONGEST_NOTE) for note in self.notes)
        object.__setattr__(self, "notes", shown)


@dataclass(frozen=True)
class Content:
    """A file's bytes and, where it is text, its lines."""

    path: Path
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, path: Path, most: int | None = None) -> Content:
        """Read a file, or its first bytes, unpacked where it is gzip; raises as `read_bytes`."""
        return cls(path, read_bytes(path, most))

    @property
    def place(self) -> Place:
        """The file, for messages."""
        return Place(self.path)

    @cached_property
    def lines(self) -> Sequence[str]:
        """Lines as an editor counts them; raises `BadInput` where the file is no text."""
        return text_lines(self.place, self.data)

    @cached_property
    def head(self) -> Sequence[str]:
        """The first lines, of which a format is recognised; none where the file is no text.

        Never raises: what is wrong with a text is said by whoever reads it.
        """
        start = self.data[:HEAD]
        if b"\0" in start:
            return ()
        return split_lines(start.decode("utf-8-sig", errors="replace"))


HEAD = 20_000  # bytes


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    name : str
        Short, lower case, such as ``ztf-forced``.
    title : str
        For people, such as "ZTF forced-photometry service".
    columns : str
        The columns that are read, with units, on one line for people.
    recognises : callable
        Whether a `Content` is of this format, by what it says and not by its name; fast, and it
        never raises.
    read : callable
        Rows of a `Content`, given the survey of bare band letters; raises `BadInput`.
    suffixes : tuple of str
        Lower-case endings of names by which a night finds such files.
    """

    name: str
    title: str
    columns: str
    recognises: Callable[[Content], bool]
    read: Callable[[Content, str], Photometry]
    suffixes: tuple[str, ...] = (".csv", ".dat", ".txt")
