"""Jobs that end between two ticks, and that the queue has forgotten by the second."""

import os
import signal
from pathlib import Path

from daemons import wait_until
from installation import CONFIG, Installation
from slurm_cluster import SlurmCluster, private_slurm

MINUTE = {"resources": {"seconds": 60}}
# MinJobAge is 300 s by default; the controller looks every minute for what is older.
FORGETFUL = {"MinJobAge": "2"}


def play(root: Path, *, accounting: bool) -> Installation:
    """One tick; everything ends and is forgotten; then the ticks that find out."""
    with private_slurm(root / "slurm", accounting=accounting, settings=FORGETFUL) as cluster:
        site = Installation(root, cluster, CONFIG)
        site.want("good", seconds=2)
        site.want("bad", seconds=1, exit=3)
        site.want("cancelled", seconds=20)
        site.want("killed", seconds=12)
        site.want("out of time", seconds=110, keep=True, deaf=True, **MINUTE)
        site.tick()
        for name in ("cancelled", "killed", "out of time"):
            site.until_run(name)
        cluster.run("scancel", site.starts("cancelled")[0].job_id)
        kill(site.starts("killed")[0].pid)
        be_forgotten(cluster)
        site.first = site.tick()
        site.start()
        try:
            for name in ("killed", "out of time"):
                site.until_run(name, 2, seconds=30)
            site.finish(150)
        finally:
            site.stop()
    return site


def kill(pid: int) -> None:
    """End a run and its supervising shell before either can say a word."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    shell = int(stat.rpartition(")")[2].split()[1])
    for one in (shell, pid):
        os.kill(one, signal.SIGKILL)


def be_forgotten(cluster: SlurmCluster) -> None:
    """Wait until all jobs have ended and the queue does not show them any more."""

    def forgotten() -> bool:
        return not cluster.run("squeue", "-h", "-tall", "-o%i").strip()

    wait_until(forgotten, 240, "the queue to be empty")
