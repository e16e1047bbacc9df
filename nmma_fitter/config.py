"""Settings, typed and checked; an unknown key is an error that names the valid ones."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Trigger = Literal["first-detection", "day-before"] | float


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


class FitSettings(Settings):
    """Everything that decides the result of one fit, besides its light curve.

    Times are days since the trigger, magnitudes AB.
    """

    trigger: Trigger = "first-detection"
    tmin: float = -10.0
    tmax: float = 14.0
    open_window: bool = False  # True: tmin < t < tmax strictly
    min_detections: int = 2
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
    nlive: Annotated[int, Field(ge=20)] = 400
    n_effective: Annotated[int, Field(ge=100)] = 2000
    seed: int | None = None  # None: derived from the unit's digest
