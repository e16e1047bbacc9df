"""What one field of a table says: a magnitude or that there is none, a limit, a sign, a system."""

from __future__ import annotations

import math
import reprlib
from typing import Final

from .rows import Place, is_missing, number

# What surveys write where there is no value; no magnitude and no error of one is as large.
_NINES: Final = frozenset(
    sign * value
    for value in (99.0, 99.9, 99.99, 99.999, 999.0, 999.9, 999.99, 999.999, 9999.0, 9999.99)
    for sign in (1, -1)
)
_TRUE: Final = frozenset(("t", "true", "y", "yes", "1", "+1"))
_FALSE: Final = frozenset(("f", "false", "n", "no", "0"))
_POSITIVE: Final = _TRUE | {"positive", "pos", "p", "+"}
_NEGATIVE: Final = _FALSE | {"negative", "neg", "-1"}
_AB: Final = frozenset(("ab", "abmag", "abmags", "abmagnitude", "mag(ab)", "magab"))
_VEGA: Final = frozenset(("vega", "vegamag", "vegamags", "vegamagnitude", "mag(vega)", "magvega"))
_UNSTATED: Final = frozenset(("mag", "mags", "magnitude", "magnitudes"))
_FAINTER: Final = "<>\u2264\u2265"

MICROJANSKY: Final = {
    "jy": 1e6,
    "jansky": 1e6,
    "mjy": 1e3,
    "millijansky": 1e3,
    "ujy": 1.0,
    "\u00b5jy": 1.0,
    "\u03bcjy": 1.0,
    "microjy": 1.0,
    "microjansky": 1.0,
    "njy": 1e-3,
    "nanojansky": 1e-3,
}
"""Units of flux, in lower case, in microjansky."""


def magnitude_of(text: str, place: Place, column: str) -> tuple[float, bool]:
    """Magnitude of a field and whether it is written as a limit, as ``>20.5``; nan for none."""
    stripped = text.strip()
    limit = bool(stripped) and stripped[0] in _FAINTER
    value = number(stripped.lstrip(_FAINTER + "=") if limit else stripped, place, column)
    return (math.nan if value in _NINES else value), limit


def error_of(text: str, place: Place, column: str) -> float:
    """Error of a magnitude; nan for none."""
    value = number(text, place, column)
    return math.nan if value in _NINES else value


def flag_of(text: str, place: Place, column: str) -> bool | None:
    """Whether a field says yes; None where it says nothing. Raises `BadInput` on other words."""
    return _one_of(text, place, column, _TRUE, _FALSE, "true or false")


def sign_of(text: str, place: Place, column: str) -> bool | None:
    """Whether a subtraction is positive, in every form in use; None where the field is empty."""
    return _one_of(text, place, column, _POSITIVE, _NEGATIVE, "t or f, 1 or -1, positive or not")


def system_of(text: str, place: Place, column: str) -> str:
    """``ab``, ``vega`` or, where the field does not say, empty.

    Raises
    ------
    BadInput
        On another system.
    """
    word = text[:100].strip().lower().replace(" ", "").replace("_", "")
    if is_missing(text) or word in _UNSTATED:
        return ""
    if word in _AB:
        return "ab"
    if word in _VEGA:
        return "vega"
    raise place.error(
        f"{column} is {reprlib.repr(text)}, neither ab nor vega; convert the magnitudes to AB"
    )


def _one_of(
    text: str, place: Place, column: str, yes: frozenset[str], no: frozenset[str], known: str
) -> bool | None:
    word = text[:100].strip().lower().replace("\u2212", "-")
    if "." in word:
        word = word.rstrip("0").removesuffix(".")
    if word in yes:
        return True
    if word in no:
        return False
    if is_missing(text):
        return None
    raise place.error(f"{column} is {reprlib.repr(text)}, not one of {known}; correct it")
