"""Photometric bands: one canonical name each, and the wavelength that stands for it."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .errors import BadInput

BANDS: Final[Mapping[str, float]] = MappingProxyType(
    {
        # Computed from the bandpass files that sncosmo distributes (github.com/sncosmo).
        "ztfg": 4813.95,
        "ztfr": 6421.81,
        "ztfi": 7883.03,
        "sdssu": 3594.33,
        "sdssg": 4717.60,
        "sdssr": 6186.80,
        "sdssi": 7506.21,
        "sdssz": 8918.30,
        "ps1::g": 4866.46,
        "ps1::r": 6214.62,
        "ps1::i": 7544.57,
        "ps1::z": 8679.47,
        "ps1::y": 9633.25,
        "ps1::w": 6389.35,
        "ps1::open": 7126.89,
        "lsstu": 3670.72,
        "lsstg": 4826.85,
        "lsstr": 6223.24,
        "lssti": 7545.98,
        "lsstz": 8690.90,
        "lssty": 9710.25,
        "desu": 3816.84,
        "desg": 4828.12,
        "desr": 6433.82,
        "desi": 7828.99,
        "desz": 9177.17,
        "desy": 9915.64,
        "2massj": 12410.29,
        "2massh": 16513.45,
        "2massks": 21656.09,
        # Computed likewise, from the files inside the sncosmo package.
        "bessellux": 3591.58,
        "bessellb": 4384.77,
        "bessellv": 5488.89,
        "bessellr": 6534.03,
        "besselli": 8033.37,
        # Mean wavelength of the SVO Filter Profile Service, Misc/Atlas.* and Swift/UVOT.*:
        # the same integral over the curves from which sncosmo took these bands.
        "atlasc": 5408.66,
        "atlaso": 6866.26,
        "uvot::uvw2": 2140.26,
        "uvot::uvm2": 2272.71,
        "uvot::uvw1": 2688.46,
        "uvot::u": 3492.67,
        "uvot::b": 4377.97,
        "uvot::v": 5439.64,
    }
)
"""Canonical band name (sncosmo's) to effective wavelength in ångström.

The wavelength is the bandpass's transmission-weighted mean, ∫λT dλ / ∫T dλ with T the fraction of
photons (the "effective wavelength" of sncosmo and of NMMA, the "mean wavelength" of SVO), not the
pivot wavelength, which is up to 2 % shorter for these bands. uvot::white is left out: no single
wavelength can stand for a band from 1600 to 8000 Å.
"""

_SURVEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "ztf": {letter: f"ztf{letter}" for letter in "gri"},
    "sdss": {letter: f"sdss{letter}" for letter in "ugriz"},
    "ps1": {letter: f"ps1::{letter}" for letter in "grizy"},
    "lsst": {letter: f"lsst{letter}" for letter in "ugrizy"},
    "des": {letter: f"des{letter}" for letter in "ugrizy"},
}
SURVEYS: Final = tuple(_SURVEYS)
"""Surveys that a bare letter may be said to belong to."""

# Capitals are the Johnson-Cousins and near-infrared systems; only there does case matter.
_BARE: Final = {
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


def _folded(name: str) -> str:
    """Fold away case and the separators that surveys write differently."""
    return re.sub(r"[\s:_.\-/]+", "", name).lower()


_FOLDED: Final = {_folded(band): band for band in BANDS} | {
    "bessellu": "bessellux",
    "2massk": "2massks",
    "uvw1": "uvot::uvw1",
    "uvw2": "uvot::uvw2",
    "uvm2": "uvot::uvm2",
}


def canonical(name: str, default: str = "ztf") -> str:
    """Canonical name of a band written in any of the ways in use.

    Parameters
    ----------
    name : str
        Such as ``g``, ``ztfg``, ``ZTF_g``, ``sdssu``, ``ps1::g``, ``ps1__g``, ``2massJ``, ``Ks``.
        A bare capital U, B, V, R, I is Bessell's, J, H, K, Ks is 2MASS's, c and o are ATLAS's.
    default : str
        Survey (one of `SURVEYS`) to which bare u, g, r, i, z, y belong.

    Returns
    -------
    str
        A key of `BANDS`.

    Raises
    ------
    BadInput
        When the band or the survey is unknown, or that survey has no such band.
    """
    if default not in _SURVEYS:
        raise BadInput(f"unknown survey {reprlib.repr(default)}; use one of {', '.join(SURVEYS)}")
    text = name.strip()
    if text in BANDS:
        return text
    known = _BARE.get(text) or _SURVEYS[default].get(text) or _FOLDED.get(_folded(text))
    if known is None:
        raise BadInput(f"unknown band {reprlib.repr(name)}; {_advice(text, default)}")
    return known


def _advice(text: str, default: str) -> str:
    """Say what to write instead of a band that is not known."""
    owners = [bands[text] for bands in _SURVEYS.values() if text in bands]
    if owners:
        return f"{default} has no {text}: write which survey's, {', '.join(owners)}"
    near = difflib.get_close_matches(_folded(text[:40]), _FOLDED, n=4, cutoff=0.5)
    names = dict.fromkeys(_FOLDED[key] for key in near)
    if names:
        return f"did you mean {', '.join(names)}?"
    return f"known bands: {', '.join(sorted(BANDS))}"


def wavelength(band: str) -> float:
    """Effective wavelength of a canonical band, in ångström (see `BANDS` for the definition).

    Raises
    ------
    BadInput
        When the band is not a key of `BANDS`.
    """
    try:
        return BANDS[band]
    except KeyError:
        raise BadInput(
            f"no wavelength for band {reprlib.repr(band)}; {_advice(band, 'ztf')}"
        ) from None
