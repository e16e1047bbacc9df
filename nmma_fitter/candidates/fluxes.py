"""The flux of a table's row, in microjansky."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import BadInput
from ..vega import ab_minus_vega
from .cells import Cells
from .columns import folded, unit_in
from .fields import MICROJANSKY
from .rows import LIMIT_SIGMAS, Place
from .units import AB_ZERO_POINT

UNITS = ("njy", "mjy", "ujy", "jy")
_RUBIN = "psfflux"  # Rubin's, in nJy
_REMEDY = "name it flux_ujy (or flux_njy, flux_mjy), or add a column unit or zp"


@dataclass(frozen=True, slots=True)
class Flux:
    """Flux and 1-sigma error of a row, microjansky; nan where the row has none."""

    value: float
    error: float

    @property
    def limit(self) -> float:
        """AB magnitude of five times its error; nan where it has none."""
        if not 0 < self.error < math.inf:
            return math.nan
        return AB_ZERO_POINT - 2.5 * math.log10(LIMIT_SIGMAS * self.error)


def unit_of(place: Place, columns: Mapping[str, str], given: str = "") -> str | None:
    """Unit of a table's fluxes where its columns' names or the caller say; else None.

    Raises
    ------
    BadInput
        When a name gives a unit that is not known here.
    """
    column = columns.get("flux", "")
    inside = unit_in(column)
    if inside:
        if inside not in MICROJANSKY:
            raise place.error(f"column {reprlib.repr(column)} is in a unit unknown here; {_REMEDY}")
        return inside
    name = folded(column)
    if name == _RUBIN:
        return "njy"
    name = name.replace("microjansky", "ujy")
    return next((unit for unit in UNITS if unit in name), given or None)


def flux_of(cells: Cells, band: str, system: str, unit: str | None) -> Flux:
    """Flux of a row.

    Parameters
    ----------
    cells : Cells
    band : str
        Canonical.
    system : str
        Of the zero point; one that is not stated is AB's.
    unit : str, optional
        Of `unit_of`.

    Raises
    ------
    BadInput
        When value or unit cannot be read.
    """
    value, error = cells.number("flux"), cells.number("flux_err")
    if math.isnan(value) and math.isnan(error):
        return Flux(math.nan, math.nan)
    if error < 0:  # a mark such as -999
        return Flux(math.nan, math.nan)
    factor = _factor(cells, band, system, unit)
    return Flux(value * factor, error * factor)


def _factor(cells: Cells, band: str, system: str, unit: str | None) -> float:
    """Microjansky in one unit of a row's flux."""
    if cells.has("zp"):
        zero = cells.number("zp")
        if not -50 <= zero <= 60:
            raise cells.place.error(f"{cells.column('zp')} is {zero:g}, no zero point; correct it")
        zero += _offset(cells, band) if system == "vega" else 0.0
        return float(10 ** ((AB_ZERO_POINT - zero) / 2.5))
    stated = cells.word("unit").lower().replace(" ", "")
    if stated and stated not in MICROJANSKY:
        raise cells.place.error(f"{cells.column('unit')} is {reprlib.repr(stated)}; {_REMEDY}")
    name = stated or unit
    if name is None:
        raise cells.place.error(f"{cells.column('flux')} has no unit; {_REMEDY}")
    return MICROJANSKY[name]


def _offset(cells: Cells, band: str) -> float:
    try:
        return ab_minus_vega(band)
    except BadInput as error:
        raise cells.place.error(str(error)) from None
