"""Telling Slack: one thread for each object and channel, a digest for each night.

No sooner than the first delivery is the SDK imported, or the token read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nmma_fitter.delivery.slack.settings import SlackSettings

if TYPE_CHECKING:
    from nmma_fitter.delivery.slack.courier import SlackCourier

__all__ = ["SlackSettings", "couriers"]


def couriers(
    settings: SlackSettings, outdir: Path, environ: Mapping[str, str] = os.environ
) -> list[SlackCourier]:
    """One courier for each channel; none when Slack is off."""
    from nmma_fitter.delivery.slack.courier import SlackCourier

    return [SlackCourier(settings, channel, outdir, environ) for channel in settings.channels]
