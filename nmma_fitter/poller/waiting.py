"""A primary job that waits in the batch system's queue: until it starts, no tick can tell of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nmma_fitter.config import Config
from nmma_fitter.errors import ConfigError, SchedulerError
from nmma_fitter.schedulers.htcondor_pool import Pool
from nmma_fitter.schedulers.htcondor_states import HELD, IDLE
from nmma_fitter.schedulers.slurm_commands import Commands
from nmma_fitter.schedulers.slurm_states import is_held, is_over_time

_NAME = re.compile(r"^#SBATCH --job-name=(\S+)", re.MULTILINE)
_SECONDS = 20.0
_FIELDS = "%A|%T|%r|%l|%P"
_ATTRIBUTES = ("ClusterId", "ProcId", "JobStatus", "HoldReason")


def waiting_primary(config: Config, config_file: Path | None) -> list[str]:
    """One line for each primary job of this configuration that is in the queue."""
    folder = (config_file or Path("my.toml")).resolve().parent
    ask = {"slurm": _of_slurm, "htcondor": _of_htcondor}.get(config.scheduler.name)
    return ask(config, folder) if ask else []


def _of_slurm(config: Config, folder: Path) -> list[str]:
    script = folder / "primary_job"
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
    if not is_held(reason):
        return line
    what = "the #SBATCH lines"
    if reason == "PartitionConfig":
        line += (
            f"; its time limit of {limit}, or another request, is more than that partition gives"
        )
    elif is_over_time(reason):
        line += f"; its time limit of {limit} is more than it may have"
        what = "--time, --partition or --qos in the #SBATCH lines"
    return (
        f"{line}. It will not start: edit {what} of {script}, "
        f"then `scancel {number}` and `sbatch {script}`"
    )


def _of_htcondor(config: Config, folder: Path) -> list[str]:
    description = folder / "primary_job.sub"
    if not description.exists():
        return []
    mine = f"NMMAFitterPoller =?= True && Iwd == {json.dumps(str(folder))}"
    try:
        pool = Pool(config.scheduler.htcondor.model_copy(update={"command_seconds": _SECONDS}))
        said = pool.ask("query", constraint=mine, projection=list(_ATTRIBUTES))
    except ConfigError:
        return []
    except SchedulerError as error:
        return [f"whether a primary_job.sub waits is not known: {error}"]
    return [_told_of_ad(description, ad) for ad in said["jobs"] if ad.get("ProcId", -1) >= 0]


def _told_of_ad(description: Path, ad: Mapping[str, Any]) -> str:
    number, status = ad["ClusterId"], ad.get("JobStatus")
    if status == HELD:
        return (
            f"primary_job.sub {number} is held: {ad.get('HoldReason', 'no reason given')}. It will "
            f"not start: correct {description}, then `condor_rm {number}` and "
            f"`condor_submit {description}`"
        )
    if status == IDLE:
        return (
            f"primary_job.sub {number} waits for its next slot (cron_minute in {description}); "
            f"`condor_q -better-analyze {number}` says why if it does not start then"
        )
    return f"primary_job.sub {number} was started by HTCondor, and waits for its minute or runs"
