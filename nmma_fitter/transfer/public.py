"""Which files of a night are for everyone, and which of them are sentinels.

A file goes out because it is declared here, or because a task's sentinel lists it as an output.
Whatever else lies in these folders (job scripts, runs' own folders, the poller's notes) stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from nmma_fitter.engine.files import read_json

SENTINEL = ".fin"
OF_TASK = ("config.json", "log")  # besides its sentinel and the outputs
OF_OBJECT = ("index.html", "ranking.json", "comparison.png")
OWN_PICTURES = ("*-lightcurves.png", "*-corner.png")  # of fits that bear another object's name
OF_NIGHT = OF_TOP = ("index.html",)
ASSETS = "assets"
_PRIVATE_FOLDERS = frozenset({"attempts", "sentinels"})


def object_files(folder: Path) -> Iterator[Path]:
    """Public files of an object, those of its tasks too."""
    own = [path.name for pattern in OWN_PICTURES for path in folder.glob(pattern)]
    yield from _files(folder, (*OF_OBJECT, *own))
    for task in _folders(folder):
        sentinels = _sentinels(task)
        outputs = [name for sentinel in sentinels for name in _outputs(task / sentinel)]
        yield from _files(task, (*OF_TASK, *sentinels, *outputs))


def night_files(folder: Path) -> Iterator[Path]:
    """Public files of a night itself, its sentinel among them."""
    yield from _files(folder, (*OF_NIGHT, *_sentinels(folder)))


def object_folders(night: Path) -> list[Path]:
    """Folders of a night's objects."""
    return _folders(night)


def top_files(outdir: Path) -> Iterator[Path]:
    """Pages above the nights, and what all pages need."""
    yield from _files(outdir, OF_TOP)
    waiting = [outdir / ASSETS]
    while waiting:
        folder = waiting.pop()
        if folder.is_dir():
            yield from _files(folder, [path.name for path in folder.iterdir()])
            waiting += _folders(folder)


def is_sentinel(name: str) -> bool:
    """Whether a file vouches for others."""
    return name.endswith(SENTINEL)


def _sentinels(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [path.name for path in folder.iterdir() if is_sentinel(path.name)]


def _outputs(sentinel: Path) -> list[str]:
    outputs = (read_json(sentinel) or {}).get("outputs")
    return [name for name in outputs if "/" not in name] if isinstance(outputs, dict) else []


def _files(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    for path in sorted({folder / name for name in names}):
        if not _hidden(path) and path.is_file():
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
