"""The header and rows of a text table: separators, comments, rulers, decimal commas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from ...errors import BadInput
from ..columns import MOST_COLUMNS, check_columns, chosen, lacking
from ..rows import Place
from ..textfile import has_data
from .tally import Tally

FARTHEST_HEADER = 30  # lines before the first row
MOST_DELIMITERS = 20_000  # of a line, those inside quotes too
DELIMITERS = ",;\t|"
_RULER = frozenset("-=+|: \t")
_DECIMAL_COMMA = re.compile(r"[<>]?[+-]?\d+,\d+([eE][+-]?\d+)?", re.ASCII)
_NO_LINES = str.maketrans("+|:", "   ")
_SPANS = re.compile(r"[-=]+")


@dataclass(frozen=True)
class Table:
    """A text table as it is split.

    Attributes
    ----------
    place : Place
        Its header.
    columns : tuple of str
        Names in lower case.
    lines : sequence of (Place, str)
        The rows.
    delimiter : str
        Between fields; a blank for any number of them.
    spans : tuple of (int, int)
        First character of each column and that after its last, where a ruler shows them.
    """

    place: Place
    columns: tuple[str, ...]
    lines: Sequence[tuple[Place, str]] = field(repr=False)
    delimiter: str = ","
    spans: tuple[tuple[int, int], ...] = ()

    def records(
        self, tally: Tally, meanings: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Place, dict[str, str]]]:
        """Rows as mappings of the columns that mean something here.

        Parameters
        ----------
        tally : Tally
            Is told of rows that are skipped.
        meanings : mapping of meaning to column, optional
            Over what the names say.

        Raises
        ------
        BadInput
            At a row with more or fewer fields than the header has.
        """
        wanted = set(chosen(self.columns, meanings).values())
        used = [(i, name) for i, name in enumerate(self.columns) if name in wanted]
        commas = self.delimiter in ";\t"
        for place, line in self.lines:
            if _is_ruler(line):
                continue
            fields = self._fields(place, line)
            if not any(map(str.strip, fields)):
                continue
            if len(fields) != len(self.columns):
                raise place.error(
                    f"has {len(fields)} fields where the header has {len(self.columns)}; the file "
                    "may be cut short, or blanks inside a field need quotes; deliver it again"
                )
            if self._repeats_header(fields):
                tally.leave_out(place, "the header again")
                continue
            record = {name: fields[i] for i, name in used}
            yield place, ({k: _point(v) for k, v in record.items()} if commas else record)

    def _repeats_header(self, fields: list[str]) -> bool:
        return fields[0].strip().lower() == self.columns[0] and _names(fields) == self.columns

    def _fields(self, place: Place, line: str) -> list[str]:
        if self.spans:
            return _cut(place, line, self.spans)
        return split(place, line, self.delimiter)


def table_of(place: Place, lines: Sequence[str]) -> Table:
    """Find header and rows of a text.

    The header is the first line that is no comment; where that is a row of numbers, the last
    comment before it, if it names what a light curve needs.

    Raises
    ------
    BadInput
        When there is none.
    """
    numbered = [(Place(place.path, i), line) for i, line in enumerate(lines, start=1)]
    data = [(where, line) for where, line in numbered if has_data(line)]
    if data and _is_ruler(data[0][1]):
        data = data[1:]
    if not data:
        raise place.error("has comments only; add its rows")
    where, header = data[0]
    rows = data[1:]
    if _is_numbers(header):
        commented = _commented_header(numbered[: (where.row or 1) - 1])
        if commented is None:
            raise where.error(
                "is the first line, and no header; name the columns, as mjd,filter,mag,magerr"
            )
        where, header, rows = *commented, data
    return _table(where, header, rows)


def _table(where: Place, header: str, rows: list[tuple[Place, str]]) -> Table:
    spans: tuple[tuple[int, int], ...] = ()
    delimiter = max(DELIMITERS, key=header.count)
    if not header.count(delimiter):
        delimiter = " "
    if rows and delimiter == " " and _is_ruler(rows[0][1]):
        found = _SPANS.finditer(rows[0][1].replace("\t", " "))
        spans = tuple(one.span() for one in islice(found, MOST_COLUMNS + 1))
    fields = _cut(where, header, spans) if spans else split(where, header, delimiter)
    columns = _names(fields)
    if not any(columns):
        raise Place(where.path).error("is empty; write or deliver it again")
    check_columns(where, columns)
    return Table(where, columns, rows, delimiter, spans)


def split(place: Place, line: str, delimiter: str) -> list[str]:
    """Fields of a line.

    Each line on its own: were fields allowed to span lines, one stray quote would swallow rows
    without a word.

    Raises
    ------
    BadInput
        When quotes are not closed.
    """
    line = line.strip() if delimiter in " |" else line
    if line.count(delimiter) > MOST_DELIMITERS:
        raise place.error(
            f"has more than {MOST_DELIMITERS} fields, not a light curve's; deliver the file again"
        )
    if delimiter == " ":
        line = line.replace("\t", " ")
    elif delimiter == "|":
        line = line.removeprefix("|").removesuffix("|")
    try:
        return next(
            csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=delimiter == " "),
            [],
        )
    except csv.Error as error:
        raise place.error(f"is not CSV ({error}); correct it or remove it") from None


def _names(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(" ".join(field.lower().split()) for field in fields)


def _cut(place: Place, line: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Fields of a fixed-width line, each below its part of the ruler."""
    line = line.replace("\t", " ")
    ends = [start for start, _ in spans[1:]]
    if any(line[end:start].strip() for (_, end), start in zip(spans, ends, strict=False)):
        raise place.error("its fields are not below those of the header; correct it")
    return [line[start:end] for start, end in zip([0, *ends], [*ends, len(line)], strict=True)]


def _is_ruler(line: str) -> bool:
    return set(line) <= _RULER and len(line.translate(_NO_LINES).split(maxsplit=2)) > 1


def _is_numbers(line: str) -> bool:
    """Whether a line starts as a row of a table does, not as a header."""
    start = line.strip().lstrip("\"'+-")
    return start[:1].isdigit()


def _commented_header(before: Sequence[tuple[Place, str]]) -> tuple[Place, str] | None:
    """Last comment before the rows that names what a light curve needs."""
    for where, line in reversed(before[-FARTHEST_HEADER:]):
        text = line.strip().lstrip("#").strip()
        with suppress(BadInput):
            if text and not lacking(chosen(_table(where, text, []).columns)):
                return where, text
    return None


def _point(text: str) -> str:
    """A number with a decimal comma with a point instead."""
    stripped = text.strip()
    return stripped.replace(",", ".") if _DECIMAL_COMMA.fullmatch(stripped) else text
