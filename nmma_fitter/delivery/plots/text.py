"""Text for figures: object names and notes are untrusted and may be of any length."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from math import isfinite
from typing import Any, cast

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text

from nmma_fitter.plain import one_line, shortened

SMALLEST_LABEL = 7.0
POINTS_PER_INCH = 72.0
LONGEST = 400  # characters looked at before measuring


def text_width(text: str, font: FontProperties) -> float:
    """Width of plain text in inches."""
    renderer: Any = cast(Any, RendererAgg)(1, 1, POINTS_PER_INCH)
    width, _, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / POINTS_PER_INCH


def truncate(text: str, font: FontProperties, inches: float) -> str:
    """`text` on one line, its end replaced by an ellipsis when it is wider than `inches`."""
    line = one_line(text, LONGEST)
    keep = len(line)
    while keep > 0 and text_width(shortened(line, keep), font) > inches:
        keep -= 1 + keep // 20
    return shortened(line, max(keep, 0))


def checked_label(label: str) -> str:
    """`label` when mathtext can draw it, else the same characters with no mathematics."""
    flat = one_line(label, LONGEST)
    try:
        MathTextParser("path").parse(flat)
    except (ValueError, RuntimeError):
        return flat.replace("$", r"\$")
    return flat


def evidence_text(log_evidence: float, error: float | None = None) -> str:
    """``ln Z = -34.2 ± 0.1``, for people; an evidence that is not finite is said to be missing."""
    if not isfinite(log_evidence):
        return "ln Z not available"
    value = f"ln Z = {log_evidence:.2f}".replace("-", "\N{MINUS SIGN}")
    return value if error is None or not isfinite(error) else f"{value} ± {error:.2f}"


def wrapped(notes: Sequence[str], width: int, most: int) -> list[str]:
    """Return notes as at most `most` lines of about `width` characters."""
    lines = [line for note in notes for line in textwrap.wrap(one_line(note, LONGEST), width)]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], shortened(lines[most - 1], width - 2).rstrip("…") + " …"]


def add_title(figure: Figure, name: str, rest: str, *, size: float, top: float) -> None:
    """Write the object's name in bold and a second line below it.

    Parameters
    ----------
    figure : Figure
        Where to write.
    name, rest : str
        First and second line, untrusted.
    size : float
        Font size of the name in points; the second line is a little smaller.
    top : float
        Distance of the first line's upper edge from the figure's, in inches.
    """
    width, height = figure.get_size_inches()
    for line, points, weight in ((name, size, "bold"), (rest, 0.87 * size, "normal")):
        font = FontProperties(size=points, weight=weight)
        figure.text(
            0.5,
            1 - top / height,
            truncate(line, font, width - 0.4),
            fontproperties=font,
            ha="center",
            va="top",
            parse_math=False,
        )
        top += 1.35 * points / POINTS_PER_INCH


def add_lines(figure: Figure, lines: Sequence[str], *, size: float, bottom: float) -> list[Text]:
    """Write lines of plain text at the figure's foot, the last `bottom` inches above its edge."""
    width, height = figure.get_size_inches()
    font, room = FontProperties(size=size), width - 0.3
    step = 1.3 * size / POINTS_PER_INCH
    return [
        figure.text(
            0.15 / width,
            (bottom + step * above) / height,
            truncate(line, font, room),
            fontproperties=font,
            color="0.25",
            va="bottom",
            parse_math=False,
        )
        for above, line in zip(range(len(lines) - 1, -1, -1), lines, strict=True)
    ]


def shrink(label: Text, room: float) -> None:
    """Make an axis label no longer than `room` pixels, as far as it stays legible."""
    extent = label.get_window_extent()
    length = max(extent.width, extent.height)
    if label.get_text() and length > room:
        label.set_fontsize(max(SMALLEST_LABEL, float(label.get_fontsize()) * room / length))
