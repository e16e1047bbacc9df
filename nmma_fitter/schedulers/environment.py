"""What a job may inherit from the process that submits it."""

from __future__ import annotations

import os
from collections.abc import Mapping

_PERSON = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR")
_SOFTWARE = ("LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX")
_CACHES = ("MPLCONFIGDIR", "XDG_CACHE_HOME")
_DATA = ("XDG_DATA_HOME", "SNCOSMO_DATA_DIR", "NMMA_FITTER_DATA_DIR")
INHERITED = frozenset((*_PERSON, *_SOFTWARE, *_CACHES, *_DATA))
INHERITED_PREFIXES = ("LC_", "OMP_", "OPENBLAS_", "MKL_")


def build_environment(source: Mapping[str, str]) -> dict[str, str]:
    """Keep what a job needs of an environment; never a token, a password or a batch system's.

    Kept are the names in `INHERITED` and those that start with one of `INHERITED_PREFIXES`.
    """
    kept = {
        name: value
        for name, value in source.items()
        if name in INHERITED or name.startswith(INHERITED_PREFIXES)
    }
    return {"PATH": os.defpath, **kept}
