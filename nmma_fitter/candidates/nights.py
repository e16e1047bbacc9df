"""Where candidates arrive: one folder a night, one file an object."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ..errors import BadInput

log = logging.getLogger(__name__)

_NIGHT = re.compile(r"\d{7}-\d{7}", re.ASCII)  # first and last Julian date
_SURVEY_FILE = re.compile(r"lc_(.+)_forced\d+_stacked\d+", re.ASCII)
_UNIX_EPOCH_JD = 2440587.5
_PLAIN = (".csv", ".dat")  # of light curves whatever they say; other files are looked into
_PACKED = ".gz"


def jd_of_day(now: float) -> int:
    """Julian date, without its fraction, of a time in seconds since 1970."""
    return int(now / 86400 + _UNIX_EPOCH_JD)


def latest_name(now: float) -> str:
    """The largest name that a night can have at a time (in seconds since 1970), plus a day."""
    last = jd_of_day(now) + 1
    return f"{last:07d}-{last:07d}"


def is_like_night(name: str) -> bool:
    """Whether a name has the form of a night's, whatever its dates."""
    return _NIGHT.fullmatch(name) is not None


def is_night_name(name: str) -> bool:
    """Whether a name is that of a night: two Julian dates, of which the first is not the later."""
    return is_like_night(name) and name[:7] <= name[-7:]


def possible(names: Iterable[str], now: float) -> list[str]:
    """Those names that are nights which can have been by now, plus a day, sorted."""
    latest = latest_name(now)[-7:]
    return sorted(name for name in names if is_night_name(name) and name[-7:] <= latest)


def left_out(names: Iterable[str], now: float) -> str:
    """What to say of names that look like nights and cannot be; empty when all can.

    They are left out wherever the newest night is looked for: one folder of another century would
    hide all nights that come.
    """
    alike = {name for name in names if is_like_night(name)}
    wrong = sorted(alike - set(possible(alike, now)))
    if not wrong:
        return ""
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return (
        f"not a night by now, so left out: {', '.join(wrong[:5])}{more} (this machine's clock says "
        f"Julian date {jd_of_day(now)}); correct the folder's name or the clock"
    )


@dataclass(frozen=True)
class Nights:
    """Night folders.

    Attributes
    ----------
    folders : tuple of Path
        By the Julian dates in their names; at least one.
    left_out : str
        What to say of folders that look like nights and cannot be.
    """

    folders: tuple[Path, ...]
    left_out: str = ""


def nights_in(candidate_dir: Path, now: float) -> Nights:
    """All night folders of a folder, as they can have been by now (seconds since 1970).

    Raises
    ------
    BadInput
        When the folder cannot be read or holds no night.
    """
    try:
        entries = {entry.name: entry for entry in candidate_dir.iterdir()}
    except OSError as error:
        raise BadInput(
            f"{candidate_dir}: cannot be read ({error.strerror}); check [paths] candidates"
        ) from None
    alike = [name for name, entry in entries.items() if _is_night(entry)]
    told = left_out(alike, now)
    nights = possible(alike, now)
    if not nights:
        raise BadInput(
            f"{candidate_dir}: holds no night folder named like 2459778-2459785; "
            + (told or "check [paths] candidates (is it mounted?) or wait for the first night")
        )
    return Nights(tuple(entries[name] for name in nights), f"{candidate_dir}: {told}" * bool(told))


def check_night(folder: Path) -> None:
    """Raise `BadInput` where a night that was named is no folder."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; give a night's folder of candidates")


def newest_night(candidate_dir: Path, now: float) -> Path:
    """Folder of the last night, for a person who names none; raises as `nights_in`."""
    nights = nights_in(candidate_dir, now)
    if nights.left_out:
        log.warning("%s", nights.left_out)
    return nights.folders[-1]


def nights_between(candidate_dir: Path, first: str, last: str, now: float) -> list[Path]:
    """Night folders from `first` to `last`, both included, in the order of their Julian dates.

    Parameters
    ----------
    candidate_dir : Path
    first, last : str
        Names of nights, or how they begin: ``2459778`` for ``2459778-2459785``. Julian dates of
        seven digits may be those of nights that are not there.
    now : float
        As of `nights_in`.

    Raises
    ------
    BadInput
        There is none between them, or no night begins so.
    """
    nights = nights_in(candidate_dir, now)
    folders = nights.folders
    there = f"there are {folders[0].name} to {folders[-1].name}"
    there += f"; {nights.left_out}" if nights.left_out else ""
    for end in (first, last):
        if not is_bound(end) and not any(f.name.startswith(end) for f in folders):
            raise BadInput(f"{candidate_dir}: no night begins with {end!r}; {there}")
    found = [f for f in folders if f.name >= first and f.name[: len(last)] <= last]
    if not found:
        raise BadInput(f"{candidate_dir}: no night from {first} to {last}; {there}")
    return found


def is_bound(text: str) -> bool:
    """Whether a text is a whole Julian date or night's name, by which nights can be ordered."""
    return is_night_name(text) or (len(text) == 7 and text.isascii() and text.isdigit())


def nights_to_look_at(nights: Nights, known: Collection[str]) -> tuple[list[Path], list[str]]:
    """The newest night; and when that is new, once more the last known one before it.

    Parameters
    ----------
    nights : Nights
    known : collection of str
        Names of the nights that were looked at before.

    Returns
    -------
    folders : list of Path
        In their order.
    missed : list of str
        Names of the nights in between that were never looked at, said once.
    """
    folders = {folder.name: folder for folder in nights.folders}
    newest = max(folders)
    before = max((night for night in known if night < newest), default=None)
    if newest in known or before is None:
        return [folders[newest]], []
    missed = sorted(night for night in folders if before < night < newest)
    return [folders[night] for night in (before, newest) if night in folders], missed


def is_candidate_name(name: str) -> bool:
    """Whether a file's name ends as that of a light curve may; hidden ones are not meant."""
    return not name.startswith(".") and _unpacked(name).endswith(_suffixes())


def _unpacked(name: str) -> str:
    return name.lower().removesuffix(_PACKED)


@cache
def _suffixes() -> tuple[str, ...]:
    from .formats import FORMATS  # which import this module

    return tuple(sorted({suffix for one in FORMATS for suffix in one.suffixes}))


@lru_cache(maxsize=4096)
def _is_photometry(path: Path, mark: tuple[int, int]) -> bool:
    """Whether a file is a light curve by what it says, as of its size and time."""
    from .formats import is_photometry

    return is_photometry(path)


def _is_night(entry: Path) -> bool:
    if is_like_night(entry.name) and entry.is_dir():
        return True
    log.debug("%r is not a night folder; ignored", str(entry))
    return False


def candidate_files(night_dir: Path) -> list[Path]:
    """Light-curve files of a night, sorted by name.

    All ``.csv`` and ``.dat`` are; files with another suffix of a known format (also of these with
    ``.gz``) where a format recognises what they say. Hidden files (an unfinished transfer's too)
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


def other_files(night_dir: Path) -> list[str]:
    """Names of a night's files that are not looked at; hidden ones are not meant.

    A source's ``manifest.sha256`` is no light curve, and not meant either.
    """
    try:
        files = [one for one in night_dir.iterdir() if one.is_file()]
        return sorted(
            one.name
            for one in files
            if not one.name.startswith(".")
            and not one.name.endswith(".sha256")
            and not _is_light_curve(one)
        )
    except OSError:  # whoever reads the candidates says so
        return []


def _is_light_curve(entry: Path) -> bool:
    if not is_candidate_name(entry.name):
        return False
    if _unpacked(entry.name).endswith(_PLAIN):
        return True
    found = entry.stat()
    return _is_photometry(entry, (found.st_size, found.st_mtime_ns))


def _is_candidate(entry: Path, root: Path) -> bool:
    if not is_candidate_name(entry.name) or not entry.is_file():
        return False
    if entry.resolve().parent != root:
        log.warning("%r leads out of the night's folder; ignored", str(entry))
        return False
    return _is_light_curve(entry)


def object_name(path: Path) -> str:
    """Object of a file: that of ``lc_<object>_forced1_stacked0.csv``, else the bare file name."""
    # Bytes of the name that are no UTF-8 could be neither stored nor printed.
    name = path.stem if path.suffix.lower() == _PACKED else path.name
    stem = os.fsencode(Path(name).stem).decode("utf-8", "backslashreplace")
    match = _SURVEY_FILE.fullmatch(stem)
    return match[1] if match else stem
