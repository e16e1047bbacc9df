"""The corner plot of one fit's posterior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nmma_fitter.delivery.plots.text import (
    POINTS_PER_INCH,
    add_lines,
    add_title,
    checked_label,
    evidence_text,
    shrink,
    wrapped,
)
from nmma_fitter.delivery.ranges import INTERVAL, INTERVAL_WORDS
from nmma_fitter.errors import BadInput

FloatArray = NDArray[np.float64]

COLOUR = "#1F4E79"
PRIOR_COLOUR = "#C0281C"
TRUTH_COLOUR = "#E69F00"
TRUTH_REACH = 0.6  # of an axis, by which it may grow to show the truth
MARGIN = 0.04  # of the samples' range, on either side
FEW_SAMPLES = 200  # fewer give no meaningful contours
SAMPLES_PER_BIN = 40
LEFT, RIGHT, BOTTOM, GAP = 1.05, 0.35, 1.15, 0.08  # margins in inches; gap in panels


def corner_figure(
    *,
    object_name: str,
    title: str,
    samples: FloatArray,
    labels: Sequence[str],
    names: Sequence[str],
    log_evidence: float,
    log_evidence_err: float,
    ranges: Sequence[tuple[float, float] | None] | None = None,
    truth: Sequence[float | None] | None = None,
) -> Figure:
    """Return the figure that `plot_corner` saves.

    Columns that never vary and samples that are not finite are left out, and the figure says so.

    Parameters
    ----------
    object_name, title : str
        The object, and the model as a reader is told of it; untrusted.
    samples : array, shape (S, D)
        Equally weighted posterior samples.
    labels : sequence of str, length D
        Labels with units, LaTeX as mathtext understands it.
    names : sequence of str, length D
        Plain parameter names, for the notes.
    log_evidence, log_evidence_err : float
        Natural logarithm of the evidence, and its error.
    ranges : sequence of (float, float) or None, length D, optional
        The prior's bounds, where an axis and its bins end when the posterior comes near them. None
        or an infinite end is no bound.
    truth : sequence of float or None, length D, optional
        What was simulated, drawn where it is known.

    Raises
    ------
    BadInput
        When the lengths do not agree.
    """
    values = np.asarray(samples, dtype=float)
    bounds = list(ranges) if ranges is not None else [None] * len(labels)
    true = list(truth) if truth is not None else [None] * len(labels)
    if values.ndim != 2 or {len(labels), len(names), len(bounds), len(true)} != {values.shape[1]}:
        raise BadInput(
            f"corner plot: samples of shape {values.shape} with {len(labels)} labels, "
            f"{len(names)} names, {len(bounds)} ranges and {len(true)} true values"
        )
    good = values[np.isfinite(values).all(axis=1)]
    varied = [i for i in range(values.shape[1]) if varies(good[:, i])]
    ends = {i: axis_ends(good[:, i], bounds[i], true[i]) for i in varied}
    edges = {i: seen_edges(ends[i], bounds[i]) for i in varied}
    seen = {i: visible(true[i], ends[i]) for i in varied}
    beyond = [i for i in varied if true[i] is not None and seen[i] is None]
    figure = empty_page(
        max(len(varied), 1),
        object_name,
        f"{title},  {evidence_text(log_evidence, log_evidence_err)}",
        [
            *corner_notes(values, good, names, varied, any(edges.values())),
            *truth_notes([seen[i] for i in varied], {names[i]: true[i] for i in beyond}),
        ],
    )
    if not varied:
        figure.text(0.5, 0.5, "nothing to draw", ha="center", color="0.4", fontsize=14)
        return figure
    shown = [checked_label(labels[i]) for i in varied]
    grid = draw_corner(
        figure, good[:, varied], shown, [ends[i] for i in varied], [seen[i] for i in varied]
    )
    place_ticks_and_labels(grid)
    last: Text | None = None
    for ax, i, label in zip(grid.diagonal(), varied, shown, strict=True):
        mark_diagonal(ax, good[:, i], edges[i])
        last = ax.set_title(f"{label}\n{quantile_text(good[:, i])}", loc="left", pad=7)
    keep_on_page(figure, last)
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
        f"Titles and dotted lines: median and {INTERVAL_WORDS} interval.": bool(varied),
        "Red line: prior bound.": bounded,
        f"Only {count} samples{': points, no contours' if varied else ''}.": few,
        f"{total - count} of {total} samples are not finite and left out.": count < total,
        f"Constant, not shown: {fixed}.": bool(constant),
    }
    return [" ".join(note for note, holds in said.items() if holds)]


def truth_notes(seen: Sequence[float | None], beyond: Mapping[str, float | None]) -> list[str]:
    """Say which line is the truth, and which truths lie outside the axes."""
    said = ["Orange line: truth."] if any(value is not None for value in seen) else []
    if beyond:
        values = ", ".join(f"{name} = {value:.5g}" for name, value in beyond.items())
        said.append(f"Truth outside the axes: {values}.")
    return said


def panel_inches(panels: int) -> float:
    """Side of one panel: large for few parameters, smaller for many."""
    return float(np.clip(7.5 / panels, 1.5, 3.2))


def empty_page(panels: int, name: str, subtitle: str, notes: Sequence[str]) -> Figure:
    """Return a page with titles and notes whose margins fit a corner of `panels` parameters."""
    side = panel_inches(panels) * (panels + GAP * (panels - 1))
    width = max(LEFT + side + RIGHT, 5.0)
    size = max(14.0, 1.5 * width)
    lines = wrapped(notes, int(12.5 * width), 6)
    foot = 0.1 + 1.3 * 10 / POINTS_PER_INCH * len(lines)
    head = 0.1 + 2.5 * size / POINTS_PER_INCH + 0.65
    height = foot + BOTTOM + side + head
    figure = Figure(figsize=(round(width, 2), round(height, 2)))
    add_title(figure, name, subtitle, size=size, top=0.12)
    add_lines(figure, lines, size=10, bottom=0.08)
    figure.subplots_adjust(
        left=LEFT / width,
        right=1 - RIGHT / width,
        bottom=(foot + BOTTOM) / height,
        top=1 - head / height,
        wspace=GAP,
        hspace=GAP,
    )
    return figure


def draw_corner(
    figure: Figure,
    samples: FloatArray,
    labels: Sequence[str],
    ends: Sequence[tuple[float, float]],
    truth: Sequence[float | None],
) -> NDArray[np.object_]:
    """Let `corner` draw all panels; returns the axes, shape (D, D)."""
    import corner

    count, panels = samples.shape
    few = count < FEW_SAMPLES
    margins = {k: getattr(figure.subplotpars, k) for k in ("left", "right", "bottom", "top")}
    corner.corner(
        # corner refuses fewer samples than parameters: repeated ones are the same distribution
        np.tile(samples, (-(-panels // count), 1)),
        fig=figure,
        bins=int(np.clip(count // SAMPLES_PER_BIN, 12, 30)),
        labels=list(labels),
        color=COLOUR,
        range=list(ends),
        truths=list(truth) if any(value is not None for value in truth) else None,
        truth_color=TRUTH_COLOUR,
        plot_datapoints=few,
        plot_density=False,
        plot_contours=not few,
        fill_contours=not few,
        levels=(0.5, 0.9),
        smooth=None if few else 1.0,
        data_kwargs={"alpha": 0.6, "ms": 4},
    )
    figure.subplots_adjust(**margins, wspace=GAP, hspace=GAP)
    return np.array(figure.axes, dtype=object).reshape(panels, panels)


def axis_ends(
    column: FloatArray, bound: tuple[float, float] | None, truth: float | None = None
) -> tuple[float, float]:
    """Ends of an axis and of its bins: the samples' own, a little wider, within the prior.

    A truth that is not far away is taken in; samples are never cut off.
    """
    least, most = float(np.min(column)), float(np.max(column))
    low, high = least - MARGIN * (most - least), most + MARGIN * (most - least)
    if truth is not None:
        reach = TRUTH_REACH * (high - low)
        if low - reach <= truth <= high + reach:
            low, high = min(low, truth - MARGIN * reach), max(high, truth + MARGIN * reach)
    if bound is not None:
        low, high = min(max(low, bound[0]), least), max(min(high, bound[1]), most)
    return low, high


def seen_edges(ends: tuple[float, float], bound: tuple[float, float] | None) -> list[float]:
    """Prior bounds at which, or within which, an axis ends."""
    return [edge for edge in bound or () if ends[0] <= edge <= ends[1]]


def visible(truth: float | None, ends: tuple[float, float]) -> float | None:
    """The truth where it falls on an axis."""
    return truth if truth is not None and ends[0] <= truth <= ends[1] else None


def mark_diagonal(ax: Axes, column: FloatArray, edges: Sequence[float]) -> None:
    """Draw median, interval and prior bounds over a parameter's histogram."""
    for quantile in np.quantile(column, INTERVAL):
        ax.axvline(quantile, color=COLOUR, linestyle=":", linewidth=1.4)
    for edge in edges:
        ax.axvline(edge, color=PRIOR_COLOUR, linewidth=2.5, clip_on=False)


def place_ticks_and_labels(grid: NDArray[np.object_]) -> None:
    """Put labels at one distance from the panels, clear of the ticks and of each other."""
    box = grid[0, 0].get_window_extent()
    inch_x, inch_y = (grid[0, 0].get_figure().dpi / side for side in (box.width, box.height))
    ticks = 4 if len(grid) > 3 else 5
    for i, row in enumerate(grid):
        for j, ax in enumerate(row[: i + 1]):
            ax.set_xticks(inner_ticks(ax.get_xlim(), ticks))
            ax.xaxis.set_label_coords(0.5, -0.72 * inch_y)
            shrink(ax.xaxis.label, box.width)
            if i != j:
                ax.set_yticks(inner_ticks(ax.get_ylim(), ticks))
                ax.yaxis.set_label_coords(-0.68 * inch_x, 0.5)
                shrink(ax.yaxis.label, box.height)


def inner_ticks(ends: tuple[float, float], most: int) -> list[float]:
    """Round values clear of both ends, where their labels would meet the next panel's."""
    low, high = ends
    margin = 0.1 * (high - low)
    values = MaxNLocator(most).tick_values(low, high)
    return [float(v) for v in values if low + margin <= v <= high - margin]


def keep_on_page(figure: Figure, title: Text | None) -> None:
    """Move the last panel's title left when it would leave the page."""
    if title is None or title.axes is None:
        return
    over = title.get_window_extent().x1 - figure.bbox.x1 + 4
    if over > 0:
        title.set_x(-over / title.axes.get_window_extent().width)


def quantile_text(column: FloatArray) -> str:
    """Median and 90 % interval as mathtext, with two digits of the smaller error."""
    low, middle, high = np.quantile(column, INTERVAL)
    below, above = middle - low, high - middle
    largest = max(abs(middle), below, above)
    power = floor(log10(largest)) if largest > 0 else 0
    power = 0 if -4 <= power < 5 else power
    scaled = [float(v / 10.0**power) for v in (middle, below, above)]
    error = min((v for v in scaled[1:] if v > 0), default=1.0)
    digits = int(np.clip(1 - floor(log10(error)), 0, 6))
    text = "{0:.{d}f}_{{-{1:.{d}f}}}^{{+{2:.{d}f}}}".format(*scaled, d=digits)
    return f"${text}$" if power == 0 else rf"$({text})\times10^{{{power}}}$"
