"""What is true of a job of the local scheduler, from its records and its processes."""

from __future__ import annotations

import signal
import time

from nmma_fitter.schedulers.base import JobState, JobStatus
from nmma_fitter.schedulers.local_processes import (
    Identity,
    boot_id,
    hostname,
    processes_of,
    send,
)
from nmma_fitter.schedulers.local_records import Batch, Ended, Job, publish, read_json


def status_of(job: Job, batch: Batch) -> JobStatus:
    """Tell the state of a job.

    A job whose supervisor was killed (SIGKILL, kernel out of memory) runs while one of its
    processes lives: these get SIGTERM now and SIGKILL in a later call after the grace time, since
    nobody else holds them to their limits. Then it has ended, and that is recorded.

    Raises
    ------
    OSError, ValueError, TypeError, KeyError
        The records cannot be read.
    """
    if ended := job.ended():
        return _final(ended)
    if batch.host != hostname():
        return JobStatus(JobState.UNKNOWN, detail=f"runs on {batch.host}; no record of its end")
    supervisor = job.supervisor()
    if supervisor is None:
        return JobStatus(JobState.PENDING, detail="waiting for a free slot")
    if supervisor.is_alive():
        return JobStatus(JobState.RUNNING)
    return _orphan(job, batch, supervisor)


def _final(ended: Ended) -> JobStatus:
    state = JobState.ENDED_BADLY if ended.reason else JobState.ENDED_WELL
    return JobStatus(state, ended.reason, ended.detail, ended.exit_code)


def _orphan(job: Job, batch: Batch, supervisor: Identity) -> JobStatus:
    if ended := job.ended():  # it wrote the record between our two looks
        return _final(ended)
    rebooted = supervisor.boot_id != boot_id()
    if not rebooted and (processes := processes_of(batch.tag(job.index))):
        number = signal.SIGKILL if _noticed_for(job) > batch.grace_seconds else signal.SIGTERM
        send(processes, number)
        return JobStatus(JobState.RUNNING, detail="its supervisor was killed; ending it")
    detail = f"{batch.host} was restarted" if rebooted else "its supervisor was killed"
    job.end(Ended("node_failure", detail, ended=time.time()))
    return _final(job.ended() or Ended("node_failure", detail))


def _noticed_for(job: Job) -> float:
    """Seconds since the first call for this orphan, on a clock that all processes share."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    noticed = job.folder / "orphaned.json"
    publish(noticed, {"boottime": now})
    return now - float((read_json(noticed) or {"boottime": now})["boottime"])
