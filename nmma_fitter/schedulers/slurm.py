"""Submits job scripts to Slurm as arrays, and tells from squeue and sacct what became of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from nmma_fitter.durations import in_words
from nmma_fitter.errors import ConfigError, SchedulerError, SchedulerFull, SchedulerUnknown
from nmma_fitter.schedulers.base import Answer, BatchRequest, JobState, JobStatus, Resources
from nmma_fitter.schedulers.batch_checks import TOKEN, check_batch
from nmma_fitter.schedulers.batch_folders import prepare, prune
from nmma_fitter.schedulers.commands import Said
from nmma_fitter.schedulers.settings import checked
from nmma_fitter.schedulers.slurm_capabilities import Cluster
from nmma_fitter.schedulers.slurm_commands import Commands
from nmma_fitter.schedulers.slurm_partitions import Partition, chosen, longest, too_large
from nmma_fitter.schedulers.slurm_queue import (
    JOB_ID,
    Row,
    Shown,
    agreed,
    ask_accounting,
    ask_controller,
    ask_queue,
    by_token,
)
from nmma_fitter.schedulers.slurm_refusals import NoArrays, job_number, raise_refusal
from nmma_fitter.schedulers.slurm_script import SCRIPT, arguments, array_script, partition_of
from nmma_fitter.schedulers.slurm_settings import SlurmSettings
from nmma_fitter.schedulers.slurm_states import may_be_memory, may_be_told_more, status_of

_OVER_MEMORY = re.compile(rb"exceeded (?:job |step )?memory limit|oom.?kill|Out Of Memory", re.I)
_NOTHING_TO_CANCEL = re.compile(r"Invalid job id|already completing or completed")
_TAIL_BYTES = 8192
_CANCEL_AT_ONCE = 1000

AskController = Callable[[], Shown | str]


class SlurmScheduler:
    """The scheduler ``slurm``.

    Parameters
    ----------
    state : Path
        Folder for its own files, one folder per batch below it; on a file system the nodes share.
    **settings
        As `SlurmSettings`.

    Raises
    ------
    ConfigError
        A setting is unknown or out of range, or the machine has no Slurm commands.

    Notes
    -----
    squeue is the authority on what waits and runs. A job it does not know is looked up in sacct;
    ABSENT means that neither knows it, or that squeue does not and the cluster keeps no accounts
    (or this machine has no sacct). With accounts that cannot be read now the job is UNKNOWN. Where
    squeue is silent on a job that has not ended for sacct, scontrol is asked as well: a job that
    one of the others takes for alive is alive, unless squeue and scontrol both do not know it.
    """

    name = "slurm"

    def __init__(self, state: Path, **settings: Any) -> None:
        self._settings = checked("slurm", SlurmSettings, settings)
        self._root = Path(state).absolute()
        if "\\" in str(self._root) or not str(self._root).isprintable():
            raise ConfigError(
                f"scheduler 'slurm': {str(self._root)!r}: Slurm cannot write output below a folder "
                f"with a backslash or a control character in its name; choose another paths.state"
            )
        self._commands = Commands(self._settings)
        self._cluster = Cluster(self._commands)

    @property
    def largest_batch(self) -> int | None:
        """The cluster's ``MaxArraySize``; 1, a plain job, where it takes no arrays."""
        return self._cluster.can.max_array_size if self._cluster.arrays else 1

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        """Cut a time limit to what the partition gives; see `base.Scheduler`."""
        there = self._partitions(asked)
        limit = longest(there)
        if limit is None or asked.seconds <= limit:
            return asked, ""
        names = ", ".join(one.name for one in there)
        cut = (
            f"a time limit of {in_words(asked.seconds)} is above the {in_words(limit)} that "
            f"partition {names} gives; jobs ask for that, and go on from their checkpoints"
        )
        return replace(asked, seconds=int(limit)), cut

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """Submit a batch as one array; see `base.Scheduler`.

        An array that is refused as one is never submitted again as such: where it had one task
        only, that goes as a plain job.
        """
        script = self._checked_script(batch)
        folder = self._root / batch.token
        path: Path | None = None

        def sbatch(array: bool) -> str:
            nonlocal path
            words = self._arguments(batch, folder, array)
            path = path or prepare(folder / SCRIPT, script)
            return job_number(self._commands.run("sbatch", *words, str(path)))

        number, array = self._as_array_or_plain(batch, sbatch)
        return [f"{number}_{i}" if array else number for i in range(len(batch.scripts))]

    def rehearse(self, batch: BatchRequest) -> str:
        """Ask ``sbatch --test-only``; see `base.Scheduler`."""
        script = self._checked_script(batch)

        def sbatch(array: bool) -> str:
            words = self._arguments(batch, self._root / batch.token, array)
            said = self._commands.run("sbatch", "--test-only", *words, stdin=script)
            raise_refusal(said)
            if said.status != 0:
                raise SchedulerUnknown(f"sbatch --test-only: {said.message}")
            return said.message.replace("sbatch: ", "")

        return self._as_array_or_plain(batch, sbatch)[0]

    def _as_array_or_plain(
        self, batch: BatchRequest, sbatch: Callable[[bool], str]
    ) -> tuple[str, bool]:
        """What sbatch said, and whether of an array."""
        if not self._cluster.arrays:
            return sbatch(False), False
        try:
            return sbatch(True), True
        except NoArrays:
            if len(batch.scripts) > 1:
                raise
        self._cluster.without_arrays()
        return sbatch(False), False

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        """Ask squeue, and sacct about what squeue leaves open; see `base.Scheduler`."""
        wanted = [job_id for job_id in dict.fromkeys(job_ids) if JOB_ID.fullmatch(job_id)]
        named = [token for token in dict.fromkeys(tokens) if TOKEN.fullmatch(token)]
        statuses = dict.fromkeys(job_ids, JobStatus(JobState.ABSENT, detail="no id of Slurm's"))
        queue = ask_queue(self._commands)
        if not isinstance(queue, str) and queue.noise and (wanted or named):
            queue = f"squeue: cannot read its answer {queue.noise[:200]!r}"
        if isinstance(queue, str):
            unknown = JobStatus(JobState.UNKNOWN, detail=queue)
            return Answer({**statuses, **dict.fromkeys(wanted, unknown)}, None, problem=queue)
        found = by_token(queue.named, named)
        unfound = [token for token in named if token not in found]
        accounts = self._ask_accounting(queue, [*wanted, *_ids(found)], unfound)
        silent = isinstance(accounts, str)
        if not isinstance(accounts, str):
            found |= by_token(accounts.named, unfound)
        controller = cache(partial(ask_controller, self._commands))
        for job_id in (*wanted, *_ids(found)):
            statuses[job_id] = self._status(job_id, queue, accounts, controller)
        problem = accounts if isinstance(accounts, str) else ""
        return Answer(statuses, None if silent and unfound else found, queue.live, problem)

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Ask for these jobs to end; see `base.Scheduler`."""
        ids = [job_id for job_id in dict.fromkeys(job_ids) if JOB_ID.fullmatch(job_id)]
        problems = []
        for first in range(0, len(ids), _CANCEL_AT_ONCE):
            said = self._commands.run("scancel", "--quiet", *ids[first : first + _CANCEL_AT_ONCE])
            problems += _failures(said)
        if problems:
            raise SchedulerUnknown(f"scancel: {'; '.join(problems)}")

    def prune(self, older_than_days: float) -> Sequence[str]:
        """Remove the folders of batches in which nothing changed for that long."""
        return prune(self._root, older_than_days)

    def _checked_script(self, batch: BatchRequest) -> bytes:
        check_batch(batch)
        script, can, asked = array_script(batch), self._cluster.can, batch.resources
        most = self.largest_batch or 1
        if len(batch.scripts) > most:
            raise SchedulerFull(
                f"batch {batch.token}: it has {len(batch.scripts)} jobs, and this cluster takes "
                f"at most {most} in one submit (MaxArraySize)"
            )
        problem = too_large(self._partitions(asked), asked.cores, asked.memory_mb)
        if len(script) > can.max_script_size:
            problem = (
                f"its script has {len(script)} bytes, over the cluster's {can.max_script_size}; "
                f"submit fewer jobs at once"
            )
        if problem:
            raise SchedulerError(f"batch {batch.token}: {problem}")
        return script

    def _partitions(self, asked: Resources) -> list[Partition]:
        """Those a job may run in, as far as the cluster says."""
        return chosen(self._cluster.partitions, partition_of(asked.options, self._settings))

    def _arguments(self, batch: BatchRequest, folder: Path, array: bool) -> list[str]:
        try:
            return arguments(batch, self._settings, folder, array=array)
        except ValueError as error:
            raise SchedulerError(f"batch {batch.token}: {error}") from error

    def _ask_accounting(
        self, queue: Shown, job_ids: Sequence[str], tokens: Sequence[str]
    ) -> Shown | str:
        """What sacct adds to the queue; nothing when it is not needed or keeps no accounts."""
        rows = ((job_id, queue.of(job_id)) for job_id in job_ids)
        unclear = [job_id for job_id, row in rows if row is None or may_be_told_more(row)]
        if not (unclear or tokens) or not self._cluster.can.accounting:
            return Shown()
        return ask_accounting(self._commands, unclear, tokens)

    def _status(
        self, job_id: str, queue: Shown, accounts: Shown | str, controller: AskController
    ) -> JobStatus:
        queued = queue.of(job_id)
        if isinstance(accounts, str):
            if queued is None:
                return JobStatus(JobState.UNKNOWN, detail=accounts)
            accounts = Shown()
        row = agreed(queued, accounts.of(job_id))
        if row is None:
            return self._missing(job_id, queue, accounts, controller())
        if may_be_memory(row) and not row.over_memory:
            row = replace(row, over_memory=self._killed_for_memory(row))
        return replace(status_of(row), token=next(iter(row.names), None))

    def _missing(
        self, job_id: str, queue: Shown, accounts: Shown, controller: Shown | str
    ) -> JobStatus:
        """A job that has not ended for sacct and is not there for squeue.

        That squeue alone is silent on it proves nothing where another says that it lives. What
        only sacct takes for alive was lost by the controller, if scontrol does not know it either.
        """
        alive = accounts.living(job_id)
        if isinstance(controller, Shown):
            if row := controller.of(job_id) or controller.living(job_id):
                status = status_of(row)
                return replace(status, detail=f"{status.detail}, says scontrol; squeue is silent")
        elif alive is not None:
            return replace(
                status_of(alive), detail=f"{alive.state}, says sacct; squeue is silent on it"
            )
        elif not (queue.proven or queue.some or self._cluster.can.accounting):
            return JobStatus(JobState.UNKNOWN, detail=f"squeue said nothing at all; {controller}")
        if alive is not None:
            detail = f"not known to squeue and scontrol; sacct still says {alive.state}"
            return JobStatus(JobState.ABSENT, detail=detail)
        number = job_id.partition("_")[0]
        other = queue.some.get(number) or accounts.some.get(number)
        if self._cluster.can.accounting and other is not None:
            # Slurm keeps nothing of a task that is cancelled as it waits.
            detail = "inferred: Slurm knows the others of its array; cancelled while it waited"
            token = next(iter(other.names), None)  # another's, if the number was given out again
            return JobStatus(JobState.ABSENT, "cancelled", detail, token=token)
        return JobStatus(JobState.ABSENT, detail="not known to squeue or sacct")

    def _killed_for_memory(self, row: Row) -> bool:
        """Whether Slurm has written into the task's output that it used too much memory."""
        for token in filter(TOKEN.fullmatch, row.names):
            try:
                with (self._root / token / f"{row.index}.out").open("rb") as file:
                    file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
                    return bool(_OVER_MEMORY.search(file.read()))
            except OSError:
                continue
        return False


def _failures(said: Said) -> list[str]:
    """What went wrong with a scancel, but for jobs that have ended or are not known."""
    if said.status == 0:
        return []
    lines = [line for line in said.error.splitlines() if line.strip()]
    left = [line for line in lines if not _NOTHING_TO_CANCEL.search(line)]
    return left if left or lines else [said.message]


def _ids(found: Mapping[str, Mapping[int, str]]) -> list[str]:
    return [job_id for ids in found.values() for job_id in ids.values()]
