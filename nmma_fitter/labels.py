"""Names that people use for bands, parameters and models, in every picture, table and thread.

A model declares its kind and the math text of its parameters (`models.base`); all else follows
from these here. What nobody has declared is shown under its own name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from .band_table import ALL

_WORDS: Final = {"odot": "sun", "log": "log", "times": "×", "cdot": "·"}


def band_label(band: str) -> str:
    """A canonical band as people write it: ``ZTF g``, ``PS1 i``, ``V``, ``Ks``, ``UVOT UVW2``."""
    known = ALL.get(band)
    return known.label if known else band


def plain(latex: str) -> str:
    r"""Math text as plain text: ``log10 M_ej/M_sun`` of ``$\log_{10} M_{\rm ej}/M_\odot$``."""
    text = re.sub(r"\\(?:rm|mathrm|it|mathit)\b\s*|\\[,;: ]|~", " ", latex.replace("$", ""))
    text = re.sub(r"\\log\s*_\{?10\}?\s*", "log10 ", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda found: _symbol(found[1]), text)
    text = re.sub(r"\{\s*|\s*\}", "", text)
    return re.sub(r",\s+", ",", " ".join(text.split()))


def without_unit(label: str) -> str:
    """A label without its unit in brackets, where a table has a column for that."""
    return re.sub(r"\s*\[[^]]*\]$", "", label)


def _symbol(name: str) -> str:
    if name in _WORDS:
        return _WORDS[name]
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
    except KeyError:
        return name


def model_title(name: str, kind: str, engine: str = "fast") -> str:
    """A model with its kind, ``Piro2021, shock cooling``, and the engine if it is not the usual."""
    title = f"{name}, {kind}" if kind else name
    return f"{title} (NMMA)" if engine == "nmma" else title


def outside_words(share: float | None) -> str:
    """How much of the data a model was not made for; empty for less than can be shown."""
    if share is None or share < 0.005:
        return ""
    return f"{100 * share:.0f} % of the data lie outside the times where the model is valid"


def model_named(name: str) -> str:
    """The title of a model of which only the name is known."""
    from nmma_fitter.errors import BadInput
    from nmma_fitter.nmma_engine import catalogue

    try:
        kind = catalogue.described(name).kind
    except BadInput:
        kind = ""
    return model_title(name, "" if kind == "other" else kind)
