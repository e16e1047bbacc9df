"""The settings of fits, typed: what decides one, and the table ``[fits]`` that holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from nmma_fitter.bands import canonical
from nmma_fitter.errors import BadInput


def _canonical(name: str) -> str:
    try:
        return canonical(name)
    except BadInput as error:
        raise ValueError(str(error)) from None


Trigger = Literal["first-detection", "day-before"] | float
Magnitude = Annotated[float, Field(ge=-10, le=40)]
MagnitudeError = Annotated[float, Field(ge=0, le=10)]
Band = Annotated[str, AfterValidator(_canonical)]
Wavelength = Annotated[float, Field(gt=100, lt=1e7)]  # ångström
NmmaRepair = Literal[
    "wavelengths", "blackbody", "afterglow-redshift", "supernova", "limits", "times", "sampler"
]
Table = dict[str, Any]

MAX_REDSHIFT = 15.0  # the end of the table of distances,
MAX_DISTANCE = 167_000.0  # Mpc there
MAX_CORES = 1024
YEAR = 366 * 86400


class Settings(BaseModel):
    """Base of all settings: frozen, strict about names, and without nan and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measured(Settings):
    """A measured value with a Gaussian error; exact when the error is 0."""

    value: Annotated[float, Field(gt=0)]
    error: Annotated[float, Field(ge=0)] = 0.0


class Redshift(Measured):
    """A measured redshift."""

    value: Annotated[float, Field(gt=0, le=MAX_REDSHIFT)]


class Distance(Measured):
    """A measured luminosity distance, in Mpc."""

    value: Annotated[float, Field(gt=0, le=MAX_DISTANCE)]


class TimeGrid(Settings):
    """Evaluate the model on a grid and interpolate linearly in magnitude, as NMMA does.

    Days since explosion in the observer frame. `flux_points` evaluates the flux itself only at
    that many log-spaced times, interpolated onto the grid first.
    """

    start: float
    stop: float
    step: Annotated[float, Field(gt=0)]
    flux_points: Annotated[int, Field(ge=2, le=100_000)] | None = None

    @model_validator(mode="after")
    def _has_two_points(self) -> Self:
        if not 1 <= (self.stop - self.start) / self.step <= 100_000:
            raise ValueError("a time grid needs 2 to 100000 points from start to stop")
        return self


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
    min_detections: Annotated[int, Field(ge=1, le=1_000_000)] = 2
    significance: Annotated[float, Field(ge=0, le=100)] = 3.0  # sigma, of a detection
    keep_duplicates: bool = False
    bands: str = "ztf"  # survey of bare g, r, i where a file does not say
    only_bands: list[Band] = []  # rows in other bands are left out; empty: all enter
    without_bands: list[Band] = []  # rows in these are left out
    sys_error: MagnitudeError = 1.0
    sys_error_bands: dict[str, MagnitudeError] = {}
    limit_error: MagnitudeError = 0.22  # of a 5-sigma limit, mag
    truncate: bool = False
    detection_limit: Magnitude | dict[str, Magnitude] | None = None  # needed by truncate
    redshift: Redshift | None = None
    distance: Distance | None = None
    galactic_ebv: Annotated[float, Field(ge=0, le=10)] = 0.0
    wavelengths: dict[str, Wavelength] = {}  # overrides of the band table
    time_grid: TimeGrid | None = None
    model_options: dict[str, str | float | bool] = {}
    sampler: Literal["importance", "nested"] = "importance"
    nlive: Annotated[int, Field(ge=20, le=100_000)] = 400
    n_effective: Annotated[int, Field(ge=100, le=1_000_000)] = 1000
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None  # None: from the unit's digest
    nmma: NmmaSettings = NmmaSettings()

    @model_validator(mode="after")
    def _window_has_room(self) -> Self:
        first = {"first-detection": 0.0, "day-before": 1.0}.get(str(self.trigger), self.tmin)
        if not self.tmin < self.tmax:
            raise ValueError(f"tmin ({self.tmin:g} d) must be below tmax ({self.tmax:g} d)")
        if self.tmax < first:
            raise ValueError(
                f"tmax ({self.tmax:g} d) leaves out every detection: the first one is at "
                f"day {first:g} (trigger {self.trigger})"
            )
        return self


class ModelTable(Settings):
    """What one model needs of a job, and settings that replace those of `FitsTable`."""

    cores: Annotated[int, Field(ge=1, le=MAX_CORES)] = 1
    memory_mb: Annotated[int, Field(ge=100, le=100_000_000)] = 2000
    time_limit: Annotated[int, Field(ge=60, le=YEAR)] = 3600  # seconds
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

    models: Annotated[list[str], Field(min_length=1)]
    together: list[str] = []  # models whose fits of one object share a job
    preset: str | None = None
    priors: str = "priors"  # folder of <model>.prior: shipped, or a path beside the file
    refused_models: list[str] = []  # models a preset cannot stand for
    nmma: NmmaTable = NmmaTable()
    plots: PlotsTable = PlotsTable()
    settings: Table = {}
    model: dict[str, ModelTable] = {}
