"""The corner plot of one fit's posterior."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nmma_fitter.delivery.plots.axis import axis_of
from nmma_fitter.delivery.plots.text import (
    POINTS_PER_INCH,
    add_lines,
    add_title,
    checked_label,
    evidence_text,
    wrapped,
    write,
)
from nmma_fitter.delivery.plots.triangle import (
    FEW_SAMPLES,
    QUANTILES,
    Triangle,
    draw_triangle,
)
from nmma_fitter.errors import BadInput

FloatArray = NDArray[np.float64]

LEFT, RIGHT, BOTTOM, GAP = 1.05, 0.35, 1.15, 0.08  # margins in inches; gap in panels
TITLE_SIZE, TITLE_PAD = 13.0, 7.0  # points


def corner_figure(
    *,
    object_name: str,
    model: str,
    samples: FloatArray,
    labels: Sequence[str],
    names: Sequence[str],
    log_evidence: float,
    log_evidence_err: float,
    ranges: Sequence[tuple[float, float] | None] | None = None,
) -> Figure:
    """Return the figure that `plot_corner` saves.

    Columns that never vary and samples that are not finite are left out, and the figure says so.

    Parameters
    ----------
    object_name, model : str
        For the title; untrusted.
    samples : array, shape (S, D)
        Equally weighted posterior samples.
    labels : sequence of str, length D
        Labels with units, LaTeX as mathtext understands it.
    names : sequence of str, length D
        Plain parameter names, for the notes.
    log_evidence, log_evidence_err : float
        Natural logarithm of the evidence, and its error.
    ranges : sequence of (float, float) or None, length D, optional
        The prior's bounds; drawn where the posterior comes near them. None or an infinite end
        is no bound.

    Raises
    ------
    BadInput
        When the lengths do not agree.
    """
    values = np.asarray(samples, dtype=float)
    bounds = list(ranges) if ranges is not None else [None] * len(labels)
    if values.ndim != 2 or {len(labels), len(names), len(bounds)} != {values.shape[1]}:
        raise BadInput(
            f"corner plot: samples of shape {values.shape} with {len(labels)} labels, "
            f"{len(names)} names and {len(bounds)} ranges"
        )
    good = values[np.isfinite(values).all(axis=1)]
    varied = [i for i in range(values.shape[1]) if varies(good[:, i])]
    edges = [seen_edges(column, bound) for column, bound in zip(good.T, bounds, strict=True)]
    bounded = any(edges[i] for i in varied)
    figure, triangle = empty_page(
        max(len(varied), 1),
        object_name,
        f"{model},  {evidence_text(log_evidence, log_evidence_err)}",
        corner_notes(values, good, names, varied, bounded),
    )
    if not varied:
        figure.text(0.5, 0.5, "nothing to draw", ha="center", color="0.4", fontsize=14)
        return figure
    shown = [checked_label(labels[i]) for i in varied]
    draw_triangle(figure, triangle, good[:, varied], shown, [edges[i] for i in varied])
    for number, (i, label) in enumerate(zip(varied, shown, strict=True)):
        write_title(figure, triangle, number, f"{label}\n{quantile_text(good[:, i])}")
    return figure


def varies(column: FloatArray) -> bool:
    """Whether a column of samples has more than rounding noise."""
    return bool(column.size and np.ptp(column) > 1e-9 * np.abs(column).max())


def corner_notes(
    values: FloatArray,
    good: FloatArray,
    names: Sequence[str],
    varied: Sequence[int],
    bounded: bool,
) -> list[str]:
    """Return what the reader must know: conventions, and what was left out."""
    few, count, total = len(good) < FEW_SAMPLES, len(good), len(values)
    constant = [i for i in range(values.shape[1]) if i not in varied] if count else []
    fixed = ", ".join(f"{names[i]} = {good[0, i]:.5g}" for i in constant)
    said = {
        "Contours: 50 % and 90 % of the posterior.": not few and len(varied) > 1,
        "Titles and dotted lines: median and 68 % interval.": bool(varied),
        "Red line: prior bound.": bounded,
        f"Only {count} samples{': points, no contours' if varied else ''}.": few,
        f"{total - count} of {total} samples are not finite and left out.": count < total,
        f"Constant, not shown: {fixed}.": bool(constant),
    }
    return [" ".join(note for note, holds in said.items() if holds)]


def panel_inches(panels: int) -> float:
    """Side of one panel: large for few parameters, smaller for many."""
    return float(np.clip(7.5 / panels, 1.5, 3.2))


def empty_page(
    panels: int, name: str, subtitle: str, notes: Sequence[str]
) -> tuple[Figure, Triangle]:
    """Return a page with titles and notes, and the place for `panels` parameters on it."""
    panel = panel_inches(panels)
    side = panel * (panels + GAP * (panels - 1))
    width = max(LEFT + side + RIGHT, 5.0)
    size = max(14.0, 1.5 * width)
    lines = wrapped(notes, int(12.5 * width), 6)
    foot = 0.1 + 1.3 * 10 / POINTS_PER_INCH * len(lines)
    head = 0.1 + 2.5 * size / POINTS_PER_INCH + 0.65
    height = foot + BOTTOM + side + head
    figure = Figure(figsize=(round(width, 2), round(height, 2)))
    FigureCanvasAgg(figure)  # else every text that is measured makes a canvas of its own
    add_title(figure, name, subtitle, size=size, top=0.12)
    add_lines(figure, lines, size=10, bottom=0.08)
    return figure, Triangle(panels, LEFT, foot + BOTTOM, panel, GAP * panel)


def seen_edges(column: FloatArray, bound: tuple[float, float] | None) -> list[float]:
    """Prior bounds that fall within the axis of a parameter."""
    if bound is None or not column.size:
        return []
    axis = axis_of(column)
    return [edge for edge in bound if axis.low <= edge <= axis.high]


def write_title(figure: Figure, triangle: Triangle, number: int, title: str) -> None:
    """Write the title above a panel of the diagonal, moved left when it would leave the page."""
    x, y = triangle.corner(number, number)
    y += triangle.side + TITLE_PAD / POINTS_PER_INCH
    text = write(figure, x, y, title, fontsize=TITLE_SIZE)
    over = (text.get_window_extent().x1 - figure.bbox.x1 + 4) / figure.dpi
    if over > 0:
        text.set_x(x - over)


def quantile_text(column: FloatArray) -> str:
    """Median and 68 % interval as mathtext, with two digits of the smaller error."""
    low, middle, high = np.quantile(column, QUANTILES)
    below, above = middle - low, high - middle
    largest = max(abs(middle), below, above)
    power = floor(log10(largest)) if largest > 0 else 0
    power = 0 if -4 <= power < 5 else power
    scaled = [float(v / 10.0**power) for v in (middle, below, above)]
    error = min((v for v in scaled[1:] if v > 0), default=1.0)
    digits = int(np.clip(1 - floor(log10(error)), 0, 6))
    text = "{0:.{d}f}_{{-{1:.{d}f}}}^{{+{2:.{d}f}}}".format(*scaled, d=digits)
    return f"${text}$" if power == 0 else rf"$({text})\times10^{{{power}}}$"
