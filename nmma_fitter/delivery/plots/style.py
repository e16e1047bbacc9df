"""Look and file of every figure: the same input gives the same bytes on every machine."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

DPI = 150
RC: Any = {
    "font.size": 11,
    "axes.labelsize": 12,
    "axes.titlesize": 12,
    "axes.formatter.useoffset": False,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 10,
    "xtick.direction": "in",
    "ytick.direction": "in",
}


@dataclass(frozen=True)
class BandStyle:
    """Colour and marker of a band, the same in every figure."""

    colour: str
    marker: str


# From blue to red, after Okabe & Ito and Tol's "muted": apart for the common colour blindnesses.
BAND_STYLES = {
    "uv": BandStyle("#332288", "P"),
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


def band_letter(band: str) -> str:
    """Return the passband's letter: ``g`` of ``ztfg`` or ``ps1::g``, ``k`` of ``2massks``."""
    name = band.lower()
    if "uv" in name:
        return "uv"
    last = name.removesuffix("s")[-1:]
    return last if last in BAND_STYLES else ""


def band_style(band: str) -> BandStyle:
    """Colour and marker of a band by its letter."""
    return BAND_STYLES.get(band_letter(band), OTHER_BAND)


def band_order(band: str) -> tuple[int, str]:
    """Sort key: bluest first, unknown bands last."""
    letters = list(BAND_STYLES)
    letter = band_letter(band)
    return (letters.index(letter) if letter in letters else len(letters), band)


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw with this module's settings, whatever a user's matplotlibrc says."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


def write_png(path: Path, figure: Figure) -> None:
    """Draw `figure` and put it at `path` in one step; nothing is left there when drawing fails."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(buffer.getvalue())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
