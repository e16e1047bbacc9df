"""NMMA's JSON: one entry a filter, with times (MJD), magnitudes and errors.

Either ``{filter: {"time": [...], "mag": [...], "mag_error": [...]}}`` or
``{filter: [[time, mag, mag_error], ...]}``, as nmma/em/io.py reads and writes them.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

from ...bands import canonical
from ...errors import BadInput
from ..rows import MJD_RANGE, Place, Row, checked, mjd_from_number, number
from .base import Content, Format, Photometry
from .json_text import kind, parsed, text_of
from .tally import Tally

_NAMES = ("time", "mag", "mag_error")


def _read(content: Content, bands: str) -> Photometry:
    tally = Tally()
    rows: list[Row] = []
    count = 0
    for name, values in parsed(content).items():
        band = _band(name, bands)
        for time, mag, error in _measurements(content.place, name, values):
            count += 1
            place = Place(content.path, count)
            if isinstance(band, BadInput):
                tally.unknown_band(place, name, band)
                continue
            row = _row(place, band, time, mag, error)
            if row is None:
                tally.leave_out(place, "neither a magnitude nor a limit")
            else:
                rows.append(row)
    if not rows:
        raise content.place.error(
            f"no usable measurement ({'; '.join(tally.notes()) or 'it has none'}); check it"
        )
    said = "rows are counted through the filters, in the file's order"
    return Photometry(None, tuple(rows), (*tally.notes(), said) if tally.notes() else ())


def _band(name: str, bands: str) -> str | BadInput:
    try:
        return canonical(name, default=bands)
    except BadInput as error:
        return error


def _measurements(place: Place, name: str, values: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(values, list):
        for time, mag, error in values:
            yield text_of(time), text_of(mag), text_of(error)
        return
    columns = [_column(place, name, values, key) for key in _NAMES]
    if len({len(column) for column in columns}) > 1:
        raise place.error(
            f"filter {reprlib.repr(name)}: time, mag and mag_error differ in length; "
            "it may be damaged, write it again"
        )
    for time, mag, error in zip(*columns, strict=True):
        yield text_of(time), text_of(mag), text_of(error)


def _column(place: Place, name: str, values: Mapping[str, Any], key: str) -> list[Any]:
    column = values.get(key)
    if not isinstance(column, list):
        raise place.error(f"filter {reprlib.repr(name)} has no list {key}; add it")
    return column


def _row(place: Place, band: str, time: str, mag: str, error: str) -> Row | None:
    magnitude, err = number(mag, place, "mag"), number(error, place, "mag_error")
    is_limit = math.isinf(err) and math.isfinite(magnitude)
    if math.isinf(magnitude):  # NMMA's word for a filter without a measurement
        return None
    days = number(time, place, "time")
    if 0 <= days < MJD_RANGE[0]:
        raise place.error(f"time is {days:g}, which is days of a model, not MJD; give dates as MJD")
    return checked(
        place,
        mjd_from_number(time, place, "time"),
        band,
        mag=math.nan if is_limit else magnitude,
        mag_err=math.nan if is_limit else err,
        limit=magnitude if is_limit else math.nan,
        forced=False,
    )


FORMAT = Format(
    name="nmma-json",
    title="NMMA's JSON",
    columns="filter: time (MJD), mag (AB; inf: none), mag_error (inf: mag is a limit)",
    recognises=lambda content: kind(content) == "nmma",
    read=_read,
    suffixes=(".json",),
)
