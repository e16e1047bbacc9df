"""Text tables of services: where their header is, and their rows by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from ...errors import BadInput
from ..columns import check_columns
from ..rows import Place
from ..textfile import has_data
from .base import Content
from .header_text import DELIMITERS, split

FARTHEST_HEADER = 200  # lines of comment before it
_NOWHERE = Place(Path())  # of errors that nobody sees

Record = tuple[Place, dict[str, str]]
"""Where a row is, and its texts by column in lower case."""


def header_names(content: Content) -> frozenset[str]:
    """Lower-case names of the first line that is no comment; empty where there is none.

    Never raises, and of one file it is found once.
    """
    return _header_names(tuple(content.head[:FARTHEST_HEADER]))


@lru_cache(maxsize=4)
def _header_names(head: tuple[str, ...]) -> frozenset[str]:
    first = next((line for line in head if has_data(line)), "")
    return frozenset(names_in(first))


def names_in(line: str) -> tuple[str, ...]:
    """Lower-case names of a header line, split where it has most separators."""
    delimiter = delimiter_of(line)
    try:
        fields = split(_NOWHERE, line, delimiter)
    except BadInput:
        return ()
    return tuple(" ".join(name.lower().split()) for name in fields)


def delimiter_of(line: str) -> str:
    """The separator that a line has most of; a blank where it has none."""
    delimiter = max(DELIMITERS, key=line.count)
    return delimiter if line.count(delimiter) else " "


def records_below(
    place: Place, lines: Sequence[str], header: int, columns: Sequence[str], delimiter: str
) -> Iterator[Record]:
    """Rows below a header; comments and blank lines are skipped.

    Parameters
    ----------
    place : Place
        The file.
    lines : sequence of str
    header : int
        Index of the header in `lines`.
    columns : sequence of str
    delimiter : str
        A blank stands for any number of blanks and tabs.

    Raises
    ------
    BadInput
        At a row with more or fewer fields than there are columns.
    """
    for count, line in enumerate(lines[header + 1 :], start=header + 2):
        if not has_data(line):
            continue
        here = Place(place.path, count)
        fields = split(here, line, delimiter)
        if len(fields) != len(columns):
            raise here.error(
                f"has {len(fields)} fields where the header has {len(columns)}; "
                "the file may be cut short, deliver it again"
            )
        yield here, {name: text.strip() for name, text in zip(columns, fields, strict=True)}


def table(content: Content) -> tuple[tuple[str, ...], Iterator[Record]]:
    """Columns and rows of a file whose header is its first line that is no comment.

    Raises
    ------
    BadInput
        As `records_below`, when the rows are taken; at once where a column comes twice.
    """
    index, line = next((i, line) for i, line in enumerate(content.lines) if has_data(line))
    columns = names_in(line)
    check_columns(Place(content.path, index + 1), columns)
    delimiter = delimiter_of(line)
    return columns, records_below(content.place, content.lines, index, columns, delimiter)
