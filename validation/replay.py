"""Replay nights of candidates with ``make-jobs``, as they came, and count what became of each.

    python validation/replay.py --candidates DATA/candidates/partnership --out /tmp/replay \
        --config my.toml --models Piro2021 --nlive TrPi2018=100

Each night is one ``make-jobs --data-dir NIGHT`` over the same results and state, in the order of
their names. A night that returns unchanged light curves must start nothing, and everything a night
asks for must end as done, skipped or failed, with a reason. Started again it goes on where it was:
what is done stays done.

The configuration is copied into OUT, where its relative paths lead to OUT/outdir and OUT/state.
Exit status: 0 when nothing was lost and nothing done twice, whatever the fits ended as.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import records

from nmma_fitter.candidates.formats import read_lightcurve
from nmma_fitter.candidates.lightcurve import photometry_digest
from nmma_fitter.candidates.nights import candidate_files, object_name
from nmma_fitter.config import load_config
from nmma_fitter.engine.attempt import runs_of
from nmma_fitter.engine.files import folder_name, read_json
from nmma_fitter.errors import NmmaFitterError

COMMAND = (sys.executable, "-c", "from nmma_fitter.cli import make_jobs_main; make_jobs_main()")
NIGHT = re.compile(r"\d{7}-\d{7}")


@dataclass(frozen=True)
class Replay:
    """Where a replay reads and writes."""

    candidates: Path
    out: Path
    config: Path
    models: tuple[str, ...]

    @property
    def nights(self) -> list[Path]:
        """The nights' folders in order."""
        return sorted(p for p in self.candidates.iterdir() if NIGHT.fullmatch(p.name))


def write_config(given: argparse.Namespace) -> Path:
    """Copy the configuration into OUT, with the live points asked for."""
    text = given.config.read_text(encoding="utf-8") if given.config else "[fits.settings]\n"
    if "paths" in tomllib.loads(text):
        sys.exit(f"{given.config}: leave [paths] out, a replay has its own in {given.out}")
    for entry in given.nlive:
        model, _, number = entry.partition("=")
        text += f"\n[fits.model.{model}.settings]\nnlive = {int(number)}\n"
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "replay.toml"
    path.write_text(text, encoding="utf-8")
    load_config(path)
    return path


def run(replay: Replay) -> list[tuple[str, int, float]]:
    """Run ``make-jobs`` for each night: name, exit status, seconds."""
    ended = []
    for night in replay.nights:
        command = [*COMMAND, "--config", str(replay.config), "--data-dir", str(night)]
        command += [part for model in replay.models for part in ("--models", model)]
        print(f"{night.name} ...", flush=True)
        began = time.monotonic()
        with (replay.out / f"{night.name}.log").open("w", encoding="utf-8") as log:
            status = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
        ended.append((night.name, status, time.monotonic() - began))
        print(f"{night.name}: exit status {status}, {ended[-1][2]:.0f} s", flush=True)
    return ended


@dataclass(frozen=True)
class Account:
    """What a replay left behind.

    Attributes
    ----------
    rows : list of list of str
        Night, object, model, how it stands, reason, seconds.
    problems : list of str
        Everything lost or done twice.
    totals : mapping of what to how many
    """

    rows: list[list[str]]
    problems: list[str]
    totals: dict[str, int]


def account(replay: Replay) -> Account:
    """Hold what was asked for against what there is."""
    config = load_config(replay.config)
    wanted = replay.models or tuple(config.fits.models)
    snapshot = read_json(config.paths.state / "snapshot.json") or {"nights": []}
    found = {
        (night["night"], unit["object"], unit["task"]): unit
        for night in snapshot["nights"]
        for unit in night["units"]
    }
    rows, problems, curves = [], [], set()
    asked = 0
    for night in replay.nights:
        for path in candidate_files(night):
            curves.add(_curve(path))
            tasks = [
                task
                for task in (*wanted, "*")
                if task != "*" or (night.name, object_name(path), "*") in found
            ]
            for task in tasks:
                asked += 1
                unit = found.get((night.name, object_name(path), task))
                rows.append(_row(night.name, object_name(path), task, unit))
                problems += _lost(rows[-1], unit)
    starts = _starts(config.paths.outdir, [night.name for night in replay.nights])
    problems += [
        f"{where} was started {count} times" for where, count in starts.items() if count > 1
    ]
    standings = Counter(row[3] for row in rows)
    totals = {
        "candidate files": sum(len(candidate_files(night)) for night in replay.nights),
        "distinct light curves": len(curves),
        "fits asked for": asked,
        "fits started (started records)": sum(starts.values()),
        "of distinct work folders": len(starts),
        **{f"ended {name}": count for name, count in sorted(standings.items())},
    }
    return Account(rows, problems, totals)


def _curve(path: Path) -> tuple[str, str]:
    try:
        return object_name(path), photometry_digest(read_lightcurve(path))
    except NmmaFitterError as error:
        return object_name(path), str(error)


def _row(night: str, name: str, task: str, unit: dict[str, Any] | None) -> list[str]:
    if unit is None:
        return [night, name, task, "lost", "", ""]
    seconds = "" if unit["seconds"] is None else f"{unit['seconds']:.0f}"
    reason = unit["reason"] or ""
    return [night, name, task, unit["standing"], reason, "" if reason else seconds]


def _lost(row: list[str], unit: dict[str, Any] | None) -> list[str]:
    where = " ".join(row[:3])
    if unit is None:
        return [f"{where} was asked for and is in no record"]
    if unit["state"] not in ("done", "skipped", "failed"):
        return [f"{where} has not ended: {unit['state']}"]
    if unit["state"] != "done" and not unit["reason"]:
        return [f"{where} is {unit['state']} without a reason"]
    return []


def _starts(outdir: Path, nights: list[str]) -> dict[str, int]:
    """How many runs of each work folder left a ``started`` record."""
    found: dict[str, int] = {}
    for night in nights:
        for attempts in sorted((outdir / folder_name(night)).glob("*/*/attempts")):
            where = str(attempts.parent.relative_to(outdir))
            found[where] = sum(bool(run.started) for run in runs_of(attempts))
    return {where: count for where, count in found.items() if count}


def report(result: Account) -> str:
    """The account as text."""
    header = ["night", "object", "model", "ended as", "reason", "seconds"]
    lines = [records.markdown(header, result.rows), ""]
    lines += [f"- {what}: {count}" for what, count in result.totals.items()]
    lines += ["", *(f"- **{problem}**" for problem in result.problems)]
    return "\n".join(lines) if result.problems else "\n".join([*lines, "none twice, none lost"])


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--candidates", type=Path, required=True, help="folder of nights")
    parser.add_argument("--out", type=Path, required=True, help="results, state and logs")
    parser.add_argument("--config", type=Path, help="configuration without [paths]")
    parser.add_argument("--models", action="append", default=[], help="only these; repeatable")
    parser.add_argument("--nlive", action="append", default=[], metavar="MODEL=N")
    parser.add_argument("--only-report", action="store_true", help="run nothing")
    given = parser.parse_args()
    given.out = given.out.resolve()
    config = given.out / "replay.toml" if given.only_report else write_config(given)
    replay = Replay(given.candidates.resolve(), given.out, config, tuple(given.models))
    if not given.only_report:
        nights = [[name, str(status), f"{s:.0f}"] for name, status, s in run(replay)]
        print(records.markdown(["night", "exit status", "seconds"], nights), end="\n\n")
    result = account(replay)
    text = report(result)
    (given.out / "replay.md").write_text(text + "\n", encoding="utf-8")
    print(text)
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
