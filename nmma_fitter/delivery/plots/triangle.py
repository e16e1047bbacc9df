"""The panels of a corner plot: histograms on the diagonal, contours below it.

Panels are placed in inches of the page and all histograms are one artist, as are all contours of
one level, frames and ticks: with matplotlib's axes, ten parameters would take two seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path
from numpy.typing import NDArray

from nmma_fitter.delivery.plots.axis import axis_of, tick_texts
from nmma_fitter.delivery.plots.text import write

FloatArray = NDArray[np.float64]
Cells = NDArray[np.int_]

COLOUR = "#1F4E79"
PRIOR_COLOUR = "#C0281C"
QUANTILES = (0.16, 0.5, 0.84)
LEVELS = (0.9, 0.5)
LEVEL_COLOURS = ("#B4C3D2", COLOUR)
FEW_SAMPLES = 200  # fewer give no meaningful contours
SAMPLES_PER_BIN = 40
TICK, TICK_PAD = 3.5 / 72, 3.5 / 72  # inches
X_LABEL, Y_LABEL = 0.72, 0.68  # distance of the labels from the panels, inches
LABEL_SIZE, TICK_SIZE, SMALLEST_LABEL = 13.0, 12.5, 7.0
FRAME = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)])


@dataclass(frozen=True)
class Triangle:
    """Where the panels lie on the page, in inches.

    Attributes
    ----------
    count : int
        Panels on a side.
    left, bottom : float
        Lower left corner of the lowest row.
    side, gap : float
        Side of a panel, and the space between two.
    """

    count: int
    left: float
    bottom: float
    side: float
    gap: float

    def corner(self, row: int, column: int) -> FloatArray:
        """Lower left corner of a panel; rows count from the top."""
        step = self.side + self.gap
        up = self.count - 1 - row
        return np.array([self.left + column * step, self.bottom + up * step])

    def on_page(self, row: int, column: int, points: FloatArray) -> FloatArray:
        """Points of a panel, (0, 0) to (1, 1), as points of the page; shape (N, 2)."""
        return self.corner(row, column) + self.side * points

    @property
    def below(self) -> list[tuple[int, int]]:
        """Row and column of the panels below the diagonal."""
        return [(row, column) for row in range(self.count) for column in range(row)]


def draw_triangle(
    figure: Figure,
    triangle: Triangle,
    samples: FloatArray,
    labels: Sequence[str],
    bounds: Sequence[Sequence[float]],
) -> None:
    """Draw all panels.

    Parameters
    ----------
    figure : Figure
    triangle : Triangle
    samples : array, shape (S, D)
        Every column varies.
    labels : sequence of str, length D
    bounds : sequence of sequences of float, length D
        Prior bounds to mark.
    """
    axes = [axis_of(column) for column in samples.T]
    shares = np.column_stack([a.share(c) for a, c in zip(axes, samples.T, strict=True)])
    bins = int(np.clip(len(samples) // SAMPLES_PER_BIN, 12, 30))
    cells = (shares * bins).astype(int)
    if len(samples) < FEW_SAMPLES:
        draw_points(figure, triangle, shares)
    else:
        draw_contours(figure, triangle, cells, bins)
    draw_histograms(figure, triangle, cells, bins)
    quantiles = np.quantile(shares, QUANTILES, axis=0).T
    draw_marks(figure, triangle, list(quantiles), color=COLOUR, linestyle=":", linewidth=1.4)
    edges = [a.share(np.array(b)) for a, b in zip(axes, bounds, strict=True)]
    draw_marks(figure, triangle, edges, color=PRIOR_COLOUR, linewidth=1.8)
    ticks = [axis.ticks(4 if len(axes) > 3 else 5) for axis in axes]
    at = [a.share(values) for a, values in zip(axes, ticks, strict=True)]
    draw_frames(figure, triangle, at)
    write_ticks(figure, triangle, ticks, at)
    write_labels(figure, triangle, labels)


def draw_lines(figure: Figure, lines: Sequence[FloatArray], **style: Any) -> None:
    """Draw lines of the page, each of shape (N, 2) in inches."""
    figure.add_artist(LineCollection(lines, transform=figure.dpi_scale_trans, **style))


def draw_points(figure: Figure, triangle: Triangle, shares: FloatArray) -> None:
    """Draw every sample below the diagonal."""
    for row, column in triangle.below:
        x, y = triangle.on_page(row, column, shares[:, [column, row]]).T
        points = Line2D(x, y, linestyle="none", marker="o", markersize=4, color=COLOUR, alpha=0.6)
        points.set(markeredgecolor="none", transform=figure.dpi_scale_trans)
        figure.add_artist(points)


def draw_contours(figure: Figure, triangle: Triangle, cells: Cells, bins: int) -> None:
    """Draw the regions that hold `LEVELS` of the samples below the diagonal."""
    at = np.concatenate([[0.0], (np.arange(bins) + 0.5) / bins, [1.0]])
    filled: list[list[Path]] = [[] for _ in LEVELS]
    lines: list[FloatArray] = []
    for row, column in triangle.below:
        index = cells[:, row] * bins + cells[:, column]
        density = smoothed(np.bincount(index, minlength=bins**2).reshape(bins, bins))
        x, y = triangle.on_page(row, column, np.column_stack([at, at])).T
        z = np.pad(density, 1, mode="edge")
        contours: Any = contour_generator(x, y, z, fill_type="OuterCode", line_type="Separate")
        for paths, height in zip(filled, heights(density), strict=True):
            points, codes = contours.filled(height, 2 * np.max(density))
            paths += [Path(*polygon) for polygon in zip(points, codes, strict=True)]
            lines += contours.lines(height)
    for paths, colour in zip(filled, LEVEL_COLOURS, strict=True):
        inches = figure.dpi_scale_trans
        figure.add_artist(
            PathCollection(paths, facecolor=colour, edgecolor="none", transform=inches)
        )
    draw_lines(figure, lines, color=COLOUR, linewidth=1.5)


def smoothed(counts: Cells) -> FloatArray:
    """Counts averaged over neighbours with a Gaussian of one bin, mirrored at the edges."""
    reach, size = 4, len(counts)
    offset = np.arange(size + 2 * reach) - reach - np.arange(size)[:, None]
    weight = np.where(abs(offset) <= reach, np.exp(-0.5 * offset**2), 0.0)
    weight /= weight[0].sum()
    return np.asarray(weight @ np.pad(counts, reach, mode="symmetric") @ weight.T)


def heights(density: FloatArray) -> list[float]:
    """Densities above which the shares `LEVELS` of the samples lie, rising."""
    falling = np.sort(density, axis=None)[::-1]
    inside = np.cumsum(falling) / np.sum(falling)
    last = np.maximum(np.searchsorted(inside, LEVELS, side="right") - 1, 0)
    outer, inner = falling[last].tolist()
    return [min(outer, inner * (1 - 1e-4)), inner]


def draw_histograms(figure: Figure, triangle: Triangle, cells: Cells, bins: int) -> None:
    """Draw the diagonal."""
    x = np.repeat(np.arange(bins + 1) / bins, 2)
    lines = []
    for number, column in enumerate(cells.T):
        counts = np.bincount(column, minlength=bins)
        y = np.concatenate([[0.0], np.repeat(counts / (1.1 * np.max(counts)), 2), [0.0]])
        lines.append(triangle.on_page(number, number, np.column_stack([x, y])))
    draw_lines(figure, lines, color=COLOUR, linewidth=1.0)


def draw_marks(
    figure: Figure, triangle: Triangle, places: Sequence[FloatArray], **style: Any
) -> None:
    """Draw upright lines over the histograms, at shares of each axis."""
    upright = [
        triangle.on_page(number, number, np.array([(share, 0.0), (share, 1.0)]))
        for number, shares in enumerate(places)
        for share in shares
    ]
    draw_lines(figure, upright, **style)


def draw_frames(figure: Figure, triangle: Triangle, at: Sequence[FloatArray]) -> None:
    """Draw a frame around each panel, and the ticks at shares of each axis."""
    lines = []
    length = TICK / triangle.side
    for row in range(triangle.count):
        for column in range(row + 1):
            upright = [np.array([(share, 0.0), (share, length)]) for share in at[column]]
            flat = [np.array([(0.0, share), (length, share)]) for share in at[row]]
            drawn = [FRAME, *upright, *(flat if row != column else [])]
            lines += [triangle.on_page(row, column, line) for line in drawn]
    draw_lines(figure, lines, color="black", linewidth=0.8, capstyle="projecting")


def write_ticks(
    figure: Figure, triangle: Triangle, ticks: Sequence[FloatArray], at: Sequence[FloatArray]
) -> None:
    """Write the values of the ticks below the lowest row and left of the first column."""
    style = {"rotation": 45.0, "fontsize": TICK_SIZE}
    last = triangle.count - 1
    for number, (values, shares) in enumerate(zip(ticks, at, strict=True)):
        for text, along in zip(tick_texts(values), shares * triangle.side, strict=True):
            x, y = triangle.corner(last, number)
            write(figure, x + along, y - TICK_PAD, text, ha="center", va="top", **style)
            if number > 0:
                x, y = triangle.corner(number, 0)
                beside = {"ha": "right", "va": "center_baseline"}
                write(figure, x - TICK_PAD, y + along, text, **beside, **style)


def write_labels(figure: Figure, triangle: Triangle, labels: Sequence[str]) -> None:
    """Write the labels below the lowest row and left of the first column, clear of the ticks'."""
    room = triangle.side
    upright = {"rotation": 90.0, "rotation_mode": "anchor", "va": "bottom"}
    for number, label in enumerate(labels):
        x, y = triangle.corner(triangle.count - 1, number)
        write_label(figure, x + room / 2, y - X_LABEL, label, room, va="top")
        if number > 0:
            x, y = triangle.corner(number, 0)
            write_label(figure, x - Y_LABEL, y + room / 2, label, room, **upright)


def write_label(figure: Figure, x: float, y: float, label: str, room: float, **style: Any) -> None:
    """Write a label no longer than `room` inches, as far as it stays legible."""
    text = write(figure, x, y, label, ha="center", fontsize=LABEL_SIZE, **style)
    extent = text.get_window_extent()
    length = max(extent.width, extent.height) / figure.dpi
    if length > room:
        text.set_fontsize(max(SMALLEST_LABEL, LABEL_SIZE * room / length))
