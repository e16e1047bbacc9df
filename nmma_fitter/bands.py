"""Photometric bands: one canonical name each, and the wavelength that stands for it."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .band_names import BARE, BEGINNINGS, OF_SURVEY, OTHERS, REFUSED
from .band_table import ALL
from .errors import BadInput

BANDS: Final[Mapping[str, float]] = MappingProxyType(
    {name: band.wavelength for name, band in ALL.items()}
)
"""Canonical band name to effective wavelength in ångström.

The wavelength is the bandpass's transmission-weighted mean, ∫λT dλ / ∫T dλ with T the fraction of
photons (the "effective wavelength" of sncosmo and of NMMA), not the pivot wavelength, which is up
to 2 % shorter for most of these bands.
"""

SURVEYS: Final = tuple(OF_SURVEY)
"""Surveys that a bare letter may be said to belong to."""


def _folded(name: str) -> str:
    """Fold away case and the separators that surveys write differently."""
    return re.sub(r"[\s:_.\-/]+", "", name).lower()


_FOLDED: Final = {_folded(band): band for band in BANDS} | OTHERS


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
        When the band or the survey is unknown, that survey has no such band, or it is no band in
        which a magnitude can be predicted, with the reason.
    """
    if default not in OF_SURVEY:
        raise BadInput(f"unknown survey {reprlib.repr(default)}; use one of {', '.join(SURVEYS)}")
    text = name.strip()
    if text in BANDS:
        return text
    known = BARE.get(text) or OF_SURVEY[default].get(text) or _spelt(_folded(text[:40]))
    if known is None and (reason := REFUSED.get(_folded(text[:40]))):
        raise BadInput(f"band {reprlib.repr(name)} cannot be used: {reason}")
    if known is None:
        raise BadInput(f"unknown band {reprlib.repr(name)}; {_advice(text, default)}")
    return known


def _spelt(folded: str) -> str | None:
    """Return the band of a folded name, whose beginning may be another than the table's."""
    if folded in _FOLDED or folded in REFUSED:
        return _FOLDED.get(folded)
    for beginning, ours in BEGINNINGS.items():
        if folded.startswith(beginning):
            rest = folded.removeprefix(beginning)
            found = [_FOLDED[start + rest] for start in ours if start + rest in _FOLDED]
            if found:
                return found[0]
    return None


def _advice(text: str, default: str) -> str:
    """Say what to write instead of a band that is not known."""
    owners = [bands[text] for bands in OF_SURVEY.values() if text in bands]
    if owners:
        return f"{default} has no {text}: write which survey's, {', '.join(owners)}"
    folded = _folded(text[:40])
    near = difflib.get_close_matches(folded, _FOLDED, n=4, cutoff=0.5)
    names = dict.fromkeys(_FOLDED[key] for key in near)
    if names:
        return f"did you mean {', '.join(names)}?"
    return f"known bands: {', '.join(list(BANDS)[:20])} and others: nmma-fitter bands"


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
