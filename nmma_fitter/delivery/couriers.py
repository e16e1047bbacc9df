"""Who is told and sent what has changed, as configured."""

from __future__ import annotations

from nmma_fitter.config import Config
from nmma_fitter.engine.outbox import Courier


def make_couriers(config: Config) -> list[Courier]:
    """Couriers of a configuration, in the order in which they are served: people first."""
    return []
