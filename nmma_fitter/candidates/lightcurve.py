"""One object's photometry, parsed and checked, in the units used everywhere inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


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
