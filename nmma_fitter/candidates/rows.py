"""One row of a photometry file: its numbers read with suspicion, and the rules it must meet."""

from __future__ import annotations

import math
import re
import reprlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..bands import canonical
from ..errors import BadInput
from .units import AB_ZERO_POINT, MAG_PER_LN

JD_OF_MJD_ZERO = 2400000.5
MJD_RANGE = (30000.0, 100000.0)  # 1941 to 2132: outside it is another time scale or a typing error
MAG_RANGE = (-10.0, 40.0)
SMALLEST_ERROR = 1e-6  # mag, the digest's last digit
LARGEST_ERROR = 10.0  # mag
LIMIT_SIGMAS = 5.0  # of a limit that follows from a flux's error
FLUX_RANGE = (-4e13, 4e13)  # microjansky: as far from zero as the brightest magnitude

# float() would also take '1_0' and the digits of other scripts.
# Nothing here can match in two ways, which would take the square of a field's length.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LONGEST_NUMBER = 100  # characters
_DECIMAL_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(\.\d+)", re.ASCII)
_NO_VALUE = ["", "nan", "na", "n/a", "n.a.", "<na>", "nat", "none", "null", "\\n", "nodata"]
_NOT_SEEN = ["nondetection", "non-detection", "nondet", "undetected", "not detected", "masked"]
_MISSING = frozenset([*_NO_VALUE, *_NOT_SEEN, "-", "--", "---", "..."])
_INFINITE = {"inf", "+inf", "infinity"}
_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something is, as a person who opens it counts.

    Attributes
    ----------
    path : Path
        The file.
    row : int, optional
        Line as an editor or a spreadsheet shows it; a header is row 1.
    """

    path: Path
    row: int | None = None

    def __str__(self) -> str:
        text = str(self.path)
        name = text if text.isprintable() else repr(text)
        return name if self.row is None else f"{name}, row {self.row}"

    def error(self, problem: str) -> BadInput:
        """One-line error that says where the problem is."""
        return BadInput(f"{self}: {problem}")


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement as the file states it.

    Attributes
    ----------
    row : int
        Its line in the file (see `Place`).
    mjd : float
        MJD (UTC).
    band : str
        Canonical band.
    mag, mag_err : float
        AB magnitude and 1-sigma error; nan where the row has none.
    limit : float
        Limiting AB magnitude; nan where not recorded.
    forced : bool
        True for forced photometry, False for an alert's.
    flux, flux_err : float
        Flux and 1-sigma error, microjansky; nan where the file states none.
    instrument : str
        Telescope or instrument; empty where the file does not say.
    baseline : str
        Names the rows that share an additive error of their flux; empty for none.
    baseline_err : float
        1-sigma of that error, microjansky.
    """

    row: int
    mjd: float
    band: str
    mag: float
    mag_err: float
    limit: float
    forced: bool = False
    flux: float = math.nan
    flux_err: float = math.nan
    instrument: str = ""
    baseline: str = ""
    baseline_err: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether it is a measurement, not an upper limit."""
        return not (math.isnan(self.mag) and math.isnan(self.flux))


def of_flux(
    place: Place,
    mjd: float,
    band: str,
    flux: float,
    flux_err: float,
    *,
    limit: float = math.nan,
    forced: bool = True,
    instrument: str = "",
    baseline: str = "",
    baseline_err: float = 0.0,
) -> Row:
    """Row of a flux in microjansky; a positive one has its magnitude beside it.

    Raises
    ------
    BadInput
        When flux or error cannot be right.
    """
    low, high = FLUX_RANGE
    if not low <= flux <= high:
        raise place.error(f"flux {flux:g} microjansky is outside {low:g} to {high:g}; correct it")
    if not 0 < flux_err <= high:
        raise place.error(
            f"flux error must be above 0 (got {flux_err:g}); correct it or remove the row"
        )
    mag = mag_err = math.nan
    if flux > 0:
        mag = AB_ZERO_POINT - 2.5 * math.log10(flux)
        mag_err = MAG_PER_LN * flux_err / flux
        if mag_err > LARGEST_ERROR or not MAG_RANGE[0] <= mag <= MAG_RANGE[1]:
            mag = mag_err = math.nan
    if math.isnan(limit):
        limit = AB_ZERO_POINT - 2.5 * math.log10(LIMIT_SIGMAS * flux_err)
        if not MAG_RANGE[0] <= limit <= MAG_RANGE[1]:
            raise place.error(f"flux error {flux_err:g} microjansky cannot be right; correct it")
    else:
        _check_mag(limit, place, "limiting magnitude")
    number_in_file = place.row or 0
    how = (forced, flux, flux_err, instrument, baseline, baseline_err)
    return Row(number_in_file, mjd, band, mag, mag_err, limit, *how)


def is_missing(text: str) -> bool:
    """Whether a field says that there is no value."""
    return len(text) <= LONGEST_NUMBER and text.strip().lower() in _MISSING


def number(text: str, place: Place, column: str) -> float:
    """Value of a field; nan where it is empty or says nan, inf where it says inf."""
    stripped = text.strip().replace("\N{MINUS SIGN}", "-")
    if is_missing(stripped):
        return math.nan
    if stripped.lower() in _INFINITE:
        return math.inf
    if len(stripped) > LONGEST_NUMBER or not _NUMBER.fullmatch(stripped):
        raise place.error(f"{column} is {reprlib.repr(text)}, not a number; correct it")
    return float(stripped)


def mjd_from_number(text: str, place: Place, column: str, *, julian: bool | None = None) -> float:
    """MJD of a date given as a number.

    Parameters
    ----------
    text : str
    place : Place
    column : str
        Its name, for messages.
    julian : bool, optional
        Whether the column holds Julian dates; by default whether it is called `jd`.

    Raises
    ------
    BadInput
        When the date is missing or outside `MJD_RANGE`, as after a mix-up of JD and MJD.
    """
    if "/" in text:
        raise _ambiguous(text, place)
    value = number(text, place, column)
    if math.isnan(value):
        raise place.error(f"{column} is missing; give the date or remove the row")
    julian = column == "jd" if julian is None else julian
    # A double resolves 4e-10 d of a JD: the digits after the ninth are noise of the subtraction.
    mjd = round(value - JD_OF_MJD_ZERO, 9) if julian else value
    low, high = MJD_RANGE
    if low <= mjd <= high:
        return mjd
    if julian and low <= value <= high:
        raise place.error(f"{column} is {text.strip()}, which is an MJD; name the column mjd")
    if not julian and low <= value - JD_OF_MJD_ZERO <= high:
        raise place.error(f"{column} is {text.strip()}, which is a JD; subtract 2400000.5")
    start = JD_OF_MJD_ZERO if julian else 0.0
    raise place.error(
        f"{column} is {value:g}, outside {low + start:.9g} to {high + start:.9g}; correct the date"
    )


def is_date(text: str) -> bool:
    """Whether a field looks like a calendar date, not like a number."""
    return "-" in text.strip()[1:] or ":" in text or "/" in text


def mjd_from_isot(text: str, place: Place) -> float:
    """MJD of a date such as 2017-08-18T00:00:00.000, which is UTC where it names no zone.

    A day may have a fraction instead of a time, as 2017-08-18.25.
    """
    stripped = text.strip()[: LONGEST_NUMBER + 1]
    if "/" in stripped:
        if stripped[4:5] != "/":
            raise _ambiguous(text, place)
        stripped = stripped.replace("/", "-")
    decimal = _DECIMAL_DAY.fullmatch(stripped)
    day, fraction = (decimal[1], float(decimal[2])) if decimal else (stripped, 0.0)
    try:
        if len(stripped) > LONGEST_NUMBER or day[10:11] not in ("", "T", "t", " "):
            raise ValueError  # fromisoformat takes any character between day and time
        when = datetime.fromisoformat(day)
    except ValueError:
        shown = reprlib.repr(text)
        raise place.error(
            f"date {shown} is neither an MJD nor like 2017-08-18T00:00:00.000; correct it"
        ) from None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    mjd = (aware - _EPOCH) / timedelta(days=1)
    if fraction:
        mjd = round(mjd + fraction, 9)
    if not MJD_RANGE[0] <= mjd <= MJD_RANGE[1]:
        raise place.error(f"date {reprlib.repr(text)} is outside 1941 to 2132; correct it")
    return mjd


def _ambiguous(text: str, place: Place) -> BadInput:
    return place.error(
        f"date {reprlib.repr(text)} may be day or month first; correct it to year-month-day"
    )


def band_of(text: str, place: Place, survey: str) -> str:
    """Canonical band of a field, with the place added to the error."""
    try:
        return canonical(text, default=survey)
    except BadInput as error:
        raise place.error(str(error)) from None


def checked(
    place: Place, mjd: float, band: str, mag: float, mag_err: float, limit: float, forced: bool
) -> Row | None:
    """Row with these values, or None where there is neither a magnitude nor a limit.

    A row without magnitude (nan) is an upper limit at `limit`.

    Raises
    ------
    BadInput
        When a value that is needed is missing or impossible.
    """
    if not math.isnan(limit):
        _check_mag(limit, place, "limiting magnitude")
    if math.isnan(mag):
        if math.isnan(limit):
            return None
        return Row(place.row or 0, mjd, band, math.nan, math.nan, limit, forced)
    _check_mag(mag, place, "magnitude")
    if math.isnan(mag_err):
        raise place.error("the magnitude has no error; give one or remove the row")
    if not SMALLEST_ERROR <= mag_err <= LARGEST_ERROR:
        raise place.error(
            f"magnitude error {mag_err:g} is not between 0 and {LARGEST_ERROR:g}; "
            "correct it or remove the row"
        )
    return Row(place.row or 0, mjd, band, mag, mag_err, limit, forced)


def _check_mag(value: float, place: Place, what: str) -> None:
    low, high = MAG_RANGE
    if not low <= value <= high:
        raise place.error(
            f"{what} {value:g} is outside {low:g} to {high:g}; correct it (a flux, convert to AB "
            "mag), or leave it empty (99 in a survey file) where there is none"
        )
