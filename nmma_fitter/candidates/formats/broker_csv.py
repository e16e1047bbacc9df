"""Brokers' CSV whose columns have a prefix: Fink's ``i:magpsf``, ANTARES's ``ant_mag``."""

from __future__ import annotations

from .base import Content, Format, Photometry
from .broker_json import BAD_QUALITY
from .measurement_lists import Lists, flat, of_broker
from .text_table import header_names, table

_FINK = ("i:", "r:")


def _recognises(content: Content) -> bool:
    names = header_names(content)
    fink = any(name.startswith(_FINK) for name in names)
    return fink or {"ant_mjd", "ant_mag"} <= names


def _read(content: Content, bands: str) -> Photometry:
    _, records = table(content)
    lists = Lists(content.place)
    kept = []
    for place, record in records:
        if record.get("d:tag", "").lower() == BAD_QUALITY:
            lists.tally.leave_out(place, "Fink's mark of bad quality (d:tag)")
        else:
            kept.append((place, flat(record)))
    lists.add(kept, {})
    return of_broker(lists, bands)


FORMAT = Format(
    name="broker-csv",
    title="Fink or ANTARES (CSV)",
    columns="i:jd, i:fid, i:magpsf, i:sigmapsf, i:diffmaglim, i:isdiffpos, i:objectId, d:tag; "
    "r:midpointMjdTai, r:psfFlux; ant_mjd, ant_passband, ant_mag, ant_magerr, ant_maglim",
    recognises=_recognises,
    read=_read,
)
