"""From Vega to AB magnitudes."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Final

from .errors import BadInput

AB_MINUS_VEGA: Final[Mapping[str, float]] = {
    "bessellux": 0.79,
    "bessellb": -0.09,
    "bessellv": 0.02,
    "bessellr": 0.21,
    "besselli": 0.45,
    "2massj": 0.91,
    "2massh": 1.39,
    "2massks": 1.85,
}
"""AB minus Vega magnitude of a canonical band (Blanton & Roweis 2007, AJ 133, 734, table 1)."""


def ab_minus_vega(band: str) -> float:
    """Magnitudes to add to a Vega magnitude of a canonical band: m_AB = m_Vega + this.

    Raises
    ------
    BadInput
        When the band has none.
    """
    try:
        return AB_MINUS_VEGA[band]
    except KeyError:
        raise BadInput(
            f"no conversion from Vega to AB is known for band {reprlib.repr(band)}; "
            "give its magnitudes in AB"
        ) from None
