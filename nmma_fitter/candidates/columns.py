"""Which column of a table holds what, by the names that surveys, brokers and people give them."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from .rows import Place

MOST_COLUMNS = 1000
MOST_NAMED = 30  # columns in a message
LONGEST_NAME = 60  # characters of a column's name that is understood, and may be shown
_FOLD = str.maketrans("", "", " \u00a0_-.")
_BROKERS = ("i:", "ant_")  # what Fink and ANTARES put before the names of an alert

# Folded as `folded` does; of several columns the first in this order counts.
_NAMES: Final[Mapping[str, str]] = {
    "mjd": "mjd mjdobs obsmjd mjdutc utcmjd meanmjd mjdmid midmjd",
    "jd": "jd obsjd jdobs jdutc juliandate",
    "tai": "midpointmjdtai mjdtai midpointtai taimjd",
    "bjd": "bjd bjdtdb bjdtcb",
    "hjd": "hjd hjdutc",
    "time": "time date obsdate dateobs datetime utc utcdate utdate dateutc isot timestamp "
    "observationdate obstime observationtime epoch t",
    "fid": "fid filterid",
    "band": "filter band passband bandpass filt flt filtername bandname",
    "mag": "mag magnitude magpsf psfmag magab abmag apparentmag appmag m",
    "mag_err": "magerr emag dmag magunc sigmapsf magerror emagnitude magnitudeerror magnitudeerr "
    "dmagnitude merr dm sigmamag magsigma magerrab errmag psfmagerr uncertainty error err unc "
    "sigma",
    "limit": "limitingmag limmag limit diffmaglim maglim limitingmagnitude maglimit maglimiting "
    "mag5sig limmag5sig maglimit5 limmagnitude depth maglim5 upperlimit uplim ul limmag5",
    "limit_flag": "nondet nondetection isnondetection isupperlimit isul islimit limitflag "
    "upperlimitflag upplim isuplim",
    "detected": "detected isdetected detection isdetection",
    "flux": "flux fluxujy fluxnjy fluxmjy fluxjy psfflux fluxdensity ujy fluxmicrojansky difflux",
    "flux_err": "fluxerr eflux dflux fluxunc fluxerror fluxerrujy fluxerrnjy fluxerrmjy "
    "fluxerrjy fluxujyerr fluxnjyerr fluxmjyerr fluxjyerr psffluxerr fluxdensityerror "
    "fluxdensityerr dujy sigmaflux fluxsigma",
    "unit": "unit units fluxunit fluxunits",
    "zp": "zp zeropoint zpt magzp",
    "system": "magsys magsystem system zpsys magunit photsys photsystem photometricsystem "
    "magnitudesystem",
    "sign": "isdiffpos isdifferencepositive diffpos",
    "negative": "isnegative isdiffneg",
    "object": "oid objectid objid diaobjectid ztfid ztfname snid snname sn object objectname "
    "objname event eventname target targetname transient transientname iauname name",
    "instrument": "instrumentname instrument inst instrumentid",
    "telescope": "telescope telescopename tel observatory facility",
    "camera": "camera cameraname cam",
    "source": "source",
    "survey": "survey tid surveyname sid",
    "delete": "delete deleted remove removed reject rejected exclude excluded",
    "forced": "forced isforced",
    "origin": "origin",
}
MEANINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {meaning: tuple(names.split()) for meaning, names in _NAMES.items()}
)
"""Meaning of a column to its names, without case, spaces and ``_ - .``, the best first."""

TIMES: Final = ("mjd", "jd", "tai", "bjd", "hjd", "time")
"""Meanings that give a row's time, the best first."""


def folded(name: str) -> str:
    """Name without case, separators, a broker's prefix and a unit in brackets."""
    text = name.strip().lower()
    for prefix in _BROKERS:
        text = text.removeprefix(prefix)
    return text.partition("(")[0].partition("[")[0].translate(_FOLD)


def unit_in(name: str) -> str:
    """Unit that a column's name gives in brackets, as of ``flux(mJy)``; empty without."""
    for opening, closing in ("()", "[]"):
        _, found, rest = name.partition(opening)
        if found:
            return rest.partition(closing)[0].strip().lower()
    return ""


def chosen(columns: Sequence[str], over: Mapping[str, str] | None = None) -> dict[str, str]:
    """Column of each meaning that a table has.

    Parameters
    ----------
    columns : sequence of str
        Names, in lower case.
    over : mapping of meaning to column, optional
        What the caller knows better; an empty column means that there is none.

    Returns
    -------
    dict of meaning to column
    """
    by_name: dict[str, str] = {}
    # A bare name is meant before one with a unit, as of "time" and "time (days)".
    usable = [name for name in columns if len(name) <= LONGEST_NAME and name.isprintable()]
    for column in sorted(usable, key=lambda name: "(" in name or "[" in name):
        by_name.setdefault(folded(column), column)
    found = {
        meaning: next((by_name[name] for name in names if name in by_name), "")
        for meaning, names in MEANINGS.items()
    }
    if not found["mag"] and found["flux"] and not found["flux_err"]:
        found["flux_err"] = found["mag_err"]  # "error" beside a flux
    found |= over or {}
    return {meaning: column for meaning, column in found.items() if column}


def check_columns(place: Place, columns: Sequence[str]) -> None:
    """Refuse a header with too many columns, or with one that comes twice.

    Raises
    ------
    BadInput
    """
    if len(columns) > MOST_COLUMNS:
        raise place.error(
            f"has {len(columns)} columns, not a light curve's; deliver the file again"
        )
    seen: set[str] = set()
    for name in filter(None, columns):
        if name in seen:
            raise place.error(f"column {reprlib.repr(name)} appears twice; remove one")
        seen.add(name)


def check_meanings(place: Place, columns: Sequence[str], meanings: Mapping[str, str]) -> None:
    """Refuse a table without time, band, value and error.

    Raises
    ------
    BadInput
        Naming what is missing, and the columns that there are.
    """
    lacks = lacking(meanings)
    if lacks:
        shown = ", ".join(map(reprlib.repr, columns[:MOST_NAMED])) or "none"
        more = f" and {len(columns) - MOST_NAMED} more" if len(columns) > MOST_NAMED else ""
        raise place.error(
            f"no column gives {', '.join(lacks)}; columns found: {shown}{more}; "
            "rename or add the column"
        )


def lacking(meanings: Mapping[str, str]) -> list[str]:
    """What a light curve needs and no column gives, for people; empty for a light curve."""
    magnitudes, fluxes = ("mag", "mag_err"), ("flux", "flux_err")
    lacks = [] if set(TIMES) & set(meanings) else ["the time (mjd, jd, or time as ISO date)"]
    lacks += [] if {"band", "fid"} & set(meanings) else ["the band (filter)"]
    if set(magnitudes) <= set(meanings) or set(fluxes) <= set(meanings):
        return lacks
    if "mag" in meanings:
        return [*lacks, "the magnitude's error (magerr)"]
    if "flux" in meanings:
        return [*lacks, "the flux's error (fluxerr)"]
    return [*lacks, "a value (mag and magerr, or flux, fluxerr and zp)"]
