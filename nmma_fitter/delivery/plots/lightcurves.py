"""The light curve of one object with one model's posterior over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nmma_fitter.candidates.lightcurve import LightCurve
from nmma_fitter.delivery.palette import band_style
from nmma_fitter.delivery.plots.panels import (
    band_panels,
    data_entries,
    draw_photometry,
    panel_bands,
)
from nmma_fitter.delivery.plots.text import evidence_text
from nmma_fitter.delivery.ranges import (
    BandCurves,
    SysError,
    day_range,
    finite_or_nan,
    hidden_limits_note,
    magnitude_range,
    near_data,
    sys_error_of,
)

BEST_STYLE = (0, (4, 2))
OUTSIDE: dict[str, Any] = {"facecolor": "0.93", "edgecolor": "0.8", "hatch": "//", "linewidth": 0.0}


def lightcurve_figure(
    *,
    object_name: str,
    model: str,
    log_evidence: float,
    log_evidence_err: float,
    lightcurve: LightCurve,
    trigger_mjd: float,
    sys_error: SysError,
    curves: Sequence[BandCurves],
    outside_share: float,
    valid_until_days: float | None,
    notes: Sequence[str] = (),
) -> Figure:
    """Return the figure that `plot_lightcurves` saves.

    Parameters
    ----------
    object_name, model : str
        For the title; untrusted.
    log_evidence, log_evidence_err : float
        Natural logarithm of the evidence, and its error.
    lightcurve : LightCurve
        The measurements that were fitted, and no others.
    trigger_mjd : float
        Day zero.
    sys_error : float or mapping of band to float
        Systematic error in mag, added in quadrature to the photometric one.
    curves : sequence of BandCurves
        The posterior's light curves.
    outside_share : float
        Share of the fitted points (0 to 1) that lie outside the model's validity.
    valid_until_days : float or None
        Days since the trigger after which the model is not meant to hold.
    notes : sequence of str
        Printed at the foot; untrusted.
    """
    bands = panel_bands(lightcurve, curves)
    days = day_range(lightcurve, trigger_mjd, curves)
    lines = [
        near_data(c, line, lightcurve, trigger_mjd, days)
        for c in curves
        for line in (c.best, c.median)
    ]
    mags = magnitude_range(lightcurve, lines, sys_error)
    shaded = valid_until_days is not None and valid_until_days < days[1]
    has_sys = any(sys_error_of(sys_error, band) > 0 for band in bands)
    outside = [f"{100 * outside_share:.0f} % of the points lie outside the model's validity."]
    figure, panels = band_panels(
        bands,
        object_name,
        f"{model},  {evidence_text(log_evidence, log_evidence_err)}",
        [
            *(outside if outside_share > 0 else []),
            *hidden_limits_note(lightcurve, mags),
            *notes,
        ],
        [*data_entries(lightcurve, has_sys), *model_entries(bool(curves), shaded)],
        legend_columns=4,
        trigger_mjd=trigger_mjd,
        days=days,
        mags=mags,
    )
    for band, ax in panels.items():
        for curve in (c for c in curves if c.band == band):
            draw_posterior(ax, curve, faintest=mags[0] + 1.0)
        draw_photometry(ax, lightcurve, band, trigger_mjd, sys_error)
        if valid_until_days is not None and shaded:
            ax.axvspan(max(valid_until_days, days[0]), days[1], zorder=0.5, **OUTSIDE)
    return figure


def draw_posterior(ax: Axes, curve: BandCurves, faintest: float) -> None:
    """Draw median, 90 % band and best fit; lines break where there is no flux.

    A band whose faint edge has no flux reaches down to magnitude `faintest`.
    """
    colour = band_style(curve.band).colour
    low = finite_or_nan(curve.low)
    high = finite_or_nan(np.where(np.isposinf(curve.high), faintest, curve.high))
    ax.fill_between(curve.days, low, high, color=colour, alpha=0.22, linewidth=0, zorder=1)
    ax.plot(curve.days, finite_or_nan(curve.median), color=colour, linewidth=1.8, zorder=2)
    ax.plot(
        curve.days,
        finite_or_nan(curve.best),
        color="black",
        linestyle=BEST_STYLE,
        linewidth=1.2,
        zorder=2.5,
    )


def model_entries(curves: bool, shaded: bool) -> list[Artist]:
    """Legend entries of the model, in no band's colour."""
    entries: list[Artist] = []
    if curves:
        entries += [
            Line2D([], [], color="0.35", lw=1.8, label="posterior median"),
            Patch(color="0.35", alpha=0.25, lw=0, label="90 % of posterior"),
            Line2D([], [], color="black", ls=BEST_STYLE, lw=1.2, label="best fit"),
        ]
    if shaded:
        entries.append(Patch(label="outside validity", **OUTSIDE))
    return entries
