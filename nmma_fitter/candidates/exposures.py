"""One exposure counts once, however often and in however many reductions it was delivered."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .lightcurve import SIGNIFICANCE, LightCurve, from_columns
from .rows import Row

log = logging.getLogger(__name__)

SAME_EXPOSURE = 15.0  # seconds; a ZTF exposure lasts 30 s, and the next starts 40 s after it
SECONDS_PER_DAY = 86400.0
ROUNDED = 0.001  # days; times that are coarser do not tell exposures apart
FEWEST_TIMES = 4  # that can show by themselves that all are rounded
TIME_RESOLUTION = 1e-7  # days


@dataclass(frozen=True)
class Merged:
    """Rows of a file that measure one exposure.

    Attributes
    ----------
    band : str
        Canonical band.
    mjd : float
        Time of the row that is kept, MJD.
    kept : int
        Row in the file (a header is row 1) whose values count.
    dropped : tuple of int
        The other rows.
    """

    band: str
    mjd: float
    kept: int
    dropped: tuple[int, ...]


def merge(
    rows: Sequence[Row],
    name: str,
    *,
    keep_duplicates: bool = False,
    significance: float = SIGNIFICANCE,
) -> tuple[LightCurve, tuple[Merged, ...]]:
    """Light curve with one measurement per exposure.

    An exposure is a group of rows of one band and instrument that start less than `SAME_EXPOSURE`
    after the group's first row in time; a later row opens the next group, so that groups never
    chain. In a group a measurement beats a limit, forced photometry beats an alert's, a flux beats
    a magnitude, then the smaller error (the deeper limit) wins. What is still equal is decided by
    the values (earlier, brighter, its own limit recorded), so that the rows' order in the file
    never matters, and between rows that are the same the first is kept.

    Where times are rounded to `ROUNDED` or coarser and no instrument is named, different
    measurements of one time are taken to be of different telescopes, and all are kept.

    Parameters
    ----------
    rows : sequence of Row
        In any order.
    name : str
        The object's name.
    keep_duplicates : bool
        Let every row count instead: rows that are the same in every value become one
        measurement of that multiplicity, different ones all stay.
    significance : float
        Of a detection, see `LightCurve`.
    """
    if keep_duplicates:
        counts = Counter(_values(row) for row in rows)
        first = {_values(row): row for row in reversed(rows)}
        return _lightcurve(name, [(first[key], counts[key]) for key in counts], significance), ()
    kept: list[tuple[Row, int]] = []
    merged: list[Merged] = []
    rounded = _on_a_grid(rows)
    groups = (part for group in _exposures(rows) for part in _telescopes(group, rounded))
    for group in groups:
        best, *others = sorted(group, key=_preference)
        kept.append((best, 1))
        if others:
            dropped = tuple(sorted(other.row for other in others))
            merged.append(Merged(best.band, best.mjd, best.row, dropped))
            log.debug("%s: row %d stands for rows %s", name, best.row, dropped)
    return _lightcurve(name, kept, significance), tuple(
        sorted(merged, key=lambda one: (one.mjd, one.band))
    )


def apart(rows: Sequence[Row]) -> int:
    """How many measurements `merge` keeps that share a rounded time with another."""
    rounded = _on_a_grid(rows)
    shared = (len(_telescopes(group, rounded)) for group in _exposures(rows))
    return sum(count for count in shared if count > 1)


def _on_a_grid(rows: Sequence[Row]) -> bool:
    """Whether all times are rounded: whole multiples of `ROUNDED`, or as far from each other.

    One time alone would be whole by chance now and then.
    """
    times = {row.mjd for row in rows}
    first = min(times, default=0.0) if len(times) >= FEWEST_TIMES else 0.0
    return all(_is_whole(time - first) for time in times)


def _is_whole(days: float) -> bool:
    steps = days / ROUNDED
    return abs(steps - round(steps)) * ROUNDED < TIME_RESOLUTION


def _telescopes(group: list[Row], rounded: bool) -> list[list[Row]]:
    """Rows of one time, parted where they must be of different telescopes.

    Rows that a forced photometry replaces, and limits, are parted from nothing.
    """
    first = group[0]
    if first.instrument or not rounded:
        return [group]
    measured = [row for row in group if row.measured]
    forced = [row for row in measured if row.forced] or measured
    parts: dict[tuple[str, ...], list[Row]] = {}
    for row in sorted(forced, key=_preference):
        parts.setdefault(_measurement(row), []).append(row)
    if len(parts) < 2:
        return [group]
    best, *others = parts.values()
    counted = {id(row) for row in forced}
    return [[*best, *(row for row in group if id(row) not in counted)], *others]


def _exposures(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.band, row.instrument, row.mjd)):
        if group and not _same_exposure(group[0], row):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _same_exposure(first: Row, row: Row) -> bool:
    apart = (row.mjd - first.mjd) * SECONDS_PER_DAY
    same_camera = (first.band, first.instrument) == (row.band, row.instrument)
    return same_camera and apart < SAME_EXPOSURE


def _preference(row: Row) -> tuple[bool, bool, bool, float, float, float, bool, float, int]:
    """Sort key: the row to keep comes first."""
    has_flux = not math.isnan(row.flux)
    if has_flux:
        noise, brightness = row.flux_err, -row.flux
    elif row.measured:
        noise, brightness = row.mag_err, row.mag
    else:
        noise, brightness = -row.limit, row.limit
    unlimited = math.isnan(row.limit)
    limit = 0.0 if unlimited else -row.limit
    return (
        not row.measured,
        not row.forced,
        not has_flux,
        noise,
        row.mjd,
        brightness,
        unlimited,
        limit,
        row.row,
    )


def _values(row: Row) -> tuple[str, ...]:
    """Tell measurements apart, by the digits that the digest keeps; a limit has no error."""
    when = (row.band, row.instrument, f"{row.mjd:.7f}", f"{row.limit:.6f}")
    return (*when, *_measurement(row))


def _measurement(row: Row) -> tuple[str, ...]:
    error = row.mag_err if row.measured else math.nan
    return (f"{row.mag:.6f}", f"{error:.6f}", f"{row.flux:.6e}", f"{row.flux_err:.6e}")


def _lightcurve(name: str, kept: Sequence[tuple[Row, int]], significance: float) -> LightCurve:
    columns = ("mjd", "band", "mag", "mag_err", "limit", "flux", "flux_err", "instrument")
    values = {
        column: [getattr(row, column) for row, _ in kept]
        for column in (*columns, "baseline", "baseline_err")
    }
    counts = [count for _, count in kept]
    return from_columns(name, **values, multiplicity=counts, significance=significance)
