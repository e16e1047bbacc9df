"""Where candidates come from, and how they are taken in: see `pull`."""

from nmma_fitter.candidates.sources.intake import pull
from nmma_fitter.candidates.sources.settings import SourceSettings

__all__ = ["SourceSettings", "pull"]
