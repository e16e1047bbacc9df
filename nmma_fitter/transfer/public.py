"""Which files of a night are for everyone, and which of them are sentinels.

Below an object's folder lie its pages and pictures, and one folder a task with what its run
published. Not for everyone are the runs' own folders, job scripts, what only the poller reads, and
whatever is hidden.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from pathlib import Path

SENTINEL = ".fin"
_PRIVATE_FOLDERS = frozenset({"attempts", "sentinels"})
_PRIVATE_FILES = ("unit.json", "job-*.sh", "slack.json")


def object_files(folder: Path) -> Iterator[Path]:
    """Public files of an object, those of its tasks too."""
    yield from _files(folder)
    for task in _folders(folder):
        yield from _files(task)


def night_files(folder: Path) -> Iterator[Path]:
    """Public files of a night itself, its sentinel among them."""
    yield from _files(folder)


def object_folders(night: Path) -> list[Path]:
    """Folders of a night's objects."""
    return _folders(night)


def top_files(outdir: Path) -> Iterator[Path]:
    """Pages above the nights, and what all pages need."""
    yield from _files(outdir)
    waiting = [outdir / "assets"]
    while waiting:
        folder = waiting.pop()
        if folder.is_dir():
            yield from _files(folder)
            waiting += _folders(folder)


def is_sentinel(name: str) -> bool:
    """Whether a file vouches for others."""
    return name.endswith(SENTINEL)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        private = any(fnmatch.fnmatchcase(path.name, pattern) for pattern in _PRIVATE_FILES)
        if not private and not _hidden(path) and path.is_file():
            yield path


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not _hidden(path) and path.name not in _PRIVATE_FOLDERS
    )


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.is_symlink()
