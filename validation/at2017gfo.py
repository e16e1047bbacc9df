"""Fit the best observed kilonova with every model, over one set of data and errors.

``python validation/at2017gfo.py DATA/formats/AT2017gfo_corrected.dat`` fits AT2017gfo from its
merger (GW170817) at 40 ± 4 Mpc with the systematic errors of ``--sys``, by ``nmma-fit``, and prints
Markdown tables. Fits that are in the output folder are not repeated, and one that was killed goes
on from its checkpoint.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from records import markdown

ROOT = Path(__file__).resolve().parents[1]
PRIORS = ROOT / "config" / "priors"
MERGER = 57982.5285  # MJD of GW170817
DISTANCE = "40±4"  # Mpc
MODELS = ("Me2017", "Bu2019lm", "Bu2025", "Ka2017", "Piro2021", "TrPi2018", "nugent-hyper")
GRIDS = ("Bu2019lm", "Bu2025", "Ka2017")
SHOWN = {
    "Me2017": ("log10_mej", "log10_vej"),
    "Ka2017": ("log10_mej", "log10_vej", "log10_Xlan"),
    "Bu2019lm": ("log10_mej_dyn", "log10_mej_wind", "KNphi", "inclination_EM"),
    "Bu2025": (
        *("log10_mej_dyn", "v_ej_dyn", "Ye_dyn"),
        *("log10_mej_wind", "v_ej_wind", "Ye_wind", "inclination_EM"),
    ),
}


def write_priors(folder: Path, inclination: list[float] | None) -> Path:
    """The shipped priors, but the merger's time is known: timeshift is 0.

    With `inclination`, two angles in degrees, that of the grids lies between them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for model in MODELS:
        lines = (PRIORS / f"{model}.prior").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("timeshift")]
        if inclination and model in GRIDS:
            low, high = np.radians(inclination)
            narrow = f"inclination_EM = Sine(minimum={low:.6f}, maximum={high:.6f})"
            kept = [narrow if line.startswith("inclination") else line for line in kept]
        text = "\n".join([*kept, "timeshift = DeltaFunction(peak=0., name='timeshift')", ""])
        (folder / f"{model}.prior").write_text(text, encoding="utf-8")
    return folder


def fit(
    light_curve: Path,
    models: list[str],
    sys_error: float,
    tmin: float,
    model_error: float | None,
    inclination: list[float] | None,
    folder: Path,
) -> dict[str, Any]:
    """Fit and rank the models; returns the ranking."""
    priors = write_priors(folder / "priors", inclination)
    settings = folder / "fits.toml"
    lines = ["[fits]", f"priors = {json.dumps(str(priors.resolve()))}"]
    for model in GRIDS if model_error is not None else ():
        lines += [f"[fits.model.{model}.settings]"]
        lines += [f"model_options = {{ model_error = {model_error:g} }}"]
    settings.write_text("\n".join([*lines, ""]), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("nmma-fit")), str(light_curve)]
    command += ["--model", *models, "--config", str(settings), "--outdir", str(folder)]
    command += ["--object", "AT2017gfo", "--trigger-time", str(MERGER), "--tmin", f"{tmin:g}"]
    command += ["--distance", DISTANCE, "--sys-error", f"{sys_error:g}"]
    done = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False)
    if done.returncode == 75:
        raise SystemExit("stopped; the same command goes on")
    return dict(json.loads((folder / "AT2017gfo" / "ranking.json").read_text(encoding="utf-8")))


def evidences(ranking: dict[str, Any]) -> str:
    """What the evidence and the best fit of each model say."""
    rows = [
        [
            one["model"],
            f"{one['log_z']:.2f} ± {one['log_z_err']:.2f}",
            f"{one['log_bayes']:.2f}",
            f"{one['rms']:.2f}",
            f"{one['p_value']:.3f}",
            f"{one['outside_validity']:.0%}",
        ]
        for one in ranking["ranked"]
    ]
    rows += [
        [one["model"], f"{one['state']} ({one['reason']})", *4 * [""]] for one in ranking["others"]
    ]
    return markdown(["model", "ln Z", "ln B", "rms, mag", "p-value", "outside validity"], rows)


def posteriors(folder: Path, models: list[str]) -> str:
    """Medians and the central 68 % of what the kilonova models say of the ejecta."""
    rows = []
    for model in models:
        path = folder / model / "posterior_samples.dat"
        if model in SHOWN and path.exists():
            table = np.genfromtxt(path, names=True)
            for name in SHOWN[model]:
                low, median, high = np.quantile(table[name], [0.16, 0.5, 0.84])
                rows.append([model, name, f"{median:.2f}", f"{low:.2f} to {high:.2f}"])
    return markdown(["model", "parameter", "median", "68 %"], rows)


def main() -> None:
    """Fit at each systematic error and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("light_curve", type=Path)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--sys", type=float, nargs="+", default=[1.0, 0.3], help="mag [1.0 0.3]")
    parser.add_argument("--tmin", type=float, default=0.0, help="first day after the merger [0]")
    parser.add_argument("--model-error", type=float, help="of the grids, mag [their own default]")
    parser.add_argument(
        "--inclination", type=float, nargs=2, metavar="DEG", help="of the grids, between these"
    )
    parser.add_argument("--out", type=Path, default=Path("validation/out/at2017gfo"))
    options = parser.parse_args()
    for sys_error in options.sys:
        folder = options.out / f"sys_{sys_error:g}_from_{options.tmin:g}"
        if options.model_error is not None:
            folder = folder.with_name(f"{folder.name}_model_error_{options.model_error:g}")
        if options.inclination:
            between = "_to_".join(f"{angle:g}" for angle in options.inclination)
            folder = folder.with_name(f"{folder.name}_seen_from_{between}")
        data, chosen = options.light_curve, options.models
        how = (sys_error, options.tmin, options.model_error, options.inclination)
        ranking = fit(data, chosen, *how, folder)
        print(f"\nsystematic error {sys_error:g} mag\n\n{evidences(ranking)}\n")
        print(posteriors(folder / "AT2017gfo", options.models), flush=True)


if __name__ == "__main__":
    main()
