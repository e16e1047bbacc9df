"""Compare the models with NMMA's own, over draws of the prior and real epochs and bands.

    python validation/nmma.py --data DATA --nmma-python NMMA/bin/python [--models Me2017 ...]
    python validation/nmma.py --data DATA --grid [--models Me2017 ...]
    python validation/nmma.py --data DATA --table

NMMA evaluates each draw on its own grid of times and interpolates at the epochs; the model here is
evaluated at the times of the same grid and interpolated in the same way. The first row of a model
has everything that is known to differ set as NMMA has it, and must agree; each further row undoes
one of these. In the last NMMA has the wavelengths it comes with, and must not agree.

``--grid`` (`nmma_grid.py`) asks something else: what evaluating at the times of the data changes.

Stopped and started again it goes on: one line is written per chunk of draws.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nmma_process
import numpy as np
import records
from nmma_cases import (
    AS_INSTALLED,
    AS_NMMA,
    CASES,
    CONTROL,
    ROOT,
    Epochs,
    FloatArray,
    Record,
    flat,
    ours,
    plain,
    points_of,
    real_epochs,
)

CHUNK = {"TrPi2018": 50}  # draws a line; 250 of the others
MODELS = ("Piro2021", "Me2017", "TrPi2018", "nugent-hyper")
FEW_DRAWS = {"TrPi2018": 50}  # 250 of the others: the control, and of the afterglow all but a case
PERCENTILE_LIMIT, LARGEST_LIMIT = 0.01, 0.05  # mag
FAINTEST = {AS_NMMA: 100.0}  # mag: of what must agree, far more than can be seen
SEEN = 35.0  # mag: of all else, what something might see


def compare(given: argparse.Namespace, python: str, model: str, epochs: list[Epochs]) -> None:
    """Evaluate the draws of a model that are not in the file yet."""
    from nmma_fitter.bands import wavelength

    names = sorted({band for one in epochs for band in one.bands})
    right = {name: wavelength(name) for name in names}
    wrong = {name: wavelength(AS_INSTALLED[name]) for name in names}
    have = {(one["model"], one.get("first")) for one in records.read(given.out)}
    points = points_of(model, given.draws, epochs)
    size = CHUNK.get(model, 250)
    for first in range(0, given.draws, size):
        if (model, first) in have:
            continue
        chunk = points[first : first + size]
        task = {"model": model, "wavelengths": right, "points": chunk}
        answer = nmma_process.ask(python, "magnitudes", task, given.limit)
        grid = np.array(answer["grid"])
        record: Record = {"model": model, "first": first, "draws": len(chunk)}
        record |= {"nmma": answer["nmma"], "seconds": answer["seconds"]}
        record["theirs"] = flat(answer["magnitudes"])
        few = first < FEW_DRAWS.get(model, 250)
        cases = CASES[model] if few or model not in FEW_DRAWS else CASES[model][:1]
        record["ours"] = {
            case.undone: flat([plain(ours(model, case, grid, point)) for point in chunk])
            for case in cases
        }
        if few:
            installed = nmma_process.ask(
                python, "magnitudes", {**task, "wavelengths": wrong}, given.limit
            )
            record["control"] = flat(installed["magnitudes"])
        records.append(given.out, record)
        print(f"{model}: draws {first} to {first + len(chunk) - 1}", flush=True)


def compare_supernova(given: argparse.Namespace, epochs: list[Epochs]) -> None:
    """Compare nugent-hyper with sncosmo and with an older NMMA's formula."""
    import nmma_supernova

    have = {one.get("against") for one in records.read(given.out)}
    for against in (nmma_supernova.SNCOSMO, nmma_supernova.FORMULA):
        if against not in have:
            records.append(given.out, nmma_supernova.comparison(against, epochs))


def table(found: list[Record]) -> str:
    """All comparisons, in Markdown."""
    header = ["model", "not as in NMMA", "draws", "magnitudes", "median", "99 %", "largest"]
    header += ["one has no light", ""]
    return records.markdown(header, [row for model in MODELS for row in _rows(model, found)])


def _rows(model: str, found: list[Record]) -> Iterator[list[str]]:
    for one in (one for one in found if one["model"] == model and "against" in one):
        pair = (one["draws"], one["ours"], one["theirs"])
        yield _row(model, f"against {one['against']}", [pair])
    of_model = [one for one in found if one["model"] == model and "against" not in one]
    if not of_model:
        return
    for case in CASES[model]:
        pairs = [
            (one["draws"], one["ours"][case.undone], one["theirs"])
            for one in of_model
            if case.undone in one["ours"]
        ]
        yield _row(model, case.undone, pairs)
    pairs = [
        (one["draws"], one["ours"][AS_NMMA], one["control"]) for one in of_model if "control" in one
    ]
    yield _row(model, CONTROL, pairs)


def _row(model: str, case: str, pairs: list[tuple[int, Any, Any]]) -> list[str]:
    mine = np.concatenate([np.array(own, dtype=float) for _, own, _ in pairs])
    theirs = np.concatenate([np.array(their, dtype=float) for _, _, their in pairs])
    limit = FAINTEST.get(case, SEEN)
    if model == "nugent-hyper":  # nothing is too faint; but for sncosmo itself up to a constant
        limit = np.inf
        if case != "against sncosmo":
            both = np.isfinite(mine) & np.isfinite(theirs)
            mine = mine - np.median((mine - theirs)[both])
    difference, dark = differences(mine, theirs, limit)
    middle, high, largest = np.quantile(difference, [0.5, 0.99, 1.0])
    good = high < PERCENTILE_LIMIT and largest < LARGEST_LIMIT
    numbers = [str(sum(count for count, _, _ in pairs)), str(len(difference))]
    numbers += [f"{value:.5f}" for value in (middle, high, largest)]
    return [model, case, *numbers, str(dark), "agrees" if good else "differs"]


def differences(mine: FloatArray, theirs: FloatArray, faintest: float) -> tuple[FloatArray, int]:
    """Absolute differences where one is brighter than `faintest`, and how often one has no light.

    Parameters
    ----------
    mine, theirs : array, shape (n,)
        Magnitudes; nan where there is no light, or NMMA's grid has ended.
    faintest : float
        Magnitude.
    """
    both = np.isfinite(mine) & np.isfinite(theirs)
    bright = np.fmin(mine, theirs) < faintest
    return np.abs(mine - theirs)[both & bright], int((bright & ~both).sum())


def leave_the_grid(given: argparse.Namespace) -> int:
    """Do what ``--grid`` asks for; NMMA itself is not needed."""
    import nmma_grid
    from original import light_curve_path

    out = given.out.with_stem(f"{given.out.stem}_grid")
    out.parent.mkdir(parents=True, exist_ok=True)
    for model in () if given.table else given.models:
        for which in ("prior", "posterior"):
            if (model, which) not in {(one["model"], one["which"]) for one in records.read(out)}:
                path = light_curve_path(given.data, given.curve)
                records.append(out, nmma_grid.differences(path, model, which))
    print(nmma_grid.table(records.read(out)))
    return 0


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    nmma_process.add_option(parser)
    parser.add_argument("--data", type=Path, help="folder of the real data")
    parser.add_argument("--out", type=Path, default=ROOT / "validation" / "out" / "nmma.jsonl")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds of each chunk")
    parser.add_argument("--grid", action="store_true", help="NMMA's grid or the data's times")
    parser.add_argument(
        "--curve", default="ZTF22aawacjw/2459783", help="of --grid, OBJECT/FIRST-JD"
    )
    parser.add_argument("--table", action="store_true", help="only print the tables of --out")
    given = parser.parse_args()
    if not given.table and given.data is None:
        parser.error("--data is needed, the folder of the real data")
    if given.grid:
        return leave_the_grid(given)
    python = nmma_process.interpreter(given.nmma_python)
    if python is None and not given.table:
        print(nmma_process.HOW_TO_INSTALL)
        return 0
    given.out.parent.mkdir(parents=True, exist_ok=True)
    if not given.table and python is not None:
        epochs = real_epochs(given.data)
        for model in given.models:
            compare(given, python, model, epochs)
            if model == "nugent-hyper":
                compare_supernova(given, epochs)
    print(table(records.read(given.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
