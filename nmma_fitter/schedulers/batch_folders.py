"""One folder for each batch below a scheduler's own: its script, and what jobs print."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from nmma_fitter.errors import SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.batch_checks import TOKEN


def prepare(path: Path, script: bytes) -> Path:
    """Make a batch's folder, named by its token, and write the script in it; returns its path.

    Raises
    ------
    SchedulerError
        The folder is there: this token was handed over before.
    SchedulerUnknown
        It cannot be written now; nothing was submitted, and the same may work later.
    """
    folder = path.parent
    try:
        folder.mkdir(parents=True)
        path.write_bytes(script)
        path.chmod(0o755)
    except FileExistsError:
        problem = "was submitted before; it is not run twice"
        raise SchedulerError(f"batch {folder.name}: {problem}") from None
    except OSError as error:
        raise SchedulerUnknown(f"batch {folder.name}: cannot write {path}: {error}") from error
    return path


def prune(root: Path, older_than_days: float) -> Sequence[str]:
    """Remove the folders of batches in which nothing changed for that long; their tokens."""
    old = time.time() - older_than_days * 86400
    folders = root.iterdir() if root.is_dir() else ()
    gone = [f for f in folders if TOKEN.fullmatch(f.name) and f.stat().st_mtime < old]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return [folder.name for folder in gone]
