"""The batch: what is about to be submitted, on disk before it is.

``<state>/batches/<token>.json`` maps array index to unit and attempt, or to those that share a job.
The token is the job's name on the batch system, so that jobs whose ids were never learnt are found
again by it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from nmma_fitter.engine.files import read_json, write_json

TOKEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{12}")


@dataclass(frozen=True)
class BatchJob:
    """One attempt of a batch.

    Attributes
    ----------
    digest : str
    generation : int
    attempt : int
    folder : str
        The unit's work folder.
    seconds : int
        Wall-clock limit it asks for; of a job that it shares, its part.
    index : int or None
        Array index of its job, which several may share; None is its place in the batch.
    """

    digest: str
    generation: int
    attempt: int
    folder: str
    seconds: int = 0
    index: int | None = None


@dataclass(frozen=True)
class Batch:
    """Attempts submitted in one call."""

    token: str
    scheduler: str
    jobs: tuple[BatchJob, ...]

    def indexed(self) -> Iterator[tuple[int, BatchJob]]:
        """Array index of each attempt's job, and the attempt."""
        for place, job in enumerate(self.jobs):
            yield (place if job.index is None else job.index), job


def installation_file(state: Path) -> Path:
    """Where a state folder keeps its id, and which folders are marked with it."""
    return state / "installation.json"


def installation(state: Path) -> str:
    """This state folder's own id, made once; it tells our jobs from another installation's."""
    path = installation_file(state)
    known = (read_json(path) or {}).get("id")
    if isinstance(known, str) and re.fullmatch(r"[0-9a-f]{8}", known):
        return known
    new = secrets.token_hex(4)
    write_json(path, {"id": new})
    return new


def new_batch(state: Path, scheduler: str, jobs: tuple[BatchJob, ...]) -> Batch:
    """A batch with a fresh token, written and synced before anything is submitted."""
    token = f"{installation(state)}-{secrets.token_hex(6)}"
    batch = Batch(token, scheduler, jobs)
    path = batch_path(state, token)
    path.parent.mkdir(exist_ok=True)
    write_json(path, {"scheduler": scheduler, "jobs": [asdict(job) for job in jobs]})
    return batch


def batch_path(state: Path, token: str) -> Path:
    """Where a batch is on disk."""
    return state / "batches" / f"{token}.json"


def read_batches(state: Path) -> Iterator[Batch]:
    """Every batch ever written; files that are none are passed over."""
    for path in sorted((state / "batches").glob("*.json")):
        value = read_json(path)
        if value is None or not TOKEN.fullmatch(path.stem):
            continue
        try:
            jobs = tuple(BatchJob(**job) for job in value["jobs"])
            yield Batch(path.stem, str(value["scheduler"]), jobs)
        except (KeyError, TypeError):
            continue
