"""Look and file of every figure: the same input gives the same bytes on every machine."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

DPI = 150
RC: Any = {
    "font.size": 12.5,
    "axes.labelsize": 13,
    "axes.titlesize": 13,
    "axes.formatter.useoffset": False,
    "xtick.labelsize": 12.5,
    "ytick.labelsize": 12.5,
    "legend.fontsize": 11.5,
    "xtick.direction": "in",
    "ytick.direction": "in",
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw with this module's settings, whatever a user's matplotlibrc says."""
    settings = {**matplotlib.rcParamsDefault, **RC}
    del settings["backend"]  # setting it looks for a window to draw in
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
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
