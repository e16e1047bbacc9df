"""What one evaluation of each model's likelihood costs.

``python benchmarks/likelihoods.py`` prints a Markdown table: µs of processor time per point, for
points of the prior handed over one, a hundred or a thousand at a time, each the median over
repetitions, on the simulated light curve of ``validation/timing.py`` with 15 detections. What a
model's first evaluation loads or compiles is left out.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "validation"))

from records import markdown  # noqa: E402
from timing import TRIGGER, TRUTHS, light_curve  # noqa: E402

from nmma_fitter import models  # noqa: E402
from nmma_fitter.candidates.window import days  # noqa: E402
from nmma_fitter.errors import Unavailable  # noqa: E402
from nmma_fitter.fit_settings import FitSettings  # noqa: E402
from nmma_fitter.inference.likelihood import Likelihood  # noqa: E402
from nmma_fitter.inference.prior_files import load_priors  # noqa: E402
from nmma_fitter.inference.priors import sampled_keys, transform  # noqa: E402
from nmma_fitter.models.observed import Prediction  # noqa: E402

Evaluate = Callable[[NDArray[np.float64]], NDArray[np.float64]]

CHUNKS = (1, 100, 1000)
SECONDS = 1.0  # for each number, in which repetitions fit as they may
FEWEST = 3  # repetitions
SLOW = ("TrPi2018",)  # milliseconds a point: a few points, and no long chunks


def likelihood(name: str) -> tuple[Evaluate, int]:
    """Log likelihood of points of the unit cube, and their number of dimensions."""
    curve = light_curve(name)
    settings = FitSettings(trigger=TRIGGER, sys_error=0.1)
    prior = load_priors((ROOT / "config" / "priors" / f"{name}.prior").read_text())
    predict = Prediction(models.get(name), days(curve, TRIGGER), curve.band.tolist())
    evaluate = Likelihood(curve, TRIGGER, settings, predict).evaluate
    return lambda cube: evaluate(transform(prior, cube)), len(sampled_keys(prior))


def microseconds(evaluate: Evaluate, dimensions: int, chunk: int) -> float:
    """Processor time per point, µs: the median over chunks of different points."""
    rng = np.random.default_rng(1)
    taken: list[float] = []
    while len(taken) < FEWEST or sum(taken) < SECONDS:
        cube = rng.random((chunk, dimensions))
        began = time.process_time()
        evaluate(cube)
        taken.append(time.process_time() - began)
    return statistics.median(taken) / chunk * 1e6


def row(name: str) -> list[str]:
    """One line of the table."""
    try:
        evaluate, dimensions = likelihood(name)
    except Unavailable:
        return [name, *("not here" for _ in CHUNKS)]
    evaluate(np.full((1, dimensions), 0.5))
    numbers = [
        "" if name in SLOW and chunk > 1 else f"{microseconds(evaluate, dimensions, chunk):.3g}"
        for chunk in CHUNKS
    ]
    return [name, *numbers]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--models", nargs="+", default=list(TRUTHS), choices=list(TRUTHS))
    chosen = parser.parse_args().models
    header = ["model", *(f"µs, {chunk} at a time" for chunk in CHUNKS)]
    with np.errstate(all="ignore"):
        print(markdown(header, [row(name) for name in chosen]))


if __name__ == "__main__":
    main()
