"""The Slurm side of a primary_job: which job this is, and the one queued after it."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.errors import BadInput
from nmma_fitter.schedulers.commands import Said, run
from nmma_fitter.schedulers.slurm_partitions import parse_limit

log = logging.getLogger(__name__)

SUCCESSOR_OF = "NMMA_FITTER_SUCCESSOR_OF"  # set by us in what a successor inherits
COMMAND_SECONDS = 60.0
_REACH_CLUSTER = ("SLURM_CONF", "SLURM_CONF_SERVER")
_SLURM = ("SLURM_", "SLURMD_", "SBATCH_", "SQUEUE_", "SCANCEL_", "SRUN_", "SALLOC_")
_FIELDS = "%l|%L|%o"  # time limit, time left, command with its arguments


@dataclass(frozen=True)
class OwnJob:
    """The job this process runs in.

    Attributes
    ----------
    job_id, name, node : str
    options : tuple of str
        Of sbatch, as this job got them: partition, account, memory, folder and so on.
    script : Path
        Slurm's copy of the batch script.
    """

    job_id: str
    name: str
    node: str
    options: tuple[str, ...]
    script: Path

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], script: Path, output: Path | None = None
    ) -> OwnJob:
        """Read what Slurm tells a batch job; raises `BadInput` outside of one."""
        job_id = environ.get("SLURM_JOB_ID", "")
        if not job_id.isdigit():
            raise BadInput(
                "not inside a Slurm job; run `sbatch jobs/primary_job`, or without Slurm "
                "`make-jobs --keep-going`"
            )
        variables = {
            "partition": "SLURM_JOB_PARTITION",
            "account": "SLURM_JOB_ACCOUNT",
            "qos": "SLURM_JOB_QOS",
            "reservation": "SLURM_JOB_RESERVATION",
            "mem": "SLURM_MEM_PER_NODE",  # in MB, as sbatch takes it
            "chdir": "SLURM_SUBMIT_DIR",
        }
        given = {option: environ.get(name, "") for option, name in variables.items()}
        options = tuple(f"--{o}={v}" for o, v in given.items() if v and v != "(null)")
        if output is not None:
            options += (f"--output={str(output).replace('%', '%%')}", "--open-mode=append")
        name = environ.get("SLURM_JOB_NAME", "") or "nmma-primary"
        return cls(job_id, name, environ.get("SLURMD_NODENAME", "?"), options, script)


def own_output() -> Path | None:
    """The file that Slurm writes this job's output to, None when it is none."""
    path = Path("/proc/self/fd/1")
    try:
        return path.readlink() if path.is_file() else None
    except OSError:
        return None


class Chain:
    """This job and its successor.

    Parameters
    ----------
    job : OwnJob
    environ : mapping
        This process's environment; the successor gets it without what Slurm set in it.
    arguments : sequence of str
        Of the batch script.
    begin_after : float
        Seconds that the successor waits at least: a bound on how fast a chain can fail.

    Attributes
    ----------
    successor : str or None
        Id of the queued job.
    limit, seconds_left : float or None
        This job's time limit and what was left of it at the start; None when not known.
    """

    def __init__(
        self,
        job: OwnJob,
        environ: Mapping[str, str],
        arguments: Sequence[str],
        begin_after: float,
    ) -> None:
        self._job = job
        self._environ = successor_environment(environ, job.job_id)
        self._arguments = tuple(arguments)
        self._begin_after = max(1, round(begin_after))
        self.successor: str | None = None
        self.limit: float | None = None
        self.seconds_left: float | None = None
        self._time_limit = ""
        self._original: Path | None = None
        self._look_at_own_job()

    def ensure(self, *, again: bool = False) -> None:
        """See that one successor is queued, and no more than one.

        Parameters
        ----------
        again : bool
            Look even when one is known.
        """
        if self.successor is not None and not again:
            return
        queued = self._queued()
        if queued is None:  # submitting without knowing could queue another one each minute
            return
        if queued:
            self.successor = queued[0]
            if queued[1:]:
                log.warning("%d more jobs are queued as %s; cancelled", len(queued) - 1, self._name)
                self._run("scancel", *queued[1:])
            return
        self.successor = self._submit()

    def end(self) -> None:
        """Cancel what is queued after this job."""
        queued = self._queued()
        if queued:
            said = self._run("scancel", *queued)
            if said.status != 0:
                log.error("scancel %s: %s; cancel it by hand", " ".join(queued), said.message)
        elif queued is None:
            log.error("the queue cannot be read; check by hand: squeue --me --name=%s", self._name)
        self.successor = None

    @property
    def _name(self) -> str:
        return self._job.name

    def submit_arguments(self) -> list[str]:
        """What sbatch is called with for the successor."""
        script = self._original or self._job.script
        return [
            "--parsable",
            "--dependency=singleton",
            f"--begin=now+{self._begin_after}",
            f"--job-name={self._name}",
            "--export=ALL",
            *self._job.options,
            *([f"--time={self._time_limit}"] if self._time_limit else []),
            str(script),
            *self._arguments,
        ]

    def _submit(self) -> str | None:
        said = self._run("sbatch", *self.submit_arguments())
        match = re.fullmatch(r"(\d+)(;[\w.-]+)?", said.out.strip(), re.ASCII)
        if said.status != 0 or match is None:
            log.error(
                "no successor could be queued, tried again at the next tick: %s", said.message
            )
            return None
        log.info("successor %s is queued", match[1])
        return match[1]

    def _queued(self) -> list[str] | None:
        """Ids of our waiting jobs of this name, oldest first; None when nobody knows."""
        said = self._run(
            "squeue",
            "--me",
            "--noheader",
            f"--name={self._name}",
            "--states=PENDING",
            "--format=%A",
        )
        if said.status != 0:
            log.warning("squeue: %s", said.message)
            return None
        ids = {word for word in said.out.split() if word.isdigit()} - {self._job.job_id}
        return sorted(ids, key=int)

    def _look_at_own_job(self) -> None:
        said = self._run(
            "squeue", "--noheader", f"--jobs={self._job.job_id}", f"--format={_FIELDS}"
        )
        answer = said.out.strip().rpartition("\n")[2]  # a site's wrapper may print other lines
        limit, bar, rest = answer.partition("|")
        left, _, command = rest.partition("|")
        if said.status != 0 or not bar:
            log.warning("this job's time limit is not known: %s", said.message)
            return
        self.limit, self.seconds_left = parse_limit(limit), parse_limit(left)
        self._time_limit = limit.strip() if self.limit is not None else ""
        self._original = script_of(command.strip())

    def _run(self, name: str, *arguments: str) -> Said:
        path = shutil.which(name, path=self._environ.get("PATH"))
        if path is None:
            return Said(None, "", f"{name}: no such command on this node")
        return run([path, *arguments], COMMAND_SECONDS, self._environ)


def successor_environment(environ: Mapping[str, str], job_id: str) -> dict[str, str]:
    """An environment without what Slurm set in it for this job, which would change the next."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in _REACH_CLUSTER or not name.startswith(_SLURM)
    }
    return {**kept, SUCCESSOR_OF: job_id}


def script_of(command: str) -> Path | None:
    """The batch script's file in a command line that may have blanks anywhere."""
    words = command.split(" ")
    for count in range(len(words), 0, -1):
        path = Path(" ".join(words[:count]))
        if path.is_absolute() and path.is_file():
            return path
    return None
