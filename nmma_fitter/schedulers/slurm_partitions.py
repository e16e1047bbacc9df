"""Partitions and what they give one job: ``scontrol show partition`` and ``scontrol show node``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nmma_fitter.schedulers.slurm_commands import Commands

_LIMIT = re.compile(r"(?:(\d+)-)?(?:(\d+):)??(\d+):(\d+)", re.ASCII)
_FIELD = re.compile(r"(?:^| )([A-Za-z]+)=(\S*)")


@dataclass(frozen=True)
class Partition:
    """What one partition gives; None where it sets no limit, or nobody says.

    Attributes
    ----------
    name : str
    default : bool
        Whether a job that names none goes there.
    up : bool
    max_seconds : float or None
        Longest time limit of a job.
    nodes : int
    cores, memory_mb : int or None
        Most that a job gets of one node.
    """

    name: str
    default: bool = False
    up: bool = True
    max_seconds: float | None = None
    nodes: int = 0
    cores: int | None = None
    memory_mb: int | None = None


def ask_partitions(commands: Commands) -> list[Partition] | str:
    """The partitions of the cluster; or why there is no answer."""
    said = commands.run("scontrol", "--oneliner", "--all", "show", "partition")
    if said.status != 0:
        return f"scontrol: {said.message}"
    nodes = commands.run("scontrol", "--oneliner", "--all", "show", "node")
    return parse_partitions(said.out, nodes.out if nodes.status == 0 else "")


def parse_partitions(partitions: str, nodes: str) -> list[Partition]:
    """Read what scontrol prints of partitions and of nodes, a line for each."""
    machines = [dict(_FIELD.findall(line)) for line in nodes.splitlines()]
    tables = [dict(_FIELD.findall(line)) for line in partitions.splitlines()]
    return [_partition(table, machines) for table in tables if table.get("PartitionName")]


def chosen(partitions: Iterable[Partition], named: str) -> list[Partition]:
    """Those that a job may run in which names these, or none."""
    names = [name for name in named.split(",") if name]
    return [one for one in partitions if (one.name in names if names else one.default)]


def longest(partitions: Sequence[Partition]) -> float | None:
    """The longest time limit, in seconds, that one of them gives; None for no limit."""
    limits = [one.max_seconds for one in partitions]
    known = [limit for limit in limits if limit is not None]
    return max(known) if known and len(known) == len(limits) else None


def too_large(partitions: Sequence[Partition], cores: int, memory_mb: int) -> str:
    """Why no node of these partitions is large enough for a job, or ""."""
    problems = [_too_large(one, cores, memory_mb) for one in partitions]
    return "; ".join(problems) if problems and all(problems) else ""


def _too_large(one: Partition, cores: int, memory_mb: int) -> str:
    if one.cores is not None and cores > one.cores:
        return f"{cores} cores: a job gets at most {one.cores} of a node in partition {one.name}"
    if one.memory_mb is not None and memory_mb > one.memory_mb:
        return (
            f"{memory_mb} MB of memory: a job gets at most {one.memory_mb} MB of a node in "
            f"partition {one.name}"
        )
    return ""


def parse_limit(text: str) -> float | None:
    """Seconds of Slurm's ``[days-][[hours:]minutes:]seconds``; None for UNLIMITED and the like."""
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _partition(table: dict[str, str], machines: Sequence[dict[str, str]]) -> Partition:
    name = table["PartitionName"]
    mine = [one for one in machines if name in one.get("Partitions", "").split(",")]
    return Partition(
        name,
        default=table.get("Default") == "YES",
        up=table.get("State", "UP") == "UP",
        max_seconds=parse_limit(table.get("MaxTime", "")),
        nodes=_number(table.get("TotalNodes")) or 0,
        cores=_least(table.get("MaxCPUsPerNode"), _most(mine, "CPUTot")),
        memory_mb=_least(table.get("MaxMemPerNode"), _most(mine, "RealMemory")),
    )


def _most(machines: Sequence[dict[str, str]], field: str) -> int | None:
    sizes = [_number(one.get(field)) for one in machines]
    return max((size for size in sizes if size), default=None)


def _least(limit: str | None, size: int | None) -> int | None:
    return min((n for n in (_number(limit), size) if n), default=None)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
