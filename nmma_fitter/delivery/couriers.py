"""Who is told and sent what has changed, as configured."""

from __future__ import annotations

from nmma_fitter.config import Config
from nmma_fitter.delivery import mail, webhook
from nmma_fitter.delivery.slack import courier as slack
from nmma_fitter.engine.outbox import Courier
from nmma_fitter.transfer import push


def make_couriers(config: Config) -> list[Courier]:
    """Couriers of a configuration, in the order in which they are served: people first."""
    outdir, state = config.paths.outdir, config.paths.state
    return [
        *slack.couriers(config.slack, outdir),
        *mail.couriers(config.email, outdir),
        *webhook.couriers(config.webhook, outdir),
        *push.couriers(config.destinations, outdir, state),
    ]
