"""What ``nmma-fit`` was asked for, checked before what it takes to fit is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmma_fitter import models
from nmma_fitter.candidates.textfile import check_file
from nmma_fitter.config import load_config
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_options import settings_of
from nmma_fitter.fit_settings import FitsTable


@dataclass(frozen=True)
class FitOrder:
    """What ``nmma-fit`` was asked for; `over` are settings over the configuration's."""

    lightcurve: Path
    models: tuple[str, ...]
    outdir: Path
    over: dict[str, Any]
    object_name: str | None = None
    config: Path | None = None
    preset: str | None = None
    priors: Path | None = None
    jet: str | None = None
    cores: int | None = None
    nmma_environment: str | None = None
    one_frame: bool = False
    truth: Path | None = None


def check_order(order: FitOrder) -> tuple[FitsTable, list[str]]:
    """The table of settings that was asked for, and the models.

    Raises
    ------
    BadInput
        An option cannot be used, or there is no such light curve.
    """
    config = load_config(order.config, preset=order.preset)
    wanted = _wanted(order.models or tuple(config.fits.models), config.fits.refused_models)
    if order.priors is not None and len(wanted) > 1:
        raise BadInput("--priors is the file of one model; give one --model with it")
    if order.outdir.exists() and not order.outdir.is_dir():
        raise BadInput(f"--outdir {order.outdir}: is not a folder; choose another")
    fits = _drawn(_with_nmma(config.fits, order.nmma_environment), order)
    settings_of(fits, wanted, order.over, order.jet)
    check_file(order.lightcurve)
    return fits, wanted


def _with_nmma(fits: FitsTable, environment: str | None) -> FitsTable:
    """The table with NMMA's environment as named by hand, made absolute."""
    if environment is None:
        return fits
    named = fits.nmma.model_copy(update={"environment": str(Path(environment).absolute())})
    return fits.model_copy(update={"nmma": named})


def _drawn(fits: FitsTable, order: FitOrder) -> FitsTable:
    """The table with how fits are to be drawn, as asked for by hand."""
    plots = fits.plots
    asked = {"one_frame": order.one_frame or plots.one_frame, "truth": order.truth or plots.truth}
    return fits.model_copy(update={"plots": plots.model_copy(update=asked)})


def _wanted(asked: tuple[str, ...], refused: list[str]) -> list[str]:
    if "all" not in asked:
        return list(dict.fromkeys(asked))
    return [name for name in models.names() if name not in refused]
