"""What a cluster can do: ``scontrol show config``, and what its partitions give a job."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from nmma_fitter.schedulers.slurm_commands import Commands
from nmma_fitter.schedulers.slurm_partitions import Partition, ask_partitions

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 300.0
_LINE = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Capabilities:
    """A cluster's own settings; the defaults are those of Slurm.

    Attributes
    ----------
    known : bool
        Whether the cluster has said so.
    version : str
    accounting : bool
        Whether ended jobs are kept in a database that `sacct` reads.
    max_array_size : int
        Most tasks of one array; 0 means no arrays.
    min_job_age : int
        Seconds for which `squeue` shows ended jobs.
    message_timeout : int
        Seconds after which a client gives up on the controller.
    max_script_size : int
        Bytes.
    """

    known: bool = False
    version: str = "?"
    accounting: bool = True
    max_array_size: int = 1001
    min_job_age: int = 300
    message_timeout: int = 10
    max_script_size: int = 4 << 20


class Cluster:
    """A cluster's capabilities, asked for when first needed, and again when it did not answer."""

    def __init__(self, commands: Commands, clock: Callable[[], float] = time.monotonic) -> None:
        self._commands = commands
        self._clock = clock
        self._known: Capabilities | None = None
        self._asked = 0.0
        self._partitions: list[Partition] = []
        self._looked: float | None = None
        self._arrays = True

    @property
    def can(self) -> Capabilities:
        """What it can do, or Slurm's defaults as long as it does not answer."""
        if self._known is None or (not self._known.known and self._asked_long_ago()):
            self._known, self._asked = probe(self._commands), self._clock()
        return self._known

    @property
    def partitions(self) -> list[Partition]:
        """Its partitions, as of a few minutes ago; none as long as it has not said."""
        if self._looked is None or self._clock() - self._looked > _AGAIN_SECONDS:
            said, self._looked = ask_partitions(self._commands), self._clock()
            if isinstance(said, str):
                log.warning("slurm: cannot read the cluster's partitions: %s", said)
            else:
                self._partitions = said
        return self._partitions

    @property
    def arrays(self) -> bool:
        """Whether it takes job arrays; not where they are off, or one of one task was refused."""
        return self._arrays and self.can.max_array_size > 0

    def without_arrays(self) -> None:
        """Note that it takes none, whatever its settings say."""
        self._arrays = False

    def _asked_long_ago(self) -> bool:
        return self._clock() - self._asked > _AGAIN_SECONDS


def probe(commands: Commands) -> Capabilities:
    """Ask the cluster; its defaults when it does not answer."""
    said = commands.run("scontrol", "show", "config")
    if said.status != 0:
        log.warning("slurm: cannot read the cluster's settings: %s", said.message)
        return Capabilities(accounting=commands.has("sacct"))
    found = parse(said.out)
    if not commands.has("sacct"):
        found = Capabilities(**{**vars(found), "accounting": False})
    log.info(
        "slurm %s: accounting %s, MaxArraySize %d, MinJobAge %d s, MessageTimeout %d s",
        found.version,
        "yes" if found.accounting else "no",
        found.max_array_size,
        found.min_job_age,
        found.message_timeout,
    )
    return found


def parse(text: str) -> Capabilities:
    """Read what ``scontrol show config`` prints."""
    values = dict(_LINE.findall(text))
    plain = Capabilities()
    storage = values.get("AccountingStorageType", "(null)")
    script = re.search(r"max_script_size=(\d+)", values.get("SchedulerParameters", ""))
    return Capabilities(
        known=True,
        version=values.get("SLURM_VERSION", "?"),
        accounting="slurmdbd" in storage or "mysql" in storage,
        max_array_size=_number(values.get("MaxArraySize"), plain.max_array_size),
        min_job_age=_number(values.get("MinJobAge"), plain.min_job_age),
        message_timeout=_number(values.get("MessageTimeout"), plain.message_timeout),
        max_script_size=int(script[1]) if script else plain.max_script_size,
    )


def _number(text: str | None, otherwise: int) -> int:
    match = re.match(r"\d+", text or "")
    return int(match[0]) if match else otherwise
