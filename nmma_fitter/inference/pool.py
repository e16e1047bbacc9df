"""Evaluating many points, on one core or on several, with the same result to the last bit."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import NmmaFitterError

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray], FloatArray]

KILLED = (
    "a process evaluating the likelihood was killed, most often for want of memory; "
    "ask for more memory or fewer cores"
)


@contextlib.contextmanager
def evaluation_pool(
    evaluate: Evaluate,
    cores: int,
    chunk: int,
    limit: float | None = None,
    on_run_away: Callable[[FloatArray], None] = lambda point: None,
) -> Iterator[Evaluate]:
    """Evaluate points in chunks of a fixed size, by `cores` processes.

    Parameters
    ----------
    evaluate : callable
        Points, shape (P, D), to values, shape (P,) or (P, N).
    cores : int
        Processes; 1 stays in this one, unless there is a limit.
    chunk : int
        Points per call, whatever the number of cores: the rounding of vectorised arithmetic may
        depend on the size of the array.
    limit : float, optional
        Seconds a call may take. One that takes longer is ended, its points are tried one by one,
        and those that again take longer are nan.
    on_run_away : callable
        Told each such point, shape (D,).
    """
    if cores == 1 and limit is None:
        yield lambda cube: np.concatenate([evaluate(part) for part in _chunks(cube, chunk)])
        return
    workers = _Workers(evaluate, cores, limit, on_run_away)
    try:
        yield lambda cube: workers.evaluate(_chunks(cube, chunk))
    finally:
        workers.close()


def _chunks(cube: FloatArray, chunk: int) -> list[FloatArray]:
    return [cube[start : start + chunk] for start in range(0, len(cube), chunk)]


@dataclass(eq=False)
class _Worker:
    """A forked process, so that what it evaluates need not be picklable, and its pipe."""

    process: Any
    pipe: connection.Connection

    @classmethod
    def fork(cls, evaluate: Evaluate, others: Sequence[_Worker]) -> _Worker:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        inherited = [ours, *(other.pipe for other in others)]
        process = context.Process(target=_serve, args=(evaluate, theirs, inherited), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


@dataclass(frozen=True, eq=False)
class _Call:
    """Points handed to a worker together: `first` is the place of the first among all."""

    first: int
    points: FloatArray

    def singly(self) -> list[_Call]:
        return [_Call(self.first + i, self.points[i : i + 1]) for i in range(len(self.points))]


Busy = dict[Any, tuple[_Worker, _Call, float]]  # by pipe: who, with what, since when


@dataclass(eq=False)
class _Workers:
    """Processes that are handed one call each at a time."""

    evaluate_chunk: Evaluate
    cores: int
    limit: float | None
    on_run_away: Callable[[FloatArray], None]
    workers: list[_Worker] = field(default_factory=list)

    def evaluate(self, chunks: Sequence[FloatArray]) -> FloatArray:
        """Values of all chunks' points, in order."""
        try:
            return self._evaluate(chunks)
        except BaseException:
            self.close()  # or answers that are still to come would be taken for later ones
            raise

    def _evaluate(self, chunks: Sequence[FloatArray]) -> FloatArray:
        waiting: deque[_Call] = deque()
        for chunk in chunks:
            first = waiting[-1].first + len(waiting[-1].points) if waiting else 0
            waiting.append(_Call(first, chunk))
        found: dict[int, FloatArray] = {}
        lost: list[int] = []
        busy: Busy = {}
        while waiting or busy:
            for worker in self._idle(busy):
                if waiting:
                    call = waiting.popleft()
                    _send(worker, call.points)
                    busy[worker.pipe] = worker, call, time.monotonic()
            for pipe in connection.wait(list(busy), self._patience(busy)):
                worker, call, _ = busy.pop(pipe)
                found[call.first] = _receive(worker)
            for worker, call in self._late(busy):
                del busy[worker.pipe]
                self.workers.remove(worker)
                worker.kill()
                if len(call.points) > 1:
                    waiting.extendleft(reversed(call.singly()))
                else:
                    lost.append(call.first)
                    self.on_run_away(call.points[0])
        return self._joined(found, lost)

    def _idle(self, busy: Busy) -> list[_Worker]:
        while len(self.workers) < self.cores:
            self.workers.append(_Worker.fork(self.evaluate_chunk, self.workers))
        return [worker for worker in self.workers if worker.pipe not in busy]

    def _patience(self, busy: Busy) -> float | None:
        if self.limit is None:
            return None
        oldest = min(began for _, _, began in busy.values())
        return max(0.0, oldest + self.limit - time.monotonic())

    def _late(self, busy: Busy) -> list[tuple[_Worker, _Call]]:
        if self.limit is None:
            return []
        since = time.monotonic() - self.limit
        return [(worker, call) for worker, call, began in busy.values() if began <= since]

    def _joined(self, found: dict[int, FloatArray], lost: Sequence[int]) -> FloatArray:
        if not found:
            raise NmmaFitterError(
                f"each of {len(lost)} evaluations took more than {self.limit:g} s and was ended"
            )
        like = next(iter(found.values()))[:1]
        found |= {first: np.full_like(like, np.nan) for first in lost}
        return np.concatenate([found[first] for first in sorted(found)])

    def close(self) -> None:
        """End all processes."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()


def _send(worker: _Worker, points: FloatArray) -> None:
    try:
        worker.pipe.send(points)
    except OSError as error:
        raise NmmaFitterError(KILLED) from error


def _receive(worker: _Worker) -> FloatArray:
    try:
        value = worker.pipe.recv()
    except (EOFError, OSError) as error:
        raise NmmaFitterError(KILLED) from error
    if isinstance(value, Exception):
        raise value
    return np.asarray(value)


def _serve(
    evaluate: Evaluate,
    pipe: connection.Connection,
    inherited: Sequence[connection.Connection],
) -> None:
    """What a worker does: evaluate what comes, until nobody is left to send."""
    # A batch system signals every process of a job; stopping is the parent's decision, and a
    # worker that died of it would break the pool before the last checkpoint.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    for end in inherited:  # or the workers would keep each other's pipes open after the parent
        end.close()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            try:
                value: Any = evaluate(pipe.recv())
            except EOFError:
                return
            except Exception as error:
                value = error
            pipe.send(value)
