"""One panel per band over shared axes: photometry, legend, page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path as MarkerPath

from nmma_fitter.candidates.lightcurve import LightCurve
from nmma_fitter.delivery.palette import BandStyle, band_order, band_style
from nmma_fitter.delivery.plots.text import POINTS_PER_INCH, add_lines, add_title, wrapped
from nmma_fitter.delivery.ranges import BandCurves, SysError, sys_error_of

# A bar with an arrow below it, in screen units: fainter is down on every magnitude axis here.
LIMIT_ARROW = MarkerPath(
    [(-0.5, 0), (0.5, 0), (0, 0), (0, -1.6), (-0.38, -1.1), (0, -1.6), (0.38, -1.1)],
    [1, 2, 1, 2, 1, 2, 2],
)
LIMIT_SIZE = 20.0
NOTE_SIZE = 11.0
TITLE_SIZE = 17.0
WIDTH, LEFT, RIGHT, TOP = 8.0, 0.88, 0.12, 0.97  # page and margins in inches
LEGEND_ROW = 0.245


def panel_bands(lightcurve: LightCurve, curves: Sequence[BandCurves]) -> list[str]:
    """Bands with data or a curve, bluest first; one unnamed band when there are none."""
    bands = {str(b) for b in lightcurve.band} | {c.band for c in curves}
    return sorted(bands, key=band_order) or [""]


def grid_shape(panels: int) -> tuple[int, int]:
    """Rows and columns: one column up to two panels, then as wide as the page allows."""
    columns = {1: 1, 2: 1, 4: 2}.get(panels, 3 if panels <= 12 else 4)
    return -(-panels // columns), columns


def draw_photometry(
    ax: Axes,
    lightcurve: LightCurve,
    band: str,
    trigger_mjd: float,
    sys_error: SysError = 0.0,
    style: BandStyle | None = None,
) -> None:
    """Draw detections with both errors, and upper limits as arrows to the faint side."""
    style = style or band_style(band)
    here = lightcurve.band == band
    seen, limit = here & lightcurve.detected, here & ~lightcurve.detected
    days, mag = lightcurve.mjd - trigger_mjd, lightcurve.mag
    error = np.nan_to_num(lightcurve.mag_err, posinf=0.0)
    systematic = sys_error_of(sys_error, band)
    if systematic > 0 and seen.any():
        total = np.hypot(error[seen], systematic)
        ax.errorbar(
            days[seen], mag[seen], total, fmt="none", ecolor=style.colour, elinewidth=5, alpha=0.3
        )
    ax.errorbar(
        days[seen],
        mag[seen],
        error[seen],
        fmt=style.marker,
        color=style.colour,
        markeredgecolor="black",
        markeredgewidth=0.6,
        markersize=6,
        elinewidth=1.3,
        zorder=4,
    )
    ax.plot(
        days[limit],
        lightcurve.limit[limit],
        linestyle="none",
        marker=LIMIT_ARROW,
        markersize=LIMIT_SIZE,
        markerfacecolor="none",
        color=style.colour,
        markeredgewidth=1.2,
        zorder=3,
    )


def data_entries(lightcurve: LightCurve, systematic: bool = False) -> list[Artist]:
    """Legend entries of the photometry that is there, in no band's colour."""
    grey = "0.35"
    point = Line2D([], [], ls="none", marker="o", color=grey, mec="black", label="detection")
    arrow = Line2D([], [], ls="none", marker=LIMIT_ARROW, ms=16, mfc="none", color=grey)
    arrow.set_label("upper limit (5σ)")
    wide = Line2D([], [], color=grey, lw=5, alpha=0.3, label="with systematic error")
    detected = bool(lightcurve.detected.any())
    present = (detected, not lightcurve.detected.all(), systematic and detected)
    return [entry for entry, here in zip((point, arrow, wide), present, strict=True) if here]


def band_panels(
    bands: Sequence[str],
    name: str,
    subtitle: str,
    notes: Sequence[str],
    legend: Sequence[Artist],
    legend_columns: int,
    trigger_mjd: float | None,
    days: tuple[float, float],
    mags: tuple[float, float],
) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure of one empty panel per band, with its title, legend and foot notes.

    Parameters
    ----------
    bands : sequence of str
        In the order of the panels.
    name, subtitle : str
        The title's two lines, untrusted.
    notes : sequence of str
        Foot notes, untrusted; the page grows with them.
    legend : sequence of Artist
        Legend entries; the page grows with them. Their labels are drawn as plain text.
    legend_columns : int
        How many entries stand side by side.
    trigger_mjd : float or None
        Day zero of the axis; None where nothing was observed.
    days, mags : (float, float)
        Ends of the shared axes; `mags` from faint to bright, so that brighter is higher.
    """
    rows, columns = grid_shape(len(bands))
    lines = wrapped(notes, 86, 4)
    foot = 0.06 + 1.3 * NOTE_SIZE / POINTS_PER_INCH * len(lines)
    key = LEGEND_ROW * -(-len(legend) // legend_columns)
    page = 5.0 + 1.5 * max(rows - 2, 0) + max(key - 2 * LEGEND_ROW, 0.0) + foot - 0.06
    figure = Figure(figsize=(WIDTH, round(page, 2)))
    page = float(figure.get_size_inches()[1])
    add_title(figure, name, subtitle, size=TITLE_SIZE, top=0.08)
    add_lines(figure, lines, size=NOTE_SIZE, bottom=0.06)
    bottom, side, high = foot + key + 0.68, WIDTH - LEFT - RIGHT, page - TOP
    panel = ((side - 0.12 * (columns - 1)) / columns, (high - bottom - 0.27 * (rows - 1)) / rows)
    grid = figure.subplots(
        rows,
        columns,
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw={
            "left": LEFT / WIDTH,
            "right": 1 - RIGHT / WIDTH,
            "bottom": bottom / page,
            "top": high / page,
            "wspace": 0.12 / panel[0],
            "hspace": 0.27 / panel[1],
        },
    ).ravel()
    for spare in grid[len(bands) :]:
        spare.remove()
    panels: dict[str, Axes] = dict(zip(bands, grid, strict=False))
    for position, (band, ax) in enumerate(panels.items()):
        dress(ax, band, lowest=position + columns >= len(bands))
        ax.set_xlim(*days)
        ax.set_ylim(*mags)
    figure.text(
        (LEFT + side / 2) / WIDTH,
        (foot + key + 0.1) / page,
        "Days since trigger" + ("" if trigger_mjd is None else f" (MJD {trigger_mjd:.4f})"),
        ha="center",
        fontsize=14,
    )
    figure.supylabel("AB magnitude", x=0.08 / WIDTH, y=(bottom + high) / 2 / page, fontsize=14)
    drawn = figure.legend(
        handles=list(legend),
        loc="lower center",
        bbox_to_anchor=(0.5, foot / page),
        borderaxespad=0.0,
        ncols=legend_columns,
        columnspacing=1.0,
        handlelength=1.5,
        handletextpad=0.5,
        frameon=False,
    )
    for text in drawn.get_texts():
        text.set_parse_math(False)
    return figure, panels


def dress(ax: Axes, band: str, lowest: bool) -> None:
    """Name a panel by its band; days are written under the `lowest` panel of a column only."""
    colour = band_style(band).colour
    ax.set_title(band, loc="left", color=colour, weight="bold", pad=3, parse_math=False)
    ax.tick_params(labelbottom=lowest, top=True, right=True)
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
