"""Photometry files as surveys, brokers and people write them, recognised by their content.

- Tables with a header, by what their columns mean (`columns`): the survey's files, SkyPortal's
  exports in magnitude or flux, alerts, what people keep in spreadsheets.
- NMMA's ``.dat``: ``date filter mag err`` without header, the date isot or MJD; an error of ``inf``
  marks a limit.

What is left out, converted or taken for granted is noted, logged once, and kept with the result.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ..exposures import Merged, apart, merge
from ..lightcurve import SIGNIFICANCE, LightCurve, is_object_name
from ..nights import object_name
from ..rows import Place, Row
from .base import Content, Format, Photometry
from .listed import FORMATS as FORMATS

log = logging.getLogger(__name__)

LONG_ALONE = 30.0  # days from the first detection to the next


def read_lightcurve(
    path: Path,
    *,
    bands: str = "ztf",
    keep_duplicates: bool = False,
    name: str | None = None,
    significance: float = SIGNIFICANCE,
) -> LightCurve:
    """Light curve of one object, each exposure counted once.

    Parameters
    ----------
    path : Path
        A file in any of this module's formats.
    bands : str
        Survey of bare band letters where the format does not say.
    keep_duplicates : bool
        Count every row, as the original pipeline did.
    name : str, optional
        The object's name; by default the file's content or name says.
    significance : float
        Signal over noise of a detection, see `LightCurve`.

    Raises
    ------
    BadInput
        One line with file, row and remedy.
    """
    how: dict[str, Any] = {"keep_duplicates": keep_duplicates, "significance": significance}
    return read(path, bands=bands, name=name, **how).lightcurve


class Reading(NamedTuple):
    """What a file says.

    Attributes
    ----------
    lightcurve : LightCurve
    merged : tuple of Merged
        Rows that were merged into one.
    notes : tuple of str
        What was left out, converted or taken for granted, for a person.
    """

    lightcurve: LightCurve
    merged: tuple[Merged, ...]
    notes: tuple[str, ...]


def read(
    path: Path,
    *,
    bands: str = "ztf",
    keep_duplicates: bool = False,
    name: str | None = None,
    significance: float = SIGNIFICANCE,
) -> Reading:
    """Light curve as of `read_lightcurve`, with what was done with the file's rows."""
    photometry = parse(path, bands=bands)
    named = _checked_name(path, name or photometry.name or object_name(path))
    lightcurve, merged = merge(
        photometry.rows, named, keep_duplicates=keep_duplicates, significance=significance
    )
    if merged:
        dropped = sum(len(one.dropped) for one in merged)
        log.info("%s: rows left out that repeat an exposure: %d", Place(path), dropped)
    more = [] if keep_duplicates else _kept_apart(photometry.rows)
    more += _alone(lightcurve)
    for note in more:
        log.warning("%s: %s", Place(path), note)
    return Reading(lightcurve, merged, (*photometry.notes, *more))


def _kept_apart(rows: Sequence[Row]) -> list[str]:
    count = apart(rows)
    if not count:
        return []
    return [
        f"kept {count} measurements apart that share a time: the times are rounded, and no column "
        "names the telescope"
    ]


def _alone(lightcurve: LightCurve) -> list[str]:
    """What is said of a first detection with none near it, which sets day zero all the same."""
    times = lightcurve.mjd[lightcurve.detected]
    if len(times) < 2 or times[1] - times[0] <= LONG_ALONE:
        return []
    return [
        f"the first detection, at MJD {times[0]:.5f}, is {times[1] - times[0]:.0f} d before the "
        "next, and sets day zero; set the trigger time or remove the row if it is another source"
    ]


def read_and_merge(
    path: Path,
    *,
    bands: str = "ztf",
    keep_duplicates: bool = False,
    name: str | None = None,
    significance: float = SIGNIFICANCE,
) -> tuple[LightCurve, tuple[Merged, ...]]:
    """Light curve as of `read_lightcurve`, and which rows were merged into one."""
    how: dict[str, Any] = {"keep_duplicates": keep_duplicates, "significance": significance}
    return read(path, bands=bands, name=name, **how)[:2]


def format_of(content: Content) -> Format:
    """The format of a file; the last of `FORMATS` where none recognises it."""
    return next((one for one in FORMATS if one.recognises(content)), FORMATS[-1])


def parse(path: Path, *, bands: str = "ztf") -> Photometry:
    """Every usable row of a file, in the file's order.

    Raises
    ------
    BadInput
        One line with file, row and remedy.
    """
    content = Content.of(path)
    found = format_of(content).read(content, bands)
    if not found.rows:
        raise Place(path).error("holds no measurement; add its rows")
    for note in found.notes:
        log.warning("%s: %s", Place(path), note)
    return replace(found, name=found.name or object_name(path))


def _checked_name(path: Path, name: str) -> str:
    if not is_object_name(name):
        raise Place(path).error(
            "the object's name is too long or has characters that do not print; rename it"
        )
    return name
