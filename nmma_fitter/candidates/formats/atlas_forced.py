"""ATLAS's forced-photometry server: text as it is sent, and its CSV form.

Columns: fallingstar-data.com/forcedphot/resultdesc. Fluxes are in microjansky (AB), as observed in
the difference image unless reduced images were asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..rows import Place, Row, mjd_from_number, number, of_flux
from ..textfile import has_data
from .base import Content, Format, Photometry
from .tally import Tally
from .text_table import FARTHEST_HEADER, Record, delimiter_of, names_in, records_below

_NEEDED = frozenset(("mjd", "ujy", "dujy", "f", "err", "chi/n"))
_BANDS = {"c": "atlasc", "o": "atlaso"}
MOST_CHI2 = 100.0  # reduced; above it the server's own plots leave a row out
MOST_ERROR = 4000.0  # microjansky, likewise


def _header(lines: Iterable[str]) -> tuple[int, tuple[str, ...], str] | None:
    for index, line in enumerate(lines):
        text = line.strip().lstrip("#").strip()
        names = names_in(text)
        if set(names) >= _NEEDED:
            return index, names, delimiter_of(text)
        if has_data(line) or index > FARTHEST_HEADER:
            return None
    return None


def _read(content: Content, bands: str) -> Photometry:
    found = _header(content.lines)
    if found is None:
        raise content.place.error("lacks the header of ATLAS's forced photometry; request it again")
    tally = Tally()
    rows = [
        _row(place, record)
        for place, record in _usable(records_below(content.place, content.lines, *found), tally)
    ]
    if not rows:
        raise content.place.error(
            f"no usable row ({'; '.join(tally.notes()) or 'no rows'}); request it again"
        )
    said = "fluxes are taken as those of difference images, as the server gives by default"
    return Photometry(None, tuple(rows), (*tally.notes(), said))


def _usable(records: Iterable[Record], tally: Tally) -> Iterable[Record]:
    for place, record in records:
        reason = _fault(place, record)
        if reason:
            tally.leave_out(place, reason)
        else:
            yield place, record


def _fault(place: Place, record: Mapping[str, str]) -> str:
    """Why a row is not used; empty for a good one."""
    if record["f"] not in _BANDS:
        return "a filter that is neither c nor o"
    if number(record["err"], place, "err") != 0:
        return "err above 0 (the fit failed)"
    error = number(record["dujy"], place, "duJy")
    if not 0 < error <= MOST_ERROR:
        return f"duJy of 0 or above {MOST_ERROR:g}"
    if number(record["chi/n"], place, "chi/N") > MOST_CHI2:
        return f"chi/N above {MOST_CHI2:g}"
    return ""


def _row(place: Place, record: Mapping[str, str]) -> Row:
    return of_flux(
        place,
        mjd_from_number(record["mjd"], place, "MJD"),
        _BANDS[record["f"]],
        number(record["ujy"], place, "uJy"),
        number(record["dujy"], place, "duJy"),
        instrument="ATLAS",
    )


FORMAT = Format(
    name="atlas-forced",
    title="ATLAS forced photometry (text or CSV)",
    columns="MJD, F (c or o), uJy, duJy (microjansky, AB), err, chi/N (cuts)",
    recognises=lambda content: _header(content.head) is not None,
    read=_read,
    suffixes=(".txt", ".csv", ".dat"),
)
