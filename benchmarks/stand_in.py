"""What sampling the afterglow's stand-in costs, at several systematic errors.

``python benchmarks/stand_in.py --sys 1.0 0.3 0.1 --seeds 2 [--plain]`` samples the simulated light
curve of ``validation/timing.py`` and prints a Markdown table: processor seconds, and what the
weights say of themselves. ``--plain`` leaves the distance as it is, the control: what importance
sampling then makes of it, and no nested sampling after it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "validation"))

from records import markdown  # noqa: E402
from timing import light_curve, write_csv  # noqa: E402

from nmma_fitter import nmma_fit  # noqa: E402
from nmma_fitter.config import load_config  # noqa: E402
from nmma_fitter.fits import requests_of  # noqa: E402
from nmma_fitter.inference import stand_in as stand_ins  # noqa: E402
from nmma_fitter.inference.likelihood import Likelihood  # noqa: E402
from nmma_fitter.inference.prior_files import load_priors  # noqa: E402
from nmma_fitter.inference.sampled import SamplerSettings  # noqa: E402

MODEL = "TrPi2018"


def row(sys_error: float, seed: int, plain: bool) -> list[str]:
    """One line of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{MODEL}.csv"
        write_csv(light_curve(MODEL), path)
        over = {"sys_error": sys_error}
        [request] = requests_of(path, [MODEL], load_config().fits, over=over)
    priors, model = load_priors(request.priors), request.make_model()
    exact = Likelihood(
        *(request.window, request.trigger, request.settings),
        nmma_fit.predict(request, model, request.window),
    )
    rough = nmma_fit.stand_in(request, model, exact, priors)
    assert rough is not None
    if plain:
        rough = replace(rough, alignment=None)
    settings = SamplerSettings(seed=seed, n_effective=request.settings.n_effective)
    began = time.process_time()
    points = stand_ins.sample_stand_in(
        rough, priors, settings, np.random.default_rng(seed), last_resort=False
    )
    seconds = time.process_time() - began
    return [
        f"{sys_error:g}",
        str(seed),
        f"{seconds:.1f}",
        str(points.draws),
        f"{points.log_z:.3f} ± {points.log_z_err:.3f}",
        f"{points.ess:.0f}",
        f"{points.shape:.2f}",
        points.trouble(settings.n_effective) or "good",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sys", type=float, nargs="+", default=[1.0, 0.3, 0.1], help="mag")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--plain", action="store_true", help="the control: no aligned distance")
    given: Any = parser.parse_args()
    header = ["mag", "seed", "CPU s", "points that count", "ln Z", "effective", "Pareto k", ""]
    rows = [row(error, seed, given.plain) for error in given.sys for seed in range(given.seeds)]
    print(markdown(header, rows))


if __name__ == "__main__":
    main()
