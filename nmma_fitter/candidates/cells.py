"""One row of a table, its fields found by what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .fields import error_of, flag_of, magnitude_of, sign_of, system_of
from .rows import Place, is_missing, number


@dataclass(frozen=True, slots=True)
class Cells:
    """The fields of a row.

    Attributes
    ----------
    place : Place
        Where the row is, for messages.
    fields : mapping of column to text
    columns : mapping of meaning to column
        Of `columns.chosen`.
    """

    place: Place
    fields: Mapping[str, str]
    columns: Mapping[str, str]

    def has(self, meaning: str) -> bool:
        """Whether the table has such a column."""
        return meaning in self.columns

    def column(self, meaning: str) -> str:
        """The column's name, for messages; the meaning where there is none."""
        return self.columns.get(meaning, meaning)

    def text(self, meaning: str) -> str:
        """The field without blanks around it; empty where the table has no such column."""
        column = self.columns.get(meaning)
        return "" if column is None else self.fields.get(column, "").strip()

    def word(self, meaning: str) -> str:
        """As `text`, and empty where the field says that it has no value."""
        text = self.text(meaning)
        return "" if is_missing(text) else text

    def number(self, meaning: str) -> float:
        """Number of the field; nan where it has none."""
        return number(self.text(meaning), self.place, self.column(meaning))

    def magnitude(self, meaning: str) -> tuple[float, bool]:
        """Magnitude of the field, and whether it is written as a limit."""
        return magnitude_of(self.text(meaning), self.place, self.column(meaning))

    def error(self, meaning: str) -> float:
        """Error of a magnitude."""
        return error_of(self.text(meaning), self.place, self.column(meaning))

    def flag(self, meaning: str) -> bool | None:
        """Yes, no, or None where the field says nothing."""
        return flag_of(self.text(meaning), self.place, self.column(meaning))

    def positive(self) -> bool | None:
        """Sign of the subtraction; None where nothing says it.

        Raises
        ------
        BadInput
            Where a column gives signs, and this row has none.
        """
        for meaning in ("sign", "negative"):
            if not self.has(meaning):
                continue
            found = sign_of(self.text(meaning), self.place, self.column(meaning))
            if found is None:
                raise self.place.error(
                    f"{self.column(meaning)} is empty, so the sign of the subtraction is not "
                    "known; give it or remove the row"
                )
            return found if meaning == "sign" else not found
        return None

    def system(self) -> str:
        """``ab``, ``vega``, or empty where the row does not say."""
        return system_of(self.text("system"), self.place, self.column("system"))
