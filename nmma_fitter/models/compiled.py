"""Machine code for a model's innermost loops, made by numba and kept for later processes.

Compiling takes seconds, reading back what was kept 0.2 s, and numba itself 0.2 s. It is kept per
user, under ``NUMBA_CACHE_DIR`` or else the user's cache folder (``XDG_CACHE_HOME``, ``~/.cache``),
never beside the program: an installation may be read-only and shared. Each kind of processor has a
folder of its own there, as numba may mix up the files of two that compile at once. Processes that
start together each compile for themselves, and replace each other's files whole. Where nothing can
be kept, or what was kept cannot be read, every process compiles for itself.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding

log = logging.getLogger(__name__)

# Sums may be reordered and products fused, but nan and infinity keep their meaning.
_OPTIONS: dict[str, Any] = {
    "fastmath": {"reassoc", "contract", "arcp", "nsz"},
    "error_model": "numpy",
}


def part(function: Callable[..., Any]) -> Any:
    """Make a function part of the compiled ones that call it, below it in the same module."""
    return numba.njit(inline="always", **_OPTIONS)(function)


def compiled(signature: str) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function for arguments of these types, or read it back from the cache.

    Parameters
    ----------
    signature : str
        In numba's words, such as ``"void(float64[:, ::1])"``.
    """

    def compile_(function: Callable[..., Any]) -> Any:
        try:
            with _cache_folder():
                return numba.njit(signature, cache=True, **_OPTIONS)(function)
        except Exception as error:  # full disks, damaged files: numba lets any error through
            log.info("%s is compiled by each process, not kept: %s", function.__name__, error)
            return numba.njit(signature, **_OPTIONS)(function)

    return compile_


@contextmanager
def _cache_folder() -> Iterator[None]:
    """Have numba keep what it compiles in our folder; `OSError` when it cannot be written."""
    before = numba.config.CACHE_DIR
    base = before or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
    name = f"{binding.get_host_cpu_name()}-{hashlib.sha256(processor.encode()).hexdigest()[:8]}"
    folder = Path(base) / "nmma_fitter" / name
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()
    numba.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
