"""What is left when all is over: doubles, losses and halves, counted without the engine's help.

Starts come from the jobs' own lines, results from the files and their SHA-256, what is wanted from
the candidates. The ledger is only asked what it says of each unit and attempt.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toy_campaign import Start, doubles, read_starts

from nmma_fitter.engine.reasons import REASONS
from nmma_fitter.engine.unit import Unit

from .calls import read_calls
from .installation import Installation

ENDED = ("done", "failed", "skipped")
NAMES = ("*.json", "*.fin", "started", "exit", "heartbeat")


@dataclass
class Verdict:
    """The counts.

    Attributes
    ----------
    units, results : int
        Asked for, and ended in a result that checks.
    failures : Counter of str
        Named failures, by reason.
    doubled, lost, unended, broken : list of str
        One line each: work done twice; units that ended neither in a result that checks nor in a
        named failure; units still waiting or running when the harness's own time was over; files
        that can be seen and are not whole, and nights closed over something else than is there.
    requeues : int
        Restarts by the batch system itself.
    """

    units: int = 0
    results: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unended: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    requeues: int = 0

    @property
    def good(self) -> bool:
        """Nothing twice, nothing lost, nothing half, all over."""
        return not (self.doubled or self.lost or self.unended or self.broken)

    def add(self, other: Verdict) -> None:
        """Take in the counts of another installation."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def judge(site: Installation) -> Verdict:
    """Count."""
    verdict = Verdict()
    ledger = _Ledger(site)
    starts = read_starts(site.starts)
    for night, unit in site.wanted():
        verdict.units += 1
        _one_unit(verdict, ledger, night, unit)
    _doubled_jobs(verdict, starts)
    _doubled_attempts(verdict, ledger, starts)
    _doubled_submits(verdict, site)
    verdict.requeues = len({(s.job_id, s.restart) for s in starts if s.restart})
    for folder in (site.site / "outdir", site.site / "state"):
        verdict.broken += _halves(folder)
    verdict.broken += [problem for night in site.nights() for problem in _night(site, night)]
    return verdict


class _Ledger:
    """What the ledger says, and what it said of attempts before it was lost."""

    def __init__(self, site: Installation) -> None:
        with closing(sqlite3.connect(_path(site))) as db:
            db.row_factory = sqlite3.Row
            self.units = {row["digest"]: row for row in db.execute("SELECT * FROM units")}
            rows = [dict(row) for row in db.execute("SELECT * FROM attempts ORDER BY number")]
        kept = _kept(site)
        now = [row for row in rows if row["reason"] is not None or _key(row) not in kept]
        self.attempts = kept | {_key(row): row for row in now}


def keep_reasons(site: Installation) -> None:
    """Write down how attempts ended, as the ledger says now; it is about to be lost."""
    sql = "SELECT * FROM attempts WHERE reason IS NOT NULL"
    # The first tick may have been killed before there was a ledger.
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(_path(site))) as db:
        db.row_factory = sqlite3.Row
        rows = [dict(row) for row in db.execute(sql)]
        with (site.outside / "declared").open("a") as stream:
            stream.writelines(json.dumps(row) + "\n" for row in rows)


def _path(site: Installation) -> Path:
    return site.site / "state" / "ledger.sqlite"


def _kept(site: Installation) -> dict[tuple[Any, ...], dict[str, Any]]:
    path = site.outside / "declared"
    rows = map(json.loads, path.read_text().splitlines() if path.exists() else [])
    return {_key(row): row for row in rows}


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["digest"], row["generation"], row["number"]


def _one_unit(verdict: Verdict, ledger: _Ledger, night: str, unit: Unit) -> None:
    row = ledger.units.get(unit.digest)
    label = f"{night} {unit.object}"
    if row is None:
        verdict.lost.append(f"{label}: not in the ledger")
        return
    value = sentinel_of(Path(row["folder"]), unit.digest, row["generation"])
    proven = value is not None and value["outcome"] == "done"
    if row["state"] == "done" and proven:
        verdict.results += 1
    elif row["state"] not in ENDED:
        verdict.unended.append(f"{label}: {row['state']}")
    elif row["state"] in ("failed", "skipped") and row["reason"] in REASONS and not proven:
        verdict.failures[row["reason"]] += 1
    else:
        said = "a valid result is there" if proven else "no valid result is there"
        verdict.lost.append(f"{label}: {row['state']} ({row['reason']}) while {said}")


def sentinel_of(folder: Path, digest: str, generation: int) -> dict[str, Any] | None:
    """The sentinel of a unit if it vouches for it and for outputs that are there, whole."""
    path = folder / "sentinels" / f"{digest[:32]}-g{generation}.fin"
    try:
        value = json.loads(path.read_text())
        attempt = folder / "attempts" / value["attempt"]
        same = (value["digest"], value["generation"]) == (digest, generation)
        whole = all(
            hashlib.sha256((attempt / name).read_bytes()).hexdigest() == output["sha256"]
            for name, output in value["outputs"].items()
        )
        shown = all((folder / n).samefile(attempt / n) for n in value["outputs"])
        there = bool(value["outputs"]) or value["outcome"] != "done"
    except (OSError, ValueError, KeyError):
        return None
    return value if same and whole and there and shown else None


def _doubled_jobs(verdict: Verdict, starts: list[Start]) -> None:
    """Two job ids for one attempt."""
    for digest, generation, attempt in doubles(starts):
        verdict.doubled.append(f"{digest[:12]} g{generation}: two jobs for attempt {attempt}")


def _doubled_attempts(verdict: Verdict, ledger: _Ledger, starts: list[Start]) -> None:
    """A further attempt after one that had run, and for which no failure had been named."""
    by_unit: dict[tuple[str, int], set[int]] = {}
    for start in starts:
        by_unit.setdefault((start.digest, start.generation), set()).add(start.attempt)
    for (digest, generation), numbers in by_unit.items():
        for number in sorted(numbers)[:-1]:
            row = ledger.attempts.get((digest, generation, number))
            problem = _not_dead(row, digest, generation)
            if problem:
                verdict.doubled.append(f"{digest[:12]} g{generation}: attempt {number} {problem}")


def _not_dead(row: dict[str, Any] | None, digest: str, generation: int) -> str:
    """Why an attempt that had a successor should have had none; empty when it was in order."""
    if row is None:
        return "is not in the ledger, and another was made"
    if row["reason"] is None:
        return "was not declared dead, and another was made"
    if row["reason"] == "lost" and not row["charged"]:
        return "was taken for never accepted, and ran"
    if row["reason"] in ("no_output", "invalid_output"):
        value = sentinel_of(Path(row["folder"]), digest, generation)
        if value is not None and value["attempt"].startswith(f"{row['number']}-"):
            return "had a result that was not believed, and another was made"
    return ""


def _doubled_submits(verdict: Verdict, site: Installation) -> None:
    """Two accepted submissions for one attempt, by what the recorder around sbatch has seen."""
    accepted = [note for note in read_calls(site, "sbatch") if note["status"] == 0]
    tokens = Counter(token for note in accepted if (token := job_name(note["argv"])))
    verdict.doubled += [f"batch {t}: submitted {n} times" for t, n in tokens.items() if n > 1]
    attempts: Counter[tuple[str, int, int]] = Counter()
    for token in tokens:
        batch = json.loads((site.site / "state" / "batches" / f"{token}.json").read_text())
        attempts.update((j["digest"], j["generation"], j["attempt"]) for j in batch["jobs"])
    verdict.doubled += [f"{key}: in {n} batches" for key, n in attempts.items() if n > 1]


def job_name(argv: list[str]) -> str | None:
    """The job's name that a submission gives; None for one that only asks."""
    if any(word == "--test-only" for word in argv):
        return None
    names = [word.split("=", 1)[1] for word in argv if word.startswith("--job-name=")]
    return names[0] if names else None


def _halves(folder: Path) -> Iterator[str]:
    """Files under names that people and programs read, and which are no JSON."""
    for pattern in NAMES:
        for path in folder.rglob(pattern):
            if any(part.startswith(".") for part in path.relative_to(folder).parts):
                continue
            try:
                json.loads(path.read_bytes())
            except ValueError:
                yield f"{path.relative_to(folder)}: not whole"
            except OSError as error:
                yield f"{path.relative_to(folder)}: {error}"


def _night(site: Installation, night: str) -> Iterator[str]:
    """Whether a night's sentinel closes exactly what the night wants, as it is."""
    path = site.site / "outdir" / night / f"{night}.fin"
    try:
        closed = {unit["digest"]: unit["state"] for unit in json.loads(path.read_text())["units"]}
    except (OSError, ValueError, KeyError) as error:
        yield f"{night}.fin: {error!r}"
        return
    wanted = {unit.digest: unit for n, unit in site.wanted() if n == night}
    if set(closed) != set(wanted):
        yield f"{night}.fin: closes {len(closed)} digests, {len(wanted)} are wanted"
    for digest, state in closed.items():
        unit = wanted.get(digest)
        value = sentinel_of(unit.folder, digest, 0) if unit else None
        if (state == "done") != (value is not None and value["outcome"] == "done"):
            yield f"{night}.fin: says {state} of {digest[:12]}, the sentinel does not"
