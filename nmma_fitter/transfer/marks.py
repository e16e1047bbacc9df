"""What of a night has been sent and found whole at the destination.

It may be lost: then everything is compared with the destination again, and nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmma_fitter.engine.files import read_json, sha256, write_json


@dataclass(frozen=True)
class Sent:
    """A file as it was sent, or is to be sent.

    Attributes
    ----------
    name : str
        Relative to the output folder.
    stat : tuple of int
        Inode, size and time of change: the same as long as nobody has touched it.
    sha256 : str
    """

    name: str
    stat: tuple[int, int, int]
    sha256: str


class Marks:
    """The marks of one night at one destination.

    Parameters
    ----------
    path : Path
        Where they are kept.
    place : str
        What the destination is; marks of another are worth nothing.
    root : Path
        The output folder, kept as an attribute.
    """

    def __init__(self, path: Path, place: str, root: Path) -> None:
        self._path, self._place, self.root = path, place, root
        stored = read_json(path) or {}
        files = stored.get("files") if stored.get("place") == place else None
        # Until the night has been sent as a whole once more, anything of it may be there.
        self._lost = not isinstance(files, dict) or stored.get("lost") is True
        self._sent = dict(_parsed(files)) if isinstance(files, dict) else {}

    def all(self) -> list[Sent]:
        """Everything that has been sent of the night."""
        return list(self._sent.values())

    def maybe_there(self, name: str) -> bool:
        """Whether the destination may have some version of a file."""
        return self._lost or name in self._sent

    def now(self, path: Path) -> Sent:
        """A file as it is, read only when it has been touched."""
        name, stat = path.relative_to(self.root).as_posix(), stat_of(path)
        known = self._sent.get(name)
        return known if known and known.stat == stat else Sent(name, stat, sha256(path))

    def changed(self, one: Sent) -> bool:
        """Whether the destination has something else, or nothing."""
        known = self._sent.get(one.name)
        return known is None or known.sha256 != one.sha256

    def set_sent(self, files: Iterable[Sent]) -> None:
        """Note that these are at the destination, whole."""
        self._sent |= {one.name: one for one in files}
        self._write()

    def set_whole(self) -> None:
        """Note that all that is there of the night is known."""
        self._lost = False
        self._write()

    def forget(self, names: Iterable[str]) -> None:
        """Note that these are not, or not for long."""
        for name in names:
            self._sent.pop(name, None)
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        files = {one.name: [list(one.stat), one.sha256] for one in self._sent.values()}
        stored = {"place": self._place, "lost": self._lost, "files": files}
        write_json(self._path, stored)


def stat_of(path: Path) -> tuple[int, int, int]:
    """What changes whenever a file does."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _parsed(files: dict[str, Any]) -> Iterable[tuple[str, Sent]]:
    for name, value in files.items():
        try:
            (inode, size, changed), digest = value
            yield name, Sent(name, (int(inode), int(size), int(changed)), str(digest))
        except (TypeError, ValueError):
            continue
