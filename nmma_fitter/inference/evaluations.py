"""Evaluations of a model that can be stopped, saved and played back.

An importance sampler is a function of its seed and of the values it is told. So a checkpoint is the
list of those: the sampler is run again from the beginning, and what was evaluated before is
answered from the list.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import Interrupted
from nmma_fitter.inference import checkpoint as checkpoints
from nmma_fitter.inference.pool import Evaluate
from nmma_fitter.inference.sampled import UNWATCHED, Watch

FloatArray = NDArray[np.float64]
GROUP = "evaluations"


class Evaluations:
    """Evaluate batch by batch; between two, stop if asked to and save if it is time.

    Parameters
    ----------
    evaluate : callable
        Points of the cube, shape (P, D), to values, shape (P,) or (P, n).
    batch : int
        Points between two looks at `Watch.should_stop`.
    watch : Watch
    mark : str
        Fingerprint of the fit.
    every : float
        Seconds between two checkpoints.
    tell : callable
        Told after each batch how many evaluations there are, and how many are planned by now; not
        of those that are played back, which cost nothing.

    Attributes
    ----------
    cube, values : list of array
        What was evaluated, batch by batch.
    before : int
        Evaluations of earlier processes.
    resumes : int
    """

    def __init__(
        self,
        evaluate: Evaluate,
        batch: int,
        watch: Watch = UNWATCHED,
        *,
        mark: str = "",
        every: float = 60.0,
        tell: Callable[[int, int], None] = lambda count, planned: None,
    ) -> None:
        self._evaluate, self._batch = evaluate, batch
        self._mark, self._every, self._tell = mark, every, tell
        self._should_stop, self._clock = watch.should_stop, watch.clock
        self._path = path = watch.checkpoint
        self.cube: list[FloatArray] = []
        self.values: list[FloatArray] = []
        self.before = self.resumes = 0
        self._known = np.empty((0, 0)), np.empty(0)
        spent = 0.0
        tally = checkpoints.usable(path, mark) if path else None
        if path and tally and (known := _read(path)) is not None:
            self._known, self.before = known, len(known[0])
            self.resumes, spent = tally.resumes + 1, tally.seconds
        self._began, self._saved = self._clock() - spent, self._clock()

    @property
    def count(self) -> int:
        """Evaluations so far."""
        return sum(map(len, self.values))

    @property
    def seconds(self) -> float:
        """Wall time so far, that before a resume included."""
        return self._clock() - self._began

    def __call__(self, cube: FloatArray) -> FloatArray:
        """Values of points, shape (P, D).

        Raises
        ------
        Interrupted
            When asked to stop; the checkpoint has been written.
        """
        first, planned = len(self.values), self.count + len(cube)
        for start in range(0, len(cube), self._batch):
            part = cube[start : start + self._batch]
            if self._should_stop():
                self.interrupt()
            known = self._played_back(part)
            self.values.append(self._evaluate(part) if known is None else known)
            self.cube.append(part)
            if known is None:
                self._tell(self.count, planned)
            if self._clock() - self._saved >= self._every:
                self.save()
        return np.concatenate(self.values[first:])

    def _played_back(self, part: FloatArray) -> FloatArray | None:
        """What is known of the next points; nothing if they are others than were evaluated."""
        points, values = self._known
        start, stop = self.count, self.count + len(part)
        if stop > len(values) or not np.array_equal(points[start:stop], part):
            return None
        return values[start:stop]

    def save(self) -> None:
        """Write a checkpoint, in place of the last one unless that knows more."""
        if self._path is not None and self.count > self.before:
            partial = self._path.with_suffix(".partial.h5")
            _write(partial, np.concatenate(self.cube), np.concatenate(self.values))
            tally = checkpoints.Tally(0, self.seconds, self.resumes)
            checkpoints.sign(partial, self._mark, tally)
            checkpoints.replace_synced(partial, self._path)
        self._saved = self._clock()

    def interrupt(self) -> NoReturn:
        """Write a checkpoint, and raise `Interrupted`."""
        self.save()
        raise Interrupted(f"stopped on request after {self.count} evaluations", self._path)


def _write(path: Path, cube: FloatArray, values: FloatArray) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        group = file.create_group(GROUP)
        group["cube"] = cube
        group["values"] = values


def _read(path: Path) -> tuple[FloatArray, FloatArray] | None:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            cube, values = np.array(file[GROUP]["cube"]), np.array(file[GROUP]["values"])
        if cube.ndim != 2 or len(values) != len(cube):
            raise ValueError("other shapes than expected")
    except Exception as error:  # h5py raises whatever it likes
        checkpoints.set_aside(path, f"cannot be resumed ({error})")
        return None
    return cube, values
