"""The axis of one parameter: its range, its ticks and how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """The values of one parameter that a panel spans."""

    low: float
    high: float

    def share(self, values: FloatArray) -> FloatArray:
        """Values as a share of the axis, 0 to 1."""
        return (values - self.low) / (self.high - self.low)

    def ticks(self, most: int) -> FloatArray:
        """Round values clear of both ends, where their labels would meet the next panel's."""
        values: FloatArray = np.asarray(MaxNLocator(most).tick_values(self.low, self.high))
        share = self.share(values)
        return values[(share >= 0.1) & (share <= 0.9)]


def axis_of(column: FloatArray) -> Axis:
    """Axis of a parameter: the samples' own range, a little wider."""
    low, high = float(np.min(column)), float(np.max(column))
    return Axis(low - 0.04 * (high - low), high + 0.04 * (high - low))


def tick_texts(values: FloatArray) -> list[str]:
    """Evenly spaced values with the digits that tell them apart."""
    if not len(values):
        return []
    largest = float(np.max(np.abs(values)))
    step = float(np.min(np.diff(values))) if len(values) > 1 else largest
    power = floor(log10(largest)) if largest > 0 else 0
    plain = -4 <= power < 5
    digits = decimals(step if plain else step / 10.0**power)
    style = f"z.{digits}f" if plain else f"z.{digits}e"
    return [f"{value:{style}}".replace("-", "\N{MINUS SIGN}") for value in values]


def decimals(step: float) -> int:
    """Digits after the point that a step needs, with steps of 2.5 among them."""
    for digits in range(12):
        if abs(round(step, digits) - step) < 1e-3 * step:
            return digits
    return 12
