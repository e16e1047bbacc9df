"""The results' folder is made once, at an installation's first use; later only folders in it are.

It may be moved or unmounted while a tick runs: nothing may then grow at its old place.
"""

from __future__ import annotations

from pathlib import Path

from nmma_fitter.errors import BadInput

MARKER = ".nmma-fitter.json"
ADOPT = "nmma-fitter adopt --config FILE"


def make_below(root: Path, folder: Path) -> None:
    """Make a folder and those between it and `root`, but never `root` itself.

    Raises
    ------
    BadInput
        `root` is gone, or empty as a bare mount point is; with what to do.
    """
    if folder.is_dir():
        return
    try:
        if next(root.iterdir(), None) is None:
            raise gone(root)
        path = root
        for name in folder.relative_to(root).parts:
            path /= name
            path.mkdir(exist_ok=True)
    except (FileNotFoundError, NotADirectoryError):
        raise gone(root) from None


def check_there(root: Path) -> None:
    """Raise `BadInput` where the results' folder has gone away, which is why a file in it has."""
    if not (root / MARKER).exists():
        raise gone(root)


def gone(folder: Path) -> BadInput:
    """What is said of a folder that is not the one that was used."""
    return BadInput(
        f"{folder}: is not the folder that was used here, its {MARKER} is missing. Is it mounted? "
        f"If it was emptied on purpose: {ADOPT}"
    )
