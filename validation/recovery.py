"""Does the posterior hold the truth as often as it says? Simulate, fit, count.

For each index a truth is drawn from the calibration prior (``calibration/<model>.prior``, inside
the shipped one), a ZTF-like light curve is simulated with the likelihood's own noise, and fitted
with the same prior. Every draw is kept, also one without detections. The 90 % intervals must then
hold 90 % of the truths, within the binomial's 99 % range.

    python validation/recovery.py --model Piro2021 --count 20 --out validation/out --processes 2
    python validation/recovery.py --summary validation/out

Stopped and started again it goes on: one line is written per fit, and the random numbers of an
index follow from (seed, model, index) alone.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import records
from scipy.stats import binom

from nmma_fitter import models
from nmma_fitter.candidates.lightcurve import LightCurve, detections
from nmma_fitter.candidates.window import days
from nmma_fitter.config import FitSettings
from nmma_fitter.errors import NotConverged
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.inference.priors import load_priors, sampled_keys, transform
from nmma_fitter.inference.sampled import SamplerResult, SamplerSettings
from nmma_fitter.inference.sampler import run_sampler
from nmma_fitter.models import Prediction
from nmma_fitter.simulate import Errors, simulate, ztf_cadence

TRIGGER = 60000.0  # MJD
CALIBRATION = Path(__file__).parent / "calibration"
# Days around the trigger and between visits. afterglowpy takes 0.7 ms per exposure and
# evaluation, the other models next to nothing.
CADENCES = {"TrPi2018": (-4.5, 11.5, 2.0)}
CADENCE = (-10.0, 14.0, 1.0)
LEVELS = (0.05, 0.5, 0.95)
NARROW = 0.5  # posterior width over prior width below which the data say much


@dataclass(frozen=True)
class Trial:
    """What decides one simulated fit."""

    model: str
    index: int
    seed: int
    nlive: int
    n_effective: int
    sys_error: float
    errors: Errors
    prior_text: str  # read once: an edit during a run must not mix two priors in one file

    def rng(self, purpose: int) -> np.random.Generator:
        """Random numbers of this index for one purpose, whatever ran before."""
        name = int(hashlib.sha256(self.model.encode()).hexdigest()[:8], 16)
        return np.random.default_rng([self.seed, name, self.index, purpose])

    def identity(self) -> records.Record:
        """What must be equal for two results to be counted together."""
        same = {k: v for k, v in asdict(self).items() if k not in ("index", "prior_text")}
        digest = hashlib.sha256(self.prior_text.encode()).hexdigest()[:12]
        return {**same, "prior": digest, "physics": models.MODELS[self.model].physics}


def draw(trial: Trial) -> tuple[dict[str, float], LightCurve, FitSettings]:
    """Truth and simulated light curve of a trial."""
    rng = trial.rng(0)
    priors = load_priors(trial.prior_text)
    cube = rng.random((1, len(sampled_keys(priors))))
    truth = {key: float(value[0]) for key, value in transform(priors, cube).items()}
    first, last, every = CADENCES.get(trial.model, CADENCE)
    cadence = ztf_cadence(rng, TRIGGER + first, TRIGGER + last, every=every)
    settings = FitSettings(trigger=TRIGGER, sys_error=trial.sys_error)
    model = models.get(trial.model)
    return (
        truth,
        simulate(model, truth, cadence, settings, rng, TRIGGER, errors=trial.errors),
        settings,
    )


def fit(trial: Trial) -> records.Record:
    """One trial's line: truth, posterior, and whether the one is in the other."""
    truth, lightcurve, settings = draw(trial)
    record = {
        "index": trial.index,
        "identity": trial.identity(),
        "truth": truth,
        "detections": detections(lightcurve),
        "limits": len(lightcurve) - detections(lightcurve),
    }
    prediction = Prediction(
        models.get(trial.model), days(lightcurve, TRIGGER), lightcurve.band.tolist()
    )
    likelihood = Likelihood(lightcurve, TRIGGER, settings, prediction)
    sampler = SamplerSettings(
        seed=int(trial.rng(1).integers(2**31)), nlive=trial.nlive, n_effective=trial.n_effective
    )
    began = time.monotonic()
    try:
        sampled = run_sampler(likelihood.evaluate, load_priors(trial.prior_text), sampler)
    except NotConverged as error:
        seconds = round(time.monotonic() - began, 1)
        return {**record, "converged": False, "reason": str(error), "seconds": seconds}
    return {**record, **_found(trial, truth, sampled)}


def _found(trial: Trial, truth: dict[str, float], sampled: SamplerResult) -> records.Record:
    priors = load_priors(trial.prior_text)
    quantiles = {k: np.quantile(sampled.samples[k], LEVELS).tolist() for k in sampled.keys}
    prior_width = {k: float(np.ptp(priors[k].rescale(np.array([0.05, 0.95])))) for k in quantiles}
    return {
        "quantiles": quantiles,
        "inside": {k: bool(q[0] <= truth[k] <= q[2]) for k, q in quantiles.items()},
        "rank": {k: float(np.mean(sampled.samples[k] < truth[k])) for k in quantiles},
        "width_ratio": {k: (q[2] - q[0]) / prior_width[k] for k, q in quantiles.items()},
        "log_z": sampled.log_z,
        "log_z_err": sampled.log_z_err,
        "evaluations": sampled.evaluations,
        "seconds": round(sampled.seconds, 1),
        "converged": sampled.converged,
        "reason": sampled.reason,
    }


def run(trials: list[Trial], path: Path, processes: int) -> None:
    """Fit what is not in the file yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = _known(path, trials[0])
    left = [trial for trial in trials if trial.index not in known]
    print(f"{path}: {len(known)} fits there, {len(left)} to do")
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(fit, trial) for trial in left]):
            record = done.result()
            records.append(path, record)
            print(_line(record), flush=True)


def _known(path: Path, trial: Trial) -> set[int]:
    """Indices in the file, which must be of the same settings."""
    found = records.read(path)
    for record in found:
        if record["identity"] != trial.identity():
            sys.exit(
                f"{path}: holds fits of other settings ({record['identity']}); "
                "give another --out, or remove the file"
            )
    return {record["index"] for record in found}


def _line(record: records.Record) -> str:
    start = f"{record['identity']['model']} {record['index']}: {record['detections']} detections"
    if "inside" not in record:
        return f"{start}, {record['seconds']:.0f} s, not converged: {record['reason']}"
    outside = [key for key, inside in record["inside"].items() if not inside]
    return (
        f"{start}, {record['seconds']:.0f} s, {record['evaluations']} evaluations, "
        f"ln Z {record['log_z']:.2f}, outside 90 %: {', '.join(outside) or 'none'}"
    )


def summary(folder: Path) -> tuple[str, bool]:
    """Tables in Markdown, and whether all is as it should be."""
    parts, good = [], True
    for path in sorted(folder.glob("recovery_*.jsonl")):
        text, passed = _summary_of(path.stem.removeprefix("recovery_"), records.read(path))
        parts.append(text)
        good &= passed
    return "\n\n".join(parts) or f"{folder}: no recovery_<model>.jsonl there", good and bool(parts)


def _summary_of(model: str, found: list[records.Record]) -> tuple[str, bool]:
    if any(record["identity"] != found[0]["identity"] for record in found):
        return f"### {model}\n\nholds fits of different settings: not summed up", False
    fitted = [record for record in found if record["converged"]]
    seen = sum(record["detections"] >= 2 for record in found)
    keys = list(fitted[0]["inside"]) if fitted else []
    low, high = binom.interval(0.99, len(fitted), 0.9)
    rows, good = [], len(fitted) == len(found) > 0
    narrow = []
    for key in keys:
        inside = sum(record["inside"][key] for record in fitted)
        ratio = float(np.median([record["width_ratio"][key] for record in fitted]))
        passed = bool(low <= inside <= high)
        good &= passed
        narrow += [key] if ratio < NARROW else []
        rows.append(
            [
                f"`{key}`",
                f"{inside} of {len(fitted)}",
                f"{low:.0f} to {high:.0f}",
                "pass" if passed else "**fail**",
                f"{ratio:.2f}",
            ]
        )
    header = ["parameter", "inside 90 %", "99 % range", "", "posterior / prior width"]
    seconds = np.median([record["seconds"] for record in found]) if found else 0
    good &= len(narrow) >= 2 and 2 * seen > len(found)
    return "\n".join(
        [
            f"### {model}",
            "",
            f"{len(found)} draws, {seen} with two detections or more; {len(fitted)} converged, "
            f"median {seconds:.0f} s. Much narrower than the prior (ratio < {NARROW}): "
            f"{', '.join(narrow) or 'none'}.",
            "",
            records.markdown(header, rows),
        ]
    ), good


def look(trials: list[Trial]) -> None:
    """Print what would be fitted: how many detections each draw has."""
    counts = [detections(draw(trial)[1]) for trial in trials]
    share = np.mean(np.array(counts) >= 2)
    print(f"{trials[0].model}: {share:.0%} of the draws have two detections or more; {counts}")


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", choices=models.names())
    parser.add_argument("--count", type=int, default=20, help="indices 0 to COUNT - 1 [20]")
    parser.add_argument("--out", type=Path, default=Path("validation/out"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nlive", type=int, default=400)
    parser.add_argument("--n-effective", type=int, default=1000)
    parser.add_argument("--sys", type=float, default=0.1, help="systematic error, mag [0.1]")
    parser.add_argument(
        "--errors",
        choices=("exposure", "source"),
        default="exposure",
        help="photometric errors: as the likelihood has them, or as a survey's [exposure]",
    )
    parser.add_argument("--processes", type=int, default=1, help="fits at once [1]")
    parser.add_argument("--look", action="store_true", help="only count the draws' detections")
    parser.add_argument("--summary", type=Path, metavar="DIR", help="print the tables of DIR")
    given = parser.parse_args()
    if given.summary is not None:
        text, good = summary(given.summary)
        print(text)
        return 0 if good else 1
    if given.model is None or given.count < 1:
        parser.error("give --model and a --count of 1 or more, or --summary")
    prior = (CALIBRATION / f"{given.model}.prior").read_text(encoding="utf-8")
    trials = [
        Trial(
            *(given.model, index, given.seed, given.nlive, given.n_effective),
            *(given.sys, given.errors, prior),
        )
        for index in range(given.count)
    ]
    if given.look:
        look(trials)
    else:
        run(trials, given.out / f"recovery_{given.model}.jsonl", given.processes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
