"""Slurm's client commands: argument lists, an environment of ours, and a time limit for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import get_args

from nmma_fitter.errors import ConfigError
from nmma_fitter.schedulers.commands import Said, run
from nmma_fitter.schedulers.environment import build_environment
from nmma_fitter.schedulers.slurm_settings import Command, SlurmSettings

# How the clients find the cluster; SLURM_* and SBATCH_* of the caller would change settings.
_REACH_CLUSTER = ("SLURM_CONF", "SLURM_CONF_SERVER", "KRB5CCNAME")
# LC_ALL would overrule LC_MESSAGES; the submitter's temporary folder need not be on the node.
_LEFT_OUT = ("LC_ALL", "LANGUAGE", "TMPDIR")


class Commands:
    """The clients of one cluster.

    Raises
    ------
    ConfigError
        ``sbatch``, ``squeue`` or ``scancel`` is not on this machine.
    """

    def __init__(self, settings: SlurmSettings) -> None:
        self._seconds = settings.command_seconds
        self._cluster = [f"--clusters={settings.cluster}"] if settings.cluster else []
        path = build_environment(os.environ)["PATH"]
        names: tuple[Command, ...] = get_args(Command)
        self._paths = {n: shutil.which(settings.commands.get(n, n), path=path) for n in names}
        for name in names[:3]:
            if self._paths[name] is None:
                wanted = settings.commands.get(name, name)
                raise ConfigError(
                    f"scheduler 'slurm': no command {wanted!r} on PATH ({path}); run on a host "
                    f"that submits to Slurm, or name the file in scheduler.slurm.commands.{name}"
                )

    def has(self, name: Command) -> bool:
        """Whether this machine has the command."""
        return self._paths[name] is not None

    def run(self, name: Command, *arguments: str, stdin: bytes = b"") -> Said:
        """Run a command; what goes wrong is in the answer."""
        path = self._paths[name]
        if path is None:
            return Said(None, "", f"{name}: no such command on this machine")
        command = [path, *self._cluster, *arguments]
        return run(command, self._seconds, slurm_environment(os.environ), stdin)


def slurm_environment(source: Mapping[str, str]) -> dict[str, str]:
    """Environment of the client commands; with ``--export=ALL`` also what jobs get."""
    environment = build_environment(source)
    for name in _LEFT_OUT:
        environment.pop(name, None)
    reach = {name: source[name] for name in _REACH_CLUSTER if name in source}
    return {**environment, **reach, "LC_MESSAGES": "C"}
