"""Light of `Me2017`'s layers over time, integrated once however often it is asked for in a row.

In the source's frame it depends on neither distance nor redshift. A sampler asks for the same
layers at several distances in turn, and all but the first answer are interpolations.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.models.base import FloatArray
from nmma_fitter.models.blackbody import DAY, SPEED_OF_LIGHT
from nmma_fitter.models.me2017_layers import (
    KAPPA_PROTON,
    NEUTRON_HEATING,
    NEUTRON_LIFETIME,
    Layers,
    layers_of,
    r_process_heating,
)

IntArray = NDArray[np.int64]

_TOGETHER = 100  # points, whose layers then stay in the processor's cache
MOST_KEPT = 500  # points, as many as a sampler asks for at once
_MARGIN = 2  # nodes on either side of those asked for: a redshift of 0.17
_START, _FIRST, _LAST = range(3)  # columns of nodes


class Grids:
    """Luminosity and radius of points, and those of the last ones kept.

    Parameters
    ----------
    layers : int
        Number of mass layers.
    """

    def __init__(self, layers: int) -> None:
        self._layers = layers
        self._row_of: dict[bytes, int] = {}
        self._nodes: IntArray = np.empty((0, 3), dtype=np.int64)
        self._log_l: FloatArray = np.empty((0, 0))
        self._log_r: FloatArray = np.empty((0, 0))

    def photosphere(self, points: FloatArray, days: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Luminosity (erg/s) and radius (cm), both (points, observations).

        Parameters
        ----------
        points : array, shape (points, 4)
            Parameters as of `layers_of`.
        days : array, shape (points, observations)
            In the source's frame.

        Returns
        -------
        tuple of array
            0 up to the merger and at infinity, nan where days or layers are.
        """
        from nmma_fitter.models import me2017_kernel as kernel  # not at once: it takes 0.4 s

        luminosity, radius = np.zeros(days.shape), np.zeros(days.shape)
        luminosity[np.isnan(days)] = radius[np.isnan(days)] = np.nan
        for begin in range(0, len(points), MOST_KEPT):
            some = slice(begin, begin + MOST_KEPT)
            observed = np.ascontiguousarray(days[some])
            rows = self._integrated(points[some], _nodes(observed))
            kernel.interpolate(
                rows, self._log_l, self._log_r, observed, luminosity[some], radius[some]
            )
        return luminosity, radius

    def _integrated(self, points: FloatArray, wanted: IntArray) -> IntArray:
        """Rows of the grids that hold the points, each at the nodes wanted."""
        keys = [point.tobytes() for point in points]
        known = np.array([self._row_of.get(key, -1) for key in keys])
        enough = np.max(wanted[:, _LAST]) < self._log_l.shape[1]
        if not enough or (known < 0).any() or len(set(keys)) < len(keys):
            known = self._emptied(keys, wanted)
        has = self._nodes[known]
        short = (has[:, _FIRST] > wanted[:, _FIRST]) | (has[:, _LAST] < wanted[:, _LAST])
        todo = np.flatnonzero(short | (has[:, _START] != wanted[:, _START]))
        for begin in range(0, len(todo), _TOGETHER):
            some = todo[begin : begin + _TOGETHER]
            self._integrate(points[some], known[some], wanted[some])
        return known

    def _emptied(self, keys: list[bytes], wanted: IntArray) -> IntArray:
        """Begin anew with rows for these points and nodes beyond the last one wanted."""
        rows = np.arange(len(keys))
        self._row_of = dict(zip(keys, rows.tolist(), strict=True))
        self._nodes = np.full((len(keys), 3), -1, dtype=np.int64)
        shape = len(keys), int(np.max(wanted[:, _LAST])) + 1 + _MARGIN
        self._log_l, self._log_r = np.full(shape, np.nan), np.full(shape, np.nan)
        return rows

    def _integrate(self, points: FloatArray, rows: IntArray, wanted: IntArray) -> None:
        from nmma_fitter.models import me2017_kernel as kernel

        count = self._log_l.shape[1]
        nodes = wanted.copy()
        nodes[:, _FIRST] = np.maximum(wanted[:, _FIRST] - _MARGIN, 0)
        nodes[:, _LAST] = np.minimum(wanted[:, _LAST] + _MARGIN, count - 1)
        layers = layers_of(points, self._layers)
        mass, beta = layers.mass[:, -1].copy(), layers.beta[:, 0].astype(float)
        clock = _clock(kernel.FIRST, kernel.FIRST + count, kernel.STEP)
        self._nodes[rows] = -1  # until it is done: what is interrupted is not there
        kernel.integrate(_rows(layers), mass, beta, clock, rows, nodes, self._log_l, self._log_r)
        self._nodes[rows] = nodes


def _nodes(days: FloatArray) -> IntArray:
    """Of each point's days: the node to start at, and the first and last that are needed.

    Those of an interpolation and one more to either side, as logarithms may differ in their last
    digit. The integration starts well before the first of the days; the last is -1 of no days.
    """
    from nmma_fitter.models import me2017_kernel as kernel

    def node(day: FloatArray) -> IntArray:
        return np.floor(np.log(day) / kernel.STEP - kernel.FIRST).astype(np.int64)

    there = (days > 0) & (days < np.inf)
    some = there.any(axis=1)
    earliest = np.min(days, axis=1, where=there, initial=np.inf)[some]
    latest = np.max(days, axis=1, where=there, initial=0.0)[some]
    found = np.full((len(days), 3), (0, 0, -1), dtype=np.int64)
    found[some, _START] = np.clip(node(0.3 * earliest), 0, kernel.START - kernel.FIRST)
    found[some, _FIRST] = np.maximum(node(earliest) - 2, 0)
    found[some, _LAST] = np.maximum(node(latest) + 3, 4)
    return found


def _rows(ejecta: Layers) -> NDArray[np.float32]:
    """What the kernel needs of each layer; see `me2017_kernel.integrate`."""
    diffusion = 0.24 * ejecta.mass / (ejecta.velocity * SPEED_OF_LIGHT * ejecta.beta)
    weight = ejecta.mass * (ejecta.log_step / ejecta.mass[:, -1:])
    weight[:, [0, -1]] *= 0.5
    settled, free = ejecta.opacity(np.zeros(1)), KAPPA_PROTON * ejecta.neutrons
    crossing = ejecta.velocity / SPEED_OF_LIGHT
    rows = (diffusion * settled, diffusion * free, crossing, ejecta.neutrons, weight)
    return np.stack(rows, axis=1, dtype=np.float32, casting="same_kind")


@lru_cache(maxsize=32)
def _clock(first: int, end: int, step: float) -> NDArray[np.float32]:
    """What the kernel needs of each node of its grid; see `me2017_kernel.integrate`."""
    days = np.exp(np.arange(first, end) * step)
    t = days * DAY
    left = np.exp(-t / NEUTRON_LIFETIME)
    heating = r_process_heating(days), NEUTRON_HEATING * left
    columns = (1.0 / t**2, left / t**2, *(step * t * one for one in heating))
    return np.stack(columns, axis=1, dtype=np.float32, casting="same_kind")
