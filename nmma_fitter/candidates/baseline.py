"""The flux that a subtraction has without a transient: its level, error, and the errors' scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .lightcurve import FloatArray

WELL_BEFORE = 30.0  # days between the rows of a baseline and the first sign of the event
FEWEST = 10  # rows that make a baseline
EXCESS = 5.0  # sigma above the quiet level, of a sign of the event
WITHIN = 30.0  # days in which a second sign must follow
_MEDIAN_ERROR = np.sqrt(np.pi / 2)  # of a median over that of a mean, for Gaussian errors
_SIGMA_OF_MAD = 1.4826
_QUARTILE = 0.6745  # sigma from the median of a Gaussian to its quartiles


@dataclass(frozen=True)
class Baseline:
    """Level of one group of rows (one field, CCD, quadrant and filter).

    Attributes
    ----------
    level, error : float
        Flux to subtract and its 1-sigma error; 0 where `how` is ``none``.
    scale : float
        What the rows' errors are to be multiplied by, at least 1.
    rows : int
        That made it.
    how : str
        ``before`` the event, ``median`` of the quiet rows, or ``none``.
    """

    level: float
    error: float
    scale: float
    rows: int
    how: str


def onset(
    mjd: FloatArray, flux: FloatArray, error: FloatArray, groups: Iterable[NDArray[np.int64]]
) -> float:
    """MJD of the first sign of an event: the first of two significant rows; inf without.

    A row is significant `EXCESS` sigma above its group's quiet level, which is taken from the
    lower quartile, so that an event may take three quarters of the rows.

    Parameters
    ----------
    mjd, flux, error : array, shape (n,)
        Flux and error in one unit.
    groups : iterable of array of int
        Indices of the rows that share a baseline.
    """
    signs: list[float] = []
    for here in groups:
        quiet = np.percentile(flux[here], 25) + _QUARTILE * np.median(error[here])
        signs += mjd[here][flux[here] - quiet > EXCESS * error[here]].tolist()
    times = np.sort(np.asarray(signs, dtype=np.float64))
    followed = np.flatnonzero(np.diff(times) <= WITHIN)
    return float(times[followed[0]]) if len(followed) else np.inf


def baseline(
    mjd: FloatArray, flux: FloatArray, error: FloatArray, chi2: FloatArray, event: float
) -> Baseline:
    """Level of one group's rows.

    That a level is subtracted for each field, CCD, quadrant and filter, and errors are scaled by
    chi, is the procedure of ZTF's forced photometry (Masci et al. 2023, arXiv:2305.16279); how
    the rows are chosen, and that errors never shrink, is decided here.

    Of the rows `WELL_BEFORE` the event where there are `FEWEST`; else the median of the rows
    within 3 sigma of it, where that is near zero, so that it cannot be the event's; else none.
    Errors are multiplied by the larger of two estimates of how far they are too small: the root
    of the median reduced chi square of the fits, and the scatter of the baseline over its errors.

    Parameters
    ----------
    mjd, flux, error : array, shape (n,)
    chi2 : array, shape (n,)
        Reduced chi square of each fit; nan where it is not known.
    event : float
        MJD of `onset`.
    """
    known = chi2[np.isfinite(chi2) & (chi2 > 0)]
    of_fit = float(np.sqrt(np.median(known))) if len(known) else 1.0
    before = mjd < event - WELL_BEFORE
    if np.count_nonzero(before) >= FEWEST:
        return _of(flux[before], error[before], of_fit, "before")
    middle = float(np.median(flux))
    spread = max(_robust_sigma(flux), float(np.median(error)))
    quiet = np.abs(flux - middle) <= 3 * spread
    near_zero = abs(middle) <= 3 * float(np.median(error))
    if near_zero and np.count_nonzero(quiet) >= FEWEST:
        return _of(flux[quiet], error[quiet], of_fit, "median")
    return Baseline(0.0, 0.0, max(1.0, of_fit), 0, "none")


def _of(flux: FloatArray, error: FloatArray, of_fit: float, how: str) -> Baseline:
    level = float(np.median(flux))
    scatter = _robust_sigma((flux - level) / error)
    scale = max(1.0, of_fit, scatter)
    typical = max(_robust_sigma(flux), scale * float(np.median(error)))
    level_error = float(_MEDIAN_ERROR * typical / np.sqrt(len(flux)))
    return Baseline(level, level_error, scale, len(flux), how)


def _robust_sigma(values: FloatArray) -> float:
    return float(_SIGMA_OF_MAD * np.median(np.abs(values - np.median(values))))
