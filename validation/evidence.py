"""Is ln Z right, and its error? Problems of known evidence, several seeds each, with a control.

    python validation/evidence.py --seeds 8 [--sampler nested]

Each line: the mean of (found - known) with its own error, the scatter over the seeds, and the
error that the sampler states. With ``--sampler nested``, ``--keep-exploration`` keeps the points
that shaped the bounds, as nautilus does by default: ln Z is then too small, by more than its error.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping

import numpy as np
from bilby.core.prior import PriorDict, Uniform
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import norm

from nmma_fitter.inference import nested
from nmma_fitter.inference.sampled import SamplerSettings
from nmma_fitter.inference.sampler import run_importance

FloatArray = NDArray[np.float64]
LogLikelihood = Callable[[Mapping[str, FloatArray]], FloatArray]
Problem = tuple[LogLikelihood, PriorDict, float]


def gaussian(widths: list[float]) -> Problem:
    """A Gaussian of these widths in the middle of the unit cube."""
    sigma = np.array(widths)

    def log_likelihood(parameters: Mapping[str, FloatArray]) -> FloatArray:
        x = np.stack([parameters[f"x{i}"] for i in range(len(sigma))], axis=1)
        return np.asarray(norm.logpdf(x, 0.5, sigma).sum(axis=1))

    known = float(np.log(ndtr(0.5 / sigma) - ndtr(-0.5 / sigma)).sum())
    return log_likelihood, _cube(len(sigma), 0.0), known


def banana(dimensions: int) -> Problem:
    """A narrow parabola in two dimensions, a Gaussian in the others, in the cube (-1, 1)."""

    def log_likelihood(parameters: Mapping[str, FloatArray]) -> FloatArray:
        x = np.stack([parameters[f"x{i}"] for i in range(dimensions)], axis=1)
        bent = ((x[:, 1] - x[:, 0] ** 2) / 0.05) ** 2
        return np.asarray(-0.5 * bent - 0.5 * ((x[:, 2:] / 0.1) ** 2).sum(axis=1))

    x = np.linspace(-1, 1, 4001)
    across = 0.05 * math.sqrt(2 * math.pi) * (ndtr((1 - x**2) / 0.05) - ndtr((-1 - x**2) / 0.05))
    plane = float(np.trapezoid(across, x)) / 4
    each = 0.1 * math.sqrt(2 * math.pi) / 2
    known = math.log(plane) + (dimensions - 2) * math.log(each)
    return log_likelihood, _cube(dimensions, -1.0), known


def _cube(dimensions: int, low: float) -> PriorDict:
    return PriorDict({f"x{i}": Uniform(low, 1) for i in range(dimensions)})


PROBLEMS = {
    "Gaussian, 5": gaussian([0.01, 0.03, 0.1, 0.2, 0.5]),
    "Gaussian, 8": gaussian([0.02, 0.05, 0.05, 0.1, 0.1, 0.2, 0.3, 0.5]),
    "banana, 6": banana(6),
}


def main() -> None:
    """Parse the command line and print a line per problem."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8, help="runs of each problem [8]")
    parser.add_argument("--sampler", default="importance", choices=["importance", "nested"])
    parser.add_argument("--nlive", type=int, default=400)
    parser.add_argument("--keep-exploration", action="store_true", help="the control")
    given = parser.parse_args()
    nested.DISCARD_EXPLORATION = not given.keep_exploration
    run = run_importance if given.sampler == "importance" else nested.run_nested
    print("| problem, dimensions | off by | scatter | stated error | evaluations |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, (log_likelihood, priors, known) in PROBLEMS.items():
        runs = [
            run(log_likelihood, priors, SamplerSettings(seed=seed, nlive=given.nlive))
            for seed in range(given.seeds)
        ]
        off = np.array([one.log_z for one in runs]) - known
        scatter = float(np.std(off, ddof=1))
        stated = float(np.mean([one.log_z_err for one in runs]))
        count = int(np.mean([one.evaluations for one in runs]))
        error = scatter / math.sqrt(len(runs))
        print(
            f"| {name} | {off.mean():+.3f} ± {error:.3f} | {scatter:.3f} | {stated:.3f} | {count} |"
        )


if __name__ == "__main__":
    main()
