"""Whether each model gives here what other codes give, within a tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from nmma_fitter import models
from nmma_fitter.catalogue.references import FOLDER, Case, read_cases
from nmma_fitter.errors import Unavailable

State = Literal["ok", "differs", "unavailable", "no reference"]


@dataclass(frozen=True)
class Check:
    """How a model compares with one of its references, or why it does not.

    Attributes
    ----------
    model : str
    state : str
    largest, tolerance : float
        Mag; nan where nothing was compared. A magnitude that is not finite here differs by inf.
    count : int
        Magnitudes compared.
    told : str
        The code that made the reference, and where the largest difference is; or why there is
        none.
    """

    model: str
    state: State
    largest: float = float("nan")
    tolerance: float = float("nan")
    count: int = 0
    told: str = ""


def check(model: str, folder: Path = FOLDER) -> list[Check]:
    """Compare a model with all its references, the worst first.

    Parameters
    ----------
    model : str
    folder : Path, optional
        Of the reference files.

    Raises
    ------
    BadInput
        The model is not known, or its references cannot be read.
    """
    models.get(model)
    cases = read_cases(model, folder)
    if not cases:
        return [Check(model, "no reference", told="it ships no reference magnitudes")]
    try:
        found = [_compared(model, case) for case in cases]
    except Unavailable as error:
        return [Check(model, "unavailable", told=str(error))]
    return sorted(found, key=lambda one: -one.largest / one.tolerance)


def _compared(name: str, case: Case) -> Check:
    model = models.get(name, **case.options)
    model.check_available()
    difference = np.abs(case.evaluated(model) - case.magnitudes)
    compared = np.isfinite(case.magnitudes)
    difference = np.where(np.isfinite(difference), difference, np.inf)
    difference[~compared] = 0.0
    point, at = np.unravel_index(int(np.argmax(difference)), difference.shape)
    largest = float(difference[point, at])
    good = largest <= case.tolerance
    where = f"; largest at point {point + 1}, {case.bands[at]}, day {case.days[at]:.4g}"
    return Check(
        name,
        "ok" if good else "differs",
        largest,
        case.tolerance,
        int(compared.sum()),
        case.by + ("" if good else where),
    )


def lines(checks: Sequence[Check], *, every: bool = False) -> list[str]:
    """A line a model, of the first of its comparisons; or of `every` one."""
    first = {one.model: one for one in reversed(checks)}
    shown = [one for one in checks if every or first[one.model] is one]
    width = max((len(one.model) for one in shown), default=0)
    return [_line(one, width) for one in shown]


def _line(one: Check, width: int) -> str:
    head = f"{one.model:<{width}}  {one.state:<12}"
    if one.count == 0:
        return f"{head}  {one.told}"
    size = f"{one.largest:.4f} of {one.tolerance:g} mag"
    return f"{head}  {size}, {one.count} magnitudes by {one.told}"
