"""How much faster than NMMA? Whole fits, from shell prompt to result, by both.

    python benchmarks/nmma.py --nmma-python NMMA/bin/python [--models Me2017 ...] [--table]

NMMA's own ``lightcurve-analysis`` with dynesty and `nmma-fit` get the same simulated light curve
(``validation/timing.py``), priors, systematic error and live points, and one core. Each run is a
line of ``--out``; a call that was interrupted goes on with what is missing. NMMA runs once, and
three times where that took less than five minutes. A run that reaches ``--limit`` is a lower bound.

The afterglow takes NMMA many hours: its time is estimated, from 500 calls of its likelihood over
draws of the posterior, times the evaluations that the same dynesty needs on the same likelihood
with the afterglow's stand-in in place of afterglowpy.

What differs from NMMA as installed is in ``validation/inside_nmma.py``. Its times are extended to
those the timeshift's prior reaches (``--em-tmin``, ``--em-tmax``): otherwise it does not start.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "validation"))

import nmma_process  # noqa: E402
import records  # noqa: E402
from nmma_fits import (  # noqa: E402
    SYS_ERROR,
    TRIGGER,
    Record,
    fit_by_nmma,
    fit_by_us,
    nmma_arguments,
    prepare,
)

CHEAP = ("Piro2021", "nugent-hyper", "Me2017")
COSTLY = "TrPi2018"
CALLS, CHUNK = 500, 25  # in all, and of a line
SHORT_SECONDS = 300.0
TIMED, SAMPLED = "calls of NMMA", "dynesty on the stand-in"


def time_calls(python: str, posterior: list[Record], number: int, given: Namespace) -> Record:
    """Processor seconds of NMMA's likelihood at a chunk of the afterglow's posterior."""
    step = max(len(posterior) // CALLS, 1)
    chosen = posterior[::step][number * CHUNK : (number + 1) * CHUNK]
    points = [
        {name.replace("wing_ratio", "alphaWing"): value for name, value in point.items()}
        for point in [chosen[0], *chosen]  # the first call also sets up
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(COSTLY, folder)
        arguments = nmma_arguments(COSTLY, 1, given.nlive)
        for file in ("curve.dat", "priors"):
            arguments[arguments.index(file)] = str(folder / file)
        arguments[arguments.index("out")] = str(folder / "out")
        wavelengths = json.loads((folder / "wavelengths.json").read_text())
        task = {"wavelengths": wavelengths, "arguments": arguments, "points": points}
        answer = nmma_process.ask(python, "likelihood", task, given.limit)
    possible = sum(value > -1e300 for value in answer["log_likelihood"][1:])
    return {"calls": answer["seconds"][1:], "possible": possible}


def evaluations_on_stand_in(seed: int, nlive: int) -> Record:
    """Evaluations that dynesty, as bilby and NMMA set it, needs with the afterglow's stand-in."""
    import bilby
    import numpy as np
    from timing import light_curve

    from nmma_fitter import models
    from nmma_fitter.candidates.window import days
    from nmma_fitter.fit_settings import FitSettings
    from nmma_fitter.inference.likelihood import Likelihood
    from nmma_fitter.inference.prior_files import load_priors
    from nmma_fitter.models.observed import Prediction

    curve = light_curve(COSTLY)
    settings = FitSettings(trigger=TRIGGER, sys_error=SYS_ERROR)
    stand_in = models.get(COSTLY).proxy()
    if stand_in is None:
        sys.exit(f"{COSTLY} has no stand-in")
    predict = Prediction(stand_in, days(curve, TRIGGER), curve.band.tolist())
    ours = Likelihood(curve, TRIGGER, settings, predict)

    class OnePoint(bilby.Likelihood):  # type: ignore[misc]
        def log_likelihood(self, parameters: dict[str, float]) -> float:
            point = {name: np.array([value]) for name, value in parameters.items()}
            found = float(ours.evaluate(point)[0])
            return found if np.isfinite(found) else float(np.nan_to_num(-np.inf))

    priors = load_priors(ROOT / "config" / "priors" / f"{COSTLY}.prior")
    bilby.core.utils.random.seed(seed)  # run_sampler's own seed does not reach dynesty
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
        result = bilby.run_sampler(
            OnePoint(),
            priors,
            sampler="dynesty",
            nlive=nlive,
            print_progress=False,
            outdir=folder,
            label="stand-in",
            save=False,
            check_point_plot=False,
        )
    return {
        "evaluations": int(result.num_likelihood_evaluations),
        "log_z": float(result.log_evidence),
        "log_z_err": float(result.log_evidence_err),
        "cpu": time.process_time() - began,
    }


def missing(found: Iterable[Record], model: str, engine: str, runs: int) -> list[int]:
    """Numbers of the runs still to be made: NMMA's second and third only where it is quick."""
    have = {one["run"]: one for one in found if one["model"] == model and one["engine"] == engine}
    slow = [one for one in have.values() if not one.get("ended") or one["seconds"] > SHORT_SECONDS]
    if engine == "nmma" and slow:
        return []
    numbers = [number for number in range(runs) if number not in have]
    return numbers[:1] if engine == "nmma" else numbers


def run_cheap(given: Namespace, python: str, model: str) -> None:
    """Make the runs of a cheap model that are missing."""
    while numbers := missing(records.read(given.out), model, "ours", given.runs):
        record, _ = fit_by_us(model, numbers[0], 1, given.limit)
        _append(given, record, model, "ours", numbers[0])
    while numbers := missing(records.read(given.out), model, "nmma", given.nmma_runs):
        record = fit_by_nmma(python, model, numbers[0], given.nlive, given.limit)
        _append(given, record, model, "nmma", numbers[0])


def run_costly(given: Namespace, python: str) -> None:
    """Make what is missing of the afterglow: our fits, and what NMMA's time is estimated from."""
    have = {one["engine"] for one in records.read(given.out) if one["model"] == COSTLY}
    if SAMPLED not in have:
        _append(given, evaluations_on_stand_in(1, given.nlive), COSTLY, SAMPLED, 0)
    posterior: list[Record] = []
    for number in missing(records.read(given.out), COSTLY, "ours", given.runs):
        record, posterior = fit_by_us(COSTLY, number, given.cores, given.limit)
        _append(given, record, COSTLY, "ours", number)
    chunks = missing(records.read(given.out), COSTLY, TIMED, given.calls // CHUNK)
    if chunks and not posterior:
        posterior = fit_by_us(COSTLY, 0, given.cores, given.limit)[1]
    for number in chunks:
        _append(given, time_calls(python, posterior, number, given), COSTLY, TIMED, number)


def _append(given: Namespace, record: Record, model: str, engine: str, number: int) -> None:
    records.append(given.out, {"model": model, "engine": engine, "run": number, **record})
    print(f"{model}, {engine}, run {number}: {_brief(record)}", flush=True)


def _brief(record: Record) -> str:
    keys = ("seconds", "cpu", "evaluations", "log_z")
    return ", ".join(f"{key} {record[key]:.4g}" for key in keys if key in record)


def table(found: list[Record]) -> str:
    """Seconds, evaluations and ratios, in Markdown."""
    header = ["model", "NMMA, s", "CPU s", "evaluations", "ln Z"]
    header += ["nmma-fit, s", "CPU s", "evaluations", "ln Z", "ratio", "of CPU"]
    rows = [row for model in (*CHEAP, COSTLY) if (row := _row(model, found))]
    return records.markdown(header, rows)


def _row(model: str, found: list[Record]) -> list[str] | None:
    of_model = [one for one in found if one["model"] == model]
    ours = [one for one in of_model if one["engine"] == "ours"]
    theirs = estimate(of_model) if model == COSTLY else _middle(of_model, "nmma")
    if not ours or theirs is None:
        return None
    own = _middle(of_model, "ours")
    assert own is not None
    more = "" if theirs["ended"] else "> "
    label = f" (estimate, {theirs['runs']} calls)" if model == COSTLY else f" ({theirs['runs']})"
    left = [f"{more}{theirs['seconds']:.0f}{label}", f"{more}{theirs['cpu']:.0f}"]
    cores = f", {own['cores']} cores" if own["cores"] > 1 else ""
    right = [f"{own['seconds']:.1f} ({own['runs']}{cores})", f"{own['cpu']:.1f}"]
    ratios = [f"{more}{theirs[key] / own[key]:.0f}" for key in ("seconds", "cpu")]
    return [model, *left, *_found(theirs), *right, *_found(own), *ratios]


def _found(record: Record) -> list[str]:
    if "log_z" not in record:
        return ["", ""]
    return [str(record["evaluations"]), f"{record['log_z']:.2f} ± {record['log_z_err']:.2f}"]


def _middle(found: list[Record], engine: str) -> Record | None:
    """Medians over the runs of an engine."""
    runs = [one for one in found if one["engine"] == engine]
    if not runs:
        return None
    middle: Record = {
        key: statistics.median([one[key] for one in runs]) for key in ("seconds", "cpu")
    }
    middle |= {"runs": len(runs), "ended": all(one["ended"] for one in runs)}
    middle["cores"] = runs[0].get("cores", 1)
    if middle["ended"]:
        middle["evaluations"] = round(statistics.median(one["evaluations"] for one in runs))
        middle |= {key: runs[0][key] for key in ("log_z", "log_z_err")}
    return middle


def estimate(found: list[Record]) -> Record | None:
    """Seconds that NMMA would take: its mean call times dynesty's evaluations."""
    calls = [second for one in found if one["engine"] == TIMED for second in one["calls"]]
    sampled = next((one for one in found if one["engine"] == SAMPLED), None)
    if not calls or sampled is None:
        return None
    seconds = statistics.fmean(calls) * sampled["evaluations"]
    return {**sampled, "seconds": seconds, "cpu": seconds, "ended": True, "runs": len(calls)}


def main() -> int:
    """Parse the command line and run."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    nmma_process.add_option(parser)
    choices = (*CHEAP, COSTLY)
    parser.add_argument("--models", nargs="+", default=list(choices), choices=choices)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "out" / "nmma.jsonl")
    parser.add_argument("--runs", type=int, default=3, help="of ours")
    parser.add_argument("--nmma-runs", type=int, default=3, help="of NMMA's, where it is quick")
    parser.add_argument("--calls", type=int, default=CALLS, help="of NMMA's afterglow")
    parser.add_argument("--nlive", type=int, default=400, help="of NMMA; ours is 400 as shipped")
    parser.add_argument("--cores", type=int, default=2, help="of our fit of the afterglow")
    parser.add_argument("--limit", type=float, default=6 * 3600.0, help="seconds of each run")
    parser.add_argument("--table", action="store_true", help="only print the table of --out")
    given = parser.parse_args()
    python = nmma_process.interpreter(given.nmma_python)
    if python is None and not given.table:
        print(f"Not compared with NMMA. {nmma_process.HOW_TO_INSTALL}")
        return 0
    given.out.parent.mkdir(parents=True, exist_ok=True)
    for model in () if given.table or python is None else given.models:
        if model == COSTLY:
            run_costly(given, python)
        else:
            run_cheap(given, python, model)
    print(table(records.read(given.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
