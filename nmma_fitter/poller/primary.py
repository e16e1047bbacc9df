"""``jobs/primary_job``: a Slurm job that polls, and hands over to the next one before its limit.

The successor is queued first, under the same name with ``--dependency=singleton``: Slurm starts it
when this job has ended, however that came about. So the chain goes on over time limits, dead nodes
and ``scancel`` of the running job, until `nmma-fitter stop`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.config import Config
from nmma_fitter.durations import in_words
from nmma_fitter.errors import BadInput
from nmma_fitter.make_jobs import Order, Poller, Rhythm, TickReport
from nmma_fitter.poller.preflight import check_candidates, may_begin
from nmma_fitter.poller.presence import Presence, withdraw_stop
from nmma_fitter.poller.primary_chain import SUCCESSOR_OF, Chain, OwnJob, own_output
from nmma_fitter.poller.signals import Signals
from nmma_fitter.poller.unattended import Left, Ticking, log_to, say_farewell

log = logging.getLogger(__name__)

KIND = "primary_job"
PATIENCE = 60.0  # of a successor, for the locks of a node that died
LARGEST_SHARE = 0.25  # of a short time limit that `leave_before` may take


@dataclass(frozen=True)
class PrimaryOrder:
    """What a primary_job is asked for.

    Attributes
    ----------
    order : Order
    interval : float or None
        Seconds between ticks, instead of the configured ones.
    leave_after : float or None
        Seconds after which it hands over, if its time limit is not nearer.
    arguments : tuple of str
        Of the batch script, for the successor.
    script : Path
        The running batch script: Slurm's copy of it.
    """

    order: Order
    interval: float | None
    leave_after: float | None
    arguments: tuple[str, ...]
    script: Path


def run_primary(
    config: Config,
    asked: PrimaryOrder,
    show: Callable[[TickReport], None],
    environ: Mapping[str, str],
) -> int:
    """Queue the successor, then tick until it is time to hand over; returns the exit status.

    Raises
    ------
    BadInput
        Not inside a Slurm job; or in the first tick: a configuration that cannot work.
    LockHeld
        Another poller lives here.
    """
    began = time.monotonic()
    state = config.paths.state
    job = OwnJob.from_environment(environ, asked.script, own_output())
    state.mkdir(parents=True, exist_ok=True)
    log_to(state)
    if not _begin(config, environ):
        return 0
    presence = Presence(state)
    log.info("primary_job %s (%s) begins", job.job_id, job.name)
    patience = PATIENCE if environ.get(SUCCESSOR_OF) else 0.0
    with Signals() as signals, presence.held(patience, kind=KIND, job=job.job_id):
        interval = asked.interval or config.tick.unattended_interval
        chain = Chain(job, environ, asked.arguments, begin_after=interval)
        chain.ensure()
        end = _end(config, chain, asked, began)
        poller = Poller(config, asked.order, rhythm=Rhythm(KIND, interval))

        def note() -> None:
            chain.ensure()
            presence.note(successor=chain.successor)
            poller.about |= {"job": job.job_id, "host": job.node, "successor": chain.successor}

        note()
        ticking = Ticking(poller, show, signals, interval, end, after=note)
        try:
            why = ticking.run()
        except BadInput:
            chain.end()  # what is wrong at the start will be wrong for the successor
            raise
        _hand_over(why, chain)
        say_farewell(why, signals)
    return 0


def _begin(config: Config, environ: Mapping[str, str]) -> bool:
    """Whether to begin. A person's sbatch takes a stop back; a successor keeps to it."""
    state = config.paths.state
    if environ.get(SUCCESSOR_OF):
        return may_begin(state)
    check_candidates(config)
    if withdraw_stop(state):
        log.info("pollers had been asked to stop; this sbatch lets them go on")
    return True


def _end(config: Config, chain: Chain, asked: PrimaryOrder, began: float) -> float | None:
    """When to hand over, on the monotonic clock; None when the time limit is not known."""
    ends = []
    if asked.leave_after is not None:
        ends.append(began + asked.leave_after)
    if chain.seconds_left is not None and chain.limit is not None:
        spare = min(config.tick.leave_before, LARGEST_SHARE * chain.limit)
        ends.append(time.monotonic() + chain.seconds_left - spare)
    if not ends:
        return None
    log.info("hands over in %s", in_words(min(ends) - time.monotonic()))
    return min(ends)


def _hand_over(why: Left, chain: Chain) -> None:
    if why is Left.STOP:
        chain.end()
        return
    chain.ensure(again=True)
    if chain.successor is None:
        log.error("no successor is queued: run sbatch on the primary_job again")
    else:
        log.info("job %s takes over", chain.successor)
