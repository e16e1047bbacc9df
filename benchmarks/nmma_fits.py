"""Whole fits of one simulated light curve by NMMA and by `nmma-fit`, timed from outside."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "validation"))

import nmma_process  # noqa: E402
import records  # noqa: E402

TRIGGER = 60000.0
SYS_ERROR = 1.0
TIMES = {  # days: NMMA refuses priors by which its grid may not cover the data
    "Me2017": ["--em-tmin", "0.005", "--em-tmax", "15"],
    "Piro2021": ["--em-tmin", "0.005", "--em-tmax", "15"],
}
Record = records.Record


def prepare(model: str, folder: Path) -> None:
    """Write the light curve in both formats, the priors and the wavelengths."""
    from timing import light_curve, write_csv

    from nmma_fitter.bands import wavelength

    curve = light_curve(model)
    write_csv(curve, folder / "curve.csv")
    columns = (curve.band, curve.detected, curve.mag, curve.mag_err, curve.limit)
    rows = zip(curve.mjd, *columns, strict=True)
    lines = [
        f"{mjd:.8f} {band} {mag if seen else limit:.6f} {error if seen else float('inf'):.6f}"
        for mjd, band, seen, mag, error, limit in rows
    ]
    (folder / "curve.dat").write_text("\n".join(lines) + "\n")
    (folder / "priors").write_text(nmma_priors(model))
    used = {str(band): wavelength(str(band)) for band in curve.band}
    (folder / "wavelengths.json").write_text(json.dumps(used))


def nmma_priors(model: str) -> str:
    """The shipped priors, with NMMA's name for the ratio of wings to core."""
    text = (ROOT / "config" / "priors" / f"{model}.prior").read_text(encoding="utf-8")
    return text.replace("wing_ratio", "alphaWing")


def nmma_arguments(model: str, seed: int, nlive: int) -> list[str]:
    """Options of NMMA's ``lightcurve-analysis``, for files in the current folder."""
    words = ["--em-model", model, "--light-curve-data", "curve.dat", "--prior", "priors"]
    words += ["--trigger-time", str(TRIGGER), "--time-format", "mjd"]
    words += ["--em-error-budget", str(SYS_ERROR), "--sampler", "dynesty", "--nlive", str(nlive)]
    words += ["--sampling-seed", str(seed), "--outdir", "out", "--label", "fit", "--plot"]
    return words + TIMES.get(model, [])


def timed(words: list[str], folder: Path, limit: float) -> Record:
    """Run a command; its wall and processor time, and whether it reached the limit."""
    load = os.getloadavg()[0]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    try:
        nmma_process.run_quietly(words, folder, limit)
        ended = True
    except subprocess.TimeoutExpired:
        ended = False
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu": cpu, "ended": ended, "load": load}


def fit_by_nmma(python: str, model: str, number: int, nlive: int, limit: float) -> Record:
    """One fit by NMMA with dynesty."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(model, folder)
        arguments = nmma_arguments(model, number, nlive)
        words = nmma_process.command(python, "analysis", "wavelengths.json", *arguments)
        record = timed(words, folder, limit)
        if record["ended"]:
            result = json.loads((folder / "out" / "fit_result.json").read_text())
            record |= _summary(result)
            record["plots"] = sorted(path.name for path in (folder / "out").glob("*.png"))
    return record


def fit_by_us(model: str, number: int, cores: int, limit: float) -> tuple[Record, list[Record]]:
    """One fit by `nmma-fit`, and its posterior's points."""
    program = Path(sys.executable).with_name("nmma-fit")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(model, folder)
        words = [str(program), "curve.csv", "--model", model, "--cores", str(cores)]
        words += ["--trigger-time", str(TRIGGER), "--sys-error", str(SYS_ERROR)]
        words += ["--outdir", "out", "--seed", str(number), "--object", "bench"]
        record = timed(words, folder, limit)
        where = folder / "out" / "bench" / model
        result = json.loads((where / f"{model}_result.json").read_text())
        record |= _summary(result) | {"cores": cores}
        record["plots"] = sorted(path.name for path in where.glob("*.png"))
        return record, _posterior(where / "posterior_samples.dat")


def _summary(result: Record) -> Record:
    return {
        "evaluations": int(result["num_likelihood_evaluations"]),
        "log_z": float(result["log_evidence"]),
        "log_z_err": float(result["log_evidence_err"]),
    }


def _posterior(path: Path) -> list[Record]:
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    names = header.lstrip("# ").split()
    return [dict(zip(names, map(float, line.split()), strict=True)) for line in lines]
