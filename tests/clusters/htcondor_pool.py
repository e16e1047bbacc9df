"""A private HTCondor pool: real daemons run by an ordinary user, in a folder, on free ports.

HTCondor runs no job of root's, so that none of this works as root; `ordinary_user` runs a command
as somebody else. By hand::

    python tests/clusters/ordinary_user.py python tests/clusters/htcondor_pool.py DIR

holds a pool until it is interrupted, and prints what to export.

In a test module, with the marker ``htcondor``: the fixture ``htcondor`` gives a `Pool` with two
nodes of 8 CPUs that share this machine, and points CONDOR_CONFIG at it. It ends with the test
session also when that is killed: see `reaper`.

What to know of it
- Its head is a master with collector, negotiator and schedd; each node a master with a startd.
- A node that is killed is noticed when the job's lease is over.
- Over its memory a job goes on, but for its own ``periodic_hold``.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemons import Daemon, Machine, wait_until
from htcondor_config import write_config
from reaper import descendants

# Where scripts/install_test_packages puts the daemons.
UNPACKED = Path(os.environ.get("NMMA_FITTER_TEST_HTCONDOR", "/opt/nmma-fitter-tests/htcondor"))


class Part(Machine):
    """A head or a node: a master and all that descends from it."""

    def __init__(self, pool: "Pool", name: str, config: Path) -> None:
        super().__init__(name)
        self.logs = config.parent / "log"
        self.environment = {**pool.daemon_environment, "CONDOR_CONFIG": str(config)}
        argv = [str(pool.usr / "sbin" / "condor_master"), "-f"]
        self.master = Daemon(self._reaper, argv, self.environment, self.logs / "master.out")

    def pids(self, name: str) -> list[int]:
        """Living processes of it with this name, such as ``condor_starter``."""
        found = descendants(self._reaper.pid)
        return [pid for pid in found if _name(pid) == name[:15]]

    def signal(self, number: int, name: str) -> int:
        """Signal those of this name; how many there were."""
        return sum(len(self._reaper.signal(number, pid)) for pid in self.pids(name))


class Pool:
    """The pool; `start` brings it up, `stop` leaves nothing running.

    Parameters
    ----------
    root : Path
        Folder for everything of it.
    nodes : int
    cpus, memory_mb : int
        Of each node, as declared; the machine may have less.
    shared : bool
        Whether its machines say that they share their files.
    settings : dict, optional
        Of the configuration of head and nodes.

    Attributes
    ----------
    environment : dict
        What a client needs.
    head : Part
    nodes : dict of str to Part
    """

    def __init__(
        self,
        root: Path,
        *,
        nodes: int = 2,
        cpus: int = 8,
        memory_mb: int = 16000,
        shared: bool = True,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.root = root
        self.usr = UNPACKED / "root" / "usr"
        path = f"{self.usr}/bin:{self.usr}/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.daemon_environment = {"PATH": path, "HOME": str(root), "LC_ALL": "C.UTF-8"}
        over = dict(settings or {})

        def part(name: str, files: str, **size: int) -> Part:
            return Part(self, name, write_config(self.usr, root, name, files, over, **size))

        self.head = part("head", "shared")
        self.nodes = {
            name: part(name, "shared" if shared else name, cpus=cpus, memory_mb=memory_mb)
            for name in (f"n{number}" for number in range(1, nodes + 1))
        }
        self.environment = {"CONDOR_CONFIG": self.head.environment["CONDOR_CONFIG"]}

    def start(self) -> None:
        """Bring everything up and wait until all nodes offer themselves."""
        self.head.master.start()
        wait_until((self.root / "collector_address").exists, 30, "the collector")
        for node in self.nodes.values():
            node.master.start()
        self.wait_ready()

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait until schedd and nodes are known to the collector."""

        def ready() -> bool:
            here = self.run("condor_status", "-af", "Machine", "Name", check=False).splitlines()
            there = self.run("condor_status", "-schedd", "-af", "Name", check=False)
            return len([line for line in here if "slot1@" in line]) == len(self.nodes) and bool(
                there.strip()
            )

        wait_until(ready, seconds, f"the pool (logs: {self.root}/*/log)")

    def stop(self) -> None:
        """End every process of it."""
        for part in (*self.nodes.values(), self.head):
            part.close()

    def mend(self) -> None:
        """As if nothing had happened: no jobs, all daemons up and awake."""
        for part in (self.head, *self.nodes.values()):
            part.master.start()
            for name in ("condor_schedd", "condor_collector", "condor_startd", "condor_starter"):
                part.signal(signal.SIGCONT, name)
        self.wait_ready()
        self.run("condor_rm", "-all", check=False)
        self.run("condor_rm", "-all", "-forcex", check=False)
        wait_until(lambda: not self.queue(), 60, "an empty queue")

    def run(self, *command: str, check: bool = True, seconds: float = 600) -> str:
        """Run one of HTCondor's commands against this pool; returns its output."""
        done = subprocess.run(
            command,
            env={**self.daemon_environment, **self.environment},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr or done.stdout}")
        return done.stdout

    def queue(self, *attributes: str) -> list[str]:
        """Jobs in the queue, one line each."""
        wanted = attributes or ("ClusterId", "ProcId", "JobStatus")
        return self.run("condor_q", "-allusers", "-af", *wanted, check=False).splitlines()


@contextmanager
def private_pool(root: Path, **options: Any) -> Iterator[Pool]:
    """A pool for as long as the block lasts; options as of `Pool`."""
    pool = Pool(root, **options)
    try:
        pool.start()
        yield pool
    finally:
        pool.stop()


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def main() -> None:
    """Hold a pool until interrupted."""
    if os.geteuid() == 0 or len(sys.argv) != 2:
        sys.exit("usage, not as root: htcondor_pool.py DIR")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    root = Path(sys.argv[1]).resolve()
    root.mkdir(parents=True, exist_ok=True)
    with private_pool(root) as pool:
        path = pool.daemon_environment["PATH"]
        print(f"export CONDOR_CONFIG={pool.environment['CONDOR_CONFIG']} PATH={path}", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
