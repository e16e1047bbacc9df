"""From Vega magnitudes to AB: a published difference for each band that is quoted in Vega."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from .bands import BANDS, wavelength
from .errors import BadInput


class Difference(NamedTuple):
    """What is added to a Vega magnitude to make it AB, in mag, and where that is published."""

    mag: float
    source: str


_BLANTON: Final = "Blanton & Roweis 2007, AJ 133, 734, Table 1"
_LANDOLT: Final = f"calibrated with Landolt's stars: {_BLANTON}"
_GAIA: Final = "Gaia EDR3 zero points, Riello et al. 2021, A&A 649, A3"
_UVOT: Final = "Breeveld et al. 2011, AIP Conf. Proc. 1358, 373"
_WISE: Final = "Jarrett et al. 2011, ApJ 735, 112"
_CSP: Final = "zero points of Krisciunas et al. 2017, AJ 154, 211, through the shipped curves"

_JOHNSON: Final = {"u": 0.79, "b": -0.09, "v": 0.02, "r": 0.21, "i": 0.45}
_TABLE: Final[dict[str, dict[str, float]]] = {
    _BLANTON: {
        **{f"bessell{'ux' if x == 'u' else x}": mag for x, mag in _JOHNSON.items()},
        **{"2massj": 0.91, "2massh": 1.39, "2massks": 1.85},
    },
    _LANDOLT: {
        **{f"standard::{x}": mag for x, mag in _JOHNSON.items()},
        **{f"4shooter2::{'us' if x == 'u' else x}": mag for x, mag in _JOHNSON.items()},
        **{"keplercam::us": 0.79, "keplercam::b": -0.09, "keplercam::v": 0.02},
    },
    _GAIA: {"gaia::g": 0.114, "gaia::gbp": 0.016, "gaia::grp": 0.356},
    _UVOT: {
        **{"uvot::v": -0.01, "uvot::b": -0.13, "uvot::u": 1.02, "uvot::uvw1": 1.51},
        **{"uvot::uvm2": 1.69, "uvot::uvw2": 1.73, "uvot::white": 0.80},
    },
    _WISE: {"wise::w1": 2.699, "wise::w2": 3.339, "wise::w3": 5.174, "wise::w4": 6.620},
    _CSP: {
        **{"cspb": -0.125, "cspv3009": -0.014, "cspv3014": -0.016, "cspv9844": -0.020},
        **{"cspys": 0.629, "cspyd": 0.642, "cspjs": 0.902, "cspjd": 0.900},
        **{"csphs": 1.343, "csphd": 1.341, "cspk": 1.832},
    },
}

DIFFERENCES: Final[Mapping[str, Difference]] = MappingProxyType(
    {band: Difference(mag, source) for source, each in _TABLE.items() for band, mag in each.items()}
)
"""Canonical band to m(AB) - m(Vega)."""


def ab_minus_vega(band: str) -> float:
    """What is added to a Vega magnitude in a canonical band to make it AB, in mag.

    Raises
    ------
    BadInput
        When the band is unknown, or no difference is published for it here.
    """
    if band not in BANDS:
        wavelength(band)  # raises, with advice
    if band not in DIFFERENCES:
        raise BadInput(
            f"no difference of Vega and AB magnitudes is known for band {reprlib.repr(band)}; "
            "convert them to AB"
        )
    return DIFFERENCES[band].mag
