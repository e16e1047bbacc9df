"""The settings of fits, typed: what decides one, and the table ``[fits]`` that holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Trigger = Literal["first-detection", "day-before"] | float
NmmaRepair = Literal[
    "wavelengths", "blackbody", "afterglow-redshift", "supernova", "limits", "times", "sampler"
]
Table = dict[str, Any]


class Settings(BaseModel):
    """Base of all settings: frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(Settings):
    """A measured value with a Gaussian error; exact when the error is 0."""

    value: float
    error: Annotated[float, Field(ge=0)] = 0.0


class TimeGrid(Settings):
    """Evaluate the model on a grid and interpolate linearly in magnitude, as NMMA does.

    Days since explosion in the observer frame. `flux_points` evaluates the flux itself only at
    that many log-spaced times, interpolated onto the grid first.
    """

    start: float
    stop: float
    step: Annotated[float, Field(gt=0)]
    flux_points: int | None = None


class NmmaSettings(Settings):
    """How NMMA fits, where it is the engine; see docs/nmma.md."""

    sampler: Literal["dynesty", "ultranest", "pymultinest"] = "dynesty"
    sampler_options: dict[str, str | float | bool] = {}  # handed to bilby's run_sampler
    options: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")], str | float | bool] = {}
    leave: list[NmmaRepair] = []  # what is not repaired in NMMA


class FitSettings(Settings):
    """Everything that decides the result of one fit, besides its light curve and priors.

    Times are days since the trigger, magnitudes AB.
    """

    engine: Literal["fast", "nmma"] = "fast"
    trigger: Trigger = "first-detection"
    tmin: float = -10.0
    tmax: float = 14.0
    open_window: bool = False  # True: tmin < t < tmax strictly
    min_detections: Annotated[int, Field(ge=1)] = 2
    keep_duplicates: bool = False
    bands: str = "ztf"  # what bare g, r, i mean in a .dat file
    sys_error: Annotated[float, Field(ge=0)] = 1.0
    sys_error_bands: dict[str, float] = {}
    limit_error: Annotated[float, Field(ge=0)] = 0.22  # of a 5-sigma limit, mag
    truncate: bool = False
    detection_limit: float | dict[str, float] | None = None  # needed by truncate
    redshift: Measured | None = None
    distance: Measured | None = None
    galactic_ebv: Annotated[float, Field(ge=0)] = 0.0
    wavelengths: dict[str, float] = {}  # overrides of the band table, ångström
    time_grid: TimeGrid | None = None
    model_options: dict[str, str | float | bool] = {}
    sampler: Literal["importance", "nested"] = "importance"
    nlive: Annotated[int, Field(ge=20)] = 400
    n_effective: Annotated[int, Field(ge=100)] = 1000
    seed: int | None = None  # None: derived from the unit's digest
    nmma: NmmaSettings = NmmaSettings()


class ModelTable(Settings):
    """What one model needs of a job, and settings that replace those of `FitsTable`."""

    cores: Annotated[int, Field(ge=1)] = 1
    memory_mb: Annotated[int, Field(ge=100)] = 2000
    time_limit: Annotated[int, Field(ge=60)] = 3600  # seconds
    settings: Table = {}


class NmmaTable(Settings):
    """``[fits.nmma]``: where NMMA is; it does not change what is fitted."""

    environment: str = ""  # a virtual or conda environment, or an interpreter; "": this one
    surrogates: str = ""  # folder of NMMA's surrogates; "": nmma/ in the data folder


class PlotsTable(Settings):
    """``[fits.plots]``: how fits are drawn; it does not change what is fitted."""

    one_frame: bool = False  # all bands in one frame, instead of a panel each
    truth: Path | None = None  # file with the truth of simulated objects


class FitsTable(Settings):
    """``[fits]``: what is fitted, and how."""

    models: list[str]
    together: list[str] = []  # models whose fits of one object share a job
    preset: str | None = None
    priors: str = "priors"  # folder of <model>.prior, shipped or a path
    refused_models: list[str] = []  # models a preset cannot stand for
    nmma: NmmaTable = NmmaTable()
    plots: PlotsTable = PlotsTable()
    settings: Table = {}
    model: dict[str, ModelTable] = {}
