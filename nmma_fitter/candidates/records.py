"""A light curve as plain JSON values, so that a fit can be run again from its config.json alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..bands import BANDS
from ..errors import BadInput
from .lightcurve import SIGNIFICANCE, LightCurve, from_columns, is_object_name, is_word
from .rows import FLUX_RANGE, LARGEST_ERROR, MAG_RANGE, MJD_RANGE

_NUMBERS = ("mjd", "mag", "mag_err", "limit")
_COLUMNS = (*_NUMBERS, "band", "multiplicity")
# Written where a row has a flux, a threshold is not the usual one, or an instrument is known.
_FLUXES = ("flux", "flux_err", "baseline", "baseline_err")
_NOTHING: dict[str, list[Any]] = {
    "flux": [None], "flux_err": [None], "baseline": [""], "baseline_err": [0.0],
}  # fmt: skip
_SINGLE = {"name", "significance"}
_REMEDY = "write the light curve again"


def to_dict(lightcurve: LightCurve) -> dict[str, Any]:
    """Plain values: name, and a list per column with None for nan. No digit is lost in JSON.

    Columns that say nothing of this light curve are left out.
    """
    plain: dict[str, Any] = {"name": lightcurve.name}
    if lightcurve.significance != SIGNIFICANCE:
        plain["significance"] = lightcurve.significance
    columns = [*_COLUMNS, *(_FLUXES if lightcurve.has_flux.any() else ())]
    columns += ["instrument"] if lightcurve.instrument.any() else []
    for column in columns:
        values = getattr(lightcurve, column)
        plain[column] = values.tolist()
        if values.dtype.kind == "f":
            plain[column] = [None if math.isnan(value) else value for value in plain[column]]
    return plain


def from_dict(plain: object) -> LightCurve:
    """Light curve of the values of `to_dict`, which are checked as anyone's writing.

    Raises
    ------
    BadInput
        Naming the column, and the measurement counted from 0, that cannot be right.
    """
    needed, more = {"name", *_COLUMNS}, {*_FLUXES, "instrument", "significance"}
    if not isinstance(plain, Mapping) or not needed <= set(plain) <= needed | more:
        raise _bad(f"it must have the keys {', '.join(sorted(needed))} and no unknown ones")
    if not (isinstance(plain["name"], str) and is_object_name(plain["name"])):
        raise _bad("its name is not one line of text")
    if not _is_between(plain.get("significance", SIGNIFICANCE), 0.0, 100.0):
        raise _bad("its significance cannot be right")
    lists = {column: _list(plain, column) for column in plain if column not in _SINGLE}
    for column in _FLUXES:
        lists.setdefault(column, _NOTHING[column] * len(lists["mjd"]))
    lists.setdefault("instrument", [""] * len(lists["mjd"]))
    if len({len(values) for values in lists.values()}) != 1:
        raise _bad("its columns differ in length")
    _check_each(lists["band"], "band", lambda band: isinstance(band, str) and band in BANDS)
    _check_each(lists["multiplicity"], "multiplicity", _is_count)
    _check_each(lists["mjd"], "mjd", lambda mjd: _is_between(mjd, *MJD_RANGE))
    _check_each(
        lists["baseline_err"], "baseline_err", lambda one: _is_between(one, 0.0, FLUX_RANGE[1])
    )
    for column in ("instrument", "baseline"):
        _check_each(lists[column], column, lambda word: isinstance(word, str) and is_word(word))
    _check_photometry(lists)
    numbers = {
        column: [_float(value) for value in lists[column]]
        for column in (*_NUMBERS, "flux", "flux_err", "baseline_err")
    }
    columns: dict[str, Any] = {**lists, **numbers}
    return from_columns(
        plain["name"],
        **columns,
        significance=float(plain.get("significance", SIGNIFICANCE)),
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
    """Check that each row is a magnitude or a flux with its error, or else a limit."""
    for index, (mag, error, limit, flux, flux_error) in enumerate(
        zip(*(lists[c] for c in ("mag", "mag_err", "limit", "flux", "flux_err")), strict=True)
    ):
        if limit is not None and not _is_between(limit, *MAG_RANGE):
            raise _bad(f"limit[{index}] cannot be right")
        if (flux is None) != (flux_error is None):
            raise _bad(f"flux[{index}] and its error must both be there")
        if flux is not None:
            if not _is_between(flux, *FLUX_RANGE):
                raise _bad(f"flux[{index}] cannot be right")
            if not (_is_between(flux_error, 0.0, FLUX_RANGE[1]) and flux_error > 0):
                raise _bad(f"flux_err[{index}] cannot be right")
        if mag is None:
            if error is not None or (limit is None and flux is None):
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
