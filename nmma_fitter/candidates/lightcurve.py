"""One object's photometry, parsed and checked, in the units used everywhere inside."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .units import AB_ZERO_POINT, MAG_PER_LN

FloatArray = NDArray[np.float64]

LONGEST_NAME = 100  # characters
SIGNIFICANCE = 3.0  # sigma, of a detection
_DIGEST_VERSION = "photometry 1"


@dataclass(frozen=True, eq=False)
class LightCurve:
    """Measurements of one object, sorted by (time, band).

    A row has a magnitude, a flux (forced photometry, which may be negative), both, or a limit only.

    Attributes
    ----------
    name : str
        The object's name as it arrived, untrusted text.
    mjd : array, shape (n,)
        Time of each exposure, MJD (UTC).
    band : array of str, shape (n,)
        Canonical band names of `nmma_fitter.bands`.
    mag, mag_err : array, shape (n,)
        AB magnitude and its 1-sigma error; nan where the row has none, as of a negative flux.
    limit : array, shape (n,)
        Limiting AB magnitude (of 5 sigma, where a format does not say otherwise); nan where it was
        not recorded. Never nan in a row without a measurement.
    multiplicity : array of int, shape (n,)
        How many times the measurement counts in the likelihood (1 unless duplicates are kept).
    flux, flux_err : array, shape (n,)
        Flux and its 1-sigma error in microjansky (AB, zero point 23.9 mag); nan where the file has
        a magnitude or a limit only.
    instrument : array of str, shape (n,)
        Telescope or instrument, untrusted text; empty where the file does not say.
    baseline : array of str, shape (n,)
        Rows of one name share an additive error of their flux; empty where they share none.
    baseline_err : array, shape (n,)
        1-sigma of that shared error, microjansky; 0 where there is none.
    significance : float
        Signal over noise from which a measurement is a detection. It decides day zero and the
        counts, and nothing else.
    """

    name: str
    mjd: FloatArray
    band: NDArray[np.str_]
    mag: FloatArray
    mag_err: FloatArray
    limit: FloatArray
    multiplicity: NDArray[np.int64]
    flux: FloatArray
    flux_err: FloatArray
    instrument: NDArray[np.str_]
    baseline: NDArray[np.str_]
    baseline_err: FloatArray
    significance: float = SIGNIFICANCE

    def __len__(self) -> int:
        return len(self.mjd)

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Whether a row is a measurement, of whatever significance, and no limit; shape (n,)."""
        return self.has_flux | ~np.isnan(self.mag)

    @cached_property
    def has_flux(self) -> NDArray[np.bool_]:
        """Whether the file states a row's flux; shape (n,)."""
        return ~np.isnan(self.flux)

    @cached_property
    def signal_to_noise(self) -> FloatArray:
        """Flux over its error, from the magnitude's error where there is no flux; shape (n,).

        nan in a row without a measurement.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.has_flux, self.flux / self.flux_err, MAG_PER_LN / self.mag_err)

    @cached_property
    def detected(self) -> NDArray[np.bool_]:
        """Whether a row is a detection: measured, with a magnitude, and significant; shape (n,)."""
        with np.errstate(invalid="ignore"):
            return ~np.isnan(self.mag) & (self.signal_to_noise >= self.significance)

    @cached_property
    def has_magnitude(self) -> NDArray[np.bool_]:
        """Whether a row stands for a magnitude, else for an upper limit; shape (n,).

        So it is drawn, and enters a likelihood in magnitudes: a magnitude that the file states, of
        whatever significance; a flux where it is a detection.
        """
        return np.where(self.has_flux, self.detected, ~np.isnan(self.mag))


def from_columns(
    name: str,
    *,
    mjd: Sequence[float],
    band: Sequence[str],
    mag: Sequence[float],
    mag_err: Sequence[float],
    limit: Sequence[float],
    multiplicity: Sequence[int],
    flux: Sequence[float] | None = None,
    flux_err: Sequence[float] | None = None,
    instrument: Sequence[str] | None = None,
    baseline: Sequence[str] | None = None,
    baseline_err: Sequence[float] | None = None,
    significance: float = SIGNIFICANCE,
) -> LightCurve:
    """Light curve of columns in any order; a row without magnitude and flux is an upper limit.

    An upper limit has no error: one that is given with it enters nothing, and is left out.
    """
    count = len(mjd)
    magnitudes = np.asarray(mag, dtype=np.float64)
    errors = np.where(np.isnan(magnitudes), np.nan, np.asarray(mag_err, dtype=np.float64))
    fluxes = np.full(count, np.nan) if flux is None else np.asarray(flux, dtype=np.float64)
    flux_errors = np.full(count, np.nan) if flux_err is None else np.asarray(flux_err, np.float64)
    instruments = [""] * count if instrument is None else list(instrument)
    baselines = [""] * count if baseline is None else list(baseline)
    shared = np.zeros(count) if baseline_err is None else np.asarray(baseline_err, np.float64)
    # By every value, so that equal measurements in another order give the same arrays.
    numbers = [_sortable(one) for one in (magnitudes, errors, limit, fluxes, flux_errors, shared)]
    keys = zip(mjd, band, *numbers, instruments, baselines, strict=True)
    order = [index for _, index in sorted((key, index) for index, key in enumerate(keys))]
    return LightCurve(
        name=name,
        mjd=np.asarray(mjd, dtype=np.float64)[order],
        band=np.asarray(band, dtype=np.str_)[order],
        mag=magnitudes[order],
        mag_err=errors[order],
        limit=np.asarray(limit, dtype=np.float64)[order],
        multiplicity=np.asarray(multiplicity, dtype=np.int64)[order],
        flux=fluxes[order],
        flux_err=flux_errors[order],
        instrument=np.asarray(instruments, dtype=np.str_)[order],
        baseline=np.asarray(baselines, dtype=np.str_)[order],
        baseline_err=shared[order],
        significance=float(significance),
    )


def _sortable(values: Sequence[float] | FloatArray) -> list[float]:
    """Values with nan, which has no place in an order, as infinity."""
    return [np.inf if value != value else value for value in values]


def select(lightcurve: LightCurve, which: NDArray[np.bool_]) -> LightCurve:
    """Only the measurements where `which`, an array of shape (n,), is true."""
    columns = {
        field.name: getattr(lightcurve, field.name)[which]
        for field in fields(lightcurve)
        if field.name not in ("name", "significance")
    }
    return replace(lightcurve, **columns)


def detections(lightcurve: LightCurve) -> int:
    """Count the detections; one that counts several times in the fit is one here."""
    return int(np.count_nonzero(lightcurve.detected))


def upper_limits(lightcurve: LightCurve, sigmas: float = 5.0) -> FloatArray:
    """Limiting AB magnitude of every row, shape (n,): as recorded, else that of its own error.

    nan where a row has neither, which no row without a detection does.
    """
    lc = lightcurve
    with np.errstate(divide="ignore", invalid="ignore"):
        of_flux = AB_ZERO_POINT - 2.5 * np.log10(sigmas * lc.flux_err)
        of_mag = lc.mag - 2.5 * np.log10(sigmas * lc.mag_err / MAG_PER_LN)
        own = np.where(lc.has_flux, of_flux, of_mag)
    return np.where(np.isnan(lc.limit), own, lc.limit)


def is_word(text: str) -> bool:
    """Whether a text can name an instrument or a group of rows: empty, or short and printable."""
    return len(text) <= LONGEST_NAME and text.isprintable()


def is_object_name(name: str) -> bool:
    """Whether a name can be shown on one line; it may still not be fit for a path."""
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()


def photometry_digest(lightcurve: LightCurve) -> str:
    """SHA-256 (hex) of the measurements in canonical numbers.

    It depends on times (1e-7 d), bands, magnitudes, errors and limits (1e-6 mag), fluxes (seven
    digits), what errors they share and, where duplicates are kept, how often each counts; never on
    the name, the order or repeated rows of the file, or the platform. A night that only repeats
    rows has the same digest. Magnitudes alone have the digest that they had before there were
    fluxes.
    """
    lc = lightcurve
    columns = (lc.mjd, lc.band, lc.mag, lc.mag_err, lc.limit, lc.multiplicity)
    rows = zip(*(column.tolist() for column in columns), _more(lc), strict=True)
    lines = sorted(
        f"{_fixed(mjd, 7)} {band} {_fixed(mag, 6)} {_fixed(error, 6)} {_fixed(limit, 6)} {count}"
        f"{more}"
        for mjd, band, mag, error, limit, count, more in rows
    )
    text = "\n".join([_DIGEST_VERSION, *lines])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _more(lightcurve: LightCurve) -> list[str]:
    """What the digest says of a row beside its magnitude: nothing where no row has a flux."""
    lc = lightcurve
    if not lc.has_flux.any():
        return [""] * len(lc)
    columns = (lc.flux, lc.flux_err, lc.instrument, lc.baseline, lc.baseline_err)
    return [
        f" {flux:.6e} {error:.6e} {instrument!r} {baseline!r} {shared:.6e}"
        for flux, error, instrument, baseline, shared in zip(
            *map(np.ndarray.tolist, columns), strict=True
        )
    ]


def _fixed(value: float, decimals: int) -> str:
    # Adding 0 turns -0.0, which would print a sign, into 0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"
