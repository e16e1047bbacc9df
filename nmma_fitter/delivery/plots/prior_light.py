"""The light curves that a model's prior allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from nmma_fitter.delivery.palette import band_order, band_style
from nmma_fitter.delivery.plots.panels import Page, band_panels
from nmma_fitter.delivery.ranges import PriorCurves, finite_or_nan

SPAN = 12.0  # mag shown: what is fainter than that below the peak nobody sees
BELOW_MEDIAN = 2.0  # mag, but the median is seen where it is brightest
WIDE, NARROW = 0.16, 0.34  # opacity of 95 and 68 %
GREY = "0.35"


def prior_light_figure(
    *, model: str, kind: str, curves: Sequence[PriorCurves], notes: Sequence[str] = ()
) -> Figure:
    """Return the figure that `plot_prior_light` saves: one panel a band.

    Parameters
    ----------
    model, kind : str
        For the title.
    curves : sequence of PriorCurves
    notes : sequence of str
        Printed at the foot.
    """
    ordered = sorted(curves, key=lambda one: band_order(one.band))
    mags = magnitude_ends(ordered)
    last = last_day(ordered, mags[0])
    panels = band_panels(
        [one.band for one in ordered],
        Page(
            model,
            f"{kind}: the light curves its prior allows",
            entries(),
            legend_columns=4,
            days=(-0.02 * last, 1.02 * last),
            mags=mags,
            notes=notes,
        ),
    )
    for one in ordered:
        panels.bands[one.band].xaxis.set_major_locator(MaxNLocator(5, prune="upper"))
        draw(panels.bands[one.band], one, beyond=mags[0] + 1.0)
    return panels.figure


def magnitude_ends(curves: Sequence[PriorCurves]) -> tuple[float, float]:
    """Faint and bright end of the axis: the 95 % of all bands, as far as it can be looked at."""
    values = finite_or_nan(np.concatenate([one.quantiles.ravel() for one in curves]))
    if not np.isfinite(values).any():
        return 25.0, 15.0
    bright = float(np.nanmin(values))
    middle = max(float(np.min(one.quantiles[2])) for one in curves)
    seen = max(bright + SPAN, middle + BELOW_MEDIAN if np.isfinite(middle) else bright)
    return min(float(np.nanmax(values)), seen) + 0.4, bright - 0.4


def last_day(curves: Sequence[PriorCurves], faintest: float) -> float:
    """Last day on which any band's bright edge is above the faint end of the axis."""
    seen = [one.days[one.quantiles[0] < faintest] for one in curves]
    return max((float(days[-1]) for days in seen if days.size), default=float(curves[0].days[-1]))


def draw(ax: Axes, curves: PriorCurves, beyond: float) -> None:
    """Draw both bands, the median and single draws; what has no light goes on to `beyond`."""
    colour = band_style(curves.band).colour
    low95, low68, median, high68, high95 = np.where(
        np.isposinf(curves.quantiles), beyond, curves.quantiles
    )
    for low, high, alpha in ((low95, high95, WIDE), (low68, high68, NARROW)):
        ax.fill_between(curves.days, low, high, color=colour, alpha=alpha, linewidth=0, zorder=1)
    for single in curves.single:
        ax.plot(curves.days, finite_or_nan(single), color="0.15", linewidth=0.6, zorder=2)
    ax.plot(curves.days, median, color=colour, linewidth=2.4, zorder=3)


def entries() -> list[Artist]:
    """Legend entries, in no band's colour."""
    return [
        Line2D([], [], color=GREY, lw=2.4, label="median of the prior"),
        Patch(color=GREY, alpha=WIDE + NARROW, lw=0, label="68 %"),
        Patch(color=GREY, alpha=WIDE, lw=0, label="95 %"),
        Line2D([], [], color="0.15", lw=0.6, label="single draws"),
    ]
