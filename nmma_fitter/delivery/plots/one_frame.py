"""All bands in one frame: each is moved by whole magnitudes, which the legend names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.lines import Line2D

from nmma_fitter.candidates.lightcurve import LightCurve
from nmma_fitter.delivery.palette import band_style
from nmma_fitter.delivery.plots.photometry import FillStyle
from nmma_fitter.delivery.ranges import BandCurves
from nmma_fitter.labels import band_label

FILLS: tuple[FillStyle, ...] = ("full", "none", "left", "bottom", "right", "top")


def offsets_of(bands: Sequence[str]) -> dict[str, int]:
    """Magnitudes added to each band: one more for each bluer one, none in the middle."""
    middle = (len(bands) - 1) // 2
    return {band: middle - place for place, band in enumerate(bands)}


def fill_styles(bands: Sequence[str]) -> list[FillStyle]:
    """How marks are filled, so that bands of one letter can be told apart."""
    looks = [band_style(band) for band in bands]
    return [FILLS[looks[:place].count(look) % len(FILLS)] for place, look in enumerate(looks)]


def shifted(lightcurve: LightCurve, offsets: Mapping[str, int]) -> LightCurve:
    """Measurements with the offset of their band."""
    if not offsets:
        return lightcurve
    added = np.array([offsets.get(str(band), 0) for band in lightcurve.band], dtype=float)
    return replace(lightcurve, mag=lightcurve.mag + added, limit=lightcurve.limit + added)


def lowered(curve: BandCurves, offsets: Mapping[str, int]) -> BandCurves:
    """A band's curves with its offset."""
    added = offsets.get(curve.band, 0)
    lines = ("median", "low", "high", "best")
    return replace(curve, **{name: getattr(curve, name) + added for name in lines})


def band_entry(band: str, offset: int, fill: FillStyle) -> Line2D:
    """Legend entry of a band: its mark, its name and its offset."""
    style = band_style(band)
    moved = f" {offset:+d}".replace("-", "\N{MINUS SIGN}") if offset else ""
    return Line2D(
        [],
        [],
        color=style.colour,
        marker=style.marker,
        fillstyle=fill,
        markerfacecoloralt="white",
        markeredgecolor="black",
        markeredgewidth=0.6,
        linewidth=1.8,
        label=f"{band_label(band)}{moved}",
    )
