"""Time fits of one object in jobs of their own, one after the other, and sharing one job.

``taskset -c 1 python validation/sharing.py --runs 5`` runs the job scripts that would be
submitted, in turn, and prints a Markdown table: from the start of the first script to the end of
the last, with publishing, and the processor time of all that they started.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from records import markdown
from timing import TRUTHS, light_curve, write_csv

from nmma_fitter.config import load_config
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.want import register
from nmma_fitter.fits_campaign import FitsCampaign
from nmma_fitter.schedulers.base import BatchRequest
from nmma_fitter.schedulers.local_processes import adopt_descendants
from nmma_fitter.shipped import shipped

THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Collected:
    """Stands for a batch system: keeps the scripts it is handed."""

    name = "local"
    largest_batch = None

    def __init__(self) -> None:
        self.scripts: list[Path] = []

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """Take a batch."""
        self.scripts += batch.scripts
        return [f"{len(self.scripts)}-{index}" for index in range(len(batch.scripts))]


def scripts(root: Path, models: Sequence[str], *, together: bool) -> tuple[list[Path], list]:
    """The scripts of the jobs that one object's fits become, and the units."""
    source = root / "object.csv"
    write_csv(light_curve(models[0]), source)
    shared = ", ".join(f'"{name}"' for name in models) if together else ""
    (root / "my.toml").write_text(f"[fits]\ntogether = [{shared}]\n")
    campaign = FitsCampaign(load_config(root / "my.toml"), models)
    batch_system = Collected()
    with Ledger(root / "ledger.sqlite") as ledger:
        ledger.open_night("night", root / "outdir" / "night")
        register(ledger, "night", campaign.wanted("night", [source]), deadline=1e12)
        settings = SubmitSettings(shipped("templates"), THREADS)
        submit(ledger, batch_system, root, ledger.units(), settings, 0.0)  # type: ignore[arg-type]
        return batch_system.scripts, [row.unit for row in ledger.units()]


def await_all() -> None:
    """Wait for what a script has left running, so that its time counts."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def run(models: Sequence[str], *, together: bool) -> tuple[float, float]:
    """Wall and processor seconds of one object's fits."""
    with tempfile.TemporaryDirectory() as folder:
        found, units = scripts(Path(folder), models, together=together)
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        for number, script in enumerate(found):
            environment = os.environ | {"NMMA_FITTER_JOB_ID": str(number)}
            subprocess.run(["bash", str(script)], check=True, env=environment, timeout=3600)
            await_all()
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if any(read_sentinel(unit)[0] is not SentinelState.VALID for unit in units):
            raise SystemExit("a fit was not published")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used


def main() -> None:
    """Time both ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    cheap = ["Me2017", "Piro2021", "nugent-hyper"]
    parser.add_argument("--models", nargs="+", default=cheap, choices=list(TRUTHS))
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    adopt_descendants()
    rows = []
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(options.runs):
        for together, times in found.items():
            times.append(run(options.models, together=together))
            print(together, *(f"{value:.1f}" for value in times[-1]), flush=True)
    for together, times in found.items():
        wall, used = (sorted(column) for column in zip(*times, strict=True))
        name = "one job" if together else f"{len(options.models)} jobs, one after the other"
        spread = f"{wall[0]:.1f} to {wall[-1]:.1f}"
        rows.append(
            [name, f"{statistics.median(wall):.1f}", spread, f"{statistics.median(used):.1f}"]
        )
    print(markdown(["fits of one object", "median s", "range s", "processor s"], rows))


if __name__ == "__main__":
    main()
