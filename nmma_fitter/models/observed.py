"""From a model to what a telescope sees: distance, redshift, dust, and the time of explosion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nmma_fitter import bands as band_table
from nmma_fitter.errors import BadInput
from nmma_fitter.fit_settings import TimeGrid
from nmma_fitter.models import cosmology, extinction
from nmma_fitter.models.base import FloatArray, Model

MIN_DISTANCE = 1e-5
"""Mpc (10 pc). A prior that starts at 0 Mpc would otherwise give -inf magnitudes."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The magnitudes a model predicts for given observations; call it with parameters.

    Parameters
    ----------
    model : Model
        What is being fitted.
    days : array, shape (observations,)
        Observer-frame days since the trigger.
    bands : sequence of str, length observations
        Canonical band names.
    galactic_ebv : float
        Reddening by the Milky Way (Fitzpatrick 1999, R_V 3.1), mag.
    wavelengths : mapping of band to ångström
        Replace the band table's effective wavelengths.
    time_grid : TimeGrid, optional
        Evaluate the model on this grid of days since explosion and interpolate, and extrapolate,
        linearly in magnitude, as NMMA does: then nothing is infinite before the explosion.
        Without it the model is evaluated at the times of the observations.

    Raises
    ------
    UnsupportedData
        When the model cannot predict one of the bands.
    """

    model: Model
    days: FloatArray
    bands: Sequence[str]
    galactic_ebv: float = 0.0
    wavelengths: Mapping[str, float] = field(default_factory=dict)
    time_grid: TimeGrid | None = None
    _lambda: FloatArray = field(init=False, repr=False)
    _galactic: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        days = np.asarray(self.days, dtype=float)
        names = tuple(str(band) for band in self.bands)
        if days.shape != (len(names),):
            raise BadInput(f"{days.size} times and {len(names)} bands: expected one band a time")
        self.model.check_bands(sorted(set(names)))
        lam = np.array([self._wavelength(name) for name in names], dtype=float)
        galactic = self.galactic_ebv * extinction.fitzpatrick99(lam)
        for attribute, value in (
            ("days", days),
            ("bands", names),
            ("_lambda", lam),
            ("_galactic", galactic),
        ):
            object.__setattr__(self, attribute, value)

    def at(self, days: FloatArray, bands: Sequence[str]) -> Prediction:
        """Return the same prediction for other observations, such as a dense grid for a plot."""
        return replace(self, days=days, bands=bands)

    def __call__(self, parameters: Mapping[str, FloatArray]) -> FloatArray:
        """Apparent AB magnitudes with dust.

        Parameters
        ----------
        parameters : mapping of name to array, shape (points,)
            The model's own and ``luminosity_distance`` (Mpc), ``redshift`` or both; where only
            one is given the other follows from Planck18. ``timeshift`` (days from trigger to
            explosion) and ``Ebv`` (host, Pei 1992 SMC) are 0 when absent.

        Returns
        -------
        array, shape (points, observations)
            +inf where there is no light, nan where the model could not be evaluated.

        Raises
        ------
        BadInput
            When neither distance nor redshift, or not all of the model's parameters, are given.
        """
        points = _as_points(parameters)
        redshift, distance = _place(points)
        since = self._days_since_explosion(points)
        try:
            if self.time_grid is None:
                magnitudes = self._direct(points, since, redshift, distance)
            else:
                magnitudes = self._on_grid(self.time_grid, points, since, redshift, distance)
        except KeyError as missing:
            name = missing.args[0] if missing.args else ""
            if name not in {parameter.name for parameter in self.model.parameters}:
                raise
            raise BadInput(f"{self.model.name} needs the parameter {name}: add a prior") from None
        return magnitudes + self._galactic + self._host_dust(points, redshift)

    def outside_validity(self, parameters: Mapping[str, FloatArray]) -> NDArray[np.bool_]:
        """Return which predictions lie at days the model is not meant for; see the function."""
        return outside_validity(self.model.valid_days, self.days, parameters)

    def _wavelength(self, band: str) -> float:
        given = self.wavelengths.get(band)
        return band_table.wavelength(band) if given is None else given

    def _days_since_explosion(self, points: Mapping[str, FloatArray]) -> FloatArray:
        return _since_explosion(self.days, points)

    def _host_dust(self, points: Mapping[str, FloatArray], redshift: FloatArray) -> FloatArray:
        ebv = _common(points, "Ebv")
        if not np.any(ebv):
            return np.zeros((1, len(self._lambda)))
        return ebv[:, None] * extinction.pei92_smc(self._lambda / (1.0 + redshift[:, None]))

    def _direct(
        self,
        points: Mapping[str, FloatArray],
        since: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        magnitudes = self.model.magnitudes(
            points, since, self.bands, self._lambda, redshift, distance
        )
        # a point that could not be evaluated stays nan, also before its explosion
        return np.where((since <= 0) & ~np.isnan(magnitudes), np.inf, magnitudes)

    def _on_grid(
        self,
        grid: TimeGrid,
        points: Mapping[str, FloatArray],
        since: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        times = _grid_times(grid)
        coarse = times if grid.flux_points is None else _flux_times(times, grid.flux_points)
        names = sorted(set(self.bands))
        evaluated = self.model.magnitudes(
            points,
            np.broadcast_to(np.tile(coarse, len(names)), (len(redshift), coarse.size * len(names))),
            np.repeat(names, coarse.size).tolist(),
            np.repeat([self._wavelength(name) for name in names], coarse.size),
            redshift,
            distance,
        )
        magnitudes = np.empty_like(since)
        band_of = np.asarray(self.bands)
        for curves, name in zip(np.split(evaluated, len(names), axis=1), names, strict=True):
            on_times = curves
            if grid.flux_points is not None:
                on_times = interpolate(
                    np.broadcast_to(times, (len(curves), times.size)), coarse, curves
                )
            here = band_of == name
            magnitudes[:, here] = interpolate(since[:, here], times, on_times)
        return magnitudes


def interpolate(at: FloatArray, times: FloatArray, magnitudes: FloatArray) -> FloatArray:
    """Interpolate magnitudes linearly in time, and extrapolate from the two end points.

    Entries that are not finite are left out, as NMMA does. A curve with less than two finite
    entries is dark (+inf), and one that is nan throughout stays nan.

    Parameters
    ----------
    at : array, shape (points, observations)
        Where magnitudes are wanted.
    times : array, shape (n,)
        Increasing.
    magnitudes : array, shape (points, n)
        One curve per point.

    Returns
    -------
    array, shape (points, observations)
    """
    finite = np.isfinite(magnitudes)
    result = np.empty(at.shape)
    patterns, which = np.unique(finite, axis=0, return_inverse=True)
    for number, keep in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == number)
        if keep.sum() < 2:
            lost = np.isnan(magnitudes[rows]).all(axis=1)
            result[rows] = np.where(lost, np.nan, np.inf)[:, None]
        else:
            result[rows] = _linear(at[rows], times[keep], magnitudes[np.ix_(rows, keep)])
    return result


def _linear(at: FloatArray, times: FloatArray, values: FloatArray) -> FloatArray:
    left = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    low = np.take_along_axis(values, left, axis=1)
    high = np.take_along_axis(values, left + 1, axis=1)
    weight = (at - times[left]) / (times[left + 1] - times[left])
    return low + weight * (high - low)


def _grid_times(grid: TimeGrid) -> FloatArray:
    count = round((grid.stop - grid.start) / grid.step) + 1
    if count < 2:
        raise BadInput(f"a time grid from {grid.start} to {grid.stop} d has no two points")
    return np.asarray(grid.start + grid.step * np.arange(count), dtype=float)


def _flux_times(times: FloatArray, count: int) -> FloatArray:
    """Log-spaced times from the grid's first (at least 1e-5 d) to a day past its last."""
    return np.asarray(np.geomspace(max(1e-5, times[0]), times[-1] + 1.0, count), dtype=float)


def outside_validity(
    valid_days: tuple[float, float], days: FloatArray, parameters: Mapping[str, FloatArray]
) -> NDArray[np.bool_]:
    """Return which observations lie at rest-frame days a model is not meant for.

    Times before the explosion, where the flux is known to be zero, do not count.

    Parameters
    ----------
    valid_days : (float, float)
        As of `Model`.
    days : array, shape (observations,)
        Observer-frame days since the trigger.
    parameters : mapping of name to array, shape (points,)

    Returns
    -------
    array of bool, shape (points, observations)
    """
    points = _as_points(parameters)
    redshift, _ = _place(points)
    rest = _since_explosion(days, points) / (1.0 + redshift[:, None])
    first, last = valid_days
    return (rest > 0) & ((rest < first) | (rest > last))


def _since_explosion(days: FloatArray, points: Mapping[str, FloatArray]) -> FloatArray:
    return np.asarray(days - _common(points, "timeshift")[:, None])


def _as_points(parameters: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    names = list(parameters)
    arrays = np.broadcast_arrays(*(np.atleast_1d(parameters[name]) for name in names))
    return {name: np.asarray(a, dtype=float) for name, a in zip(names, arrays, strict=True)}


def _common(points: Mapping[str, FloatArray], name: str) -> FloatArray:
    if name in points:
        return points[name]
    return np.zeros_like(next(iter(points.values())))


def _place(points: Mapping[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Redshift and luminosity distance (Mpc) of each point."""
    redshift, distance = points.get("redshift"), points.get("luminosity_distance")
    if distance is not None:
        distance = np.maximum(distance, MIN_DISTANCE)
        return (cosmology.redshift(distance) if redshift is None else redshift), distance
    if redshift is None:
        raise BadInput(
            "the parameters hold neither luminosity_distance nor redshift: "
            "give one in the priors, or a measured value in the settings"
        )
    return redshift, np.maximum(cosmology.luminosity_distance(redshift), MIN_DISTANCE)
