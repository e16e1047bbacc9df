"""Files that ship with the project: templates, default configuration, priors, samples."""

from __future__ import annotations

from pathlib import Path


def shipped(*parts: str) -> Path:
    """Path of a shipped file: from an installed package, or from the clone.

    Raises
    ------
    FileNotFoundError
        The installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "shipped", package.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from this installation; install again")
