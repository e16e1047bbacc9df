"""SNANA's text light curves: ``KEY: value`` lines, VARLIST or VARNAMES, and one OBS line a row.

FLUXCAL has the zero point 27.5 mag (SNANA manual, github.com/RickKessler/SNANA, "FLUXCAL").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...bands import SURVEYS, canonical
from ...errors import BadInput
from ..rows import Place, Row, mjd_from_number, number, of_flux
from ..units import AB_ZERO_POINT
from .base import Content, Format, Photometry
from .tally import Tally

FACTOR = 10 ** ((AB_ZERO_POINT - 27.5) / 2.5)  # microjansky in one unit of FLUXCAL
_KEYS = re.compile(r"\s{0,20}(SNID|SURVEY|VARLIST|VARNAMES|NOBS|NVAR|OBS):")
_LISTS = ("VARLIST", "VARNAMES")
_OF_SURVEY = {"foundation": "ps1", "ps1md": "ps1", "elasticc": "lsst"}


@dataclass
class _File:
    """Keys of the header, names of the columns, and rows."""

    keys: dict[str, list[tuple[Place, str]]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: list[tuple[Place, dict[str, str]]] = field(default_factory=list)

    def first(self, key: str) -> str:
        found = self.keys.get(key, [])
        return (found[0][1].partition("#")[0].split() or [""])[0] if found else ""


def _recognises(content: Content) -> bool:
    found = {match[1] for line in content.head if (match := _KEYS.match(line))}
    return bool(found & set(_LISTS)) and bool(found & {"SNID", "NOBS", "NVAR", "OBS"})


def _read(content: Content, bands: str) -> Photometry:
    parsed = _parse(content.place, content.lines)
    tally = Tally()
    survey = _survey(parsed.first("SURVEY"), bands)
    rows = [
        row
        for place, record in parsed.rows
        if (row := _row(place, record, survey, tally)) is not None
    ]
    if not rows:
        raise content.place.error(
            f"no usable row ({'; '.join(tally.notes()) or 'no OBS lines'}); check it"
        )
    said = "FLUXCAL is taken as AB with the zero point 27.5 mag"
    return Photometry(parsed.first("SNID") or None, tuple(rows), (*tally.notes(), said))


def _parse(place: Place, lines: Sequence[str]) -> _File:
    parsed = _File()
    for here, key, value in _keyed(place, lines):
        if key == "OBS":
            parsed.rows.append((here, _record(here, value, parsed.columns)))
            continue
        if key in _LISTS:
            parsed.columns = tuple(value.partition("#")[0].lower().split())
            _check_columns(here, parsed.columns)
        parsed.keys.setdefault(key, []).append((here, value))
        if key == "SNID" and len(parsed.keys["SNID"]) > 1:
            raise here.error("starts a second object (SNID); deliver one file per object")
    stated = parsed.first("NOBS")
    if stated.isdecimal() and stated.isascii() and len(stated) < 9:
        _check_count(place, int(stated), len(parsed.rows))
    return parsed


def _check_count(place: Place, stated: int, found: int) -> None:
    if stated != found:
        raise place.error(
            f"has {found} OBS lines where NOBS says {stated}; it may be cut short, deliver it again"
        )


def _keyed(place: Place, lines: Sequence[str]) -> Iterator[tuple[Place, str, str]]:
    for count, line in enumerate(lines, start=1):
        match = _KEYS.match(line)
        if match:
            yield Place(place.path, count), match[1], line[match.end() :]


def _check_columns(place: Place, columns: Sequence[str]) -> None:
    lacks = [name for name in ("mjd", "fluxcal", "fluxcalerr") if name not in columns]
    lacks += [] if {"flt", "band"} & set(columns) else ["flt"]
    if lacks:
        raise place.error(f"the list of variables lacks {', '.join(lacks).upper()}; add it")


def _record(place: Place, value: str, columns: Sequence[str]) -> dict[str, str]:
    if not columns:
        raise place.error("comes before the list of variables (VARLIST); deliver the file again")
    fields = value.partition("#")[0].split()
    # Some surveys list a variable after the last that they write: those that count are first.
    needed = 1 + max(i for i, name in enumerate(columns) if name in ("mjd", "fluxcalerr", "flt"))
    if not needed <= len(fields) <= len(columns):
        raise place.error(
            f"has {len(fields)} values where the list of variables has {len(columns)}; "
            "the file may be cut short, deliver it again"
        )
    return dict(zip(columns, fields, strict=False))


def _survey(name: str, bands: str) -> str:
    lower = name.lower().partition("(")[0]
    known = _OF_SURVEY.get(lower, lower)
    return known if known in SURVEYS else bands


def _row(place: Place, record: Mapping[str, str], survey: str, tally: Tally) -> Row | None:
    name = record.get("flt") or record.get("band", "")
    try:
        band = canonical(name, default=survey)
    except BadInput as unknown:
        tally.unknown_band(place, name, unknown)
        return None
    error = number(record["fluxcalerr"], place, "FLUXCALERR")
    if not error > 0:
        tally.leave_out(place, "a FLUXCALERR of 0 or below")
        return None
    flux = number(record["fluxcal"], place, "FLUXCAL")
    mjd = mjd_from_number(record["mjd"], place, "MJD")
    return of_flux(place, mjd, band, flux * FACTOR, error * FACTOR)


FORMAT = Format(
    name="snana",
    title="SNANA text (.DAT)",
    columns="SNID, SURVEY (of bare letters), NOBS, and OBS lines of MJD, FLT or BAND, FLUXCAL, "
    "FLUXCALERR (zero point 27.5 mag)",
    recognises=_recognises,
    read=_read,
    suffixes=(".dat", ".txt"),
)
