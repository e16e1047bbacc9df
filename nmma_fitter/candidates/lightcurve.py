"""One object's photometry, parsed and checked, in the units used everywhere inside."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LONGEST_NAME = 100  # characters
_DIGEST_VERSION = "photometry 1"


@dataclass(frozen=True, eq=False)
class LightCurve:
    """Measurements of one object, sorted by (time, band).

    Attributes
    ----------
    name : str
        The object's name as it arrived, untrusted text.
    mjd : array, shape (n,)
        Time of each exposure, MJD (UTC).
    band : array of str, shape (n,)
        Canonical band names of `nmma_fitter.bands`.
    mag, mag_err : array, shape (n,)
        AB magnitude and its 1-sigma error; nan where not detected.
    limit : array, shape (n,)
        5-sigma limiting AB magnitude; nan where it was not recorded. Never nan for a limit.
    detected : array of bool, shape (n,)
        False where the row is an upper limit on the flux.
    multiplicity : array of int, shape (n,)
        How many times the measurement counts in the likelihood (1 unless duplicates are kept).
    """

    name: str
    mjd: FloatArray
    band: NDArray[np.str_]
    mag: FloatArray
    mag_err: FloatArray
    limit: FloatArray
    detected: NDArray[np.bool_]
    multiplicity: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.mjd)


def from_columns(
    name: str,
    *,
    mjd: Sequence[float],
    band: Sequence[str],
    mag: Sequence[float],
    mag_err: Sequence[float],
    limit: Sequence[float],
    multiplicity: Sequence[int],
) -> LightCurve:
    """Light curve of columns in any order; a row without magnitude (nan) is an upper limit.

    An upper limit has no error: one that is given with it enters nothing, and is left out.
    """
    magnitudes = np.asarray(mag, dtype=np.float64)
    errors = np.where(np.isnan(magnitudes), np.nan, np.asarray(mag_err, dtype=np.float64))
    # By every value, so that equal measurements in another order give the same arrays.
    numbers = (_sortable(magnitudes), _sortable(errors), _sortable(limit))
    keys = zip(mjd, band, *numbers, strict=True)
    order = [index for _, index in sorted((key, index) for index, key in enumerate(keys))]
    magnitudes = magnitudes[order]
    return LightCurve(
        name=name,
        mjd=np.asarray(mjd, dtype=np.float64)[order],
        band=np.asarray(band, dtype=np.str_)[order],
        mag=magnitudes,
        mag_err=errors[order],
        limit=np.asarray(limit, dtype=np.float64)[order],
        detected=~np.isnan(magnitudes),
        multiplicity=np.asarray(multiplicity, dtype=np.int64)[order],
    )


def _sortable(values: Sequence[float] | FloatArray) -> list[float]:
    """Values with nan, which has no place in an order, as infinity."""
    return [np.inf if value != value else value for value in values]


def select(lightcurve: LightCurve, which: NDArray[np.bool_]) -> LightCurve:
    """Only the measurements where `which`, an array of shape (n,), is true."""
    columns = {
        field.name: getattr(lightcurve, field.name)[which]
        for field in fields(lightcurve)
        if field.name != "name"
    }
    return replace(lightcurve, **columns)


def detections(lightcurve: LightCurve) -> int:
    """Count the detections; one that counts several times in the fit is one here."""
    return int(np.count_nonzero(lightcurve.detected))


def is_object_name(name: str) -> bool:
    """Whether a name can be shown on one line; it may still not be fit for a path."""
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()


def photometry_digest(lightcurve: LightCurve) -> str:
    """SHA-256 (hex) of the measurements in canonical numbers.

    It depends on times (1e-7 d), bands, magnitudes, errors and limits (1e-6 mag) and, where
    duplicates are kept, how often each counts; never on the name, the order or repeated rows
    of the file, or the platform. A night that only repeats rows has the same digest.
    """
    lines = sorted(
        f"{_fixed(mjd, 7)} {band} {_fixed(mag, 6)} {_fixed(error, 6)} {_fixed(limit, 6)} {count}"
        for mjd, band, mag, error, limit, count in zip(
            lightcurve.mjd.tolist(),
            lightcurve.band.tolist(),
            lightcurve.mag.tolist(),
            lightcurve.mag_err.tolist(),
            lightcurve.limit.tolist(),
            lightcurve.multiplicity.tolist(),
            strict=True,
        )
    )
    text = "\n".join([_DIGEST_VERSION, *lines])
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _fixed(value: float, decimals: int) -> str:
    # Adding 0 turns -0.0, which would print a sign, into 0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"
