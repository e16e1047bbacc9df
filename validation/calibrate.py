"""Is the posterior what it says? Simulation-based calibration, with controls that must fail.

For each index a truth is drawn from the calibration prior (``calibration/<model>.prior``, inside
the shipped one), a ZTF-like light curve is simulated with the likelihood's own noise, and fitted
with the same prior and the product's own sampler. Every draw is kept, also one without
detections. The rank of the truth among the posterior's samples must then be uniform, for each
parameter (Talts et al. 2018, arXiv:1804.06788) and for the log likelihood, which also finds a
posterior that did not look at the data (Modrák et al. 2023, Bayesian Anal. 20, 461).

    python validation/calibrate.py --models Piro2021 --count 200 --sys 1.0 0.1 --seeds 31 32
    python validation/calibrate.py --controls --sys 0.1 --seeds 31 ...
    python validation/calibrate.py --summary [--figure docs/images/calibration.png]

Stopped and started again it goes on: one line is written per fit, and the random numbers of an
index follow from (seed, model, index) alone.
"""

from __future__ import annotations

import argparse
import hashlib
import signal
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import records
from numpy.typing import NDArray
from ranks import LOG_L, figure, summary
from rich.progress import Progress

from nmma_fitter import models
from nmma_fitter.candidates.lightcurve import LightCurve, detections
from nmma_fitter.candidates.window import days
from nmma_fitter.errors import NotConverged
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.inference.alignment import alignment_of
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import sampled_keys, transform
from nmma_fitter.inference.sampled import SamplerResult, SamplerSettings
from nmma_fitter.inference.sampler import run_importance, run_sampler
from nmma_fitter.models import Model
from nmma_fitter.models.observed import Prediction
from nmma_fitter.nmma_fit import stand_in_of
from nmma_fitter.simulate import Errors, simulate, ztf_cadence

FloatArray = NDArray[np.float64]

FORMULAS = ("Me2017", "Piro2021", "TrPi2018", "nugent-hyper")  # these need nothing fetched
TRIGGER = 60000.0  # MJD
CALIBRATION = Path(__file__).parent / "calibration"
# Days around the trigger and between visits. afterglowpy takes 0.7 ms per exposure and
# evaluation, the other models next to nothing.
CADENCES = {"TrPi2018": (-4.5, 11.5, 2.0)}
CADENCE = (-10.0, 14.0, 1.0)
CONTROLS = ("sigma halved", "timeshift flipped", "prior for posterior")


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
    control: str
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

    @property
    def file(self) -> str:
        """Name of the file its line goes to."""
        control = f"_{self.control.replace(' ', '-')}" if self.control else ""
        return f"calibrate_{self.model}_{self.sys_error:g}_{self.seed}{control}.jsonl"


def draw(trial: Trial) -> tuple[dict[str, float], LightCurve]:
    """Truth and simulated light curve of a trial."""
    rng = trial.rng(0)
    priors = load_priors(trial.prior_text)
    cube = rng.random((1, len(sampled_keys(priors))))
    truth = {key: float(value[0]) for key, value in transform(priors, cube).items()}
    first, last, every = CADENCES.get(trial.model, CADENCE)
    cadence = ztf_cadence(rng, TRIGGER + first, TRIGGER + last, every=every)
    settings = FitSettings(trigger=TRIGGER, sys_error=trial.sys_error)
    model = models.get(trial.model)
    curve = simulate(model, truth, cadence, settings, rng, TRIGGER, errors=trial.errors)
    return truth, curve


def likelihood_of(trial: Trial, lightcurve: LightCurve, model: Model) -> Likelihood:
    """The likelihood that is fitted, which a control makes a wrong one."""
    sys_error = trial.sys_error
    if trial.control == "sigma halved":
        sys_error, lightcurve = sys_error / 2, replace(lightcurve, mag_err=lightcurve.mag_err / 2)
    settings = FitSettings(trigger=TRIGGER, sys_error=sys_error)
    prediction = Prediction(model, days(lightcurve, TRIGGER), lightcurve.band.tolist())
    its_own = model.model_error
    if trial.control == "timeshift flipped":
        return Likelihood(lightcurve, TRIGGER, settings, lambda p: prediction(_flipped(p)), its_own)
    return Likelihood(lightcurve, TRIGGER, settings, prediction, its_own)


def _flipped(parameters: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    return {**parameters, "timeshift": -parameters["timeshift"]}


def fit(trial: Trial) -> records.Record:
    """One trial's line: truth, and where it is in the posterior."""
    truth, lightcurve = draw(trial)
    record = {
        "index": trial.index,
        "identity": trial.identity(),
        "truth": truth,
        "detections": detections(lightcurve),
        "limits": len(lightcurve) - detections(lightcurve),
    }
    model = models.get(trial.model)
    likelihood = likelihood_of(trial, lightcurve, model)
    proxy = model.proxy() if not trial.control else None
    cheap = likelihood_of(trial, lightcurve, proxy) if proxy else None
    sampler = SamplerSettings(
        seed=int(trial.rng(1).integers(2**31)), nlive=trial.nlive, n_effective=trial.n_effective
    )
    priors = load_priors(trial.prior_text)
    stand_in = stand_in_of(cheap, likelihood, priors) if cheap else None
    alignment = None if model.costly else alignment_of(likelihood, priors)
    way = run_importance if trial.control else run_sampler  # a wrong posterior is worth no more
    began = time.monotonic()
    try:
        sampled = way(likelihood.evaluate, priors, sampler, stand_in=stand_in, alignment=alignment)
    except NotConverged as error:
        seconds = round(time.monotonic() - began, 1)
        return {**record, "converged": False, "reason": str(error), "seconds": seconds}
    if not np.isfinite(sampled.log_z):  # no point is possible
        seconds = round(sampled.seconds, 1)
        return {**record, "converged": False, "reason": sampled.reason, "seconds": seconds}
    samples, log_l = dict(sampled.samples), sampled.log_l
    if trial.control == "prior for posterior":
        cube = trial.rng(3).random((trial.n_effective, len(sampled.keys)))
        samples = transform(priors, cube)
        log_l = likelihood.log_likelihood(samples)
    samples[LOG_L] = log_l
    at_truth = likelihood.log_likelihood({k: np.array([v]) for k, v in truth.items()})
    return {**record, **_found(trial, {**truth, LOG_L: float(at_truth[0])}, samples, sampled)}


def _found(
    trial: Trial, truth: dict[str, float], samples: dict[str, FloatArray], sampled: SamplerResult
) -> records.Record:
    priors, rng = load_priors(trial.prior_text), trial.rng(2)
    width = {k: float(np.ptp(np.quantile(samples[k], (0.05, 0.95)))) for k in sampled.keys}
    prior = {k: float(np.ptp(priors[k].rescale(np.array([0.05, 0.95])))) for k in width}
    return {
        "rank": {k: _rank(samples[k], truth[k], rng) for k in (*sampled.keys, LOG_L)},
        "width_ratio": {k: width[k] / prior[k] for k in width},
        "log_z": sampled.log_z,
        "log_z_err": sampled.log_z_err,
        "evaluations": sampled.evaluations,
        "seconds": round(sampled.seconds, 1),
        "converged": sampled.converged,
        "method": sampled.method,
        "reason": sampled.reason,
    }


def _rank(samples: FloatArray, truth: float, rng: np.random.Generator) -> float:
    """Rank of the truth between 0 and 1, at random among equals and within its place."""
    below, equal = int(np.sum(samples < truth)), int(np.sum(samples == truth))
    return float((below + rng.integers(equal + 1) + rng.random()) / (len(samples) + 1))


def run(trials: list[Trial], out: Path, processes: int) -> None:
    """Fit what is not in the files yet."""
    out.mkdir(parents=True, exist_ok=True)
    left = [t for t in trials if t.index not in _known(out / t.file, t)]
    with (
        Progress() as progress,
        ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
    ):
        task = progress.add_task(f"{len(trials) - len(left)} there", total=len(left))
        waiting = {pool.submit(fit, trial): trial for trial in left}
        try:
            for done in as_completed(waiting):
                records.append(out / waiting[done].file, done.result())
                progress.advance(task)
        except BaseException:  # or else all that wait would be fitted before it is shown
            pool.shutdown(wait=False, cancel_futures=True)
            raise


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


def look(trials: list[Trial]) -> None:
    """Print what would be fitted: how many detections each draw has."""
    counts = [detections(draw(trial)[1]) for trial in trials]
    share = np.mean(np.array(counts) >= 2)
    print(f"{trials[0].file}: {share:.0%} of the draws have two detections or more")


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=models.names(), default=FORMULAS)
    parser.add_argument("--count", type=int, default=200, help="indices 0 to COUNT - 1 [200]")
    parser.add_argument("--out", type=Path, default=Path("validation/out"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[31, 32])
    parser.add_argument("--nlive", type=int, default=400)
    parser.add_argument("--n-effective", type=int, default=1000)
    parser.add_argument("--sys", type=float, nargs="+", default=[1.0, 0.1], help="mag [1.0 0.1]")
    parser.add_argument(
        "--controls", nargs="*", choices=CONTROLS, help="what must fail, instead [all three]"
    )
    parser.add_argument(
        "--errors",
        choices=("exposure", "source"),
        default="exposure",
        help="photometric errors: as the likelihood has them, or as a survey's [exposure]",
    )
    parser.add_argument("--processes", type=int, default=1, help="fits at once [1]")
    parser.add_argument("--look", action="store_true", help="only count the draws' detections")
    parser.add_argument("--summary", action="store_true", help="only print what there is")
    parser.add_argument("--figure", type=Path, help="draw what there is")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no worker is left behind
    controls = ("",) if given.controls is None else tuple(given.controls) or CONTROLS
    for model in () if given.summary or given.figure else given.models:
        prior = (CALIBRATION / f"{model}.prior").read_text(encoding="utf-8")
        for seed in given.seeds:
            for sys_error in given.sys:
                for control in controls:
                    trials = [
                        Trial(
                            *(model, index, seed, given.nlive, given.n_effective, sys_error),
                            *(given.errors, control, prior),
                        )
                        for index in range(given.count)
                    ]
                    if given.look:
                        look(trials)
                    else:
                        print(trials[0].file, flush=True)
                        run(trials, given.out, given.processes)
    if given.figure:
        figure(given.out, given.figure)
    text, good = summary(given.out)
    print(text)
    return 0 if good or given.look else 1


if __name__ == "__main__":
    sys.exit(main())
