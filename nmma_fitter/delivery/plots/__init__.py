"""Figures of a fit and of a ranking, as PNG files.

Each ``plot_*`` takes the path and then the arguments of the ``*_figure`` function that draws it.
The same input gives the same bytes; the file appears whole or not at all. Importing this takes
matplotlib with it: import it where a figure is drawn, not at the top of a command.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec

from matplotlib.figure import Figure

from nmma_fitter.delivery.plots.comparison import ModelCurves, comparison_figure
from nmma_fitter.delivery.plots.data import photometry_figure
from nmma_fitter.delivery.plots.lightcurves import lightcurve_figure
from nmma_fitter.delivery.plots.posterior import corner_figure
from nmma_fitter.delivery.plots.prior_light import prior_light_figure
from nmma_fitter.delivery.plots.style import figure_style, write_png
from nmma_fitter.delivery.ranges import BandCurves

__all__ = [
    "BandCurves",
    "ModelCurves",
    "comparison_figure",
    "corner_figure",
    "lightcurve_figure",
    "photometry_figure",
    "plot_comparison",
    "plot_corner",
    "plot_lightcurves",
    "plot_photometry",
    "plot_prior_light",
    "prior_light_figure",
]

P = ParamSpec("P")


def saved(build: Callable[P, Figure]) -> Callable[Concatenate[Path, P], None]:
    """Return a function that draws with `build` and saves the figure at a path given first."""

    def plot(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> None:
        with figure_style():
            write_png(path, build(*args, **kwargs))

    plot.__doc__ = f"Save at `path` what `{build.__name__}` draws, with the same arguments."
    return plot


plot_lightcurves = saved(lightcurve_figure)
plot_photometry = saved(photometry_figure)
plot_corner = saved(corner_figure)
plot_comparison = saved(comparison_figure)
plot_prior_light = saved(prior_light_figure)
