"""Ways in which surveys and programs write the bands of the table (see `bands.canonical`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OF_SURVEY: Final[Mapping[str, Mapping[str, str]]] = {
    "ztf": {letter: f"ztf{letter}" for letter in "gri"},
    "sdss": {letter: f"sdss{letter}" for letter in "ugriz"},
    "ps1": {letter: f"ps1::{letter}" for letter in "grizy"},
    "lsst": {letter: f"lsst{letter}" for letter in "ugrizy"},
    "des": {letter: f"des{letter}" for letter in "ugrizy"},
}
NUMBERS: Final[Mapping[str, Mapping[float, str]]] = {"ztf": {1: "ztfg", 2: "ztfr", 3: "ztfi"}}
"""Survey to the bands of its numeric filter ids (fid of ZTF's alerts)."""

# Capitals are the Johnson-Cousins and near-infrared systems; only there does case matter.
BARE: Final = {
    "U": "bessellux",
    "B": "bessellb",
    "V": "bessellv",
    "R": "bessellr",
    "I": "besselli",
    "J": "2massj",
    "H": "2massh",
    "K": "2massks",
    "Ks": "2massks",
    "c": "atlasc",
    "o": "atlaso",
}

# Other beginnings that surveys and programs give to names of the table, and what may stand for
# them there; all folded: without case and separators.
BEGINNINGS: Final = {
    "panstarrs1": ("ps1",),
    "panstarrs": ("ps1",),
    "sloan": ("sdss",),
    "rubin": ("lsst",),
    "lsstcam": ("lsst",),
    "decam": ("des",),
    "palomar": ("ztf",),
    "swiftuvot": ("uvot",),
    "swift": ("uvot",),
    "johnson": ("bessell",),
    "cousins": ("bessell",),
    "landolt": ("standard",),
    "twomass": ("2mass",),
    "acswfc": ("",),
    "acswf": ("",),
    "acs": ("",),
    "wfc3uvis": ("uv", ""),
    "wfc3ir": ("",),
    "wfc3": ("uv", ""),
    "nicmos2": ("nic",),
    "nicmos": ("nic",),
    "nircam": ("",),
    "miri": ("",),
    "romanwfi": ("",),
    "roman": ("",),
    "megacam6": ("megacampsf",),
    "megacam": ("megacampsf",),
    "swope2": ("csp",),
    "euclidnisp": ("euclid",),
}

# Whole names, folded.
OTHERS: Final = {
    "bessellu": "bessellux",
    "2massk": "2massks",
    "uvw1": "uvot::uvw1",
    "uvw2": "uvot::uvw2",
    "uvm2": "uvot::uvm2",
    "uvotw1": "uvot::uvw1",
    "uvotw2": "uvot::uvw2",
    "uvotm2": "uvot::uvm2",
    "m2": "uvot::uvm2",
    "white": "uvot::white",
    "cyan": "atlasc",
    "orange": "atlaso",
    "atlascyan": "atlasc",
    "atlasorange": "atlaso",
    "gaiabp": "gaia::gbp",
    "gaiarp": "gaia::grp",
    "gaiarvs": "gaia::grvs",
    "tessred": "tess",
    "keplerkp": "kepler",
    "cspv": "cspv9844",
    "cspv1": "cspv3009",
    "cspv2": "cspv9844",
    "cspy": "cspys",
    "cspj": "cspjs",
    "csph": "csphs",
    "swope2v": "cspv3014",
    "megacampsfi2": "megacampsf::y",
}

_XRAYS: Final = "X-ray counts are not a magnitude in a band"
_UNFILTERED: Final = "there is no transmission curve of an image without a filter"
REFUSED: Final = {
    **dict.fromkeys(("swiftxrt", "xrt", "nicerxti", "swiftbat", "epwxt", "epfxt"), _XRAYS),
    **dict.fromkeys(("clear", "unfiltered", "cv", "cr", "nofilter"), _UNFILTERED),
    **dict.fromkeys(("w1", "w2"), "Swift and WISE both have one: write uvot::uvw1 or wise::w1"),
}
