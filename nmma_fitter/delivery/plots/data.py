"""A light curve as it was measured, without a model."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from nmma_fitter.candidates.lightcurve import LightCurve, detections
from nmma_fitter.delivery.plots.panels import Page, band_panels, panel_bands
from nmma_fitter.delivery.plots.photometry import data_entries, draw_photometry
from nmma_fitter.delivery.ranges import day_range, hidden_limits_note, magnitude_range
from nmma_fitter.plain import counted


def photometry_figure(
    *, object_name: str, lightcurve: LightCurve, trigger_mjd: float, notes: Sequence[str] = ()
) -> Figure:
    """Return the figure that `plot_photometry` saves.

    Parameters
    ----------
    object_name : str
        Untrusted.
    lightcurve : LightCurve
    trigger_mjd : float
        Day zero.
    notes : sequence of str
        Printed at the foot; untrusted.
    """
    bands, mags = panel_bands(lightcurve, []), magnitude_range(lightcurve, [])
    rows, seen = counted(len(lightcurve), "row"), counted(detections(lightcurve), "detection")
    page = Page(
        object_name,
        f"{rows}, {seen}",
        data_entries(lightcurve),
        legend_columns=4,
        days=day_range(lightcurve, trigger_mjd, []),
        mags=mags,
        notes=[*hidden_limits_note(lightcurve, mags), *notes],
        trigger_mjd=trigger_mjd,
    )
    panels = band_panels(bands, page)
    for band, ax in panels.bands.items():
        draw_photometry(ax, lightcurve, band, trigger_mjd)
    return panels.figure
