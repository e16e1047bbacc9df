"""What the installed NMMA would do as it comes, as a reader meets it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from nmma_fitter.bands import BANDS
from nmma_fitter.engine.files import Json
from nmma_fitter.inference.sampled import Watch
from nmma_fitter.nmma_engine import place
from nmma_fitter.nmma_engine.process import prepare, run
from nmma_fitter.nmma_engine.task import Task

QUESTION = {
    **{"wavelengths": dict(BANDS), "components": ["Me2017", "TrPi2018"], "leave": []},
    **{"supernova": True, "model": "nugent-hyper", "limit_error": 0.22, "seed": 1},
}


def check_nmma(environment: str) -> str:
    """Ask NMMA in an environment, and say in words what it answered.

    Raises
    ------
    Unavailable
        It is not there, or not a version whose repairs were tested.
    """
    python = place.interpreter(environment)
    place.packages(python)
    with tempfile.TemporaryDirectory(prefix="nmma_fitter-") as name:
        prepare(Path(name), Task({}, QUESTION))
        answer = run(python, "check", Path(name), Watch())
    return "\n".join([_versions(answer, python), "", *bands(answer["pairs"]), "", *faults(answer)])


def _versions(answer: Json, python: str) -> str:
    found = ", ".join(f"{name} {number}" for name, number in answer["versions"].items())
    return f"{python}\n{found}\nrepairs were tested with NMMA {', '.join(place.TESTED)}"


def bands(pairs: Mapping[str, str]) -> list[str]:
    """The wavelength NMMA would use for each band, and the right one, in ångström."""
    lines = [f"{'band':12}{'right':>9}{'NMMA uses':>12}  of"]
    for band, right in BANDS.items():
        given = pairs.get(band, "")
        used = f"{BANDS[given]:12.1f}" if given in BANDS else f"{'':12}"
        note = "itself" if given == band else given or "unknown to NMMA"
        lines.append(f"{band:12}{right:9.1f}{used}  {note}")
    return lines


def faults(answer: Json) -> list[str]:
    """What else is wrong, and that a fit repairs it."""
    lines = []
    for name, found in answer["faults"].items():
        if isinstance(found, str):
            lines.append(f"{name}: could not be asked here ({' '.join(found.split())[:120]})")
        elif found:
            lines.append(f"{name}: {answer['says'][name]}; a fit repairs it")
        else:
            lines.append(f"{name}: in order")
    return lines
