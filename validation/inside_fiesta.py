"""What fiestaEM 0.1.0 says of the kilonova grids; runs in an interpreter of its own, with jax.

    python -P validation/inside_fiesta.py TASK.json ANSWER.json

The task holds, for ``Bu2019lm``, the ``folder`` of its networks, ``parameters`` (a list of points,
angles in degrees), ``bands`` and ``times`` (positions in the grid's); for ``Bu2025``,
``parameters`` and ``nodes`` (positions in frequency and time), and ``bands`` and ``times`` for
magnitudes over the bandpasses at 40 Mpc and redshift 0.1. The published pickles were written by
other versions, whose names of classes are given to it here.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any


def bu2019lm(task: dict[str, Any]) -> dict[str, Any]:
    """Magnitudes at 10 pc as fiestaEM gives them: those of exp(log10 F)."""
    import dill
    import fiesta.inference.lightcurve_model as lightcurves
    from fiesta import scalers, utils

    for name in ("MinMaxScalerJax", "SVDDecomposer", "StandardScalerJax"):
        setattr(utils, name, getattr(scalers, name))

    def load(stream: Any) -> Any:
        found = dill.load(stream)
        if "parameter_names" in found:
            found.setdefault("model_type", "MLP")
        return found

    lightcurves.dill = type("Loader", (), {"load": staticmethod(load)})
    model = lightcurves.BullaLightcurveModel("Bu2019", task["bands"], task["folder"])
    magnitudes = []
    for point in task["parameters"]:
        _, found = model.predict({**point, "luminosity_distance": 1e-5, "redshift": 0.0})
        magnitudes.append({b: [float(found[b][k]) for k in task["times"]] for b in task["bands"]})
    return {"days": [float(model.times[k]) for k in task["times"]], "magnitudes": magnitudes}


def bu2025(task: dict[str, Any]) -> dict[str, Any]:
    """Log flux (mJy at 10 pc) at nodes, and magnitudes over bandpasses."""
    import jax.numpy as jnp
    from fiesta.inference.lightcurve_model import FluxModel

    model = FluxModel("Bu2025_MLP", task["bands"])
    log_flux, magnitudes, days = [], [], []
    for point in task["parameters"]:
        row = jnp.array([point[name] for name in model.parameter_names if name in point])
        found = model.predict_log_flux(row)
        log_flux.append([float(found[a, b]) for a, b in task["nodes"]])
        place = {"luminosity_distance": 40.0, "redshift": 0.1}
        times, curves = model.predict({**point, **place})
        days = [float(times[k]) for k in task["times"]]
        magnitudes.append({b: [float(curves[b][k]) for k in task["times"]] for b in task["bands"]})
    nodes = [[float(model.nus[a]), float(model.times[b])] for a, b in task["nodes"]]
    return {"nodes": nodes, "log_flux": log_flux, "days": days, "magnitudes": magnitudes}


def main() -> None:
    """Answer the task."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answer = {name: {"Bu2019lm": bu2019lm, "Bu2025": bu2025}[name](task[name]) for name in task}
    answer["version"] = version("fiestaEM")
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
