"""A primary_job that waits in Slurm's queue: until it starts, no tick can tell of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nmma_fitter.config import Config
from nmma_fitter.errors import ConfigError
from nmma_fitter.schedulers.slurm_commands import Commands
from nmma_fitter.schedulers.slurm_states import HELD

_NAME = re.compile(r"^#SBATCH --job-name=(\S+)", re.MULTILINE)
_SECONDS = 20.0
_FIELDS = "%A|%T|%r|%l|%P"


def waiting_primary(config: Config, config_file: Path | None) -> list[str]:
    """One line for each primary_job of this configuration that is in the queue."""
    if config.scheduler.name != "slurm":
        return []
    script = (config_file or Path("my.toml")).resolve().parent / "primary_job"
    try:
        commands = Commands(config.scheduler.slurm.model_copy(update={"command_seconds": _SECONDS}))
        match = _NAME.search(script.read_text(encoding="utf-8"))
    except (ConfigError, OSError, UnicodeDecodeError):
        return []
    if match is None:
        return []
    which = (f"--user={os.getuid()}", f"--name={match[1]}", f"--format={_FIELDS}")
    said = commands.run("squeue", "--noheader", *which)
    if said.status != 0:
        return [f"whether a primary_job waits is not known: squeue: {said.message}"]
    rows = (line.strip().split("|") for line in said.out.splitlines())
    return [_told(script, *row) for row in rows if len(row) == 5 and row[0].isdigit()]


def _told(script: Path, number: str, state: str, reason: str, limit: str, partition: str) -> str:
    if state != "PENDING":
        return f"primary_job {number} is {state.lower()} in partition {partition}"
    line = f"primary_job {number} waits in partition {partition}: {reason}"
    if reason in ("PartitionTimeLimit", "PartitionConfig"):
        line += (
            f"; its time limit of {limit}, or another request, is more than that partition gives"
        )
    if reason in HELD:
        line += (
            f". It will not start: edit the #SBATCH lines of {script}, "
            f"then `scancel {number}` and `sbatch {script}`"
        )
    return line
