"""A fetched file becomes a candidate, or is set aside with the reason beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from nmma_fitter.candidates.bounded import BoundedReader
from nmma_fitter.candidates.sources.arrivals import announce
from nmma_fitter.candidates.sources.base import Offer
from nmma_fitter.candidates.sources.memory import Known, Memory
from nmma_fitter.candidates.textfile import is_open_ended
from nmma_fitter.engine.files import sha256, sync_folder, write_atomic
from nmma_fitter.errors import BadInput

REASON = ".reason"


class Receiver:
    """Puts files of one source among the candidates.

    Parameters
    ----------
    name : str
        The source's.
    candidates : Path
    memories : mapping of str to Memory
        Of all sources, which tell whose a candidate is.
    state : Path
        The state folder, where it is noted into which nights something came.
    reader : BoundedReader
    """

    def __init__(
        self,
        name: str,
        candidates: Path,
        memories: Mapping[str, Memory],
        state: Path,
        reader: BoundedReader,
    ) -> None:
        self._name, self._candidates, self._state = name, candidates, state
        self._reader = reader
        self._memory = memories[name]
        self._others = {other: one for other, one in memories.items() if other != name}
        self._aside = candidates / ".set-aside" / name

    def receive(self, offer: Offer, path: Path) -> str:
        """Take in a fetched file, which is gone from its place afterwards.

        Returns
        -------
        str
            What a person should know, or nothing.
        """
        if path.is_symlink() or not path.is_file():
            return ""  # it is no longer there as it was offered; the next pull looks again
        digest = sha256(path)
        if offer.sha256 not in (None, digest):
            path.unlink()
            return f"{offer.key}: is not what its manifest says; not taken until they agree"
        known = self._memory.files.get(offer.key)
        note, taken = self._place(offer, path, digest)
        self._memory.files[offer.key] = Known(offer.size, offer.time, digest, taken)
        same = known is not None and (known.sha256, known.taken) == (digest, taken)
        return "" if same else note

    def _place(self, offer: Offer, path: Path, digest: str) -> tuple[str, bool]:
        """Where a file belongs: the note about it, and whether it is a candidate now."""
        aside = self._aside / offer.night / offer.file
        problem = _problem(path, self._reader)
        if problem:
            text = problem.replace(str(path), str(aside))
            _keep(path, aside, text)
            return f"{text}; kept aside, and tried again when it changes there", False
        final = self._candidates / offer.night / offer.file
        if final.is_file() and not final.is_symlink():
            if sha256(final) == digest:
                path.unlink()
                return "", True
            if owner := self._owner(offer):
                path.unlink()
                return f"{offer.key}: not taken, {owner} has brought another; rename one", False
            note = self._make_way(offer, final, aside)
        else:
            note = ""
        sync_folder(path)
        final.parent.mkdir(parents=True, exist_ok=True)
        announce(self._state, offer.night)
        path.replace(final)
        sync_folder(final.parent)
        announce(self._state, offer.night)
        if not note:
            _discard(aside)
        return note, True

    def _owner(self, offer: Offer) -> str:
        """Which other source brought the candidate that is there."""
        for other, memory in self._others.items():
            known = memory.files.get(offer.key)
            if known is not None and known.taken:
                return f"source {other}"
        return ""

    def _make_way(self, offer: Offer, final: Path, aside: Path) -> str:
        """Before a candidate is replaced that this source did not bring, keep it."""
        known = self._memory.files.get(offer.key)
        if known is not None and known.taken and known.sha256 == sha256(final):
            return ""
        text = f"{final}: was here and not from this source; replaced"
        copy = aside.with_name(f"{aside.name}.replaced")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(final, copy)
        return f"{text}, the former is kept as {copy}"


def _problem(path: Path, reader: BoundedReader) -> str:
    """Why a file cannot be a candidate, empty when it can."""
    if is_open_ended(path):
        return f"{path}: does not end with a line's end, so may be cut short"
    try:
        reader.read(path)
    except BadInput as error:
        return str(error)
    return ""


def _keep(path: Path, aside: Path, reason: str) -> None:
    aside.parent.mkdir(parents=True, exist_ok=True)
    path.replace(aside)
    write_atomic(aside.with_name(aside.name + REASON), reason + "\n")


def _discard(aside: Path) -> None:
    """A file that could not be read is no longer of interest once it can."""
    for path in (aside, aside.with_name(aside.name + REASON)):
        path.unlink(missing_ok=True)
