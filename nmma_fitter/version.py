"""Which version and which commit this is: what every result names.

A wheel brings the commit that it was built from; in a checkout git is asked once. What cannot be
known is not said.
"""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path

from nmma_fitter import __version__

PACKAGE = Path(__file__).resolve().parent
BUILT_FROM = PACKAGE / "shipped" / "commit"  # written by hatch_build.py
GIT_SECONDS = 2.0
DESCRIBE = ("describe", "--always", "--dirty=+changes", "--abbrev=12", "--exclude=*")


@lru_cache(maxsize=1)
def commit() -> str:
    """The commit, with ``+changes`` where the tree has uncommitted ones; empty when not known."""
    try:
        return BUILT_FROM.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return commit_of(PACKAGE.parent)


def commit_of(checkout: Path) -> str:
    """The commit of a checkout whose top this folder is; empty when it is none."""
    if not (checkout / ".git").exists():  # never that of a repository around an installation
        return ""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(checkout), *DESCRIBE],
            env={**kept, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def versions() -> dict[str, str]:
    """Version and commit as results keep them; no commit where it is not known."""
    found = {"nmma_fitter": __version__, "commit": commit()}
    return {name: value for name, value in found.items() if value}


def version_text() -> str:
    """Both in words."""
    return f"{__version__} (commit {commit() or 'not known'})"
