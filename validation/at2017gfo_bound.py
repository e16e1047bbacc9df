"""The highest likelihood that the afterglow reaches on AT2017gfo: its evidence cannot be higher.

``python validation/at2017gfo_bound.py DATA/formats/AT2017gfo_corrected.dat`` climbs with the
stand-in by differential evolution from the whole prior, several times, and from its best points
with the model itself by Nelder and Mead's simplex. Data, errors and priors are those of
``at2017gfo.py``. ln Z is the mean of the likelihood over the prior, so at most its maximum.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from at2017gfo import DISTANCE, MERGER, write_priors
from long_ways import Fit
from records import markdown
from scipy.optimize import differential_evolution, minimize

from nmma_fitter.config import load_config
from nmma_fitter.fits import requests_of
from nmma_fitter.inference.cube import CubeLikelihood
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.nmma_fit import predict

MODEL = "TrPi2018"
IMPOSSIBLE = 1e6  # in place of an infinite -ln L, which no climber can compare


def fit_of(light_curve: Path, sys_error: float, priors: Path) -> Fit:
    """The afterglow's fit, as ``at2017gfo.py`` asks for it."""
    value, error = map(float, DISTANCE.split("±"))
    over = {"trigger": MERGER, "tmin": 0.0, "sys_error": sys_error}
    over |= {"distance": {"value": value, "error": error}}
    fits = load_config().fits.model_copy(update={"priors": str(priors)})
    [request] = requests_of(light_curve, [MODEL], fits, over=over)
    return Fit(request)


def stand_in_of(fit: Fit) -> CubeLikelihood:
    """The stand-in's likelihood of the same data, without its own error."""
    proxy = fit.model.proxy()
    assert proxy is not None
    request = fit.request
    cheap = Likelihood(
        request.window, request.trigger, request.settings, predict(request, proxy, request.window)
    )
    return CubeLikelihood(cheap.evaluate, fit.priors)


def climb(fit: Fit, starts: int, calls: int) -> tuple[float, float, int]:
    """Highest ln L of the stand-in and of the model itself, and the model's evaluations."""
    rough, exact = stand_in_of(fit), fit.cube
    bounds = [(0.0, 1.0)] * exact.dimensions
    best: tuple[float, Any] = (np.inf, None)
    for seed in range(starts):
        found = differential_evolution(
            lambda x: _cost(rough, x.T), bounds, rng=seed, vectorized=True, popsize=20,
            maxiter=400, tol=1e-8, polish=False, updating="deferred",
        )  # fmt: skip
        if found.fun < best[0]:
            best = (float(found.fun), found.x)
    inside = np.clip(best[1], 1e-6, 1 - 1e-6)
    near = minimize(
        lambda x: float(_cost(exact, np.clip(x, 0, 1)[None])[0]),
        inside,
        method="Nelder-Mead",
        options={"maxfev": calls, "initial_simplex": _simplex(inside)},
    )
    return -best[0], -float(near.fun), int(near.nfev)


def _cost(likelihood: CubeLikelihood, cube: Any) -> Any:
    with np.errstate(all="ignore"):
        log_l = likelihood.raw(np.atleast_2d(cube))
    return np.where(np.isfinite(log_l), -log_l, IMPOSSIBLE)


def _simplex(start: Any) -> Any:
    steps = np.where(start < 0.5, 0.02, -0.02)
    return np.vstack([start, start + np.diag(steps)])


def main() -> None:
    """Climb at each systematic error and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("light_curve", type=Path)
    parser.add_argument("--sys", type=float, nargs="+", default=[1.0, 0.3], help="mag [1.0 0.3]")
    parser.add_argument("--starts", type=int, default=4, help="of differential evolution [4]")
    parser.add_argument("--calls", type=int, default=600, help="of the model itself [600]")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        priors = write_priors(Path(folder), None)
        for sys_error in options.sys:
            fit = fit_of(options.light_curve, sys_error, priors)
            rough, exact, calls = climb(fit, options.starts, options.calls)
            rows.append([f"{sys_error:g} mag", f"{rough:.1f}", f"{exact:.1f}", str(calls)])
    print(markdown(["sys. error", "ln L, stand-in", "ln L", "evaluations"], rows))


if __name__ == "__main__":
    main()
