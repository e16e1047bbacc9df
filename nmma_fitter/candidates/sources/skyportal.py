"""Candidates from the groups of a SkyPortal: two calls of its documented API.

``GET /api/sources?group_ids=..&savedAfter=..&pageNumber=..&numPerPage=..`` answers with
``{"status": "success", "data": {"sources": [{"id": ..}, ..], "totalMatches": ..}}``, and
``GET /api/sources/<id>/photometry?format=mag&magsys=ab&individualOrSeries=individual`` with
``{"status": "success", "data": [{"mjd": .., "filter": .., "mag": .., ..}, ..]}``; a magnitude that
is null is a limit. See https://skyportal.io/docs/api.html.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nmma_fitter.candidates.nights import jd_of_day
from nmma_fitter.candidates.sources.base import Look, Offer, SourceError
from nmma_fitter.candidates.sources.settings import SkyportalSource
from nmma_fitter.candidates.sources.skyportal_api import Nonsense, Refused, SkyportalApi

PER_PAGE = 100
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_;:+-]{0,99}", re.ASCII)  # what SkyPortal itself allows
_NUMBERS = ("mjd", "mag", "magerr", "limiting_mag")
_WORDS = ("filter", "magsys", "origin")


class SkyportalSourceOf:
    """See `Source`.

    Parameters
    ----------
    settings : SkyportalSource
    environment : mapping
        Holds the token.
    now : callable
        This host's clock; its day names the night's folder.
    """

    def __init__(
        self,
        settings: SkyportalSource,
        environment: Mapping[str, str],
        now: Callable[[], float],
    ) -> None:
        self._settings, self._now = settings, now
        self._token = environment.get(settings.token_variable, "")
        self._files: dict[str, bytes] = {}

    def look(self) -> Look:
        """The photometry of every object saved to the groups; an answer is whole when it parses."""
        api = SkyportalApi(self._settings, self._token)
        offers, remarks = [], []
        for name in self._objects(api):
            if not _ID.fullmatch(name):
                remarks.append(
                    f"object {ascii(name)[:120]}: a name SkyPortal does not allow; left out"
                )
                continue
            try:
                content = _as_csv(name, _photometry(api, name))
            except (Refused, Nonsense) as error:
                remarks.append(f"object {name}: {error}; left out")
                continue
            if content:
                offers.append(self._offer(name, content))
        return Look(offers, remarks)

    def fetch(self, offers: Sequence[Offer], into: Path) -> None:
        """Write what the look has brought."""
        for offer in offers:
            if offer.key in self._files:
                (into / offer.night / offer.file).write_bytes(self._files[offer.key])

    def _offer(self, name: str, content: bytes) -> Offer:
        today = jd_of_day(self._now())
        digest = hashlib.sha256(content).hexdigest()
        night = f"{today - self._settings.days:07d}-{today:07d}"
        offer = Offer(night, f"{name}.csv", len(content), digest, digest)
        self._files[offer.key] = content
        return offer

    def _objects(self, api: SkyportalApi) -> Iterator[str]:
        """Names of the objects saved to the groups, page by page, each once."""
        settings, seen = self._settings, set[str]()
        since = datetime.fromtimestamp(self._now(), UTC) - timedelta(settings.saved_within_days)
        query: dict[str, str | int] = {
            "group_ids": ",".join(map(str, settings.group_ids)),
            "savedAfter": since.strftime("%Y-%m-%dT%H:%M:%S"),
            "numPerPage": PER_PAGE,
        }
        for page in range(1, settings.most_objects // PER_PAGE + 2):
            data = api.get("/api/sources", {**query, "pageNumber": page})
            sources = data.get("sources") if isinstance(data, dict) else None
            if not isinstance(sources, list):
                raise api.nonsense("no list of sources")
            for source in sources:
                name = source.get("id") if isinstance(source, dict) else None
                if not isinstance(name, str):
                    raise api.nonsense("a source without an id")
                if name not in seen:
                    seen.add(name)
                    yield name
            if len(sources) < PER_PAGE or page * PER_PAGE >= _total(data):
                return
        raise SourceError(
            f"{settings.url}: more than {settings.most_objects} objects are saved to the groups; "
            "raise most_objects, or lower saved_within_days"
        )


def _total(data: Mapping[str, Any]) -> float:
    total = data.get("totalMatches")
    return total if isinstance(total, int) else float("inf")


def _photometry(api: SkyportalApi, name: str) -> list[Mapping[str, Any]]:
    query = {"format": "mag", "magsys": "ab", "individualOrSeries": "individual"}
    rows = api.get(f"/api/sources/{name}/photometry", query)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise api.nonsense(f"no list of photometry for {name}")
    for row in rows:
        if not (_numbers(row) and all(_is_word(row.get(column)) for column in _WORDS)):
            raise api.nonsense(f"photometry of {name} with values of another kind")
    return rows


def _numbers(row: Mapping[str, Any]) -> bool:
    values = [row.get(column) for column in _NUMBERS]
    return all(
        v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values
    )


def _is_word(value: Any) -> bool:
    return value is None or (isinstance(value, str) and (value.isprintable()))


def _as_csv(name: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The export that `candidates.tables` reads; the same rows give the same bytes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("obj_id", *_NUMBERS, *_WORDS))
    lines = [[row.get(column) for column in (*_NUMBERS, *_WORDS)] for row in rows]
    for line in sorted(lines, key=lambda values: [str(value) for value in values]):
        writer.writerow([name, *("" if value is None else value for value in line)])
    return stream.getvalue().encode() if rows else b""
