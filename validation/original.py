"""Fit the real light curves with ``--preset original`` and compare with what the original got.

The comparison is with ``reference/original_fits.json`` of the data folder: ln Z, the quantiles of
Ebv and the median log likelihood. ``--set`` switches single settings over the preset's, so that a
difference is explained by a cause that was switched on and off:

    python validation/original.py --data DATA --model nugent-hyper
    python validation/original.py --data DATA --set time_grid=none --set wavelengths.ztfi=7883.03
    python validation/original.py --data DATA --set 'prior.Ebv=Uniform(0, 0.3)' --set redshift=none
    python validation/original.py --data DATA --model TrPi2018 --only ZTF22aauqyuf/2459784
    python validation/original.py --data DATA --table

Stopped and started again it goes on: one line is written per fit, and fits there are not repeated.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import records

from nmma_fitter import models
from nmma_fitter.config import load_config
from nmma_fitter.errors import NmmaFitterError
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fits import requests_of
from nmma_fitter.log_lines import configure_log
from nmma_fitter.nmma_fit import run_fit

NEEDED = ("ZTF22aaujrib/2459778", "ZTF22aauqgqd/2459783", "ZTF22aauqyuf/2459784")
EXPLAINED = ("ZTF22aatuvld/2459778", "ZTF22aawacjw/2459782", "ZTF22aawacjw/2459783")
LEVELS = (0.05, 0.16, 0.5, 0.84, 0.95)
LOG_Z_TOLERANCE = 0.4
EBV_TOLERANCE = 0.05


def light_curve_path(data: Path, which: str) -> Path:
    """File of OBJECT/NIGHT, the night by its first Julian date."""
    name, night = which.split("/")
    pattern = f"{night}-*/lc_{name}_forced1_stacked0.csv"
    found = sorted((data / "candidates" / "partnership").glob(pattern))
    if not found:
        sys.exit(f"{data}: no candidates/partnership/{pattern}; write --only OBJECT/FIRST-JD")
    return found[0]


def overrides(given: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings, and lines of the prior file, of ``key=value`` texts."""
    settings: dict[str, Any] = {}
    priors: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            sys.exit(f"--set {text}: write KEY=VALUE")
        if key.startswith("prior."):
            priors[key.removeprefix("prior.")] = value
        else:
            settings[key] = _value(value)
    return settings, priors


def _value(text: str) -> Any:
    """Read a TOML value; ``none`` is none, and text that is no TOML is itself."""
    if text == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def request_of(path: Path, model: str, preset: str | None, given: list[str]) -> FitRequest:
    """The fit that ``nmma-fit --preset original`` would make, with some settings switched."""
    fits = load_config(preset=preset).fits
    changes, lines = overrides(given)
    plain = requests_of(path, [model], fits)[0]
    over: dict[str, Any] = {}
    for key, value in changes.items():
        name, dot, part = key.partition(".")
        if dot:  # one entry of a table, such as wavelengths.ztfi
            table = over.get(name, getattr(plain.settings, name) or {})
            over[name] = {**table, part: value}
        else:
            over[name] = value
    request = requests_of(path, [model], fits, over=over)[0]
    return replace(request, priors=_with_lines(request.priors, lines))


def _with_lines(text: str, lines: dict[str, str]) -> str:
    kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in lines]
    return "\n".join([*kept, *(f"{key} = {value}" for key, value in lines.items() if value)]) + "\n"


def compare(request: FitRequest, which: str, changes: list[str], reference: Any) -> records.Record:
    """One fit, and its differences from the original's."""
    import pandas as pd

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        fitted = run_fit(request, Path(folder))
        posterior = pd.read_csv(Path(folder) / "posterior_samples.dat", sep=" ")
    log_l = posterior["log_likelihood"].to_numpy()
    record: records.Record = {
        "which": which,
        "model": request.model,
        "changes": changes,
        "digest": request.digest,
        "log_z": fitted.log_z,
        "log_z_err": fitted.log_z_err,
        "log_l": float(np.median(log_l)),
        "points": int(request.window.multiplicity.sum()),
        "evaluations": fitted.evaluations,
        "seconds": round(time.monotonic() - began, 1),
    }
    if "Ebv" in posterior:
        record["ebv"] = np.quantile(posterior["Ebv"], LEVELS).tolist()
    if reference is not None:
        quantiles = reference["quantiles_5_16_50_84_95"]
        record["original_log_z"] = reference["log_evidence"]
        record["original_log_l"] = quantiles["log_likelihood"][2]
        record["original_ebv"] = quantiles.get("Ebv")
    return record


def table(found: list[records.Record]) -> str:
    """All comparisons, in Markdown."""
    header = ["light curve", "model", "points", "changed", "ln Z", "original", "difference"]
    header += ["log L, median", "original", "largest difference in Ebv", ""]
    return records.markdown(header, [_row(record) for record in found])


def _row(record: records.Record) -> list[str]:
    start = [record["which"], record["model"], str(record["points"])]
    start += ["; ".join(f"`{text}`" for text in record["changes"]) or "nothing"]
    start += [f"{record['log_z']:.2f} ± {record['log_z_err']:.2f}"]
    if "original_log_z" not in record:
        return [*start, "not kept", "", f"{record['log_l']:.2f}", "", "", ""]
    difference = record["log_z"] - record["original_log_z"]
    end = [f"{record['original_log_z']:.2f}", f"{difference:+.2f}"]
    end += [f"{record['log_l']:.2f}", f"{record['original_log_l']:.2f}"]
    ebv = ebv_difference(record)
    ebv_text = "Ebv is not in the reference or the fit" if ebv is None else f"{ebv:+.3f}"
    good = abs(difference) <= LOG_Z_TOLERANCE and (ebv is None or abs(ebv) <= EBV_TOLERANCE)
    return [*start, *end, ebv_text, "agrees" if good else "differs"]


def ebv_difference(record: records.Record) -> float | None:
    """Largest difference of the five quantiles of Ebv, None where one of the two has none."""
    ours, theirs = record.get("ebv"), record.get("original_ebv")
    if ours is None or theirs is None:
        return None
    return float(max(np.subtract(ours, theirs), key=abs))


def reference_of(reference: dict[str, Any], path: Path, which: str, model: str) -> Any:
    """The original's fit, None when it was not kept."""
    return reference.get(f"{path.parent.name}/{which.split('/')[0]}/{model}")


def run(given: argparse.Namespace) -> None:
    """Make the fits that are not in the file yet."""
    reference = json.loads(
        (given.data / "reference" / "original_fits.json").read_text(encoding="utf-8")
    )
    given.out.parent.mkdir(parents=True, exist_ok=True)
    known = {(record["which"], record["digest"]) for record in records.read(given.out)}
    preset = None if given.preset == "none" else given.preset
    changes = [*given.set, *([f"preset={given.preset}"] if given.preset != "original" else [])]
    settings = [*given.set, f"nlive={given.nlive}", *([f"seed={given.seed}"] if given.seed else [])]
    for which in given.only or [*NEEDED, *EXPLAINED]:
        path = light_curve_path(given.data, which)
        request = request_of(path, given.model, preset, settings)
        if (which, request.digest) in known:
            print(f"{which}: fitted already with these settings")
            continue
        record = compare(request, which, changes, reference_of(reference, path, which, given.model))
        records.append(given.out, record)
        print(table([record]).splitlines()[-1], flush=True)


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the real data")
    parser.add_argument("--out", type=Path, default=Path("validation/out/original.jsonl"))
    parser.add_argument("--model", choices=models.names(), default="nugent-hyper")
    parser.add_argument("--only", action="append", metavar="OBJECT/FIRST-JD", help="repeatable")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--preset", default="original", help="or none: the product's own settings")
    parser.add_argument("--nlive", type=int, default=1000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--table", action="store_true", help="only print the table of --out")
    given = parser.parse_args()
    configure_log(level=30)
    try:
        if not given.table:
            run(given)
    except NmmaFitterError as error:
        sys.exit(f"{error}")
    print(table(records.read(given.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
