"""Make the demonstration's light curves: one object of each kind, as the survey writes them.

    python validation/make_demo.py

The same command gives the same files. Each object's noise is the likelihood's own (see
`nmma_fitter.simulate`), and its truth is chosen so that its kind can be told from the others.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nmma_fitter import models
from nmma_fitter.candidates.lightcurve import LightCurve, detections
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.simulate import simulate, ztf_cadence

JD_OF_MJD_ZERO = 2400000.5
NIGHT = "2460000-2460007"
FIRST, LAST = 2459992.7, 2460006.9  # JD of the first and last exposure, local night
DAY_ZERO = 2460000.0 - JD_OF_MJD_ZERO
SYSTEMATIC = 0.05  # mag, scatter beyond the photometric errors
SEED = 7
DEMO = Path(__file__).parents[1] / "config" / "demo"


@dataclass(frozen=True)
class Sample:
    """One object of the demonstration; times are days from JD 2460000."""

    name: str
    seed: int
    model: str
    truth: dict[str, float]
    options: dict[str, str] = field(default_factory=dict)
    note: str = ""  # of what its light curve cannot tell


SAMPLES = (
    Sample(
        "SIM26kilonova",
        0,
        "Me2017",
        {
            "log10_mej": -1.2,
            "log10_vej": -0.7,
            "beta": 3.0,
            "log10_kappa_r": 0.3,
            "luminosity_distance": 30.0,
            "timeshift": -0.4,
            "Ebv": 0.05,
        },
    ),
    Sample(
        "SIM26shock",
        1,
        "Piro2021",
        {
            "log10_Menv": -1.3,
            "log10_Renv": 13.2,
            "log10_Ee": 50.0,
            "luminosity_distance": 80.0,
            "timeshift": -0.3,
            "Ebv": 0.05,
        },
    ),
    Sample(
        "SIM26afterglow",
        2,
        "TrPi2018",
        {
            "inclination_EM": 0.02,
            "log10_E0": 53.0,
            "thetaCore": 0.15,
            "log10_n0": -0.5,
            "p": 2.3,
            "log10_epsilon_e": -1.0,
            "log10_epsilon_B": -2.5,
            "luminosity_distance": 1500.0,
            "timeshift": 0.6,
            "Ebv": 0.05,
        },
        {"jet": "tophat"},
        "Distance and viewing angle are open: a weaker, nearer jet fits as well, and of jets "
        "that point anywhere few point at us so exactly.",
    ),
    Sample(
        "SIM26supernova",
        5,  # with 3 or 4 the noise is such that the afterglow takes far longer to sample
        "Arnett1982",
        {
            "log10_mni": -0.7,
            "log10_mej": 0.4,
            "log10_vph": 4.0,
            "temperature_floor": 5000.0,
            "luminosity_distance": 150.0,
            "timeshift": -6.0,
            "Ebv": 0.1,
        },
    ),
)


def light_curve(sample: Sample) -> LightCurve:
    """Simulate one object."""
    rng = np.random.default_rng([SEED, sample.seed])
    cadence = ztf_cadence(rng, FIRST - JD_OF_MJD_ZERO, LAST - JD_OF_MJD_ZERO)
    settings = FitSettings(trigger=DAY_ZERO, sys_error=SYSTEMATIC)
    model = models.get(sample.model, **sample.options)
    return simulate(model, sample.truth, cadence, settings, rng, DAY_ZERO, name=sample.name)


def survey_csv(lightcurve: LightCurve) -> str:
    """A light curve as the survey's machine delivers it: 99 where nothing was detected."""
    lines = [",jd,mag,mag_unc,filter,limmag,programid"]
    for row in range(len(lightcurve)):
        seen = bool(lightcurve.detected[row])
        mag, error = (lightcurve.mag[row], lightcurve.mag_err[row]) if seen else (99.0, 99.0)
        band = str(lightcurve.band[row]).removeprefix("ztf")
        jd = lightcurve.mjd[row] + JD_OF_MJD_ZERO
        lines.append(f"{row},{jd:.7f},{mag:.4f},{error:.4f},{band},{lightcurve.limit[row]:.4f},2.0")
    return "\n".join(lines) + "\n"


def make(folder: Path) -> None:
    """Write the night's files and the truth."""
    night = folder / "candidates" / NIGHT
    night.mkdir(parents=True, exist_ok=True)
    truth: dict[str, dict[str, object]] = {}
    for sample in SAMPLES:
        truth[sample.name] = {
            "model": sample.model,
            "model_options": sample.options,
            "parameters": sample.truth,
            "explosion_jd": round(2460000.0 + sample.truth["timeshift"], 4),
        }
        if sample.note:
            truth[sample.name]["note"] = sample.note
        lightcurve = light_curve(sample)
        path = night / f"lc_{sample.name}_forced1_stacked0.csv"
        path.write_text(survey_csv(lightcurve), encoding="utf-8")
        faintest = max(lightcurve.mag[lightcurve.detected], default=math.nan)
        print(f"{path.name}: {detections(lightcurve)} detections to {faintest:.1f}")
    note = "timeshift is in days from JD 2460000; day zero of a fit is the first detection"
    content = {"note": note, "objects": truth}
    (folder / "truth.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEMO, help=f"[{DEMO}]")
    make(parser.parse_args().out)


if __name__ == "__main__":
    main()
