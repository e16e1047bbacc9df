"""Photometry files as surveys, brokers and people write them, recognised by their content.

- survey: ``jd,mag,mag_unc,filter,limmag``, optional ``forced``; 99 where there is no value.
- SkyPortal export: ``mjd,mag,magerr,limiting_mag,filter``, optional ``Delete``; empty where none.
- alerts: ``jd`` or ``mjd``, ``magpsf,sigmapsf,diffmaglim``, ``fid`` or ``filter``; nan where none.
- NMMA's ``.dat``: ``date filter mag err`` without header, the date isot or MJD; an error of ``inf``
  marks a limit.

A row with neither a magnitude nor a limit says nothing: it is left out, with a warning.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ..exposures import Merged, apart, merge
from ..lightcurve import SIGNIFICANCE, LightCurve, is_object_name
from ..nights import object_name
from ..rows import Place
from . import (
    alert_avro,
    alert_json,
    asassn,
    atlas_forced,
    broker_csv,
    broker_json,
    ecsv,
    fits_table,
    header_table,
    json_records,
    nmma_dat,
    nmma_json,
    nmma_model,
    open_supernova,
    parquet,
    redback,
    rubin,
    snana,
    sncosmo_table,
    tns,
    tns_csv,
    tom_toolkit,
    votable,
    ztf_forced,
)
from .base import Content, Format, Photometry

log = logging.getLogger(__name__)


FORMATS: tuple[Format, ...] = (
    ztf_forced.FORMAT,
    atlas_forced.FORMAT,
    alert_avro.FORMAT,
    alert_json.FORMAT,
    broker_json.FORMAT,
    broker_csv.FORMAT,
    rubin.FORMAT,
    asassn.FORMAT,
    snana.FORMAT,
    sncosmo_table.FORMAT,
    redback.FORMAT,
    tom_toolkit.FORMAT,
    tns.FORMAT,
    tns_csv.FORMAT,
    open_supernova.FORMAT,
    nmma_json.FORMAT,
    nmma_model.FORMAT,
    nmma_dat.FORMAT,
    ecsv.FORMAT,
    votable.FORMAT,
    fits_table.FORMAT,
    parquet.FORMAT,
    json_records.FORMAT,
    header_table.FORMAT,
)
"""In the order in which they are asked; the last one says what is wrong with an unknown file."""


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
    notes = photometry.notes
    separate = 0 if keep_duplicates else apart(photometry.rows)
    if separate:
        note = (
            f"kept {separate} measurements apart that share a time: the times are rounded, and "
            "no column names the telescope"
        )
        log.warning("%s: %s", Place(path), note)
        notes = (*notes, note)
    return Reading(lightcurve, merged, notes)


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
