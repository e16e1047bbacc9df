"""The one process per root and host that starts supervisors as slots become free.

``python -m nmma_fitter.schedulers.local_dispatcher ROOT LOCK_DESCRIPTOR``

`LocalScheduler` starts it when a job waits and none is alive, and hands it the lock that makes it
the only one. It ends when nothing waits any more; running jobs have their own supervisors and do
not need it. Whatever kills it, the next submit or poll starts another, which reads the same files.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from pathlib import Path

from nmma_fitter.schedulers.environment import build_environment
from nmma_fitter.schedulers.local_processes import hostname, try_lock
from nmma_fitter.schedulers.local_records import Batch, Ended, Job, Root, read_json
from nmma_fitter.schedulers.local_status import status_of

_TICK_SECONDS = 0.5  # a child that ends wakes us at once; this is for new batches and adopted jobs
_STARTS = 3  # how often a supervisor that dies before it takes its job is tried


class Dispatcher:
    """The queue of one host."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._seen: set[str] = set()
        self._queue: deque[Job] = deque()
        self._children: dict[subprocess.Popen[bytes], Job] = {}
        self._failures: Counter[Job] = Counter()
        self._orphans: list[Job] = []

    def run(self) -> None:
        """Start jobs until none waits."""
        while True:
            self.discover()
            self._reap()
            self._start()
            if not (self._queue or self._orphans or self._starting()):
                return
            signal.sigtimedwait({signal.SIGCHLD}, _TICK_SECONDS)

    def discover(self) -> bool:
        """Queue the waiting jobs of batches not seen yet, oldest first; tell whether any waits."""
        new = [token for token in self._root.tokens() if token not in self._seen]
        batches = [batch for token in new if (batch := self._read(token))]
        self._seen.update(batch.token for batch in batches)
        for batch in sorted(batches, key=lambda batch: (batch.submitted, batch.token)):
            if batch.host == hostname():
                self._queue.extend(j for j in self._root.jobs(batch) if not j.is_claimed())
        return bool(self._queue)

    def _read(self, token: str) -> Batch | None:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            return self._root.read(token)
        return None  # read again at the next tick; meanwhile poll says unknown

    def _start(self) -> None:
        while True:
            while self._queue and self._queue[0].is_claimed():  # cancelled meanwhile
                self._queue.popleft()
            slot = take_slot(self._root) if self._queue else None
            if slot is None:
                return
            try:
                job = self._queue.popleft()
                self._children[self._launch(job, slot)] = job
            except OSError as error:  # no process, memory or disk to be had: not at once again
                self._did_not_start(job, str(error))
                return
            finally:
                os.close(slot)  # the supervisor has its own copy

    def _launch(self, job: Job, slot: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "nmma_fitter.schedulers.local_supervisor"]
        with (job.folder / "supervisor.log").open("ab") as log:
            return subprocess.Popen(
                [*command, str(self._root.path), job.job_id, str(slot)],
                env=build_environment(os.environ),
                cwd=self._root.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(slot,),
            )

    def _reap(self) -> None:
        for child in [child for child in self._children if child.poll() is not None]:
            job = self._children.pop(child)
            if not job.is_claimed():
                self._did_not_start(job, f"its supervisor ended with status {child.returncode}")
            elif child.returncode:
                self._orphans.append(job)
        self._orphans = [job for job in self._orphans if not self._is_over(job)]

    def _did_not_start(self, job: Job, why: str) -> None:
        self._failures[job] += 1
        refusal = Ended("never_started", f"{why}; see supervisor.log", ended=time.time())
        with contextlib.suppress(OSError):
            if self._failures[job] >= _STARTS:
                job.refuse(refusal)
                return
        if job.folder.is_dir():  # else somebody removed it
            self._queue.append(job)

    def _is_over(self, job: Job) -> bool:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            batch = job.batch()
            return batch is None or status_of(job, batch).state.final
        return False

    def _starting(self) -> bool:
        return any(not job.is_claimed() for job in self._children.values())


def take_slot(root: Root) -> int | None:
    """Lock a free slot and return the lock's descriptor; None when enough jobs run.

    Slots beyond a number that was lowered meanwhile count while their jobs run.
    """
    folder = root.host / "slots"
    wanted = int((read_json(root.host / "slots.json") or {"slots": 1})["slots"])
    numbers = [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]
    count = max([wanted, *(number + 1 for number in numbers)])
    locks = [try_lock(folder / str(number)) for number in range(count)]
    free = [lock for lock in locks[:wanted] if lock is not None]
    taken = free[0] if free and locks.count(None) < wanted else None
    for lock in locks:
        if lock is not None and lock != taken:
            os.close(lock)
    return taken


def main(arguments: list[str]) -> None:
    """Leave the caller's process tree, dispatch, and hand the lock back."""
    root, lock = Root(Path(arguments[0])), int(arguments[1])
    if os.fork():
        os._exit(0)  # the caller waits for this only, and has no zombie later
    os.set_inheritable(lock, False)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    dispatcher = Dispatcher(root)
    while True:
        dispatcher.run()
        # A submit that came after the last look and before this line saw the lock held: look again.
        fcntl.flock(lock, fcntl.LOCK_UN)
        if not dispatcher.discover():
            return
        again = try_lock(root.host / "dispatcher.lock")
        if again is None:  # whoever has it starts another dispatcher
            return
        os.close(lock)
        lock = again


if __name__ == "__main__":
    main(sys.argv[1:])
