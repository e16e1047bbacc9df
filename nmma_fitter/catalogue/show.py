"""A picture of what a model's prior allows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nmma_fitter import bands as band_table
from nmma_fitter import models
from nmma_fitter.catalogue.curves import prior_light
from nmma_fitter.config import fit_settings
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_settings import FitsTable
from nmma_fitter.prior_files import prior_path


def show(
    name: str,
    fits: FitsTable,
    out: Path,
    *,
    bands: Sequence[str],
    distance: float,
    days: tuple[float, float] | None = None,
    draws: int | None = None,
    priors: Path | None = None,
) -> str:
    """Draw a model's light curves over its prior into a file; returns a line that says so.

    Parameters
    ----------
    name : str
    fits : FitsTable
        Whose priors and model options count.
    out : Path
        PNG file.
    bands : sequence of str
        Written in any of the ways of `nmma_fitter.bands.canonical`.
    distance, days, draws
        As of `prior_light`.
    priors : Path, optional
        A prior file instead of the model's own.

    Raises
    ------
    BadInput, Unavailable, UnsupportedData
        As `prior_light`.
    """
    model = models.get(name)
    if not out.parent.is_dir():
        raise BadInput(f"{out}: there is no folder {out.parent}; make it first")
    settings = fit_settings(fits, name)
    path = priors or prior_path(fits, name, settings)
    canonical = list(dict.fromkeys(band_table.canonical(band, settings.bands) for band in bands))
    if not canonical:
        raise BadInput("no band to show; give some, such as ztfg,ztfr")
    light = prior_light(name, settings, str(path), canonical, distance, days=days, draws=draws)
    from nmma_fitter.delivery.plots import plot_prior_light

    told = (
        f"{light.draws} draws of {path.name} at {distance:g} Mpc (z = {light.redshift:.4f}), the "
    )
    told += "explosion at day 0."
    if light.impossible:
        told += f" Of them {light.impossible} are left out: the model excludes them."
    plot_prior_light(out, model=name, kind=model.kind, curves=light.curves, notes=[told])
    return f"{out}: {told}"
