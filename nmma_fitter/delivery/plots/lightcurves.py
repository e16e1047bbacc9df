"""The light curve of one object with one model's posterior over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nmma_fitter.candidates.lightcurve import LightCurve
from nmma_fitter.delivery.palette import band_style
from nmma_fitter.delivery.plots.one_frame import (
    band_entry,
    fill_styles,
    lowered,
    offsets_of,
    shifted,
)
from nmma_fitter.delivery.plots.panels import Page, band_panels, panel_bands
from nmma_fitter.delivery.plots.photometry import (
    RESIDUALS,
    data_entries,
    draw_photometry,
    draw_residuals,
    residual_reach,
)
from nmma_fitter.delivery.plots.text import evidence_text
from nmma_fitter.delivery.ranges import (
    INTERVAL_WORDS,
    BandCurves,
    SysError,
    at_detections,
    day_range,
    from_below,
    hidden_limits_note,
    magnitude_range,
    near_data,
    sys_error_of,
)
from nmma_fitter.labels import outside_words

OPACITY, CROWDED = 0.22, 0.13  # of a band in its own panel, and of bands that share one
BEST_STYLE = (0, (4, 2))
OUTSIDE: dict[str, Any] = {"facecolor": "0.93", "edgecolor": "0.8", "hatch": "//", "linewidth": 0.0}


def lightcurve_figure(
    *,
    object_name: str,
    title: str,
    log_evidence: float,
    log_evidence_err: float,
    lightcurve: LightCurve,
    trigger_mjd: float,
    sys_error: SysError,
    curves: Sequence[BandCurves],
    outside_share: float,
    valid_until_days: float | None,
    notes: Sequence[str] = (),
    distance: float | None = None,
    one_frame: bool = False,
) -> Figure:
    """Return the figure that `plot_lightcurves` saves.

    Parameters
    ----------
    object_name, title : str
        The object, and the model as a reader is told of it; untrusted.
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
    distance : float, optional
        In Mpc, where it is known.
    one_frame : bool
        All bands in one frame, each moved by an offset that the legend names.
    """
    bands = panel_bands(lightcurve, curves)
    offsets = offsets_of(bands) if one_frame else {}
    lightcurve, curves = shifted(lightcurve, offsets), [lowered(c, offsets) for c in curves]
    fills = dict(zip(bands, fill_styles(bands), strict=True)) if one_frame else {}
    days = day_range(lightcurve, trigger_mjd, curves)
    lines = [
        near_data(c, line, lightcurve, trigger_mjd, days)
        for c in curves
        for line in (c.best, c.median)
    ]
    lines += [edge for c in curves for edge in at_detections(c, lightcurve, trigger_mjd)]
    mags = magnitude_range(lightcurve, lines, sys_error)
    shaded = valid_until_days is not None and valid_until_days < days[1]
    has_sys = any(sys_error_of(sys_error, band) > 0 for band in bands)
    fitted = bool(curves) and bool(lightcurve.has_magnitude.any())
    said = {
        RESIDUALS: fitted,
        f"{outside_words(outside_share)}.": bool(outside_words(outside_share)),
    }
    page = Page(
        object_name,
        f"{title},  {evidence_text(log_evidence, log_evidence_err)}",
        [
            *(band_entry(band, offset, fills[band]) for band, offset in offsets.items()),
            *data_entries(lightcurve, has_sys),
            *model_entries(bool(curves), shaded),
        ],
        legend_columns=4,
        days=days,
        mags=mags,
        notes=[
            *(note for note, holds in said.items() if holds),
            *hidden_limits_note(lightcurve, mags),
            *notes,
        ],
        trigger_mjd=trigger_mjd,
        distance=distance,
        sigmas=residual_reach(lightcurve, curves, trigger_mjd, sys_error) if fitted else 0.0,
        one_frame=one_frame,
    )
    panels = band_panels(bands, page)
    for band, ax in panels.bands.items():
        fill = fills.get(band, "full")
        for curve in (c for c in curves if c.band == band):
            draw_posterior(ax, curve, mags[0] + 1.0, CROWDED if one_frame else OPACITY)
        draw_photometry(ax, lightcurve, band, trigger_mjd, sys_error, fill=fill)
        if under := panels.residuals.get(band):
            draw_residuals(under, lightcurve, curves, band, trigger_mjd, sys_error, fill)
    if valid_until_days is not None and shaded:
        for ax in dict.fromkeys([*panels.bands.values(), *panels.residuals.values()]):
            ax.axvspan(max(valid_until_days, days[0]), days[1], zorder=0.5, **OUTSIDE)
    return panels.figure


def draw_posterior(ax: Axes, curve: BandCurves, faintest: float, opacity: float) -> None:
    """Draw median, 90 % band and best fit; what has no light lies at magnitude `faintest`."""
    colour = band_style(curve.band).colour
    low, median, high, best = (
        from_below(line, faintest) for line in (curve.low, curve.median, curve.high, curve.best)
    )
    ax.fill_between(curve.days, low, high, color=colour, alpha=opacity, linewidth=0, zorder=1)
    ax.plot(curve.days, median, color=colour, linewidth=1.8, zorder=2)
    ax.plot(curve.days, best, color="black", linestyle=BEST_STYLE, linewidth=1.2, zorder=2.5)


def model_entries(curves: bool, shaded: bool) -> list[Artist]:
    """Legend entries of the model, in no band's colour."""
    entries: list[Artist] = []
    if curves:
        entries += [
            Line2D([], [], color="0.35", lw=1.8, label="posterior median"),
            Patch(color="0.35", alpha=0.25, lw=0, label=f"{INTERVAL_WORDS} of posterior"),
            Line2D([], [], color="black", ls=BEST_STYLE, lw=1.2, label="best fit"),
        ]
    if shaded:
        entries.append(Patch(label="outside validity", **OUTSIDE))
    return entries
