"""One process per running job: starts its script, holds it to its limits, records its end.

``python -m nmma_fitter.schedulers.local_supervisor ROOT JOB_ID SLOT_DESCRIPTOR``

It is the parent of all that the job starts (also of what daemonises: it is a subreaper), so that
"ended" means that no process of the job is left. The descriptor of the slot's lock is inherited by
the job: the slot stays taken as long as anything of the job lives, even without a supervisor.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from nmma_fitter.schedulers.local_processes import (
    JOB_TAG,
    adopt_descendants,
    descendants,
    myself,
    proportional_mb,
    resident_mb,
    send,
    tied_to_parent,
)
from nmma_fitter.schedulers.local_records import Batch, Ended, Job, Root

_TICK_SECONDS = 0.5  # how soon a cancel is seen
_MEMORY_SECONDS = 1.0
_MEMORY_SHARE = 0.02  # of one core, at most, goes into looking at processes
_KILL_SECONDS = 30.0  # a process in uninterruptible sleep outlives even SIGKILL
_RECORD_SECONDS = 300.0  # how long to retry the exit record on a full disk
_STOP = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class Supervisor:
    """Runs one job; `run` returns how it ended, with nothing of it left alive."""

    def __init__(self, job: Job, batch: Batch, slot: int) -> None:
        self._job = job
        self._batch = batch
        self._slot = slot
        self._started = time.time()
        self._clock = time.monotonic()
        self._next_memory = self._clock
        self._peak_mb = 0
        self._status: int | None = None  # of the script: negative for a signal

    def run(self) -> Ended:
        """Start the script, watch it, and clear away what it leaves."""
        try:
            self._script = self._start()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return self._never_started(str(error))
        stopped = self._watch()
        self._clear(self._grace(stopped))
        return self._describe(stopped)

    def _start(self) -> subprocess.Popen[bytes]:
        script, folder = (
            Path(paths[self._job.index]) for paths in (self._batch.scripts, self._batch.folders)
        )
        if not script.is_file():
            raise FileNotFoundError(f"no script {str(script)!r}")
        environment = {
            **self._batch.environment,
            "NMMA_FITTER_JOB_ID": self._job.job_id,
            "NMMA_FITTER_RESTART": "0",
            JOB_TAG: self._batch.tag(self._job.index),
        }
        with (
            (self._job.folder / "stdout").open("wb") as stdout,
            (self._job.folder / "stderr").open("wb") as stderr,
        ):
            return subprocess.Popen(
                ["bash", str(script)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                pass_fds=(self._slot,),
                preexec_fn=tied_to_parent(),  # safe here: this process has one thread
            )

    def _watch(self) -> Ended | None:
        """Wait for the script; return why it has to stop before its own end, if it has to."""
        while self._status is None:
            told = self._wait(min(_TICK_SECONDS, self._seconds_left()))
            if self._status is not None:
                return None
            if stopped := self._why_stop(told):
                return stopped
        return None

    def _wait(self, seconds: float) -> int | None:
        """Sleep until a process ends or the time is up; return a signal that says stop."""
        told = signal.sigtimedwait({signal.SIGCHLD, *_STOP}, max(0.0, seconds))
        self._reap()
        return told.si_signo if told and told.si_signo in _STOP else None

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._script.pid:
                self._status = os.waitstatus_to_exitcode(status)
                self._script.returncode = self._status

    def _why_stop(self, told: int | None) -> Ended | None:
        if told is not None:
            return Ended("node_failure", f"its supervisor was told to stop by signal {told}")
        if self._job.is_asked_to_cancel():
            return Ended("cancelled", "cancelled while it ran")
        if self._seconds_left() <= 0:
            return Ended("timeout", f"over its time limit of {self._batch.seconds:g} s")
        return self._over_memory()

    def _over_memory(self) -> Ended | None:
        before = time.monotonic()
        if before < self._next_memory:
            return None
        processes = descendants()
        used, limit = resident_mb(processes), self._batch.memory_mb
        self._peak_mb = max(self._peak_mb, used)
        # Forked workers share most of their memory: only the honest sum ends a job.
        over = used > limit and proportional_mb(processes) > limit
        now = time.monotonic()
        self._next_memory = now + max(_MEMORY_SECONDS, (now - before) / _MEMORY_SHARE)
        detail = f"{used} MB in memory, over its limit of {limit} MB"
        return Ended("out_of_memory", detail) if over else None

    def _grace(self, stopped: Ended | None) -> float:
        # A job over its memory takes the machine down while it says good-bye.
        over_memory = stopped is not None and stopped.reason == "out_of_memory"
        return 0.0 if over_memory else self._batch.grace_seconds

    def _clear(self, grace: float) -> None:
        """End all processes of the job: SIGTERM once, SIGKILL when the grace time is over."""
        processes = descendants()
        if grace:
            send(processes, signal.SIGTERM)
        kill_at = time.monotonic() + grace
        while processes and time.monotonic() < kill_at + _KILL_SECONDS:
            left = kill_at - time.monotonic()
            if left <= 0:
                send(processes, signal.SIGKILL)
            self._wait(min(0.1, left) if left > 0 else 0.1)
            processes = descendants()

    def _describe(self, stopped: Ended | None) -> Ended:
        status = -signal.SIGKILL if self._status is None else self._status
        code = 128 - status if status < 0 else status
        by_signal = -status if status < 0 else None
        said = f"killed by signal {by_signal}" if by_signal else f"exit status {code}"
        reason = "nonzero_exit" if code else None
        return Ended(
            reason=stopped.reason if stopped else reason,
            detail=f"{stopped.detail} ({said})" if stopped else said,
            exit_code=code,
            signal=by_signal,
            seconds=round(time.monotonic() - self._clock, 3),
            peak_mb=self._peak_mb,
            started=self._started,
            ended=time.time(),
        )

    def _never_started(self, why: str) -> Ended:
        return Ended("never_started", why, started=self._started, ended=time.time())

    def _seconds_left(self) -> float:
        return self._clock + self._batch.seconds - time.monotonic()


def record(job: Job, ended: Ended) -> None:
    """Write the exit record; a disk that is full now may have room in a minute."""
    give_up = time.monotonic() + _RECORD_SECONDS
    while True:
        try:
            job.end(ended)
            return
        except OSError:
            if time.monotonic() > give_up:
                raise
        time.sleep(5)


def main(arguments: list[str]) -> None:
    """Run the job that the dispatcher names, unless it is taken or cancelled."""
    root, job_id, slot = arguments
    job = Root(Path(root)).job(job_id)
    batch = job.batch() if job else None
    if job is None or batch is None:
        sys.exit(f"no job {job_id!r} in {root!r}")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # were it ignored, exit statuses would be lost
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *_STOP})
    adopt_descendants()
    if job.claim(myself()):
        record(job, Supervisor(job, batch, int(slot)).run())


if __name__ == "__main__":
    main(sys.argv[1:])
