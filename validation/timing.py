"""Time whole fits, from shell prompt to the published result, on a light curve of 15 detections.

``python validation/timing.py --models Me2017 Piro2021 --cores 1 --runs 3`` simulates one light
curve per model, runs ``nmma-fit`` on it with the shipped settings, and prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from records import markdown

from nmma_fitter import models
from nmma_fitter.candidates.lightcurve import LightCurve, select
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.simulate import simulate, ztf_cadence

TRIGGER = 60000.0
DETECTIONS = 15
COMMON = {"luminosity_distance": 40.0, "timeshift": -0.5, "Ebv": 0.05}
TRUTHS = {
    "Me2017": {"log10_mej": -1.3, "log10_vej": -1.0, "beta": 3.0, "log10_kappa_r": 0.0},
    "Piro2021": {"log10_Menv": -1.0, "log10_Renv": 12.5, "log10_Ee": 49.5},
    "TrPi2018": {
        "inclination_EM": 0.1,
        "log10_E0": 52.0,
        "thetaCore": 0.1,
        "wing_ratio": 3.0,
        "log10_n0": -1.0,
        "p": 2.2,
        "log10_epsilon_e": -1.0,
        "log10_epsilon_B": -2.5,
    },
    "nugent-hyper": {"supernova_mag_boost": 2.0},
}


def light_curve(name: str) -> LightCurve:
    """Simulate a light curve of exactly `DETECTIONS` detections, two visits a night."""
    rng = np.random.default_rng(20)
    cadence = ztf_cadence(rng, TRIGGER, TRIGGER + 14, every=0.5, clear=1.0)
    settings = FitSettings(trigger=TRIGGER, sys_error=0.1)
    curve = simulate(models.get(name), COMMON | TRUTHS[name], cadence, settings, rng, TRIGGER)
    seen = np.cumsum(curve.detected)
    if seen[-1] < DETECTIONS:
        raise SystemExit(f"{name}: only {seen[-1]} detections; make the truth brighter")
    return select(curve, seen <= DETECTIONS)


def write_csv(curve: LightCurve, path: Path) -> None:
    """Write a light curve as the survey does."""
    lines = [",jd,mag,mag_unc,filter,limmag,programid"]
    for i in range(len(curve)):
        seen = curve.detected[i]
        mag, error = (curve.mag[i], curve.mag_err[i]) if seen else (99.0, 99.0)
        band = str(curve.band[i]).removeprefix("ztf")
        jd = curve.mjd[i] + 2400000.5
        lines.append(f"{i},{jd:.7f},{mag:.6f},{error:.6f},{band},{curve.limit[i]:.6f},1.0")
    path.write_text("\n".join(lines) + "\n")


def run(name: str, cores: int, folder: Path, number: int) -> tuple[float, int]:
    """Run one fit; returns wall seconds and likelihood evaluations."""
    source = folder / f"{name}.csv"
    if not source.exists():
        write_csv(light_curve(name), source)
    outdir = folder / str(number)
    program = Path(sys.executable).with_name("nmma-fit")
    command = [str(program), str(source), "--model", name, "--cores", str(cores)]
    command += ["--outdir", str(outdir), "--seed", str(number), "--object", "timing"]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    began = time.monotonic()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, timeout=3600, env=os.environ | threads
    )
    seconds = time.monotonic() - began
    result = json.loads((outdir / "timing" / name / f"{name}_result.json").read_text())
    return seconds, int(result["num_likelihood_evaluations"])


def main() -> None:
    """Time each model and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=list(TRUTHS), choices=list(TRUTHS))
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.models:
            found = [run(name, options.cores, Path(folder), n) for n in range(options.runs)]
            seconds = [one[0] for one in found]
            rows.append(
                [
                    name,
                    str(options.cores),
                    f"{statistics.median(seconds):.1f}",
                    f"{min(seconds):.1f} to {max(seconds):.1f}",
                    f"{statistics.median(one[1] for one in found):.0f}",
                ]
            )
            print(f"{name}: {', '.join(f'{s:.1f} s' for s in seconds)}", flush=True)
    print(markdown(["model", "cores", "median s", "range s", "evaluations"], rows))


if __name__ == "__main__":
    main()
