"""What sbatch gets of a batch: its arguments, and the script that all its array tasks share.

Where a cluster takes no arrays, a batch is one plain job, of index 0.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from nmma_fitter.schedulers.base import BatchRequest, Resources
from nmma_fitter.schedulers.slurm_options import Value, check_options, written
from nmma_fitter.schedulers.slurm_settings import SlurmSettings

SCRIPT = "array.sh"
_SCRIPT = """\
#!/bin/bash
# One array task: finds its own script by index and becomes it, so that signals reach its shell.
# A plain job is the first and only one.
set -u
index=${{SLURM_ARRAY_TASK_ID:-0}}
folders=(
{folders}
)
scripts=(
{scripts}
)
export NMMA_FITTER_JOB_ID=${{SLURM_ARRAY_JOB_ID:+${{SLURM_ARRAY_JOB_ID}}_$index}}
NMMA_FITTER_JOB_ID=${{NMMA_FITTER_JOB_ID:-${{SLURM_JOB_ID:-none}}}}
export NMMA_FITTER_RESTART=${{SLURM_RESTART_COUNT:-0}}
fail() {{ echo "$HOSTNAME: cannot $1" >&2; exit 72; }}
cd -- "${{folders[index]}}" || fail "enter ${{folders[index]}}"
[ -r "${{scripts[index]}}" ] || fail "read ${{scripts[index]}}"
exec bash "${{scripts[index]}}"
"""


def array_script(batch: BatchRequest) -> bytes:
    """The script that sbatch copies."""
    text = _SCRIPT.format(folders=_quoted(batch.folders), scripts=_quoted(batch.scripts))
    return os.fsencode(text)


def arguments(
    batch: BatchRequest, settings: SlurmSettings, folder: Path, *, array: bool = True
) -> list[str]:
    """Command line of sbatch, without the script.

    Parameters
    ----------
    batch : BatchRequest
    settings : SlurmSettings
    folder : Path
        Of the batch; tasks start and write what Slurm has to say there.
    array : bool
        Whether it is a job array; if not, the batch's only script is a plain job.

    Raises
    ------
    ValueError
        An option of the batch's resources cannot be used.
    """
    check_options(batch.resources.options)
    output = str(folder).replace("%", "%%")
    fixed: dict[str, Value] = {
        "parsable": True,
        "export": "ALL",  # of an environment built by us; a list would run a login shell per task
        "array": f"0-{len(batch.scripts) - 1}" if array else False,
        "job-name": batch.token,
        "comment": batch.token,
        "chdir": str(folder),
        "output": f"{output}/{'%a' if array else 0}.out",
        "open-mode": "append",  # a restarted task keeps what Slurm said of its first run
        "time": _minutes(batch.resources.seconds),
        "nodes": 1,
        "ntasks": 1,
        "cpus-per-task": batch.resources.cores,
        "mem": f"{batch.resources.memory_mb}M",
        "signal": _signal(batch.resources, settings.warning_seconds),
        "requeue" if settings.requeue else "no-requeue": True,
    }
    dropped = {*settings.drop, *(["no-requeue"] if "requeue" in settings.drop else [])}
    kept = {name: value for name, value in fixed.items() if name not in dropped}
    return written({**kept, **_site(settings), **settings.extra, **batch.resources.options})


def partition_of(options: Mapping[str, Value], settings: SlurmSettings) -> str:
    """The partitions that a job asks for, separated by commas; "" for the cluster's default."""
    named = {**_site(settings), **settings.extra, **options}.get("partition", "")
    return named if isinstance(named, str) else ""


def _site(settings: SlurmSettings) -> Mapping[str, Value]:
    """What the configuration says about every job."""
    values: dict[str, Value | None] = {
        "partition": settings.partition or None,
        "account": settings.account or None,
        "qos": settings.qos or None,
        "constraint": settings.constraint or None,
        "reservation": settings.reservation or None,
        "nice": settings.nice,
        "mail-type": settings.mail_type or None,
        "mail-user": settings.mail_user or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _minutes(seconds: int) -> str:
    return str(-(-seconds // 60))  # Slurm's limits are whole minutes


def _signal(resources: Resources, warning: int) -> Value:
    """To the batch shell; a short job is not warned right at its start."""
    limit = -(-resources.seconds // 60) * 60
    before = min(warning, limit // 4)
    return f"B:USR1@{before}" if before else False


def _quoted(paths: tuple[Path, ...]) -> str:
    return "\n".join(shlex.quote(str(path)) for path in paths)
