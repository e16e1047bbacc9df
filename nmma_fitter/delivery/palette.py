"""Colours and marks of bands and models, the same in every picture and on every page."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from nmma_fitter.band_table import ALL

# Okabe & Ito; with four dash patterns 28 models can be told apart.
MODEL_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B4C9A")
MODEL_DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (2, 1.5), (6, 1.5, 1.5, 1.5))


@dataclass(frozen=True)
class BandStyle:
    """Colour and matplotlib's marker of a band."""

    colour: str
    marker: str


# From blue to red, after Okabe & Ito and Tol's "muted": apart for the common colour blindnesses.
BAND_STYLES = {
    "uvw2": BandStyle("#AA4499", "P"),
    "uvm2": BandStyle("#332288", "d"),
    "uvw1": BandStyle("#6A5ACD", "X"),
    "u": BandStyle("#4477AA", "<"),
    "b": BandStyle("#0072B2", "p"),
    "c": BandStyle("#44AA99", "h"),
    "g": BandStyle("#008F68", "o"),
    "v": BandStyle("#7D7D22", "H"),
    "r": BandStyle("#D55E00", "s"),
    "o": BandStyle("#C98500", "d"),
    "i": BandStyle("#7B3FA0", "D"),
    "z": BandStyle("#882255", "^"),
    "y": BandStyle("#8C564B", "v"),
    "j": BandStyle("#A5631B", ">"),
    "h": BandStyle("#666666", "*"),
    "k": BandStyle("#222222", "X"),
}
OTHER_BAND = BandStyle("#555555", "8")


def band_style(band: str) -> BandStyle:
    """Colour and marker of a band by its letter in the table, or its name's last."""
    known = ALL.get(band)
    return BAND_STYLES.get(known.letter if known else band[-1:].lower(), OTHER_BAND)


def band_order(band: str) -> tuple[float, str]:
    """Sort key: bluest first, unknown bands last."""
    known = ALL.get(band)
    return (known.wavelength if known else inf, band)


def model_colour(position: int) -> str:
    """Colour of the model at one place of the ranking."""
    return MODEL_COLOURS[position % len(MODEL_COLOURS)]


def model_dashes(position: int) -> tuple[float, ...]:
    """Dashes and gaps, in line widths, of the model at one place of the ranking; none if solid."""
    return MODEL_DASHES[position // len(MODEL_COLOURS) % len(MODEL_DASHES)]
