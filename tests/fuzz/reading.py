"""One damaged file read, and what came of it."""

from __future__ import annotations

import resource
import time
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from nmma_fitter.candidates.exposures import merge
from nmma_fitter.candidates.formats.base import Content, Format
from nmma_fitter.candidates.lightcurve import photometry_digest
from nmma_fitter.candidates.records import from_dict, to_dict
from nmma_fitter.errors import BadInput

LONGEST = 2.0  # seconds of the processor for one file
LARGEST = 200.0  # MB that one file may make the process grow
PATH = Path("a file.csv")


@dataclass
class Outcomes:
    """What came of many files.

    Attributes
    ----------
    counts : Counter of str
        ``read``, ``refused``, ``unknown`` (not recognised), ``error``, ``slow``, ``grown``.
    slowest : float
        Seconds of the processor.
    growth : float
        MB.
    faults : list of str
        The first of those that must not be.
    """

    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    growth: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """How many files did what none may do."""
        return self.counts["error"] + self.counts["slow"] + self.counts["grown"]

    def note(self, what: str, seed: int, why: str) -> None:
        """Count one that must not be."""
        self.counts[what] += 1
        if len(self.faults) < 20:
            self.faults.append(f"{what}, input {seed}: {why}")


def try_to_read(reader: Format, data: bytes, seed: int, outcomes: Outcomes) -> None:
    """Read a file by one format, where it recognises it, and do all that follows."""
    _forget_the_peak()
    before, began = _peak(), time.process_time()
    try:
        outcomes.counts[_whole_way(reader, Content(PATH, data))] += 1
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        outcomes.note(
            "error", seed, f"{error!r:.200} in {Path(where.filename).name}:{where.lineno}"
        )
    seconds, grown = time.process_time() - began, _peak() - before
    outcomes.slowest = max(outcomes.slowest, seconds)
    outcomes.growth = max(outcomes.growth, grown)
    if seconds > LONGEST:
        outcomes.note("slow", seed, f"{seconds:.1f} s of the processor")
    if grown > LARGEST:
        outcomes.note("grown", seed, f"{grown:.0f} MB more")


def _whole_way(reader: Format, content: Content) -> str:
    if not reader.recognises(content):
        return "unknown"
    try:
        found = reader.read(content, "ztf")
    except BadInput as error:
        line = str(error)
        assert line.isprintable() and len(line) < 2000, f"a refusal that is no line: {line[:300]!r}"
        return "refused"
    lightcurve, _ = merge(found.rows, "an object")
    digest = photometry_digest(lightcurve)
    assert photometry_digest(from_dict(to_dict(lightcurve))) == digest, "it is not stored as read"
    for note in found.notes:
        assert note.isprintable() and len(note) < 2000, f"a note that is no line: {note[:300]!r}"
    return "read"


def _forget_the_peak() -> None:
    """Let the peak of this process's memory begin anew, where the kernel does that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """MB of memory that this process has used at most, since it was forgotten."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
