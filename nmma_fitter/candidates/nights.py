"""Where candidates arrive: one folder a night, one file an object."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection
from pathlib import Path

from ..errors import BadInput

log = logging.getLogger(__name__)

_NIGHT = re.compile(r"\d{7}-\d{7}", re.ASCII)  # first and last Julian date
_SURVEY_FILE = re.compile(r"lc_(.+)_forced\d+_stacked\d+", re.ASCII)
_SUFFIXES = {".csv", ".dat"}


def newest_night(candidate_dir: Path) -> Path:
    """Folder of the last night, by the Julian dates in its name (``2459778-2459785``).

    Raises
    ------
    BadInput
        When the folder cannot be read or holds no night.
    """
    return night_folders(candidate_dir)[-1]


def night_folders(candidate_dir: Path) -> list[Path]:
    """Folders of all nights, by the Julian dates in their names; raises as `newest_night`."""
    try:
        entries = list(candidate_dir.iterdir())
    except OSError as error:
        raise BadInput(
            f"{candidate_dir}: cannot be read ({error.strerror}); check candidate_dir"
        ) from None
    nights = [entry for entry in entries if _is_night(entry)]
    if not nights:
        raise BadInput(
            f"{candidate_dir}: holds no night folder named like 2459778-2459785; "
            "check candidate_dir or wait for the first night"
        )
    return sorted(nights, key=lambda night: night.name)


def nights_to_look_at(candidate_dir: Path, known: Collection[str]) -> tuple[list[Path], list[str]]:
    """The newest night; and when that is new, once more the last known one before it.

    Parameters
    ----------
    candidate_dir : Path
    known : collection of str
        Names of the nights that were looked at before.

    Returns
    -------
    folders : list of Path
        In their order.
    missed : list of str
        Names of the nights in between that were never looked at, said once.
    """
    folders = {folder.name: folder for folder in night_folders(candidate_dir)}
    newest = max(folders)
    before = max((night for night in known if night < newest), default=None)
    if newest in known or before is None:
        return [folders[newest]], []
    missed = sorted(night for night in folders if before < night < newest)
    return [folders[night] for night in (before, newest) if night in folders], missed


def is_night_name(name: str) -> bool:
    """Whether a folder's name is that of a night."""
    return _NIGHT.fullmatch(name) is not None


def is_candidate_name(name: str) -> bool:
    """Whether a file's name is that of a light curve; hidden ones are not."""
    return not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES


def _is_night(entry: Path) -> bool:
    if is_night_name(entry.name) and entry.is_dir():
        return True
    log.debug("%r is not a night folder; ignored", str(entry))
    return False


def candidate_files(night_dir: Path) -> list[Path]:
    """Light-curve files of a night, sorted by name.

    Hidden files (an unfinished transfer's too), anything but regular ``.csv`` and ``.dat`` files,
    and links that lead out of the folder are left out.

    Raises
    ------
    BadInput
        When the folder cannot be read.
    """
    try:
        root = night_dir.resolve(strict=True)
        return sorted(entry for entry in night_dir.iterdir() if _is_candidate(entry, root))
    except OSError as error:
        raise BadInput(
            f"{night_dir}: cannot be read ({error.strerror}); check the night's folder"
        ) from None


def _is_candidate(entry: Path, root: Path) -> bool:
    if not is_candidate_name(entry.name) or not entry.is_file():
        return False
    if entry.resolve().parent != root:
        log.warning("%r leads out of the night's folder; ignored", str(entry))
        return False
    return True


def object_name(path: Path) -> str:
    """Object of a file: that of ``lc_<object>_forced1_stacked0.csv``, else the bare file name."""
    # Bytes of the name that are no UTF-8 could be neither stored nor printed.
    stem = os.fsencode(path.stem).decode("utf-8", "backslashreplace")
    match = _SURVEY_FILE.fullmatch(stem)
    return match[1] if match else stem
