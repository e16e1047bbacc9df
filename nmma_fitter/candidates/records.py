"""A light curve as plain JSON values, so that a fit can be run again from its config.json alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..bands import BANDS
from ..errors import BadInput
from .lightcurve import LightCurve, from_columns, is_object_name
from .rows import LARGEST_ERROR, MAG_RANGE, MJD_RANGE

_NUMBERS = ("mjd", "mag", "mag_err", "limit")
_COLUMNS = (*_NUMBERS, "band", "multiplicity")
_REMEDY = "write the light curve again"


def to_dict(lightcurve: LightCurve) -> dict[str, Any]:
    """Plain values: name, and a list per column with None for nan. No digit is lost in JSON."""
    plain: dict[str, Any] = {"name": lightcurve.name}
    for column in _COLUMNS:
        plain[column] = getattr(lightcurve, column).tolist()
    for column in _NUMBERS:
        plain[column] = [None if math.isnan(value) else value for value in plain[column]]
    return plain


def from_dict(plain: object) -> LightCurve:
    """Light curve of the values of `to_dict`, which are checked as anyone's writing.

    Raises
    ------
    BadInput
        Naming the column, and the measurement counted from 0, that cannot be right.
    """
    if not isinstance(plain, Mapping) or set(plain) != {"name", *_COLUMNS}:
        raise _bad(f"it must have exactly the keys name, {', '.join(_COLUMNS)}")
    if not (isinstance(plain["name"], str) and is_object_name(plain["name"])):
        raise _bad("its name is not one line of text")
    lists = {column: _list(plain, column) for column in _COLUMNS}
    if len({len(values) for values in lists.values()}) != 1:
        raise _bad("its columns differ in length")
    _check_each(lists["band"], "band", lambda band: isinstance(band, str) and band in BANDS)
    _check_each(lists["multiplicity"], "multiplicity", _is_count)
    _check_each(lists["mjd"], "mjd", lambda mjd: _is_between(mjd, *MJD_RANGE))
    _check_photometry(lists)
    numbers = {column: [_float(value) for value in lists[column]] for column in _NUMBERS}
    return from_columns(
        plain["name"], band=lists["band"], multiplicity=lists["multiplicity"], **numbers
    )


def _bad(problem: str) -> BadInput:
    return BadInput(f"stored light curve: {problem}; {_REMEDY}")


def _list(plain: Mapping[str, Any], column: str) -> list[Any]:
    values = plain[column]
    if not isinstance(values, list):
        raise _bad(f"{column} is not a list")
    return values


def _check_each(values: list[Any], column: str, good: Callable[[Any], bool]) -> None:
    for index, value in enumerate(values):
        if not good(value):
            raise _bad(f"{column}[{index}] cannot be right")


def _check_photometry(lists: Mapping[str, list[Any]]) -> None:
    """Check that each measurement is a magnitude with its error, or else a limit."""
    for index, (mag, error, limit) in enumerate(
        zip(lists["mag"], lists["mag_err"], lists["limit"], strict=True)
    ):
        if limit is not None and not _is_between(limit, *MAG_RANGE):
            raise _bad(f"limit[{index}] cannot be right")
        if mag is None:
            if error is not None or limit is None:
                raise _bad(f"measurement {index} is neither a detection nor a limit")
        elif not _is_between(mag, *MAG_RANGE):
            raise _bad(f"mag[{index}] cannot be right")
        elif not (_is_between(error, 0.0, LARGEST_ERROR) and error > 0):
            raise _bad(f"mag_err[{index}] cannot be right")


def _is_between(value: Any, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**31


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)
