"""Measurements in a panel, and how far they are from a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.path import Path as MarkerPath
from numpy.typing import NDArray

from nmma_fitter.candidates.lightcurve import LightCurve, upper_limits
from nmma_fitter.delivery.palette import BandStyle, band_style
from nmma_fitter.delivery.ranges import BandCurves, SysError, sys_error_of

FloatArray = NDArray[np.float64]
FillStyle = Literal["full", "left", "right", "bottom", "top", "none"]

# A bar with an arrow below it, in screen units: fainter is down on every magnitude axis here.
LIMIT_ARROW = MarkerPath(
    [(-0.5, 0), (0.5, 0), (0, 0), (0, -1.6), (-0.38, -1.1), (0, -1.6), (0.38, -1.1)],
    [1, 2, 1, 2, 1, 2, 2],
)
LIMIT_SIZE = 20.0
LEAST_SIGMAS = 3.2  # of a residual, to which the axis reaches at least
RESIDUALS = "Lower panels: (detection \N{MINUS SIGN} median) / σ, σ with the systematic error."


def draw_photometry(
    ax: Axes,
    lightcurve: LightCurve,
    band: str,
    trigger_mjd: float,
    sys_error: SysError = 0.0,
    style: BandStyle | None = None,
    fill: FillStyle = "full",
) -> None:
    """Draw detections with both errors, weaker ones hollow, limits as arrows to the faint side."""
    style = style or band_style(band)
    here = lightcurve.band == band
    seen, limit = here & lightcurve.has_magnitude, here & ~lightcurve.has_magnitude
    days, mag = lightcurve.mjd - trigger_mjd, lightcurve.mag
    error = np.nan_to_num(lightcurve.mag_err, posinf=0.0)
    systematic = sys_error_of(sys_error, band)
    if systematic > 0 and seen.any():
        total = np.hypot(error[seen], systematic)
        ax.errorbar(
            days[seen], mag[seen], total, fmt="none", ecolor=style.colour, elinewidth=5, alpha=0.3
        )
    weak = seen & ~lightcurve.detected
    sure = seen & lightcurve.detected
    _points(ax, days[sure], mag[sure], error[sure], style, fill)
    if weak.any():
        _points(ax, days[weak], mag[weak], error[weak], style, "none")
    ax.plot(
        days[limit],
        upper_limits(lightcurve)[limit],
        linestyle="none",
        marker=LIMIT_ARROW,
        markersize=LIMIT_SIZE,
        markerfacecolor="none",
        color=style.colour,
        markeredgewidth=1.2,
        zorder=3,
    )


def _points(
    ax: Axes,
    days: FloatArray,
    values: FloatArray,
    errors: FloatArray,
    style: BandStyle,
    fill: FillStyle,
) -> None:
    ax.errorbar(
        days,
        values,
        errors,
        fmt=style.marker,
        color=style.colour,
        fillstyle=fill,
        markerfacecoloralt="white",
        markeredgecolor="black",
        markeredgewidth=0.6,
        markersize=6,
        elinewidth=1.3,
        zorder=4,
    )


def residuals_of(
    lightcurve: LightCurve, curve: BandCurves, trigger_mjd: float, sys_error: SysError
) -> tuple[FloatArray, FloatArray]:
    """Days of a band's detections, and their distance from its median in units of sigma.

    Sigma is the photometric and the systematic error in quadrature. A detection where the median
    has no light, or that has no error at all, is left out.
    """
    seen = (lightcurve.band == curve.band) & lightcurve.has_magnitude
    days = lightcurve.mjd[seen] - trigger_mjd
    sigma = np.hypot(
        np.nan_to_num(lightcurve.mag_err[seen], posinf=0.0), sys_error_of(sys_error, curve.band)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        median = np.interp(days, curve.days, curve.median, left=np.inf, right=np.inf)
        found = (lightcurve.mag[seen] - median) / sigma
    good = np.isfinite(found)
    return days[good], found[good]


def draw_residuals(
    ax: Axes,
    lightcurve: LightCurve,
    curves: Sequence[BandCurves],
    band: str,
    trigger_mjd: float,
    sys_error: SysError,
    fill: FillStyle = "full",
) -> None:
    """Draw a band's residuals with their error of 1; the brighter ones are up, as above."""
    for curve in (c for c in curves if c.band == band and np.size(c.days)):
        days, found = residuals_of(lightcurve, curve, trigger_mjd, sys_error)
        _points(ax, days, found, np.ones(days.size), band_style(band), fill)


def residual_reach(
    lightcurve: LightCurve, curves: Sequence[BandCurves], trigger_mjd: float, sys_error: SysError
) -> float:
    """How far, in sigma, the axes of all residuals reach."""
    found = [
        residuals_of(lightcurve, curve, trigger_mjd, sys_error)[1]
        for curve in curves
        if np.size(curve.days)
    ]
    farthest = float(np.max(np.abs(np.concatenate([np.zeros(1), *found]))))
    return max(LEAST_SIGMAS, 1.2 * farthest)


def data_entries(lightcurve: LightCurve, systematic: bool = False) -> list[Artist]:
    """Legend entries of the photometry that is there, in no band's colour."""
    grey = "0.35"
    point = Line2D([], [], ls="none", marker="o", color=grey, mec="black", label="detection")
    arrow = Line2D([], [], ls="none", marker=LIMIT_ARROW, ms=16, mfc="none", color=grey)
    arrow.set_label("upper limit (5σ)")
    wide = Line2D([], [], color=grey, lw=5, alpha=0.3, label="with systematic error")
    hollow = Line2D([], [], ls="none", marker="o", color=grey, mec="black", fillstyle="none")
    hollow.set_label(f"below {lightcurve.significance:g}σ")
    points = lightcurve.has_magnitude
    present = {
        point: bool(lightcurve.detected.any()),
        hollow: bool((points & ~lightcurve.detected).any()),
        arrow: not points.all(),
        wide: systematic and bool(points.any()),
    }
    return [entry for entry, here in present.items() if here]
