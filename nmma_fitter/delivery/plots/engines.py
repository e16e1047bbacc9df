"""The marginal posteriors of one fit by two engines, a panel for each parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nmma_fitter.delivery.plots import saved
from nmma_fitter.delivery.plots.text import checked_label

FloatArray = NDArray[np.float64]
COLOURS = ("#1F4E79", "#D55E00")  # told apart by the colour-blind
COLUMNS, BINS = 3, 30
PANEL = (3.1, 2.1)  # inches


def engines_figure(
    *,
    title: str,
    labels: Mapping[str, str],
    samples: Mapping[str, Mapping[str, FloatArray]],
    axes: Mapping[str, str],
) -> Figure:
    """Draw the marginals of both engines over each other.

    Parameters
    ----------
    title : str
    labels : mapping of engine to str
        What the legend says of each.
    samples : mapping of parameter to mapping of engine to array, shape (S,)
    axes : mapping of parameter to str
        Names of the axes, LaTeX as mathtext understands it; a parameter without one has its own.
    """
    columns = min(COLUMNS, max(len(samples), 1))
    rows = max(math.ceil(len(samples) / columns), 1)
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows + 1.3), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (name, found) in zip(panels, samples.items(), strict=False):
        edges = np.histogram_bin_edges(np.concatenate(list(found.values())), bins=BINS)
        for colour, (engine, column) in zip(COLOURS, found.items(), strict=True):
            style = {"density": True, "histtype": "step", "linewidth": 1.8, "color": colour}
            ax.hist(column, bins=edges, label=labels[engine], **style)
            ax.axvline(float(np.median(column)), color=colour, linewidth=1.0, linestyle=":")
        ax.set(xlabel=checked_label(axes.get(name, name)), yticks=[])
        ax.tick_params(axis="x", labelsize=9)
        ax.locator_params(axis="x", nbins=5)
    for ax in panels[len(samples) :]:
        ax.set_axis_off()
    figure.suptitle(title, fontweight="bold", parse_math=False)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", frameon=False)
    return figure


plot_engines = saved(engines_figure)
