"""All models of one object over the same data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D

from nmma_fitter.candidates.lightcurve import LightCurve
from nmma_fitter.delivery.palette import BandStyle, band_style, model_colour, model_dashes
from nmma_fitter.delivery.plots.panels import (
    band_panels,
    data_entries,
    draw_photometry,
    panel_bands,
)
from nmma_fitter.delivery.plots.text import evidence_text, truncate
from nmma_fitter.delivery.ranges import (
    BandCurves,
    day_range,
    finite_or_nan,
    hidden_limits_note,
    magnitude_range,
    near_data,
)

DATA_COLOUR = "#333333"


@dataclass(frozen=True)
class ModelCurves:
    """One model's place in the comparison.

    Attributes
    ----------
    model : str
        The model's name.
    log_evidence : float
        ln Z; nan when there is none, which ranks last.
    curves : sequence of BandCurves
        Only the medians are drawn.
    """

    model: str
    log_evidence: float
    curves: Sequence[BandCurves]


def comparison_figure(
    object_name: str, lightcurve: LightCurve, trigger_mjd: float, models: Sequence[ModelCurves]
) -> Figure:
    """Return the figure that `plot_comparison` saves; models by falling evidence.

    Parameters
    ----------
    object_name : str
        For the title; untrusted.
    lightcurve : LightCurve
        The measurements that all models were fitted to.
    trigger_mjd : float
        Day zero.
    models : sequence of ModelCurves
        In any order.
    """
    ranked = sorted(models, key=rank_key)
    curves = [curve for entry in ranked for curve in entry.curves]
    bands = panel_bands(lightcurve, curves)
    days = day_range(lightcurve, trigger_mjd, curves)
    mags = magnitude_range(
        lightcurve, [near_data(c, c.median, lightcurve, trigger_mjd, days) for c in curves]
    )
    figure, panels = band_panels(
        bands,
        object_name,
        f"{len(ranked)} model{'s' * (len(ranked) != 1)}: posterior medians, with ln Z",
        hidden_limits_note(lightcurve, mags),
        [*(legend_entry(entry, i) for i, entry in enumerate(ranked)), *data_entries(lightcurve)],
        legend_columns=3,
        trigger_mjd=trigger_mjd,
        days=days,
        mags=mags,
    )
    for band, ax in panels.items():
        for position, entry in reversed(list(enumerate(ranked))):
            draw_medians(ax, entry, band, position)
        style = BandStyle(DATA_COLOUR, band_style(band).marker)
        draw_photometry(ax, lightcurve, band, trigger_mjd, style=style)
    return figure


def rank_key(entry: ModelCurves) -> tuple[float, str]:
    """Highest evidence first, missing ones last, ties by name."""
    return (inf if isnan(entry.log_evidence) else -entry.log_evidence, entry.model)


def line_style(position: int) -> tuple[str, tuple[int, tuple[float, ...]], float]:
    """Colour, dashes and width of the model at one place of the ranking."""
    return (
        model_colour(position),
        (0, model_dashes(position)),
        2.4 if position == 0 else 1.5,
    )


def draw_medians(ax: Axes, entry: ModelCurves, band: str, position: int) -> None:
    """Draw one model's median in one band."""
    colour, dashes, width = line_style(position)
    for curve in (c for c in entry.curves if c.band == band):
        ax.plot(
            curve.days, finite_or_nan(curve.median), color=colour, linestyle=dashes, linewidth=width
        )


def legend_entry(entry: ModelCurves, position: int) -> Line2D:
    """Name and evidence of one model."""
    colour, dashes, width = line_style(position)
    name = truncate(entry.model, FontProperties(size=11.5), 1.4)
    label = f"{name}: {evidence_text(entry.log_evidence).removeprefix('ln Z = ')}"
    return Line2D([], [], color=colour, linestyle=dashes, linewidth=width, label=label)
