"""``make fuzz``: a million damaged files for each reader of light curves, outcomes counted.

    .venv/bin/python tests/fuzz [--inputs 1000000] [--formats NAME ...] [--out FILE] [--seconds S]

Each block of inputs is a process of its own and a line of the table; a call that was stopped goes
on with the blocks that are not there. The same block has the same inputs: one that failed is
replayed by ``--replay NAME SEED``, which writes the file. Exit status 1 where a reader raised what
is not ours, took over 2 s, grew by more than 200 MB, or ended.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from fuzz.reading import Outcomes, try_to_read  # noqa: E402
from fuzz.samples import PLACES, input_of  # noqa: E402
from nmma_fitter.candidates.formats import FORMATS  # noqa: E402

BLOCK = 5000
OUTCOMES = ("read", "refused", "unknown", "error", "slow", "grown")
COLUMNS = ("format", "block", "inputs", *OUTCOMES, "slowest_s", "growth_mb", "seconds")
PATIENCE = 3600.0  # seconds for a block, on a machine however busy


def block_of(name: str, number: int, size: int) -> Outcomes:
    """Read a block of inputs, in this process."""
    reader = next(one for one in FORMATS if one.name == name)
    outcomes = Outcomes()
    for seed in range(number * BLOCK, number * BLOCK + size):
        try_to_read(reader, input_of(name, seed), seed, outcomes)
    return outcomes


def main(words: Sequence[str] | None = None) -> int:
    """Do what is missing in the table; return the exit status."""
    given = _arguments(words)
    if given.replay:
        name, seed = given.replay
        path = Path(f"fuzz-{name}-{seed}")
        path.write_bytes(input_of(name, int(seed)))
        print(f"wrote {path}")
        return 0
    if given.block:
        found = block_of(given.formats[0], given.block - 1, given.inputs)
        facts = {"counts": found.counts, "slowest": found.slowest, "growth": found.growth}
        print(json.dumps({**facts, "faults": found.faults}))
        return 0
    names = given.formats or [one.name for one in FORMATS if one.name in PLACES]
    blocks = [
        (name, number, min(BLOCK, given.inputs - BLOCK * number))
        for number in range(-(-given.inputs // BLOCK))
        for name in names
    ]
    end = time.monotonic() + given.seconds
    for name, number, size in blocks:
        if (name, number) not in _done(given.out) and time.monotonic() < end:
            _run(given.out, name, number, size)
    return _summary(given.out)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each reader")
    parser.add_argument("--formats", nargs="*", default=[], help="names of formats")
    parser.add_argument("--out", type=Path, default=Path("fuzz.tsv"))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no block later")
    parser.add_argument("--replay", nargs=2, metavar=("FORMAT", "SEED"))
    parser.add_argument("--block", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(words)


def _run(table: Path, name: str, number: int, size: int) -> None:
    """One block in a process of its own; its line says what came of it."""
    words = ["--formats", name, "--block", str(number + 1), "--inputs", str(size)]
    began = time.monotonic()
    command = [sys.executable, str(HERE), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        found = {"counts": {"error": size}, "slowest": 0, "growth": 0}
        found["faults"] = [f"the process of block {number} ended or hung"]
    counts = found["counts"]
    figures = [counts.get(what, 0) for what in OUTCOMES]
    ends = [f"{found['slowest']:.2f}", f"{found['growth']:.0f}", f"{time.monotonic() - began:.0f}"]
    line = "\t".join(map(str, [name, number, size, *figures, *ends]))
    with table.open("a") as stream:
        if not stream.tell():
            stream.write("\t".join(COLUMNS) + "\n")
        stream.write(line + "\n")
    print(line, *found["faults"][:5], sep="\n  ", flush=True)


def _lines(table: Path) -> list[list[str]]:
    lines = table.read_text().splitlines()[1:] if table.exists() else []
    return [cells for cells in (line.split("\t") for line in lines) if len(cells) == len(COLUMNS)]


def _done(table: Path) -> set[tuple[str, int]]:
    return {(cells[0], int(cells[1])) for cells in _lines(table)}


def _summary(table: Path) -> int:
    """Print a line for each reader; return the exit status."""
    bad = 0
    heads = ("inputs", "read", "refused", "unknown", "bad", "slowest", "grown")
    print(f"{'format':15}" + "".join(f"{head:>10}" for head in heads))
    lines = _lines(table)
    for name in sorted({cells[0] for cells in lines}):
        own = [cells for cells in lines if cells[0] == name]
        inputs, read, refused, unknown, *faults = (sum(int(c[i]) for c in own) for i in range(2, 9))
        slowest, grown = (max(float(c[i]) for c in own) for i in (9, 10))
        bad += sum(faults)
        counts = (inputs, read, refused, unknown, sum(faults))
        shown = "".join(f"{count:10,}" for count in counts)
        print(f"{name:15}{shown}{slowest:8.2f} s{grown:7.0f} MB")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
