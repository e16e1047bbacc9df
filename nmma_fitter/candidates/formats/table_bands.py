"""The band of a table's row: names, bare letters, a survey's numbers."""

from __future__ import annotations

import reprlib

from ...band_names import NUMBERS
from ...bands import SURVEYS, canonical
from ...errors import BadInput
from ..cells import Cells
from ..rows import Place, band_of, is_missing
from .tally import Tally

_LETTERS = frozenset("ugrizy")  # which several surveys have


class Bands:
    """Reads the bands of a table.

    Parameters
    ----------
    bands : str
        Survey of bare letters where nothing else says.
    survey : str, optional
        Whose file it is: its R is its r.
    tally : Tally
        Is told of unknown names and of letters.
    """

    def __init__(self, bands: str, survey: str | None, tally: Tally) -> None:
        self._bands, self._survey, self._tally = bands, survey, tally
        self._known: dict[tuple[str, str | None], str | BadInput] = {}

    def of(self, cells: Cells) -> str | None:
        """Canonical band; None where the row is left out, since nothing here knows it.

        Raises
        ------
        BadInput
            When the row names no band, or a number of a survey whose numbers are not known.
        """
        text = cells.word("band") or cells.word("fid")
        if not text:
            column = cells.column("band" if cells.has("band") else "fid")
            raise cells.place.error(f"{column} is empty; name the band or remove the row")
        if not cells.word("band") and text[0].isdigit():
            return _numbered(cells)
        given = cells.word("survey").lower()
        key = text, given if given in SURVEYS else self._survey
        if key not in self._known:
            self._known[key] = self._named(cells.place, *key)
        band = self._known[key]
        if isinstance(band, BadInput):
            self._tally.unknown_band(cells.place, text, band)
            return None
        return band

    def _named(self, place: Place, text: str, survey: str | None) -> str | BadInput:
        letter = _survey_letter(text, survey) if survey else text
        default = survey or self._bands
        try:
            band = band_of(letter, place, default)
        except BadInput as error:
            if text in _LETTERS:
                self._tally.say(
                    f"{default} has no {text}: where bare letters are another survey's, write "
                    f"its name before them, as sdss{text.lower()}, or change the setting bands"
                )
            return error
        of_survey = survey is not None and band == _own(survey, letter)
        if (len(text) == 1 or text == "Ks") and not of_survey:
            self._tally.letter(text, band)
        return band


def _survey_letter(text: str, survey: str) -> str:
    """The survey's own letter for a capital one, as R of ZTF's is its r."""
    lower = text.lower()
    return lower if len(text) == 1 and _own(survey, lower) else text


def _own(survey: str, letter: str) -> str | None:
    """Band that a survey has for a letter that no other system claims."""
    if letter not in _LETTERS:
        return None
    try:
        return canonical(letter, default=survey)
    except BadInput:
        return None


def _numbered(cells: Cells) -> str:
    """Band of a survey's number for it."""
    given = cells.text("survey")
    survey = "ztf" if is_missing(given) else given.lower()
    if survey not in NUMBERS:
        raise cells.place.error(
            f"{cells.column('fid')} is a number of {reprlib.repr(given)}, whose numbers are not "
            "known here; write the band's name in a column filter"
        )
    known, value = NUMBERS[survey], cells.number("fid")
    if value not in known:
        raise cells.place.error(
            f"{cells.column('fid')} is {value:g}, not 1 (g), 2 (r) or 3 (i); correct it"
        )
    return known[value]
