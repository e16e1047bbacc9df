"""After a replay: ln Z of each fit beside the original's, and how many converged.

    python validation/replay.py --candidates DATA/candidates/partnership --out /tmp/replay
    python validation/replay_evidence.py --candidates DATA/candidates/partnership \
        --out /tmp/replay --reference DATA/reference/original_fits.json

Each distinct light curve and model is a line; what came back unchanged is left out. The original
had other data (every row, from after the first detection on, seven days), priors and likelihood, so
its ln Z stands beside, and is not to agree. Exit status: 0 when every light curve of two detections
or more has a converged fit of each model.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import records
from replay import Replay, account

from nmma_fitter.config import load_config
from nmma_fitter.engine.files import folder_name, read_json
from nmma_fitter.fits import result_path
from nmma_fitter.inference.summary import SECTION


@dataclass(frozen=True)
class Line:
    """One light curve and model.

    Attributes
    ----------
    night, object, model : str
    standing, reason : str
        How it ended.
    seconds : str
        Of the whole job.
    original : float, optional
        The original's ln Z, where it was kept.
    result : mapping
        What the result file says; empty where there is none.
    """

    night: str
    object: str
    model: str
    standing: str
    reason: str
    seconds: str
    original: float | None
    result: Mapping[str, Any]

    @property
    def converged(self) -> bool:
        """Whether there is a result, and it says so."""
        return bool(self.result) and bool(self.result["meta_data"][SECTION]["converged"])

    @property
    def fittable(self) -> bool:
        """Whether there were detections enough."""
        return self.reason != "too_few_detections"


def lines_of(replay: Replay, reference: Mapping[str, Any]) -> Iterator[Line]:
    """All that a replay fitted, or should have."""
    outdir = load_config(replay.config).paths.outdir
    for night, name, model, standing, reason, seconds in account(replay).rows:
        if standing == "unchanged":
            continue
        folder = outdir / folder_name(night) / folder_name(name) / model
        found = read_json(result_path(folder, model)) or {}
        original = reference.get(f"{night}/{name}/{model}", {}).get("log_evidence")
        yield Line(night, name, model, standing, reason, seconds, original, found)


def table(lines: list[Line]) -> str:
    """One line each, in Markdown."""
    header = ["light curve", "model", "points", "ln Z", "original", "converged", "Pareto k", "ESS"]
    return records.markdown([*header, "evaluations", "s"], [_cells(line) for line in lines])


def _cells(line: Line) -> list[str]:
    original = "not kept" if line.original is None else f"{line.original:.2f}"
    start = [f"{line.object}/{line.night[:7]}", line.model]
    if not line.result:
        said = f"{line.standing}: {line.reason}"
        return [*start, "", "", original, said, "", "", "", line.seconds]
    ours = line.result["meta_data"][SECTION]
    points = f"{ours['quality']['n_detections']} + {ours['quality']['n_limits']}"
    log_z = f"{line.result['log_evidence']:.2f} ± {line.result['log_evidence_err']:.2f}"
    tail = "" if ours["tail_shape"] is None else f"{ours['tail_shape']:.2f}"
    cells = [points, log_z, original, "yes" if line.converged else "no", tail]
    size = f"{ours['effective_sample_size']:.0f}"
    count = str(line.result["num_likelihood_evaluations"])
    return [*start, *cells, size, count, line.seconds]


def shares(lines: list[Line]) -> list[str]:
    """For each model, how many of those with two detections or more converged."""
    found = []
    for model in sorted({line.model for line in lines}):
        mine = [line for line in lines if line.model == model and line.fittable]
        count = sum(line.converged for line in mine)
        found.append(f"- {model}: {count} of {len(mine)} converged")
    return found


def main() -> int:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--candidates", type=Path, required=True, help="folder of nights")
    parser.add_argument("--out", type=Path, required=True, help="of the replay")
    parser.add_argument("--reference", type=Path, required=True, help="original_fits.json")
    given = parser.parse_args()
    out = given.out.resolve()
    replay = Replay(given.candidates.resolve(), out, out / "replay.toml", ())
    lines = list(lines_of(replay, json.loads(given.reference.read_text(encoding="utf-8"))))
    print(table(lines), "", *shares(lines), sep="\n")
    return 0 if all(line.converged for line in lines if line.fittable) else 1


if __name__ == "__main__":
    sys.exit(main())
