"""Which sampler? The same likelihoods for all: evaluations, CPU seconds, ln Z over many seeds.

    python benchmarks/samplers.py --seeds 20 [--samplers importance nested ...] [--table]

Each run is a line of ``samplers.jsonl``; a call that was interrupted goes on with what is missing,
and ``--table`` prints what there is; long runs (``--live``, ``--effective``) need a file of their
own (``--out``). The afterglow is here its stand-in. A run is ended after ``--longest`` seconds of
CPU, and a sampler that takes over a minute for a likelihood gets five seeds. Each sampler's mean ln
Z is compared with the mean of the others' means, weighted by their errors. dynesty comes with
bilby; ultranest and pymultinest are left out where they are not installed. Every sampler gets the
same vectorised likelihood: those that ask for one point at a time pay for that, as they would in a
fit.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress
from sampler_rows import Row, at_most, table, wanted

from nmma_fitter.inference.cube import CubeLikelihood
from nmma_fitter.inference.nested import run_nested
from nmma_fitter.inference.sampled import SamplerSettings
from nmma_fitter.inference.sampler import run_importance

if TYPE_CHECKING:
    from nmma_fitter.inference.alignment import Alignment

FloatArray = NDArray[np.float64]
STAND_IN = "TrPi2018 stand-in"
MODELS = ("Me2017", "Piro2021", "nugent-hyper", STAND_IN)
ERRORS = (1.0, 0.1)  # systematic, mag
LIVE, EFFECTIVE = 400, 1000


@dataclass(frozen=True)
class Problem:
    """A likelihood over the unit cube."""

    likelihood: CubeLikelihood
    alignment: Alignment | None = None
    live: int = LIVE
    effective: int = EFFECTIVE

    def __call__(self, cube: FloatArray) -> FloatArray:
        """Log likelihoods, shape (P,), never nan."""
        with np.errstate(all="ignore"):
            found = self.likelihood.raw(np.atleast_2d(cube))
        return np.where(np.isfinite(found), found, -1e100)

    @property
    def dimensions(self) -> int:
        """Parameters sampled."""
        return self.likelihood.dimensions


Answer = tuple[float, float, int]  # ln Z, its error, evaluations


def importance(problem: Problem, seed: int) -> Answer:
    """Ours, as a fit does it."""
    return _ours(partial(run_importance, alignment=problem.alignment), problem, seed)


def importance_unaligned(problem: Problem, seed: int) -> Answer:
    """Ours, the distance as the prior has it."""
    return _ours(run_importance, problem, seed)


def nested(problem: Problem, seed: int) -> Answer:
    """Nautilus as this project drives it."""
    return _ours(run_nested, problem, seed)


def _ours(run: Callable[..., Any], problem: Problem, seed: int) -> Answer:
    like = problem.likelihood
    sizes = {"nlive": problem.live, "n_effective": problem.effective}
    settings = SamplerSettings(seed=seed, **sizes, chunk=500, batch=500)
    found = run(like.log_likelihood, like.priors, settings)
    return found.log_z, found.log_z_err, found.evaluations


def dynesty(bound: str, sample: str) -> Callable[[Problem, int], Answer]:
    """Dynesty's static sampler, one point at a time."""

    def run(problem: Problem, seed: int) -> Answer:
        from dynesty import NestedSampler

        sampler = NestedSampler(
            lambda u: float(problem(u)[0]),
            lambda u: u,
            problem.dimensions,
            nlive=problem.live,
            bound=bound,
            sample=sample,
            rstate=np.random.default_rng(seed),
        )
        sampler.run_nested(dlogz=0.1, print_progress=False)
        found = sampler.results
        return float(found.logz[-1]), float(found.logzerr[-1]), int(np.sum(found.ncall))

    return run


def ultranest(problem: Problem, seed: int) -> Answer:
    """UltraNest, vectorised."""
    from ultranest import ReactiveNestedSampler

    np.random.seed(seed)
    names = [f"x{i}" for i in range(problem.dimensions)]
    sampler = ReactiveNestedSampler(names, problem, lambda u: u, vectorized=True)
    found = sampler.run(
        min_num_live_points=problem.live,
        show_status=False,
        viz_callback=None,
        min_ess=problem.effective,
    )
    return float(found["logz"]), float(found["logzerr"]), int(found["ncall"])


def multinest(problem: Problem, seed: int) -> Answer:
    """MultiNest by pymultinest, one point at a time."""
    from pymultinest.solve import solve

    count = [0]

    def log_likelihood(u: FloatArray) -> float:
        count[0] += 1
        return float(problem(np.asarray(u))[0])

    with tempfile.TemporaryDirectory() as folder:
        found = solve(
            LogLikelihood=log_likelihood,
            Prior=lambda u: u,
            n_dims=problem.dimensions,
            n_live_points=problem.live,
            seed=seed,
            outputfiles_basename=f"{folder}/1-",
        )
    return float(found["logZ"]), float(found["logZerr"]), count[0]


SAMPLERS: dict[str, Callable[[Problem, int], Answer]] = {
    "importance": importance,
    "importance unaligned": importance_unaligned,
    "nested": nested,
    "dynesty multi unif": dynesty("multi", "unif"),
    "dynesty multi rwalk": dynesty("multi", "rwalk"),
    "dynesty single rslice": dynesty("single", "rslice"),
    "ultranest": ultranest,
    "multinest": multinest,
}
NEEDS = {"ultranest": "ultranest", "multinest": "pymultinest"}


def problem_of(model: str, sys_error: float) -> Problem:
    """The likelihood of a simulated light curve of 15 detections."""
    from timing import light_curve, write_csv

    from nmma_fitter.config import load_config
    from nmma_fitter.fits import requests_of
    from nmma_fitter.inference.alignment import alignment_of
    from nmma_fitter.inference.likelihood import Likelihood
    from nmma_fitter.inference.prior_files import load_priors
    from nmma_fitter.nmma_fit import predict

    name, stand_in, _ = model.partition(" stand-in")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.csv"
        write_csv(light_curve(name), path)
        over = {"sys_error": sys_error}
        [request] = requests_of(path, [name], load_config().fits, over=over)
    made = request.make_model()
    if stand_in and (proxy := made.proxy()) is not None:
        made = proxy
    prediction = predict(request, made, request.window)
    likelihood = Likelihood(request.window, request.trigger, request.settings, prediction)
    priors = load_priors(request.priors)
    alignment = alignment_of(likelihood, priors)
    return Problem(CubeLikelihood(likelihood.evaluate, priors), alignment)


def run_all(given: argparse.Namespace) -> None:
    """Do what is not in the file yet."""
    from records import append, read

    rows = read(given.out)
    keys = [(m, e, n) for n in given.samplers for m in given.models for e in given.sys_error]
    problems: dict[tuple[str, float], Problem] = {}
    with Progress() as progress:
        task = progress.add_task("runs", total=len(keys) * given.seeds)
        for key, seed in wanted(keys, given.seeds, rows):
            model, error, name = key
            progress.update(task, description=f"{model} {error} {name} {seed}")
            if (model, error) not in problems:
                sizes = {"live": given.live, "effective": given.effective}
                problems[model, error] = replace(problem_of(model, error), **sizes)
            problem = problems[model, error]
            problem(np.full((2, problem.dimensions), 0.5))
            row = {"model": model, "sys_error": error, "sampler": name, "seed": seed}
            row |= timed(problem, name, seed, given.longest)
            append(given.out, row)
            rows.append(row)
            progress.advance(task)


def timed(problem: Problem, name: str, seed: int, longest: float) -> Row:
    """One run; without an answer where it took too long."""
    answer: tuple[float | None, float | None, int | None] = (None, None, None)
    began = time.process_time()
    with contextlib.suppress(TimeoutError), at_most(longest):
        answer = SAMPLERS[name](problem, seed)
    seconds = time.process_time() - began
    return dict(zip(("log_z", "log_z_err", "evaluations"), answer, strict=True)) | {
        "seconds": round(seconds, 3)
    }


def main() -> None:
    """The command line."""
    there = [n for n in SAMPLERS if n not in NEEDS or importlib.util.find_spec(NEEDS[n])]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--sys-error", nargs="+", type=float, default=list(ERRORS))
    parser.add_argument("--samplers", nargs="+", default=there, choices=there)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--live", type=int, default=LIVE, help=f"live points [{LIVE}]")
    parser.add_argument("--effective", type=int, default=EFFECTIVE, help=f"samples [{EFFECTIVE}]")
    parser.add_argument("--longest", type=float, default=600, help="CPU s of a run [600]")
    parser.add_argument("--out", type=Path, default=Path("samplers.jsonl"))
    parser.add_argument("--table", action="store_true", help="only print what there is")
    given = parser.parse_args()
    from records import read

    if not given.table:
        run_all(given)
    print(table(read(given.out), list(SAMPLERS)))


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(Path(__file__).parent.parent / "validation"))
    main()
