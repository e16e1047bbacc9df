"""ZTF's forced-photometry service: difference fluxes in text (Masci et al. 2023).

Service: arXiv:2305.16279; columns: irsa.ipac.caltech.edu/data/ZTF/docs/ztf_zfps_userguide.pdf.
Cuts: `ztf_quality`; baseline and errors: `baseline`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...plain import one_line
from ..baseline import WELL_BEFORE, Baseline, baseline, onset
from ..rows import Place, Row, band_of, mjd_from_number, number, of_flux
from ..textfile import has_data
from ..units import AB_ZERO_POINT
from .base import Content, Format, Photometry
from .tally import Tally, some
from .text_table import FARTHEST_HEADER, Record, names_in, records_below
from .ztf_quality import fault

NEEDED = frozenset(
    [
        "field",
        "ccdid",
        "qid",
        "filter",
        "zpdiff",
        "jd",
        "forcediffimflux",
        "forcediffimfluxunc",
        "procstatus",
    ]
)
NEAR_REFERENCE = 1.0  # arcsec
MOST_GROUPS = 500  # of field, CCD, quadrant and filter; a position has a dozen
ZERO_POINTS = (10.0, 40.0)  # mag


@dataclass(frozen=True)
class _Flux:
    """One usable row, in microjansky."""

    place: Place
    mjd: float
    band: str
    group: str
    flux: float
    error: float
    chi2: float


def _header(head: Sequence[str]) -> tuple[int, tuple[str, ...]] | None:
    """Index and columns of the header, which is a comment or not, and may end in a comma."""
    for index, line in enumerate(head[:FARTHEST_HEADER]):
        text = line.strip().lstrip("#").strip().rstrip(",")
        if "forcediffimflux" in text and "zpdiff" in text:
            columns = names_in(text)
            return (index, columns) if set(columns) >= NEEDED else None
    return None


def _delimiter(lines: Sequence[str], columns: Sequence[str]) -> str:
    """A blank, as the service has it, or the comma of those who wrote it anew."""
    first = next(filter(has_data, lines), "")
    return "," if first.count(",") >= len(columns) - 1 else " "


def _read(content: Content, bands: str) -> Photometry:
    found = _header(content.lines)
    if found is None:
        raise content.place.error("lacks the header of ZTF's forced photometry; request it again")
    tally = Tally()
    delimiter = _delimiter(content.lines[found[0] + 1 :], found[1])
    records = records_below(content.place, content.lines, *found, delimiter)
    kept = list(_usable(records, tally))
    if not kept:
        raise content.place.error(
            f"no usable row ({'; '.join(tally.notes()) or 'no rows'}); request it again"
        )
    fluxes = [_flux(place, record) for place, record in kept]
    groups = _groups(content.place, fluxes)
    rows, said = _corrected(fluxes, groups)
    notes = (*tally.notes(), *said, *_near_reference(record for _, record in kept))
    return Photometry(None, tuple(rows), notes)


def _usable(records: Iterable[Record], tally: Tally) -> Iterable[Record]:
    for place, record in records:
        reason = fault(place, record, "zpdiff")
        if reason:
            tally.leave_out(place, reason)
        else:
            yield place, record


def _flux(place: Place, record: Mapping[str, str]) -> _Flux:
    zero = number(record["zpdiff"], place, "zpdiff")
    if not ZERO_POINTS[0] <= zero <= ZERO_POINTS[1]:
        raise place.error(f"zpdiff is {zero:g}, not a zero point in mag; correct it")
    factor = 10 ** ((AB_ZERO_POINT - zero) / 2.5)
    band = band_of(record["filter"], place, "ztf")
    group = "/".join(one_line(record[column], 20) for column in ("field", "ccdid", "qid"))
    return _Flux(
        place,
        mjd_from_number(record["jd"], place, "jd"),
        band,
        f"{band} {group}",
        number(record["forcediffimflux"], place, "forcediffimflux") * factor,
        number(record["forcediffimfluxunc"], place, "forcediffimfluxunc") * factor,
        number(record.get("forcediffimchisq", ""), place, "forcediffimchisq"),
    )


def _groups(place: Place, fluxes: Sequence[_Flux]) -> dict[str, NDArray[np.int64]]:
    """Indices of the rows of each field, CCD, quadrant and filter."""
    found: dict[str, list[int]] = {}
    for index, one in enumerate(fluxes):
        found.setdefault(one.group, []).append(index)
    if len(found) > MOST_GROUPS:
        raise place.error(
            f"has more than {MOST_GROUPS} fields, CCDs and filters, so is not one object's; "
            "deliver one file per object"
        )
    return {name: np.array(found[name]) for name in sorted(found)}


def _corrected(
    fluxes: Sequence[_Flux], groups: Mapping[str, NDArray[np.int64]]
) -> tuple[list[Row], tuple[str, ...]]:
    """Rows less the baseline of their group, and what was done."""
    mjd, flux, error, chi2 = (
        np.array([getattr(one, column) for one in fluxes])
        for column in ("mjd", "flux", "error", "chi2")
    )
    event = onset(mjd, flux, error, groups.values())
    levels = {
        name: baseline(mjd[here], flux[here], error[here], chi2[here], event)
        for name, here in groups.items()
    }
    return [_row(one, levels[one.group]) for one in fluxes], _said(levels, event)


def _row(one: _Flux, level: Baseline) -> Row:
    corrected = level.how != "none"
    return of_flux(
        one.place,
        one.mjd,
        one.band,
        one.flux - level.level,
        one.error * level.scale,
        instrument="ZTF",
        baseline=one.group if corrected else "",
        baseline_err=level.error if corrected else 0.0,
    )


def _said(levels: Mapping[str, Baseline], event: float) -> tuple[str, ...]:
    """What was done to the fluxes, one line a method."""
    methods = {
        "before": f"baseline: median of the rows before MJD {event - WELL_BEFORE:.1f} subtracted"
        if math.isfinite(event)
        else "baseline: median of all rows subtracted, since no event is significant",
        "median": "baseline: robust median of the quiet rows subtracted, since too few lie well "
        "before the event",
        "none": "baseline: not corrected, since too few rows lie outside the event; "
        "request the flux of earlier nights too",
    }
    lines = []
    for how, text in methods.items():
        groups = [
            f"{name} ({level.level:.2f} ± {level.error:.2f} µJy, {level.rows} rows)"
            if level.rows
            else name
            for name, level in levels.items()
            if level.how == how
        ]
        if groups:
            lines.append(f"{text} (filter field/CCD/quadrant: {some(groups)})")
    scaled = [level.scale for level in levels.values() if level.scale > 1]
    if scaled:
        low, high = min(scaled), max(scaled)
        lines.append(f"errors multiplied by {low:.2f} to {high:.2f}, by the fits' chi and scatter")
    return tuple(lines)


def _near_reference(records: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """Whether a source of the reference image lies at the position."""
    near = []
    for record in records:
        try:
            near.append(float(record.get("dnearestrefsrc", "nan")))
        except ValueError:  # null
            continue
    count = sum(0 <= distance < NEAR_REFERENCE for distance in near)
    if not count:
        return ()
    return (
        f"a source of the reference image lies within {NEAR_REFERENCE:g} arcsec in {count} rows: "
        "the fluxes are what is above it",
    )


FORMAT = Format(
    name="ztf-forced",
    title="ZTF forced-photometry service",
    columns="jd, filter, forcediffimflux, forcediffimfluxunc, zpdiff (DN, made microjansky), "
    "field, ccdid, qid (baseline), forcediffimchisq (scale of errors), procstatus, infobitssci, "
    "scisigpix, sciinpseeing (cuts), dnearestrefsrc",
    recognises=lambda content: _header(content.head) is not None,
    read=_read,
    suffixes=(".txt", ".dat", ".csv"),
)
