"""Lists of measurements whose columns have different names, brought together as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..columns import chosen
from ..rows import Place
from .base import Photometry
from .json_text import text_of
from .table_rows import MOST_ROWS, rows_of
from .tally import Tally

_PREFIXES = ("i:", "r:", "d:", "f:", "v:")  # Fink's


@dataclass
class Lists:
    """Measurements of one object as they come together.

    A row is counted through the lists from 1, since JSON and Avro have no lines.

    Attributes
    ----------
    place : Place
        The file.
    tally : Tally
        What is left out before the rows are read.
    """

    place: Place
    tally: Tally = field(default_factory=Tally)
    _records: list[tuple[Place, dict[str, str]]] = field(default_factory=list)
    _columns: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def numbered(self, values: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Place, Any]]:
        """Values with their place, flattened to texts by lower-case name without prefix."""
        for value in values:
            self._count += 1
            if self._count > MOST_ROWS:
                raise self.place.error(
                    f"has more than {MOST_ROWS} measurements, so is not one object's; "
                    "deliver one file per object"
                )
            yield Place(self.place.path, self._count), flat(value)

    def add(
        self,
        records: Sequence[tuple[Place, Mapping[str, str]]],
        more: Mapping[str, str],
        over: Mapping[str, str] | None = None,
    ) -> None:
        """Add one list of records, its columns found by what they mean.

        Parameters
        ----------
        records : sequence of (Place, mapping of column to text)
        more : mapping of meaning to text
            What every record gets where it has nothing.
        over : mapping of meaning to column, optional
            As in `columns.chosen`.
        """
        columns = dict.fromkeys(name for _, record in records for name in record)
        meanings = chosen(list(columns), over)
        for meaning in (*meanings, *more):
            self._call(meaning, meanings.get(meaning, meaning))
        for place, record in records:
            found = {meaning: record.get(column, "") for meaning, column in meanings.items()}
            stated = {meaning: text for meaning, text in found.items() if text}
            texts = {**found, **more, **stated}
            named = {self._columns[meaning]: text for meaning, text in texts.items()}
            self._records.append((place, named))

    def _call(self, meaning: str, column: str) -> None:
        """Give a meaning the name that its first list has for it, for messages."""
        if meaning not in self._columns:
            taken = column in self._columns.values()
            self._columns[meaning] = meaning if taken else column

    def has(self, meaning: str) -> bool:
        """Whether any list has a column of this meaning."""
        return meaning in self._columns

    def photometry(self, bands: str, **how: Any) -> Photometry:
        """Rows of all lists; see `rows_of` for `how` and errors."""
        if not self._records:
            notes = "; ".join(self.tally.notes()) or "it has none"
            raise self.place.error(f"no usable measurement ({notes}); deliver it again")
        columns = list(self._columns.values())
        found = rows_of(self.place, columns, self._records, bands, meanings=self._columns, **how)
        return replace(found, notes=(*self.tally.notes(), *found.notes))


def flat(value: Mapping[str, Any]) -> dict[str, str]:
    """Texts of an object's single values, by lower-case name without a broker's prefix."""
    record: dict[str, str] = {}
    for key, one in value.items():
        name = key.strip().lower()
        bare = name[2:] if name.startswith(_PREFIXES) else name
        text = text_of(one)
        if text or bare not in record:
            record[bare] = record.get(bare) or text
    return record


def of_broker(lists: Lists, bands: str) -> Photometry:
    """Rows of a broker's lists: Rubin's where times are TAI, else ZTF's."""
    if lists.has("tai"):
        return lists.photometry(bands, survey="lsst", flux_unit="njy", instrument="LSST")
    return lists.photometry(bands, survey="ztf")
