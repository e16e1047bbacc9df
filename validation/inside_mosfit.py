"""What MOSFiT 2.1 says of a nickel-powered supernova; runs in an interpreter of its own.

    python -P validation/inside_mosfit.py TASK.json ANSWER.json

The task holds, for ``Arnett1982``, ``points`` (MOSFiT's names and units: ``fnickel``, ``mejecta``
and ``vejecta`` in solar masses and km/s, ``kappa``, ``kappagamma``, ``temperature``), ``days``
since the explosion in the source's frame, and ``hertz`` in the observer's at ``redshift``. Its
modules of the model ``ic`` are called one after the other: engine, diffusion, photosphere,
blackbody. The answer is the spectral luminosity in erg/s/Å, (points, frequencies, days), and the
bolometric one.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from mosfit.modules.arrays.densetimes import DenseTimes
from mosfit.modules.engines.nickelcobalt import NickelCobalt
from mosfit.modules.photospheres.temperature_floor import TemperatureFloor
from mosfit.modules.seds.blackbody import Blackbody
from mosfit.modules.transforms.diffusion import Diffusion

MODULES = (DenseTimes, NickelCobalt, Diffusion, TemperatureFloor, Blackbody)
DENSE_TIMES = 3000  # between which it interpolates the heating; its own 100 are too few


class Alone:
    """In place of MOSFiT's own model, which the modules ask for nothing else."""

    def pool(self) -> None:
        """No processes."""

    def printer(self) -> None:
        """Its own."""


def evaluated(point: dict[str, float], task: dict[str, Any]) -> dict[str, Any]:
    """All that the modules give for a point, in every frequency at every day."""
    days, hertz = np.array(task["days"]), np.array(task["hertz"])
    count = days.size * hertz.size
    state: dict[str, Any] = {
        **point,
        "redshift": task["redshift"],
        "resttexplosion": 0.0,
        "rest_times": np.tile(days, hertz.size),
        "all_bands": [""] * count,
        "all_band_indices": np.full(count, -1),
        "all_frequencies": np.repeat(hertz, days.size),
    }
    for kind in MODULES:
        options = {"n_times": DENSE_TIMES} if kind is DenseTimes else {}
        module = kind(name=kind.__name__.lower(), model=Alone(), **options)
        module._sample_wavelengths = []
        module._provide_dense = kind is NickelCobalt
        state.update(module.process(**state))
    return state


def main() -> None:
    """Answer the task."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["Arnett1982"]
    shape = len(task["hertz"]), len(task["days"])
    spectral, bolometric = [], []
    for point in task["points"]:
        state = evaluated(point, task)
        seds = np.array(state["seds"], dtype=float).reshape(*shape, -1)[:, :, 0]
        spectral.append(seds.tolist())
        bolometric.append(np.array(state["luminosities"], dtype=float)[: shape[1]].tolist())
    found = {"spectral": spectral, "bolometric": bolometric}
    answer = {"version": version("mosfit"), "Arnett1982": found}
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
