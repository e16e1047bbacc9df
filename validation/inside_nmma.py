"""What of a comparison runs in NMMA's own interpreter.

NMMA takes 2.8 GB and other versions of many packages, so it usually has an environment of its own.
This file imports NMMA, and of this project only the repairs of the engine `nmma`. It must be run
with ``python -P``: the folder it lies in holds a file named ``nmma.py``, which would be imported in
NMMA's place.

    python -P validation/inside_nmma.py magnitudes TASK.json ANSWER.json
    python -P validation/inside_nmma.py likelihood TASK.json ANSWER.json
    python -P validation/inside_nmma.py formulas TASK.json ANSWER.json
    python -P validation/inside_nmma.py analysis WAVELENGTHS.json [options of lightcurve-analysis]

Two things of NMMA 1.0.1 are replaced, the first always, the second where `repair` is asked for:

- ``get_default_filts_lambdas``, which loads every bandpass sncosmo knows over the network and then
  pairs 30 names with 20 wavelengths. It gets the wavelengths of the task.
- The supernova, which ignores its magnitude and its distance and divides time by 1+z twice. It is
  scaled to the peak that the fit asks for, by a factor, and its times are left alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

REPAIRS = Path(__file__).resolve().parents[1] / "nmma_fitter" / "nmma_engine" / "inside"
sys.path.insert(0, str(REPAIRS))

from nmma_repairs import repair_supernova, use_wavelengths  # noqa: E402


def make_model(name: str, filters: Sequence[str]) -> Any:
    """NMMA's model of a name, at its own times."""
    from nmma.em import model

    return model.get_lc_model_from_modelname(name)(model=name, filters=list(filters))


def magnitudes(task: dict[str, Any]) -> dict[str, Any]:
    """NMMA's grid of times and magnitudes for each point, interpolated at each observation.

    The task holds ``model``, ``wavelengths``, and ``points``, each with ``parameters``, ``days``
    since the trigger and ``bands``. Outside its grid, and before it, NMMA says infinity: here null.
    """
    from nmma.em import utils

    use_wavelengths(task["wavelengths"])
    if task.get("repair"):
        repair_supernova()
    light = make_model(task["model"], sorted(task["wavelengths"]))
    answers: list[list[float | None]] = []
    began = time.process_time()
    for point in task["points"]:
        days, bands = np.array(point["days"]), np.array(point["bands"])
        with np.errstate(all="ignore"):
            times, curves = light.gen_detector_lc(dict(point["parameters"]))
        found = np.full(days.shape, np.inf)
        for band in set(bands.tolist()) & set(curves):
            here = bands == band
            found[here] = utils.autocomplete_data(
                days[here], times, curves[band], extrapolate=np.inf
            )
        answers.append([float(m) if np.isfinite(m) else None for m in found])
    seconds = time.process_time() - began
    grid = [float(t) for t in light.model_times]
    return {"nmma": version("nmma"), "grid": grid, "magnitudes": answers, "seconds": seconds}


def formulas(task: dict[str, Any]) -> dict[str, Any]:
    """Magnitudes at 10 pc by NMMA's own functions of the light, without its grids and filters.

    The task holds ``model``, ``points``, ``grid`` (source-frame days at which they are evaluated),
    ``keep`` (positions in it) and ``hertz`` (source frame). Null where NMMA has no number.
    """
    from nmma.em import lightcurve_generation as generation

    grid, nu = np.array(task["grid"]), np.array(task["hertz"])
    names = [str(number) for number in range(len(nu))]
    found = []
    for point in task["points"]:
        with np.errstate(all="ignore"):
            if task["model"] == "Me2017":
                curves = generation.eff_metzger_lc(grid, point, nu, names)
            else:
                curves = generation.sc_lc(*generation.sc_bol_lc(grid, point, True), nu, names)
        kept = np.array([np.asarray(curves[name])[task["keep"]] for name in names])
        found.append([[float(m) if np.isfinite(m) else None for m in row] for row in kept])
    return {"nmma": version("nmma"), "magnitudes": found}


def likelihood(task: dict[str, Any]) -> dict[str, Any]:
    """Processor seconds of each call of NMMA's likelihood, and its value, at the task's ``points``.

    ``arguments`` are those of ``lightcurve-analysis``.
    """
    from nmma.em import analysis
    from nmma.em.em_parsing import multi_wavelength_analysis_parser, parsing_and_logging

    use_wavelengths(task["wavelengths"])
    if task.get("repair"):
        repair_supernova()
    options = parsing_and_logging(multi_wavelength_analysis_parser, task["arguments"])
    _, found, _ = analysis.analysis_setup(options)
    seconds, values = [], []
    for point in task["points"]:
        began = time.process_time()
        value = found.log_likelihood(dict(point))
        seconds.append(time.process_time() - began)
        values.append(float(value))
    return {"nmma": version("nmma"), "seconds": seconds, "log_likelihood": values}


def run_analysis(wavelengths: Path, arguments: list[str]) -> None:
    """NMMA's ``lightcurve-analysis`` with both replacements."""
    from nmma.em import analysis

    use_wavelengths(json.loads(wavelengths.read_text(encoding="utf-8")))
    repair_supernova()
    analysis.main(arguments)


def main() -> None:
    """Do what the command line says."""
    what, source, *rest = sys.argv[1:]
    if what == "analysis":
        run_analysis(Path(source), rest)
        return
    answers = {"magnitudes": magnitudes, "formulas": formulas, "likelihood": likelihood}
    answer = answers[what]
    task = json.loads(Path(source).read_text(encoding="utf-8"))
    Path(rest[0]).write_text(json.dumps(answer(task)), encoding="utf-8")


if __name__ == "__main__":
    main()
