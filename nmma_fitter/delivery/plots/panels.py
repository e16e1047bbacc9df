"""A page of panels over shared axes: one a band, or one for all, with legend and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import AutoMinorLocator, MaxNLocator

from nmma_fitter.candidates.lightcurve import LightCurve
from nmma_fitter.delivery.palette import band_order, band_style
from nmma_fitter.delivery.plots.text import POINTS_PER_INCH, add_lines, add_title, shrink, wrapped
from nmma_fitter.delivery.ranges import BandCurves, day_zero, distance_modulus
from nmma_fitter.labels import band_label

NOTE_SIZE = 11.0
TITLE_SIZE = 17.0
WIDTH, LEFT, RIGHT, TOP = 8.0, 0.88, 0.12, 0.97  # page and margins in inches
RIGHT_WITH_AXIS = 0.92
LEGEND_ROW = 0.245
GAP, TITLE_GAP = 0.12, 0.27  # between panels, sideways and down
RESIDUAL, RESIDUAL_GAP = 0.62, 0.06  # height of the residuals, and what keeps them off
TICK_STEPS = (1, 2, 3, 5, 10)
LONGEST_DAY = 100.0  # days shown, over which ticks take more room


@dataclass(frozen=True)
class Page:
    """What a page shows besides what is drawn into its panels.

    Attributes
    ----------
    name, subtitle : str
        The title's two lines, untrusted.
    legend : sequence of Artist
        Legend entries; the page grows with them. Their labels are drawn as plain text.
    legend_columns : int
        How many entries stand side by side.
    days, mags : (float, float)
        Ends of the shared axes; `mags` from faint to bright, so that brighter is higher.
    notes : sequence of str
        Foot notes, untrusted; the page grows with them.
    trigger_mjd : float or None
        Day zero of the axis; None where nothing was observed.
    distance : float or None
        In Mpc, where it is known: absolute magnitudes stand on the right.
    sigmas : float
        Reach of the residuals below each panel; 0 for none.
    one_frame : bool
        Whether all bands share one panel.
    """

    name: str
    subtitle: str
    legend: Sequence[Artist]
    legend_columns: int
    days: tuple[float, float]
    mags: tuple[float, float]
    notes: Sequence[str] = ()
    trigger_mjd: float | None = None
    distance: float | None = None
    sigmas: float = 0.0
    one_frame: bool = False


@dataclass(frozen=True)
class Panels:
    """A figure, with each band's panel and the one of its residuals."""

    figure: Figure
    bands: dict[str, Axes] = field(default_factory=dict)
    residuals: dict[str, Axes] = field(default_factory=dict)


def panel_bands(lightcurve: LightCurve, curves: Sequence[BandCurves]) -> list[str]:
    """Bands with data or a curve, bluest first; one unnamed band when there are none."""
    bands = {str(b) for b in lightcurve.band} | {c.band for c in curves}
    return sorted(bands, key=band_order) or [""]


def grid_shape(panels: int) -> tuple[int, int]:
    """Rows and columns: one column up to two panels, then as wide as the page allows."""
    columns = {1: 1, 2: 1, 4: 2}.get(panels, 3 if panels <= 12 else 4)
    return -(-panels // columns), columns


def band_panels(bands: Sequence[str], page: Page) -> Panels:
    """Return a page of empty panels for the bands, in their order."""
    count = 1 if page.one_frame else len(bands)
    rows, columns = grid_shape(count)
    lines = wrapped(page.notes, 86, 4)
    foot = 0.06 + 1.3 * NOTE_SIZE / POINTS_PER_INCH * len(lines)
    key = LEGEND_ROW * -(-len(page.legend) // page.legend_columns)
    below = RESIDUAL + RESIDUAL_GAP if page.sigmas else 0.0
    grow = 1.5 * max(rows - 2, 0) + max(key - 2 * LEGEND_ROW, 0.0) + below * rows
    figure = Figure(figsize=(WIDTH, round(5.0 + grow + foot - 0.06, 2)))
    height = float(figure.get_size_inches()[1])
    add_title(figure, page.name, page.subtitle, size=TITLE_SIZE, top=0.08)
    add_lines(figure, lines, size=NOTE_SIZE, bottom=0.06)
    bottom = foot + key + 0.68
    right = RIGHT if page.distance is None else RIGHT_WITH_AXIS
    side, high = WIDTH - LEFT - right, height - TOP
    wide = (side - GAP * (columns - 1)) / columns
    tall = (high - bottom - TITLE_GAP * (rows - 1)) / rows
    panels = Panels(figure)
    grid: list[tuple[Axes, Axes | None]] = []
    for place in range(count):
        left = LEFT + place % columns * (wide + GAP)
        low = high - tall - place // columns * (tall + TITLE_GAP)
        main = add_axes(figure, (left, low + below, wide, tall - below))
        under = add_axes(figure, (left, low, wide, RESIDUAL), main) if below else None
        grid.append((main, under))
        outer, lowest = place % columns == 0, place + columns >= count
        dress(page, main, under, outer, lowest, wide)
        if page.distance is not None and (place % columns == columns - 1 or place == count - 1):
            add_absolute_axis(main, page.distance)
    for position, band in enumerate(bands):
        main, under = grid[0 if page.one_frame else position]
        panels.bands[band] = main
        if under is not None:
            panels.residuals[band] = under
        if not page.one_frame:
            style: Any = {"color": band_style(band).colour, "weight": "bold", "pad": 3}
            main.set_title(band_label(band), loc="left", parse_math=False, **style)
    add_names(figure, page, (foot, key, bottom, high, side))
    return panels


def add_axes(
    figure: Figure, inches: tuple[float, float, float, float], above: Axes | None = None
) -> Axes:
    """Axes at a place in inches (left, bottom, width, height), with the days of those above."""
    width, height = figure.get_size_inches()
    left, bottom, wide, tall = inches
    return figure.add_axes(
        (left / width, bottom / height, wide / width, tall / height),
        sharex=above,
        label="panel" if above is None else "residuals",
    )


def dress(
    page: Page, main: Axes, under: Axes | None, outer: bool, lowest: bool, wide: float
) -> None:
    """Ends, ticks and grid of a panel; numbers stand at the `outer` and `lowest` ones only."""
    main.set_xlim(*page.days)
    main.set_ylim(*page.mags)
    ticks = min(9, int(2.2 * wide)) if page.days[1] - page.days[0] < LONGEST_DAY else 4
    axes = [main] if under is None else [main, under]
    for ax in axes:
        ax.xaxis.set_major_locator(MaxNLocator(ticks, steps=TICK_STEPS))
        ax.xaxis.set_minor_locator(AutoMinorLocator())
        ax.tick_params(labelbottom=lowest and ax is axes[-1], labelleft=outer)
        ax.tick_params(which="both", top=True, right=page.distance is None or ax is under)
        ax.grid(color="0.9", linewidth=0.6)
        ax.set_axisbelow(True)
    main.yaxis.set_major_locator(MaxNLocator(7, steps=TICK_STEPS))
    main.yaxis.set_minor_locator(AutoMinorLocator())
    if under is not None:
        under.set_ylim(page.sigmas, -page.sigmas)
        step = float(f"{0.65 * page.sigmas:.0e}")  # one digit, clear of both ends
        under.set_yticks([-step, 0.0, step])
        under.axhline(0.0, color="0.4", linewidth=1.0)
        under.tick_params(labelsize=10)
        if outer:
            under.set_ylabel("Δ / σ", fontsize=10.5)
            under.yaxis.set_label_coords(-0.38 / wide, 0.5)


def add_absolute_axis(ax: Axes, distance: float) -> None:
    """Absolute magnitudes on the right of a panel."""
    modulus = distance_modulus(distance)

    def absolute(magnitude: Any) -> Any:
        return magnitude - modulus

    def apparent(magnitude: Any) -> Any:
        return magnitude + modulus

    right = ax.secondary_yaxis("right", functions=(absolute, apparent))
    right.yaxis.set_major_locator(MaxNLocator(7, steps=TICK_STEPS))
    right.yaxis.set_minor_locator(AutoMinorLocator())


def add_names(figure: Figure, page: Page, inches: tuple[float, float, float, float, float]) -> None:
    """Names of the shared axes, and the legend."""
    foot, key, bottom, high, side = inches
    height = float(figure.get_size_inches()[1])
    centre = (bottom + high) / 2 / height
    days = "Days since the explosion" if page.trigger_mjd is None else day_zero(page.trigger_mjd)
    figure.text(
        (LEFT + side / 2) / WIDTH, (foot + key + 0.1) / height, days, ha="center", fontsize=14
    )
    shifted = " + offset" if page.one_frame else ""
    upright: Any = {"rotation": "vertical", "va": "center", "fontsize": 14}
    figure.text(0.08 / WIDTH, centre, f"AB magnitude{shifted}", ha="left", **upright)
    if page.distance is not None:
        name = f"Absolute magnitude{shifted} ({page.distance:.4g} Mpc)"
        figure.text(1 - 0.08 / WIDTH, centre, name, ha="right", **upright)
    for label in figure.texts:
        if label.get_rotation() == 90.0:  # no longer than the axis it names
            room = (high - bottom) / height * float(figure.bbox.height)
            shrink(label, room)
    drawn = figure.legend(
        handles=list(page.legend),
        loc="lower center",
        bbox_to_anchor=(0.5, foot / height),
        borderaxespad=0.0,
        ncols=page.legend_columns,
        columnspacing=1.0,
        handlelength=1.5,
        handletextpad=0.5,
        frameon=False,
    )
    for text in drawn.get_texts():
        text.set_parse_math(False)
