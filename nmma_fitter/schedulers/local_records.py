"""What the local scheduler keeps on disk, written so that a kill at any point loses nothing.

::

    <root>/batches/<token>/batch.json         all that is needed to run the batch
    <root>/batches/<token>/<index>/           one job: claim.json, cancel, exit.json, stdout, stderr
    <root>/hosts/<host>/dispatcher.lock       held by the one dispatcher of this host
    <root>/hosts/<host>/slots.json, slots/    how many jobs at once; one lock file per slot

A batch appears by the rename of a finished folder: it is there whole or not at all, and of two
submits of one token one fails. ``claim.json`` and ``exit.json`` appear by exclusive link: whoever
comes first, a supervisor or a cancel, decides whether a job starts, and the first record stays.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nmma_fitter.schedulers.batch_checks import TOKEN
from nmma_fitter.schedulers.local_processes import Identity, host_folder_name

_JOB_ID = re.compile(rf"({TOKEN.pattern})_(0|[1-9][0-9]{{0,6}})")


@dataclass(frozen=True)
class Batch:
    """A submitted batch.

    Attributes
    ----------
    token, host : str
    nonce : str
        Random: tells the processes of this batch from those of a namesake under another root.
    submitted : float
        Wall clock (s since 1970); orders the queue.
    scripts, folders : tuple of str
    seconds, grace_seconds : float
    memory_mb : int
    environment : dict
        What every job gets, besides its own variables.
    """

    token: str
    host: str
    nonce: str
    submitted: float
    scripts: tuple[str, ...]
    folders: tuple[str, ...]
    seconds: float
    memory_mb: int
    grace_seconds: float
    environment: dict[str, str]

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Batch:
        """Undo the loss of tuples in JSON."""
        scripts, folders = tuple(payload.pop("scripts")), tuple(payload.pop("folders"))
        return cls(scripts=scripts, folders=folders, **payload)

    @property
    def job_ids(self) -> dict[int, str]:
        """Job id of every array index."""
        return {index: f"{self.token}_{index}" for index in range(len(self.scripts))}

    def tag(self, index: int) -> str:
        """Return what marks the processes of one job."""
        return f"{self.nonce}_{index}"


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes
    ----------
    reason : str or None
        One of the engine's reasons; None when the script ended with status 0.
    detail : str
    exit_code : int or None
        ``128 + signal`` for a signal; None when the script was never started.
    signal : int or None
    seconds : float or None
        Duration on the monotonic clock.
    peak_mb : int or None
        Largest sum of resident memory seen over the job's processes.
    started, ended : float or None
        Wall clock of the job's host (s since 1970), for people and for `prune`.
    """

    reason: str | None = None
    detail: str = ""
    exit_code: int | None = None
    signal: int | None = None
    seconds: float | None = None
    peak_mb: int | None = None
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True)
class Job:
    """One job's folder, and the few things that may happen in it."""

    folder: Path

    @property
    def job_id(self) -> str:
        """The scheduler's id of this job."""
        return f"{self.folder.parent.name}_{self.folder.name}"

    @property
    def index(self) -> int:
        """Position of the job in its batch."""
        return int(self.folder.name)

    def batch(self) -> Batch | None:
        """Read the batch this job belongs to; None when there is none or it is shorter."""
        batch = _read_batch(self.folder.parent)
        return batch if batch and self.index < len(batch.scripts) else None

    def is_claimed(self) -> bool:
        """Whether a supervisor has taken the job, or a cancel has."""
        return (self.folder / "claim.json").exists()

    def claim(self, supervisor: Identity) -> bool:
        """Take the job for this supervisor; False when it is taken."""
        return publish(self.folder / "claim.json", {"supervisor": asdict(supervisor)})

    def refuse(self, ended: Ended) -> bool:
        """End the job before it starts; False when a supervisor has it."""
        return publish(self.folder / "claim.json", {"ended": asdict(ended)})

    def supervisor(self) -> Identity | None:
        """Who supervises or supervised the job; None while it waits or when it never started."""
        claim = read_json(self.folder / "claim.json") or {}
        return Identity(**claim["supervisor"]) if "supervisor" in claim else None

    def end(self, ended: Ended) -> bool:
        """Record how the job ended; False when that is recorded already."""
        return publish(self.folder / "exit.json", asdict(ended))

    def ended(self) -> Ended | None:
        """How the job ended; None when it did not."""
        claim = read_json(self.folder / "claim.json") or {}
        payload = claim.get("ended") or read_json(self.folder / "exit.json")
        return Ended(**payload) if payload else None

    def ask_to_cancel(self) -> None:
        """Leave word for the job's supervisor, who looks twice a second."""
        (self.folder / "cancel").touch()

    def is_asked_to_cancel(self) -> bool:
        """Whether somebody wants the job to end."""
        return (self.folder / "cancel").exists()


@dataclass(frozen=True)
class Root:
    """The folder that holds all of it."""

    path: Path

    @property
    def batches(self) -> Path:
        """Folder of the batches, by token."""
        return self.path / "batches"

    @property
    def host(self) -> Path:
        """Folder of this host's locks: slots are a machine's, not the state folder's."""
        return self.path / "hosts" / host_folder_name()

    def prepare(self) -> None:
        """Make the folders."""
        self.batches.mkdir(parents=True, exist_ok=True)
        (self.host / "slots").mkdir(parents=True, exist_ok=True)

    def job(self, job_id: str) -> Job | None:
        """Job of this id; None when the text is no id of ours."""
        match = _JOB_ID.fullmatch(job_id)
        return Job(self.batches / match[1] / match[2]) if match else None

    def tokens(self) -> Iterator[str]:
        """Tokens of all batches on disk, in no order."""
        return (path.name for path in self.batches.iterdir() if TOKEN.fullmatch(path.name))

    def read(self, token: str) -> Batch | None:
        """Batch of this token; None when it is not known."""
        return _read_batch(self.batches / token) if TOKEN.fullmatch(token) else None

    def jobs(self, batch: Batch) -> list[Job]:
        """Jobs of a batch, in order."""
        return [Job(self.batches / batch.token / str(index)) for index in batch.job_ids]

    def record(self, batch: Batch) -> bool:
        """Put a batch on disk, whole; False when its token is there already.

        Raises
        ------
        OSError
            Nothing was recorded.
        """
        draft = Path(tempfile.mkdtemp(prefix=f".draft-{batch.token}-", dir=self.batches))
        try:
            for index in batch.job_ids:
                (draft / str(index)).mkdir()
            _write_synced(draft / "batch.json", asdict(batch))
            sync_folder(draft)
            draft.rename(self.batches / batch.token)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        with contextlib.suppress(OSError):  # recorded all the same, though a power cut may undo it
            sync_folder(self.batches)
        return True

    def forget(self, token: str) -> None:
        """Remove a batch; by a rename first, so that it is never half there."""
        draft = Path(tempfile.mkdtemp(prefix=f".draft-{token}-", dir=self.batches))
        (self.batches / token).rename(draft / token)
        shutil.rmtree(draft, ignore_errors=True)

    def drafts(self) -> Iterator[Path]:
        """List what killed submits and killed prunes left behind."""
        return self.batches.glob(".draft-*")


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None when there is no such file."""
    try:
        payload: dict[str, Any] = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return payload


def publish(path: Path, payload: Mapping[str, Any]) -> bool:
    """Create a file with this content, atomically and for good; False when it exists."""
    draft = _draft_of(path, payload)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        # NFS may repeat a request whose answer was lost; two links then say that it was ours.
        if draft.stat().st_nlink != 2:
            return False
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def replace(path: Path, payload: Mapping[str, Any]) -> None:
    """Write a file anew, atomically."""
    _draft_of(path, payload).replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_batch(folder: Path) -> Batch | None:
    payload = read_json(folder / "batch.json")
    return Batch.from_json(payload) if payload else None


def _draft_of(path: Path, payload: Mapping[str, Any]) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(descriptor)
    draft = Path(name)
    try:
        _write_synced(draft, payload)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _write_synced(path: Path, payload: Mapping[str, Any]) -> None:
    with path.open("w", encoding="ascii") as file:
        json.dump(payload, file)
        file.flush()
        os.fsync(file.fileno())
