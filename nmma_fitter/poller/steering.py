"""``nmma-fitter stop`` and ``start``: whether anybody may poll here without a person."""

from __future__ import annotations

from nmma_fitter.config import Config
from nmma_fitter.durations import in_words
from nmma_fitter.poller.presence import Presence, describe, request_stop, withdraw_stop


def stop_polling(config: Config) -> str:
    """Ask pollers to leave, and new ones not to begin; returns what a person should know."""
    state = config.paths.state
    living = Presence(state).holder() if state.is_dir() else None
    state.mkdir(parents=True, exist_ok=True)
    request_stop(state)
    later = "`nmma-fitter start`, or sbatch of the primary_job, lets it go on; jobs run on"
    if living is None:
        return (
            "no unattended poller is running; cron and queued pollers will not start. A make-jobs "
            f"called by hand goes on until it has ended. {later}"
        )
    within = in_words(config.tick.unattended_interval)
    return f"{describe(living)} leaves within {within}, or at the end of its tick. {later}"


def allow_polling(config: Config) -> str:
    """Take a stop back; returns what a person should know."""
    state = config.paths.state
    was = withdraw_stop(state)
    living = Presence(state).holder() if state.is_dir() else None
    if living is not None:
        return f"{describe(living)} polls here"
    if was:
        return "pollers may begin: cron's at its next slot, a primary_job by sbatch"
    return "nobody had asked to stop; no poller is running: sbatch jobs/primary_job starts one"
