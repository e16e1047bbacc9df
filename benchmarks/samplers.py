"""Which sampler? The same likelihoods for all: evaluations, CPU seconds, ln Z over many seeds.

    python benchmarks/samplers.py --seeds 20 [--samplers importance nested ...] [--table]

Each run is a line of ``samplers.jsonl``; a call that was interrupted goes on with what is missing,
and ``--table`` prints what there is. ln Z is compared with the mean of all samplers' means weighted
by their errors. dynesty comes with bilby; ultranest and pymultinest are left out where they are
not installed. Every sampler gets the same vectorised likelihood: those that ask for one point at a
time pay for that, as they would in a fit.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from nmma_fitter.inference.cube import CubeLikelihood
from nmma_fitter.inference.nested import run_nested
from nmma_fitter.inference.sampled import SamplerSettings
from nmma_fitter.inference.sampler import run_importance

FloatArray = NDArray[np.float64]
MODELS = ("Me2017", "Piro2021", "nugent-hyper")
ERRORS = (1.0, 0.1)  # systematic, mag
LIVE = 400


@dataclass(frozen=True)
class Problem:
    """A likelihood over the unit cube."""

    likelihood: CubeLikelihood

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
    """Ours."""
    return _ours(run_importance, problem, seed)


def nested(problem: Problem, seed: int) -> Answer:
    """Nautilus as this project drives it."""
    return _ours(run_nested, problem, seed)


def _ours(run: Callable[..., Any], problem: Problem, seed: int) -> Answer:
    like = problem.likelihood
    settings = SamplerSettings(seed=seed, nlive=LIVE, n_effective=1000, chunk=500, batch=500)
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
            nlive=LIVE,
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
        min_num_live_points=LIVE, show_status=False, viz_callback=None, min_ess=1000
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
            n_live_points=LIVE,
            seed=seed,
            outputfiles_basename=f"{folder}/1-",
        )
    return float(found["logZ"]), float(found["logZerr"]), count[0]


SAMPLERS: dict[str, Callable[[Problem, int], Answer]] = {
    "importance": importance,
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
    from nmma_fitter.inference.likelihood import Likelihood
    from nmma_fitter.inference.priors import load_priors
    from nmma_fitter.nmma_fit import predict

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{model}.csv"
        write_csv(light_curve(model), path)
        over = {"sys_error": sys_error}
        [request] = requests_of(path, [model], load_config().fits, over=over)
    prediction = predict(request, request.make_model(), request.window)
    likelihood = Likelihood(request.window, request.trigger, request.settings, prediction)
    return Problem(CubeLikelihood(likelihood.evaluate, load_priors(request.priors)))


def run_all(given: argparse.Namespace) -> None:
    """Do what is not in the file yet."""
    from records import append, read

    done = {(r["model"], r["sys_error"], r["sampler"], r["seed"]) for r in read(given.out)}
    wanted = [
        (model, error, name, seed)
        for model in given.models
        for error in given.sys_error
        for name in given.samplers
        for seed in range(given.seeds)
        if (model, error, name, seed) not in done
    ]
    problems: dict[tuple[str, float], Problem] = {}
    with Progress() as progress:
        task = progress.add_task("runs", total=len(wanted))
        for model, error, name, seed in wanted:
            progress.update(task, description=f"{model} {error} {name}")
            problem = problems.setdefault((model, error), problem_of(model, error))
            problem(np.full((2, problem.dimensions), 0.5))
            began = time.process_time()
            log_z, log_z_err, evaluations = SAMPLERS[name](problem, seed)
            seconds = time.process_time() - began
            row = {"model": model, "sys_error": error, "sampler": name, "seed": seed}
            found = {"log_z": log_z, "log_z_err": log_z_err, "evaluations": evaluations}
            append(given.out, row | found | {"seconds": seconds})
            progress.advance(task)


def table(path: Path) -> str:
    """What the file holds."""
    from records import markdown, read

    rows = read(path)
    lines = []
    for model, error in sorted({(r["model"], r["sys_error"]) for r in rows}):
        mine = [r for r in rows if (r["model"], r["sys_error"]) == (model, error)]
        groups = {n: [r for r in mine if r["sampler"] == n] for n in SAMPLERS}
        groups = {name: some for name, some in groups.items() if some}
        means = {name: _mean([r["log_z"] for r in some]) for name, some in groups.items()}
        weight = {name: 1 / max(one[1], 1e-3) ** 2 for name, one in means.items()}
        centre = sum(weight[n] * means[n][0] for n in means) / sum(weight.values())
        for name, some in groups.items():
            off, scatter = means[name][0] - centre, np.std([r["log_z"] for r in some], ddof=1)
            stated = np.median([r["log_z_err"] for r in some])
            seconds = np.median([r["seconds"] for r in some])
            count = np.median([r["evaluations"] for r in some])
            cells = [f"{model}, {error} mag", name, str(len(some)), f"{count:.0f}"]
            cells += [f"{seconds:.2f}", f"{off:+.3f} ± {means[name][1]:.3f}"]
            lines.append([*cells, f"{scatter:.3f}", f"{stated:.3f}"])
    header = ["likelihood", "sampler", "seeds", "evaluations", "CPU s", "ln Z off by"]
    return markdown([*header, "scatter", "stated"], lines)


def _mean(values: list[float]) -> tuple[float, float]:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 1.0
    return float(np.mean(values)), spread / float(np.sqrt(len(values)))


def main() -> None:
    """The command line."""
    there = [n for n in SAMPLERS if n not in NEEDS or importlib.util.find_spec(NEEDS[n])]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--sys-error", nargs="+", type=float, default=list(ERRORS))
    parser.add_argument("--samplers", nargs="+", default=there, choices=there)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("samplers.jsonl"))
    parser.add_argument("--table", action="store_true", help="only print what there is")
    given = parser.parse_args()
    if not given.table:
        run_all(given)
    print(table(given.out))


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(Path(__file__).parent.parent / "validation"))
    main()
