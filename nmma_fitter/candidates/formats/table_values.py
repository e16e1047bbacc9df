"""The magnitude, limit or flux of a table's row."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import BadInput
from ...vega import ab_minus_vega
from ..cells import Cells
from ..fluxes import Flux, flux_of
from ..rows import LARGEST_ERROR, SMALLEST_ERROR, Row, checked, of_flux
from .tally import Tally

_NEGATIVE = "the magnitude of a negative subtraction"
_NO_ERROR = "a magnitude whose error is missing, 0, negative or above 10 mag"
_NO_FLUX_ERROR = "a flux whose error is missing or 0"
_NOTHING = "neither a magnitude nor a limit"
_UNCLEAR = "a magnitude that is marked as not detected, without a limit"


@dataclass(frozen=True, slots=True)
class Values:
    """What a row states; nan where it states nothing."""

    mag: float
    err: float
    limit: float
    marked: bool = False  # as a limit, so that no flux beside it counts


def row_of(
    cells: Cells, mjd: float, band: str, system: str, unit: str | None, tally: Tally
) -> Row | None:
    """Row of a table's fields, or None where it is left out.

    Parameters
    ----------
    cells : Cells
    mjd : float
    band : str
        Canonical.
    system : str
        ``ab`` or ``vega`` where the row itself does not say; empty where it is not known.
    unit : str, optional
        Of its flux, where the row itself does not say.
    tally : Tally
        Is told why a row is left out.

    Raises
    ------
    BadInput
        At a value that cannot be read, or cannot be right.
    """
    stated = cells.system() or system
    values = _values(cells, tally)
    if values is None:
        return None
    flux = Flux(math.nan, math.nan)
    if math.isnan(values.mag) and cells.has("flux") and not values.marked:
        flux = flux_of(cells, band, stated, unit)
    if math.isnan(flux.value):
        return _of_magnitude(cells, mjd, band, stated, values, flux.limit, tally)
    limit = _in_ab(cells, band, stated, values, tally).limit
    if not 0 < flux.error < math.inf:
        error = cells.place.error(
            f"{cells.column('flux_err')} must be above 0 (got {flux.error:g}); correct it"
        )
        tally.leave_out(cells.place, _NO_FLUX_ERROR, error)
        return None
    return of_flux(cells.place, mjd, band, flux.value, flux.error, limit=limit)


def _of_magnitude(
    cells: Cells,
    mjd: float,
    band: str,
    system: str,
    values: Values,
    limit_of_flux: float,
    tally: Tally,
) -> Row | None:
    if not math.isnan(values.mag) and not SMALLEST_ERROR <= values.err <= LARGEST_ERROR:
        tally.leave_out(cells.place, _NO_ERROR, _wrong_error(cells, values.err))
        return None
    in_ab = _in_ab(cells, band, system, values, tally)
    limit = limit_of_flux if math.isnan(in_ab.limit) else in_ab.limit
    row = checked(cells.place, mjd, band, in_ab.mag, in_ab.err, limit, False)
    if row is None:
        tally.leave_out(cells.place, _NOTHING)
    return row


def _values(cells: Cells, tally: Tally) -> Values | None:
    """Magnitude, error and limit as written; None where the row is left out."""
    mag, written_as_limit = cells.magnitude("mag")
    err = cells.error("mag_err")
    limit, flagged = _limit(cells)
    if written_as_limit or math.isinf(err):
        return _marked(limit if math.isnan(mag) else mag)
    if flagged or cells.flag("limit_flag"):
        return _marked(mag if math.isnan(limit) else limit)
    if cells.has("detected") and not math.isnan(mag) and not _is_detected(cells):
        if math.isnan(limit) and not math.isnan(err):
            tally.leave_out(cells.place, _UNCLEAR)
            return None
        return _marked(mag if math.isnan(limit) else limit)
    if not math.isnan(mag) and cells.positive() is False:
        tally.leave_out(cells.place, _NEGATIVE)
        return None
    return Values(mag, err, limit)


def _marked(limit: float) -> Values:
    return Values(math.nan, math.nan, limit, marked=not math.isnan(limit))


def _limit(cells: Cells) -> tuple[float, bool]:
    """Limiting magnitude, and whether the column only flags that the magnitude is one."""
    text = cells.text("limit").lower()
    if text in ("t", "true", "f", "false", "y", "yes", "n", "no", "0", "1", "0.0", "1.0"):
        return math.nan, bool(cells.flag("limit"))
    return cells.magnitude("limit")[0], False


def _is_detected(cells: Cells) -> bool:
    found = cells.flag("detected")
    if found is None:
        raise cells.place.error(
            f"{cells.column('detected')} is empty; say whether the magnitude is a detection"
        )
    return found


def _in_ab(cells: Cells, band: str, system: str, values: Values, tally: Tally) -> Values:
    """Values in AB, which are taken as it where nothing says another system."""
    if math.isnan(values.mag) and math.isnan(values.limit):
        return values
    if not system:
        tally.unstated_system(cells.word("band"), band)
    if system != "vega":
        return values
    try:
        offset = ab_minus_vega(band)
    except BadInput as error:
        raise cells.place.error(str(error)) from None
    tally.converted(band)
    return Values(values.mag + offset, values.err, values.limit + offset)


def _wrong_error(cells: Cells, err: float) -> BadInput:
    if math.isnan(err):
        return cells.place.error("the magnitude has no error; give one or remove the row")
    return cells.place.error(
        f"magnitude error {err:g} is not between 0 and {LARGEST_ERROR:g}; "
        "correct it or remove the row"
    )
