"""Checkpoints of a sampler that a kill at any moment cannot spoil.

nautilus updates its own HDF5 file in place, which a kill leaves unreadable. Here each checkpoint
is a whole new file, synced and then renamed over the last one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Nobody else opens these files, and on many cluster file systems locking fails.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tally:
    """What a run has spent, kept over resumes: points the model could not do, seconds, resumes."""

    n_invalid: int = 0
    seconds: float = 0.0
    resumes: int = 0


def fingerprint(parts: Mapping[str, Any]) -> str:
    """Sha256 of plain JSON values; the same fit has the same fingerprint."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def save(sampler: Any, path: Path, mark: str, tally: Tally) -> None:
    """Write the whole state of a nautilus sampler, replacing the last checkpoint at once.

    Parameters
    ----------
    sampler : nautilus.Sampler
    path : Path
        Ends in ``.h5`` (nautilus insists).
    mark : str
        Fingerprint of what is fitted.
    tally : Tally
    """
    partial = path.with_suffix(".partial.h5")
    sampler.write(partial, overwrite=True)
    sign(partial, mark, tally)
    replace_synced(partial, path)


def sign(path: Path, mark: str, tally: Tally) -> None:
    """Note in a checkpoint what it is of, and what was spent."""
    import h5py

    with h5py.File(path, "r+") as file:
        file.attrs["fingerprint"] = mark
        file.attrs["n_invalid"] = tally.n_invalid
        file.attrs["seconds"] = tally.seconds
        file.attrs["resumes"] = tally.resumes


def is_of(path: Path | None, mark: str) -> bool:
    """Whether there is a readable checkpoint of this very fit."""
    if path is None or not path.exists():
        return False
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return bool(file.attrs["fingerprint"] == mark)
    except Exception:  # h5py raises whatever it likes
        return False


def replace_synced(partial: Path, path: Path) -> None:
    """Rename a written file over another, so that a crash leaves the one or the other whole."""
    _sync(partial)
    partial.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def usable(path: Path, mark: str) -> Tally | None:
    """Say whether a checkpoint may be resumed; one of another fit or unreadable is set aside."""
    if not path.exists():
        return None
    import h5py

    try:
        with h5py.File(path, "r") as file:
            found = file.attrs["fingerprint"]
            spent = int(file.attrs["n_invalid"]), float(file.attrs["seconds"])
            tally = Tally(*spent, int(file.attrs.get("resumes", 0)))
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError, ValueError
        set_aside(path, f"cannot be read ({error})")
        return None
    if found != mark:
        set_aside(path, "is of another fit (data, priors, seed or sampler settings differ)")
        return None
    return tally


def set_aside(path: Path, why: str) -> None:
    """Rename a checkpoint that must not be resumed, and say so."""
    aside = path.with_suffix(".refused.h5")
    path.replace(aside)
    log.warning("checkpoint %s %s: kept as %s, starting anew", path.name, why, aside.name)
