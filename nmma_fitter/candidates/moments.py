"""The time of a table's row, in MJD (UTC)."""

from __future__ import annotations

from typing import Final

from .cells import Cells
from .columns import TIMES
from .rows import JD_OF_MJD_ZERO, MJD_RANGE, is_date, mjd_from_isot, mjd_from_number

TAI_MINUS_UTC: Final = 37.0  # seconds, since 2017 (IERS Bulletin C)
SECONDS_PER_DAY: Final = 86400.0

NOTES: Final = {
    "hjd": "times are heliocentric (HJD), used as they are: up to 8 minutes from UTC",
    "bjd": "times are barycentric (BJD), used as they are: up to 10 minutes from UTC",
    "tai": f"times are TAI: {TAI_MINUS_UTC:.0f} s were subtracted",
}
"""What is said of a time that is not UTC, by meaning of its column."""


def mjd_of(cells: Cells) -> tuple[float, str]:
    """Time of a row, and the meaning of the column that gives it.

    The first of the table's time columns that has a value counts.

    Raises
    ------
    BadInput
        When there is no time, or an impossible one.
    """
    having = [meaning for meaning in TIMES if cells.has(meaning)]
    meaning = next((one for one in having if cells.word(one)), having[0])
    text, column, place = cells.text(meaning), cells.column(meaning), cells.place
    if meaning in ("mjd", "jd", "time") and is_date(text):
        return mjd_from_isot(text, place), meaning
    if meaning == "time":
        julian = _looks_julian(cells)
        return mjd_from_number(text, place, column, julian=julian), meaning
    julian = meaning in ("jd", "hjd", "bjd")
    mjd = mjd_from_number(text, place, column, julian=julian)
    if meaning == "tai":
        mjd = round(mjd - TAI_MINUS_UTC / SECONDS_PER_DAY, 9)
    return mjd, meaning


def _looks_julian(cells: Cells) -> bool:
    low, high = MJD_RANGE
    return low <= cells.number("time") - JD_OF_MJD_ZERO <= high
