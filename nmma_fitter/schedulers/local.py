"""Runs job scripts on this machine, for those who have no batch system.

A batch is a folder on disk, and nothing else holds it: any process that opens the same root, at any
time, sees and steers the same jobs. One dispatcher per host (see `local_dispatcher`) starts one
supervisor per running job (see `local_supervisor`); waiting jobs are files only.

Limits: a slot is one job, whatever its cores. What ends all processes of a login session, of a
systemd unit (``KillMode=control-group``) or of a Slurm job ends these jobs as well. Host names must
differ between machines (and containers) that share a root.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from nmma_fitter.errors import ConfigError, SchedulerError, SchedulerUnknown
from nmma_fitter.schedulers.base import Answer, BatchRequest, JobState, JobStatus, Resources
from nmma_fitter.schedulers.batch_checks import check_batch
from nmma_fitter.schedulers.environment import build_environment
from nmma_fitter.schedulers.local_processes import hostname, try_lock
from nmma_fitter.schedulers.local_records import Batch, Ended, Root, read_json, replace
from nmma_fitter.schedulers.local_status import status_of

_START_SECONDS = 60.0  # a dispatcher needs 0.1 s; a cold network file system may need many
_DRAFT_SECONDS = 86400.0
_UNREADABLE = (OSError, ValueError, TypeError, KeyError)


class LocalScheduler:
    """The scheduler ``local``.

    Parameters
    ----------
    root : Path
        Folder for all its state; made when it is not there.
    slots : int
        How many jobs run at once on this machine; of several schedulers with one root, the last
        that submits decides.
    grace_seconds : float
        Time between SIGTERM and SIGKILL.
    """

    name = "local"

    def __init__(self, root: Path, slots: int, grace_seconds: float = 10) -> None:
        if slots < 1 or grace_seconds < 0:
            raise ConfigError("scheduler 'local': slots must be 1 or more, grace_seconds 0 or more")
        self._root = Root(Path(root).absolute())
        self._slots = slots
        self._grace_seconds = grace_seconds
        self._root.prepare()

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """Record a batch, whole or not at all, and see that it is run; see `base.Scheduler`."""
        _check(batch)
        recorded = self._to_record(batch)
        try:
            is_new = self._root.record(recorded)
        except OSError as error:
            raise SchedulerError(f"batch {batch.token}: cannot record it: {error}") from error
        if not is_new:
            raise SchedulerError(f"batch {batch.token}: was submitted before; it is not run twice")
        if problem := self._ensure_dispatcher():
            raise SchedulerUnknown(f"batch {batch.token}: recorded, but not started: {problem}")
        return list(recorded.job_ids.values())

    @property
    def largest_batch(self) -> int | None:
        """No limit."""
        return None

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        """Nothing is cut; see `base.Scheduler`."""
        return asked, ""

    def rehearse(self, batch: BatchRequest) -> str:
        """Say what the slots of this machine would do; see `base.Scheduler`."""
        _check(batch)
        jobs = "1 job" if len(batch.scripts) == 1 else f"{len(batch.scripts)} jobs"
        return f"{jobs} on this machine, {self._slots} at once"

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        """State of every job asked for and of these batches; see `base.Scheduler`.

        Also starts a dispatcher when a job waits and none is alive (after a reboot, say).
        """
        if not self._root.batches.is_dir():
            problem = f"{str(self._root.batches)!r} is not there"
            unknown = JobStatus(JobState.UNKNOWN, detail=problem)
            return Answer(dict.fromkeys(job_ids, unknown), None)
        found = self._found(tokens)
        ids = [*job_ids, *(job_id for ids in (found or {}).values() for job_id in ids.values())]
        batches: dict[Path, Batch | None] = {}
        jobs = {job_id: self._status(job_id, batches) for job_id in dict.fromkeys(ids)}
        if any(status.state is JobState.PENDING for status in jobs.values()):
            problem = self._ensure_dispatcher()
            jobs = {job_id: _explained(status, problem) for job_id, status in jobs.items()}
        return Answer(jobs, found)

    def _found(self, tokens: Sequence[str]) -> Mapping[str, Mapping[int, str]] | None:
        try:
            batches = {token: self._root.read(token) for token in tokens}
        except _UNREADABLE:
            return None
        return {token: batch.job_ids for token, batch in batches.items() if batch}

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Take waiting jobs out of the queue and ask supervisors to end the others.

        Does not wait. A job of another host is asked the same way, through its folder.

        Raises
        ------
        SchedulerUnknown
            The request could not be written for some of the jobs.
        """
        failed = [job_id for job_id in job_ids if not self._cancel(job_id)]
        if failed:
            raise SchedulerUnknown(f"cannot leave the request to cancel {', '.join(failed)}")

    def prune(self, older_than_days: float) -> Sequence[str]:
        """Remove this host's batches all of whose jobs ended that long ago; return their tokens.

        A removed job is ABSENT from then on, and its token is free.
        """
        now = time.time()
        tokens = [t for t in self._root.tokens() if self._age(t, now) > older_than_days * 86400]
        for token in tokens:
            self._root.forget(token)
        for draft in self._root.drafts():
            with contextlib.suppress(FileNotFoundError):  # just became a batch
                if now - draft.stat().st_mtime > _DRAFT_SECONDS:
                    shutil.rmtree(draft, ignore_errors=True)
        return tokens

    def _to_record(self, batch: BatchRequest) -> Batch:
        return Batch(
            token=batch.token,
            host=hostname(),
            nonce=secrets.token_hex(8),
            submitted=time.time(),
            scripts=tuple(str(path) for path in batch.scripts),
            folders=tuple(str(path) for path in batch.folders),
            seconds=batch.resources.seconds,
            memory_mb=batch.resources.memory_mb,
            grace_seconds=self._grace_seconds,
            environment=build_environment(os.environ),
        )

    def _status(self, job_id: str, batches: dict[Path, Batch | None]) -> JobStatus:
        job = self._root.job(job_id)
        if job is None:
            return JobStatus(JobState.ABSENT, detail="no such job")
        try:
            folder = job.folder.parent
            if folder not in batches:
                batches[folder] = self._root.read(folder.name)
            batch = batches[folder]
            if batch is None or job.index >= len(batch.scripts):
                return JobStatus(JobState.ABSENT, detail="no such job")
            return status_of(job, batch)
        except _UNREADABLE as error:
            return JobStatus(JobState.UNKNOWN, detail=f"cannot read its records: {error}")

    def _cancel(self, job_id: str) -> bool:
        job = self._root.job(job_id)
        if job is None or not job.folder.is_dir():
            return True
        ended = Ended("cancelled", "cancelled before it started", ended=time.time())
        try:
            if job.is_claimed() or not job.refuse(ended):
                job.ask_to_cancel()
        except OSError:
            return False
        return True

    def _age(self, token: str, now: float) -> float:
        """Seconds since the last job of a batch ended; negative when one has not."""
        try:
            batch = self._root.read(token)
            if batch is None or batch.host != hostname():
                return -1
            ends = [job.ended() for job in self._root.jobs(batch)]
        except _UNREADABLE:
            return -1
        return min(now - (end.ended or batch.submitted) if end else -1.0 for end in ends)

    def _ensure_dispatcher(self) -> str:
        """Start a dispatcher unless one is alive; return what went wrong, if anything did."""
        try:
            self._tell_slots()
            lock = try_lock(self._root.host / "dispatcher.lock")
            if lock is None:
                return ""
            try:
                return self._start_dispatcher(lock)
            finally:
                os.close(lock)  # the dispatcher has its own copy
        except (*_UNREADABLE, subprocess.SubprocessError) as error:
            return str(error)

    def _tell_slots(self) -> None:
        path = self._root.host / "slots.json"
        if read_json(path) != {"slots": self._slots}:
            replace(path, {"slots": self._slots})

    def _start_dispatcher(self, lock: int) -> str:
        log = self._root.host / "dispatcher.log"
        command = [sys.executable, "-P", "-m", "nmma_fitter.schedulers.local_dispatcher"]
        with log.open("ab") as stream:
            done = subprocess.run(
                [*command, str(self._root.path), str(lock)],
                env=build_environment(os.environ),
                cwd=self._root.path,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                pass_fds=(lock,),
                timeout=_START_SECONDS,
                check=False,
            )
        return f"dispatcher: exit status {done.returncode}; see {log}" if done.returncode else ""


def _check(batch: BatchRequest) -> None:
    """Refuse a batch that cannot be run as it is asked for."""
    check_batch(batch)
    if options := batch.resources.options:
        raise SchedulerError(
            f"batch {batch.token}: there are no options for 'local' jobs, but it has "
            f"{', '.join(options)}"
        )


def _explained(status: JobStatus, problem: str) -> JobStatus:
    if problem and status.state is JobState.PENDING:
        return JobStatus(JobState.PENDING, detail=f"waiting; {problem}")
    return status
