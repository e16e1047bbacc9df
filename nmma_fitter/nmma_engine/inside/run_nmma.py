"""What of a fit runs in NMMA's own interpreter.

    python -P run_nmma.py fit TASK.json ANSWER.json
    python -P run_nmma.py likelihood TASK.json ANSWER.json
    python -P run_nmma.py check TASK.json ANSWER.json

It imports NMMA, what NMMA brings, and `nmma_repairs` beside it; nothing of the package it lies in.
The task holds everything, also the arguments of ``lightcurve-analysis``, so that a run can be
repeated by hand from its folder. The answer holds ``error`` where there is no other.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import nmma_repairs

PROGRESS_SECONDS = 5.0
PACKAGES = ("nmma", "bilby", "dynesty", "afterglowpy", "sncosmo", "tensorflow-cpu", "numpy")


class Counter:
    """Counts likelihood calls, and says now and then in ``progress.json`` how many there were.

    It also ends a run whose parent was killed: nobody would take its result, and its folder is
    another's then.
    """

    def __init__(self, path: Path) -> None:
        from nmma.em.em_likelihood import BasicEMTransient

        self.calls, self._path, self._said = 0, path, time.monotonic()
        parent = os.getppid()
        original = BasicEMTransient.log_likelihood

        def counted(transient: Any, parameters: dict[str, float]) -> Any:
            self.calls += 1
            if time.monotonic() - self._said > PROGRESS_SECONDS:
                self._said = time.monotonic()
                if os.getppid() != parent:
                    os._exit(os.EX_TEMPFAIL)
                write(self._path, {"evaluations": self.calls})
            return original(transient, parameters)

        BasicEMTransient.log_likelihood = counted


def fit(task: dict[str, Any]) -> dict[str, Any]:
    """Run NMMA's analysis, and evaluate its model for draws of the posterior."""
    repairs = nmma_repairs.repair(task)
    write(Path("checks.json"), {"versions": versions(), "repairs": repairs})
    from nmma.core.base import multi_analysis_loop
    from nmma.em import analysis

    likelihoods: list[Any] = []
    counter = Counter(Path("progress.json"))

    def set_up(options: Any) -> Any:
        priors, likelihood, injection = analysis.analysis_setup(options)
        likelihoods.append(likelihood)
        return priors, likelihood, injection

    multi_analysis_loop(options_of(task), set_up)
    calls = counter.calls
    result = json.loads(Path("out", "fit_result.json").read_text(encoding="utf-8"))
    posterior = result["posterior"]["content"]
    found = predictions(likelihoods[-1], posterior, task)
    return {"versions": versions(), "repairs": repairs, "calls": calls} | found


def check(task: dict[str, Any]) -> dict[str, Any]:
    """What the installed NMMA does as it comes: a question that cannot be asked here says why."""
    pairs = nmma_repairs.pairing(list(task["wavelengths"]))
    faults: dict[str, bool | str] = {}
    for one in nmma_repairs.REPAIRS:
        try:
            faults[one.name] = bool(one.needed(task))
        except Exception as error:
            faults[one.name] = f"{type(error).__name__}: {error}"
        if one.name == "wavelengths":  # nothing else can be asked without a network
            nmma_repairs.use_wavelengths(task["wavelengths"])
    says = {one.name: one.says for one in nmma_repairs.REPAIRS}
    return {"versions": versions(), "pairs": pairs, "faults": faults, "says": says}


def options_of(task: dict[str, Any]) -> Any:
    """NMMA's options from the task's arguments."""
    from nmma.em.em_parsing import multi_wavelength_analysis_parser, parsing_and_logging

    return parsing_and_logging(multi_wavelength_analysis_parser, task["arguments"])


def predictions(likelihood: Any, posterior: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    """Magnitudes by NMMA's model of posterior samples and of the best, at the task's days.

    The task's ``days`` are, for each name of a set of days, those of each band.
    """
    log_l = np.array(posterior["log_likelihood"], dtype=float)
    chosen = np.unique(np.linspace(0, len(log_l) - 1, min(len(log_l), task["draws"])).astype(int))
    best = int(np.argmax(log_l))
    names = [name for name in posterior if name not in ("log_likelihood", "log_prior")]
    curves: dict[str, list[Any]] = {name: [] for name in task["days"]}
    for index in (best, *chosen.tolist()):
        point = {name: float(posterior[name][index]) for name in names}
        seen = magnitudes(likelihood, point, task["days"])
        for name, found in seen.items():
            curves[name].append(found)
    return {"best": best, "chosen": chosen.tolist(), "magnitudes": curves}


def magnitudes(
    likelihood: Any, point: dict[str, float], days: dict[str, dict[str, list[float]]]
) -> dict[str, dict[str, list[float | None]]]:
    """NMMA's magnitudes at one point, interpolated as its likelihood does; no light is null."""
    transient = likelihood.sub_model
    with np.errstate(all="ignore"):
        times, light = transient.light_curve_model.gen_detector_lc(
            likelihood.parameter_conversion(dict(point))
        )
    found, kept = {}, transient.light_curve_times
    for name, of_band in days.items():
        transient.light_curve_times = {band: np.array(at) for band, at in of_band.items()}
        if transient.sanity_check(light):
            seen = transient.update_lightcurve_reference(times, light)
        else:
            seen = {band: np.full(len(at), np.inf) for band, at in of_band.items()}
        found[name] = {band: plain(seen[band]) for band in of_band}
    transient.light_curve_times = kept
    return found


def likelihood(task: dict[str, Any]) -> dict[str, Any]:
    """NMMA's log likelihood at the task's ``points``, and the processor seconds of each call."""
    repairs = nmma_repairs.repair(task)
    from nmma.em import analysis

    _, found, _ = analysis.analysis_setup(options_of(task))
    values, seconds = [], []
    for point in task["points"]:
        began = time.process_time()
        values.append(float(found.log_likelihood(dict(point))))
        seconds.append(time.process_time() - began)
    return {
        **{"versions": versions(), "repairs": repairs},
        **{"log_likelihood": values, "seconds": seconds},
    }


def plain(values: Any) -> list[float | None]:
    """Numbers as JSON holds them."""
    return [float(value) if np.isfinite(value) else None for value in np.atleast_1d(values)]


def versions() -> dict[str, str]:
    """Versions of what computed this."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | {"python": sys.version.split()[0]}


def write(path: Path, value: Any) -> None:
    """Write JSON that is whole whenever it is there."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(value), encoding="utf-8")
    partial.replace(path)


def main() -> int:
    """Do what the command line says; an error goes into the answer, its traceback to the log."""
    what, source, target = sys.argv[1:]
    task = json.loads(Path(source).read_text(encoding="utf-8"))
    try:
        answer = {"fit": fit, "likelihood": likelihood, "check": check}[what](task)
    except Exception as error:
        write(Path(target), {"error": {"kind": type(error).__name__, "message": str(error)}})
        raise
    write(Path(target), answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
