"""Evaluating many points, on one core or on several, with the same result to the last bit."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import NmmaFitterError

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray], FloatArray]


class _Task:
    """What the workers inherit when they are forked: a likelihood need not be picklable."""

    evaluate: Evaluate | None = None


@contextlib.contextmanager
def evaluation_pool(evaluate: Evaluate, cores: int, chunk: int) -> Iterator[Evaluate]:
    """Evaluate points in chunks of a fixed size, by `cores` processes.

    Parameters
    ----------
    evaluate : callable
        Points, shape (P, D), to values, shape (P,) or (P, N).
    cores : int
        Processes; 1 stays in this one.
    chunk : int
        Points per call, whatever the number of cores: the rounding of vectorised arithmetic may
        depend on the size of the array.
    """
    if cores == 1:
        yield lambda cube: np.concatenate([evaluate(part) for part in _chunks(cube, chunk)])
        return
    _Task.evaluate = evaluate
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(cores, mp_context=context, initializer=_leave_signals) as pool:
        yield lambda cube: _over_processes(pool, cube, chunk)
    _Task.evaluate = None


def _chunks(cube: FloatArray, chunk: int) -> list[FloatArray]:
    return [cube[start : start + chunk] for start in range(0, len(cube), chunk)]


def _over_processes(pool: ProcessPoolExecutor, cube: FloatArray, chunk: int) -> FloatArray:
    try:
        return np.concatenate(list(pool.map(_evaluate_chunk, _chunks(cube, chunk))))
    except BrokenProcessPool as error:
        raise NmmaFitterError(
            "a process evaluating the likelihood was killed, most often for want of memory; "
            "ask for more memory or fewer cores"
        ) from error


def _evaluate_chunk(cube: FloatArray) -> FloatArray:
    if _Task.evaluate is None:
        raise RuntimeError("this worker was not forked by evaluation_pool")
    return _Task.evaluate(cube)


def _leave_signals() -> None:
    # A batch system signals every process of a job; stopping is the parent's decision, and a
    # worker that died of it would break the pool before the last checkpoint.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
