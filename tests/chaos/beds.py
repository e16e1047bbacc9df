"""On what installations run: the local scheduler, a private Slurm, a private HTCondor."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .installation import Bed

LOCAL = Bed()
LOCAL_CROWD = Bed(more="slots = 96")
INSTALL = Path(__file__).parents[2] / "scripts" / "install_test_packages"
MEMORY = Path("/dev/shm")
ROOM = 500e6
SLURM = """\
[scheduler.slurm]
command_seconds = 5
"""
HTCONDOR = """\
[scheduler.htcondor]
command_seconds = 10
lease_seconds = 20
"""


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder that goes away, in memory where there is some: a kill is no power cut.

    Waiting for a disk is most of a tick's time, and would be most of the tests'.
    """
    room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=MEMORY if room else None))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        end_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)


def end_processes(folder: Path) -> None:
    """Kill what was left running below a folder, by the folder on its command line."""
    for _ in range(20):  # a dispatcher may start others while it is looked for
        left = [pid for pid in processes() if f"{folder}/" in command_line(pid)]
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not left:
            return


def processes() -> list[int]:
    """Pids of all processes but this one."""
    mine = os.getpid()
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if pid != mine]


def command_line(pid: int) -> str:
    """A process's command line, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def slurm(cluster: Any, submit_grace: float) -> Bed:
    """A `slurm_cluster.SlurmCluster` as a bed.

    `submit_grace` must be longer than a stopped controller may keep a submit before it accepts it.
    """
    return Bed(
        scheduler="slurm",
        more=SLURM,
        grace=5.0,
        submit_grace=submit_grace,
        calls=("sbatch", "squeue"),
        environment=dict(cluster.environment),
    )


def htcondor(pool: Any, submit_grace: float) -> Bed:
    """A `htcondor_pool.Pool` as a bed; `submit_grace` as of `slurm`."""
    return Bed(
        scheduler="htcondor",
        more=HTCONDOR,
        grace=5.0,
        submit_grace=submit_grace,
        calls=("htcondor-submit", "htcondor-query"),
        environment=dict(pool.environment),
    )


def why_no_slurm() -> str:
    """Why no private Slurm can be brought up here, empty when it can."""
    return _missing("slurm") if os.geteuid() == 0 else "it needs root"


def why_no_htcondor() -> str:
    """Why no private HTCondor can be brought up here, empty when it can."""
    return _missing("htcondor")


def _missing(marker: str) -> str:
    asked = subprocess.run(
        [INSTALL, "--missing", marker], capture_output=True, text=True, check=True
    )
    return f"it needs {', '.join(asked.stdout.split())}" if asked.stdout.split() else ""
