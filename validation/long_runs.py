"""Is ln Z of real light curves right, and the posterior? The product's fits against long runs.

    python validation/long_runs.py --data DATA --runs product long plain kept
    python validation/long_runs.py --data DATA --runs bridge --models TrPi2018
    python validation/long_runs.py --data DATA --runs dynesty --only ZTF22aauqyuf
    python validation/long_runs.py --data DATA --runs scatter --seeds 50 --sys 1.0 0.1
    python validation/long_runs.py --table

Ten real light curves, of ten objects, with the shipped windows, priors and errors:

- ``product`` is the fit that ``nmma-fit`` makes, with its own seed;
- ``long`` is nested sampling (nautilus) with 2000 live points and 20,000 effective samples, and for
  the afterglow, of which the product samples a stand-in, afterglowpy itself with the shipped ones;
- ``plain`` draws a million points of the prior, and adapts nothing; for the afterglow 6,000, half
  of them with a distance near that at which the light curve meets the data (``--draws``);
- ``bridge`` is for the afterglow alone: random walks, and a bridge to their ln Z (``bridge.py``);
- ``dynesty`` is its static sampler, random walks, 1000 live points, to 0.01 in ln Z;
- ``kept`` is a control that must disagree: nested sampling with the points that shaped its bounds;
- ``scatter`` is the product with many seeds, of one light curve.

Stopped and started again it goes on: one line is written per run, and ``long`` and ``bridge`` of
the afterglow go on from their checkpoints.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import records
from long_tables import LEVELS, tables
from long_ways import COSTLY_WAYS, ONLY_COSTLY, WAYS, Fit, Way, fit_of

from nmma_fitter import models
from nmma_fitter.errors import NotConverged

PRODUCTION = "candidates/partnership"
LIGHT_CURVES = {  # the smallest first; of an object that came back, its fullest
    "ZTF22aauqyuf": f"{PRODUCTION}/2459784-2459791/lc_ZTF22aauqyuf_forced1_stacked0.csv",
    "ZTF22aaujrib": f"{PRODUCTION}/2459778-2459785/lc_ZTF22aaujrib_forced1_stacked0.csv",
    "ZTF22aatuvld": f"{PRODUCTION}/2459778-2459785/lc_ZTF22aatuvld_forced1_stacked0.csv",
    "ZTF22aauqgqd": f"{PRODUCTION}/2459783-2459790/lc_ZTF22aauqgqd_forced1_stacked0.csv",
    "ZTF22aawacjw": f"{PRODUCTION}/2459783-2459790/lc_ZTF22aawacjw_forced1_stacked0.csv",
    "ZTF21abdequz": "formats/lc_ZTF21abdequz_forced1_stacked0.csv",
    "ZTF22acaruqr": "formats/lc_ZTF22acaruqr_forced1_stacked0.csv",
    "ZTF23aabmzlp": "formats/ZTF23aabmzlp_fritz.csv",
    "ZTF21abdpqpq": "formats/lc_ZTF21abdpqpq_forced1_stacked0.csv",
    "AT2017gfo": "formats/AT2017gfo_corrected.dat",
}
SCATTERED = "ZTF22aawacjw"  # of the production nights' the one with most detections


def wanted(given: argparse.Namespace) -> Iterator[tuple[str, str, str, float, int | None]]:
    """Run, light curve, model, systematic error and seed of all that is asked for."""
    for how in given.runs:
        for name in given.only or (LIGHT_CURVES if how != "scatter" else [SCATTERED]):
            for model in given.models:
                costly = models.MODELS[model].costly
                if how not in COSTLY_WAYS if costly else how in ONLY_COSTLY:
                    continue
                for sys_error in given.sys if how == "scatter" else given.sys[:1]:
                    for seed in range(given.seeds) if how == "scatter" else [None]:
                        yield how, name, model, sys_error, seed


def run(given: argparse.Namespace) -> None:
    """Make the runs that are not in the file yet."""
    given.out.parent.mkdir(parents=True, exist_ok=True)
    known = {_key(one): one for one in records.read(given.out) if one["converged"]}
    fits: dict[tuple[str, str, float], Fit] = {}
    for how, name, model, sys_error, seed in wanted(given):
        same = name, model, sys_error
        if same not in fits:
            fits[same] = fit_of(given.data / LIGHT_CURVES[name], model, sys_error, given.draws)
        fit = fits[same]
        number = fit.request.seed() if seed is None else seed
        record: records.Record = {"run": how, "curve": name, "model": model, "seed": number}
        record |= {"sys_error": sys_error, "digest": fit.request.digest}
        old = known.get(_key(record))
        if old is None or (how == "plain" and old["evaluations"] < fit.draws):
            checkpoint = given.out.parent / f"{name}-{model}-{how}.h5"
            record |= one_run(WAYS[how], fit, number, checkpoint)
            records.append(given.out, record)
            if record["converged"]:
                for file in checkpoint.parent.glob(f"{checkpoint.stem}*.h5"):
                    file.unlink()
            said = record.get("reason") or f"{record['log_z']:.3f} ± {record['log_z_err']:.3f}"
            where = f"{how} {name} {model}, {sys_error:g} mag, seed {number}"
            print(f"{where}: {said}, {record['seconds']} s", flush=True)


def _key(record: records.Record) -> tuple[Any, ...]:
    return record["run"], record["curve"], record["model"], record["digest"], record["seed"]


def one_run(way: Way, fit: Fit, seed: int, checkpoint: Path) -> records.Record:
    """What is written of a run."""
    began = time.monotonic()
    try:
        found = way(fit, seed, checkpoint)
    except NotConverged as error:
        return {"converged": False, "reason": str(error), "seconds": _since(began)}
    samples = found.samples
    return {
        "converged": True,
        "log_z": float(found.log_z),
        "log_z_err": float(found.log_z_err),
        "quantiles": {key: np.quantile(one, LEVELS).tolist() for key, one in samples.items()},
        "sd": {key: float(np.std(one)) for key, one in samples.items()},
        "evaluations": found.evaluations,
        "seconds": _since(began),
        "points": len(fit.request.window),
        **found.details,
    }


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the real light curves")
    parser.add_argument("--runs", nargs="+", choices=list(WAYS), default=["product", "long"])
    parser.add_argument("--models", nargs="+", choices=models.names(), default=models.names())
    parser.add_argument("--only", nargs="+", choices=list(LIGHT_CURVES), help="light curves")
    parser.add_argument("--sys", type=float, nargs="+", default=[1.0], help="mag [1.0]")
    parser.add_argument("--seeds", type=int, default=50, help="of scatter [50]")
    parser.add_argument("--draws", type=int, help="points of plain [1000000; the afterglow 6000]")
    parser.add_argument("--out", type=Path, default=Path("validation/out/long_runs.jsonl"))
    parser.add_argument("--table", action="store_true", help="only print what there is")
    given = parser.parse_args()
    if not given.table:
        if given.data is None:
            parser.error("--data is needed")
        run(given)
    text, good = tables(list({_key(one): one for one in records.read(given.out)}.values()))
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
