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
from nmma_fitter.delivery.plots.panels import Page, band_panels, panel_bands
from nmma_fitter.delivery.plots.photometry import data_entries, draw_photometry
from nmma_fitter.delivery.plots.text import evidence_text, truncate
from nmma_fitter.delivery.ranges import (
    INTERVAL_WORDS,
    BandCurves,
    SysError,
    day_range,
    from_below,
    hidden_limits_note,
    magnitude_range,
    near_data,
    sys_error_of,
)
from nmma_fitter.labels import model_title

DATA_COLOUR = "#333333"
SHADE = 0.16  # opacity of a band
LONGEST_NAME = 2.2  # inches


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
    kind, engine : str
        As of `Ranked`.
    """

    model: str
    log_evidence: float
    curves: Sequence[BandCurves]
    kind: str = ""
    engine: str = "fast"


def comparison_figure(
    object_name: str,
    lightcurve: LightCurve,
    trigger_mjd: float,
    models: Sequence[ModelCurves],
    distance: float | None = None,
    sys_error: SysError = 0.0,
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
        In any order. Each has its colour by its rank, as on the object's page.
    distance : float, optional
        In Mpc, where it is known.
    sys_error : float or mapping of band to float
        What the fits add to the photometric errors, in mag.
    """
    ranked = sorted(models, key=rank_key)
    curves = [curve for entry in ranked for curve in entry.curves]
    bands = panel_bands(lightcurve, curves)
    days = day_range(lightcurve, trigger_mjd, curves)
    medians = [near_data(c, c.median, lightcurve, trigger_mjd, days) for c in curves]
    mags = magnitude_range(lightcurve, medians, sys_error)
    has_sys = any(sys_error_of(sys_error, band) > 0 for band in bands)
    panels = band_panels(
        bands,
        Page(
            object_name,
            f"{len(ranked)} model{'s' * (len(ranked) != 1)}: medians and {INTERVAL_WORDS} bands",
            [
                *(legend_entry(entry, i) for i, entry in enumerate(ranked)),
                *data_entries(lightcurve, has_sys),
            ],
            legend_columns=2,
            days=days,
            mags=mags,
            notes=hidden_limits_note(lightcurve, mags),
            trigger_mjd=trigger_mjd,
            distance=distance,
        ),
    )
    for band, ax in panels.bands.items():
        for position, entry in reversed(list(enumerate(ranked))):
            draw_model(ax, entry, band, position, faintest=mags[0] + 1.0)
        style = BandStyle(DATA_COLOUR, band_style(band).marker)
        draw_photometry(ax, lightcurve, band, trigger_mjd, sys_error, style)
    return panels.figure


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


def draw_model(ax: Axes, entry: ModelCurves, band: str, position: int, faintest: float) -> None:
    """Draw one model's median and band; what has no light lies at magnitude `faintest`."""
    colour, dashes, width = line_style(position)
    for curve in (c for c in entry.curves if c.band == band):
        low, median, high = (
            from_below(line, faintest) for line in (curve.low, curve.median, curve.high)
        )
        ax.fill_between(curve.days, low, high, color=colour, alpha=SHADE, linewidth=0, zorder=1)
        ax.plot(curve.days, median, color=colour, linestyle=dashes, linewidth=width, zorder=2)


def legend_entry(entry: ModelCurves, position: int) -> Line2D:
    """Name and evidence of one model."""
    colour, dashes, width = line_style(position)
    title = model_title(entry.model, entry.kind, entry.engine)
    name = truncate(title, FontProperties(size=11.5), LONGEST_NAME)
    label = f"{name}: {evidence_text(entry.log_evidence)}"
    return Line2D([], [], color=colour, linestyle=dashes, linewidth=width, label=label)
