"""The source that a configuration asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from nmma_fitter.candidates.sources.base import Source
from nmma_fitter.candidates.sources.folder import FolderSourceOf
from nmma_fitter.candidates.sources.rsync import RsyncSourceOf
from nmma_fitter.candidates.sources.settings import FolderSource, RsyncSource, SourceSettings
from nmma_fitter.errors import ConfigError


def make_source(settings: SourceSettings, candidates: Path, now: Callable[[], float]) -> Source:
    """A source, not yet asked.

    Raises
    ------
    ConfigError
        A folder that is the candidates' own.
    """
    if isinstance(settings, RsyncSource):
        return RsyncSourceOf(settings)
    if isinstance(settings, FolderSource):
        if settings.path.resolve() == candidates.resolve():
            raise ConfigError(
                f"{settings.path}: is the candidates' own folder; what arrives there is seen anyway"
            )
        return FolderSourceOf(settings)
    from nmma_fitter.candidates.sources.skyportal import SkyportalSourceOf

    return SkyportalSourceOf(settings, os.environ, now)
