"""How long the pages of a night take: processor seconds for 250 objects, and for a tenth of them.

    python benchmarks/pages.py

Written as a tick does after its objects' rankings; the second time, since the first reads
templates.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from nmma_fitter.delivery.report import write_night_page
from nmma_fitter.engine.files import folder_name
from nmma_fitter.engine.ledger import NeedRow
from nmma_fitter.engine.unit import State

MODELS = ("Me2017", "Piro2021", "TrPi2018", "nugent-hyper")
NIGHT = "2460000-2460007"


def night(folder: Path, objects: int) -> list[NeedRow]:
    """Rankings on disk, and what the ledger says of them."""
    ranked = [{"model": m, "log_z": -3.0, "log_z_err": 0.1, "describes": True} for m in MODELS]
    needs = []
    for number in range(objects):
        name = f"ZTF22{number:05d}"
        place = folder / folder_name(name)
        place.mkdir(parents=True)
        (place / "ranking.json").write_text(json.dumps({"headline": "", "ranked": ranked}))
        done = State.DONE, None, "", NIGHT, None, 3.0
        needs += [NeedRow(NIGHT, name, model, "digest", *done) for model in MODELS]
    return needs


def seconds(objects: int) -> float:
    """Of the processor, for a night's page."""
    with tempfile.TemporaryDirectory() as root:
        outdir = Path(root)
        folder = outdir / NIGHT
        needs = night(folder, objects)
        write_night_page(outdir, folder, NIGHT, needs)
        began = time.process_time()
        write_night_page(outdir, folder, NIGHT, needs, revision=1)
        return time.process_time() - began


def main() -> None:
    """Print it."""
    few, many = seconds(25), seconds(250)
    print(f"250 objects, {250 * len(MODELS)} fits: {many:.3f} s")
    print(f"25 objects, {25 * len(MODELS)} fits: {few:.3f} s; ratio {many / few:.1f}")


if __name__ == "__main__":
    main()
