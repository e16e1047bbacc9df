"""Candidates on another machine, by rsync over SSH; a read-only rrsync key is enough."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from nmma_fitter.candidates.sources.base import MANIFEST, Look, Offer
from nmma_fitter.candidates.sources.settings import RsyncSource
from nmma_fitter.candidates.textfile import LARGEST_FILE
from nmma_fitter.transfer.rsync import Rsync

_DIGITS = "[0-9]" * 7
_NIGHT = f"/{_DIGITS}-{_DIGITS}"
RULES = (
    f"--include={_NIGHT}/",
    f"--exclude={_NIGHT}/.*",
    *(f"--include={_NIGHT}/*.{one}" for one in ("[cC][sS][vV]", "[dD][aA][tT]")),
    f"--include={_NIGHT}/{MANIFEST}",
    "--exclude=*",
)


class RsyncSourceOf:
    """See `Source`.

    Parameters
    ----------
    settings : RsyncSource
    """

    def __init__(self, settings: RsyncSource) -> None:
        self._client = Rsync(settings)

    def look(self) -> Look:
        """One listing; times are the source's, in whole seconds."""
        found = [(*entry.name.partition("/"), entry) for entry in self._client.entries(RULES)]
        return Look([Offer(night, file, e.size, e.time) for night, _, file, e in found if file])

    def fetch(self, offers: Sequence[Offer], into: Path) -> None:
        """One call for all files, that goes on where the last was cut."""
        self._client.fetch([offer.key for offer in offers], into, largest=LARGEST_FILE)
        for offer in offers:
            path = into / offer.night / offer.file
            if path.is_file() and (path.stat().st_size, _time(path)) != (offer.size, offer.time):
                path.unlink()


def _time(path: Path) -> str:
    """A file's time as rsync lists it."""
    return time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(int(path.stat().st_mtime // 1)))
