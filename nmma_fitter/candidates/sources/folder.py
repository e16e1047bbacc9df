"""Candidates that arrive in a folder of this machine, or one that is mounted here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from nmma_fitter.candidates.nights import is_candidate_name, is_like_night
from nmma_fitter.candidates.sources.base import MANIFEST, Look, Offer, SourceError
from nmma_fitter.candidates.sources.settings import FolderSource


class FolderSourceOf:
    """See `Source`.

    Parameters
    ----------
    settings : FolderSource
    """

    def __init__(self, settings: FolderSource) -> None:
        self._path = settings.path

    def look(self) -> Look:
        """Regular files of the night folders; links are left out."""
        try:
            nights = sorted(self._path.iterdir())
        except OSError as error:
            raise SourceError(
                f"{self._path}: cannot be read ({error.strerror}); check path; is it mounted?"
            ) from None
        return Look(
            [
                offer
                for night in nights
                if is_like_night(night.name) and night.is_dir() and not night.is_symlink()
                for offer in _offers(night)
            ]
        )

    def fetch(self, offers: Sequence[Offer], into: Path) -> None:
        """Copy, and look once more whether it is what was offered."""
        for offer in offers:
            source, target = self._path / offer.night / offer.file, into / offer.night / offer.file
            with suppress(FileNotFoundError):
                shutil.copyfile(source, target, follow_symlinks=False)
            if target.is_symlink() or not offer.agrees(_offer(source)):
                target.unlink(missing_ok=True)


def _offers(night: Path) -> Iterator[Offer]:
    for path in sorted(night.iterdir()):
        if is_candidate_name(path.name) or path.name == MANIFEST:
            offer = _offer(path)
            if offer is not None:
                yield offer


def _offer(path: Path) -> Offer | None:
    """A regular file as it is now."""
    with suppress(FileNotFoundError):
        if not path.is_symlink() and path.is_file():
            found = path.lstat()
            return Offer(path.parent.name, path.name, found.st_size, str(found.st_mtime_ns))
    return None
