"""Which batch system is here, and what it gives: for what ``install-jobs`` writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from nmma_fitter.durations import in_words
from nmma_fitter.errors import BadInput, ConfigError, SchedulerError
from nmma_fitter.schedulers.htcondor_pool import Pool
from nmma_fitter.schedulers.htcondor_settings import HTCondorSettings
from nmma_fitter.schedulers.slurm_commands import Commands
from nmma_fitter.schedulers.slurm_partitions import Partition, ask_partitions
from nmma_fitter.schedulers.slurm_settings import SlurmSettings

SECONDS = 20.0  # for each question


@dataclass(frozen=True)
class Site:
    """The batch system to write for.

    Attributes
    ----------
    scheduler : str
    found : tuple of str
        What was found, one line each.
    partitions : tuple of Partition
        Of Slurm, when it answers.
    partition : str
        The partition to name; "" where Slurm's own default does.
    """

    scheduler: str
    found: tuple[str, ...]
    partitions: tuple[Partition, ...] = ()
    partition: str = ""

    @property
    def longest(self) -> float | None:
        """The longest time limit of a job there, in seconds; None for no limit, or not known."""
        limits = {one.name: one.max_seconds for one in self.partitions}
        default = next((one.name for one in self.partitions if one.default), "")
        return limits.get(self.partition or default)


def find_site(scheduler: str = "", partition: str = "") -> Site:
    """Look which batch system answers here: Slurm, else HTCondor, else none (``local``).

    Parameters
    ----------
    scheduler : str
        Write for this one, whatever answers.
    partition : str
        Of Slurm.

    Raises
    ------
    BadInput
        Slurm answers and has no such partition; the message lists those that it has.
    """
    lines: list[str] = []
    partitions = _slurm(lines) if scheduler in ("", "slurm") else []
    if scheduler == "slurm" or partitions:
        return Site("slurm", tuple(lines), tuple(partitions), _partition(partitions, partition))
    if scheduler == "htcondor" or (not scheduler and _htcondor(lines)):
        return Site("htcondor", tuple(lines))
    if not scheduler:
        lines.append("no batch system answers here: jobs run on this machine (--scheduler to say)")
    return Site("local", tuple(lines))


def _slurm(lines: list[str]) -> list[Partition]:
    try:
        said = ask_partitions(Commands(SlurmSettings(command_seconds=SECONDS)))
    except ConfigError:
        return []
    if isinstance(said, str):
        lines.append(f"Slurm's commands are here, but it does not answer: {said}")
        return []
    lines.append(f"Slurm answers, with {len(said)} partitions:")
    lines += [f"  {_described(one)}" for one in said]
    return said


def _described(one: Partition) -> str:
    limit = (
        "no time limit" if one.max_seconds is None else f"jobs up to {in_words(one.max_seconds)}"
    )
    size = [f"{one.cores} cores"] if one.cores else []
    size += [f"{one.memory_mb} MB"] if one.memory_mb else []
    marks = ["default"] * one.default + ["not up"] * (not one.up)
    of_node = f", {' and '.join(size)} of a node" if size else ""
    return f"{one.name}{f' ({chr(44).join(marks)})' if marks else ''}: {limit}{of_node}"


def _partition(partitions: Sequence[Partition], named: str) -> str:
    """The partition to write: as asked for; where Slurm has no default, the longest that is up."""
    names = [one.name for one in partitions]
    if named and names and named not in names:
        raise BadInput(f"Slurm has no partition {named!r}; there are: {', '.join(names)}")
    if named or not partitions or any(one.default for one in partitions):
        return named
    up = [one for one in partitions if one.up] or list(partitions)
    return max(up, key=lambda one: one.max_seconds or float("inf")).name


def _htcondor(lines: list[str]) -> bool:
    if find_spec("htcondor2") is None:
        return False
    try:
        said = Pool(HTCondorSettings(command_seconds=SECONDS)).ask("machines", constraint="true")
    except SchedulerError:
        return False
    lines.append(f"HTCondor answers, with {said['all']} machines")
    return True
