"""A private Slurm from Debian's packages, as root, without systemd or anything system-wide.

By hand, beside the tests::

    python tests/clusters/slurm_cluster.py up DIR [--accounting]    # prints what to export
    python tests/clusters/slurm_cluster.py down DIR

In a test module, with the marker ``slurm``: the fixtures ``slurm`` and ``slurm_dbd`` (`conftest`)
give a `SlurmCluster` with two nodes of 8 CPUs that share this machine, the partitions ``main``,
``preempt`` (its jobs are requeued for others), ``high`` and ``cron``, and point SLURM_CONF at it
for the test. Everything is under one folder, on free ports, and ends with the test session also
when that is killed: see `reaper`. Without accounting it is up in less than a second, with slurmdbd
and MariaDB in about nine.

What to know of it
- SlurmdTimeout is 6 s: a node that is killed is noticed, and its jobs requeued, in about 10 s.
- Time limits are whole minutes, looked at every 30 s; `expire` ends a job's limit now.
- ``cgroups`` are not used: over memory ends as FAILED with signal 9.
- Both nodes run on one host and see the same files.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemons import Daemon, Machine, free_ports, wait_until
from reaper import Reaper
from slurm_accounting import Accounting
from slurm_config import slurm_conf

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
BROKEN = ("down", "down*", "drain", "drain*", "drng", "drng*")
FOLDERS = ("etc", "run", "log", "state", "spool", "munge")


class Node(Machine):
    """A virtual node: slurmd, and everything that descends from it."""

    def __init__(self, name: str, cluster: "SlurmCluster") -> None:
        super().__init__(name)
        (cluster.root / "spool" / name).mkdir(parents=True, exist_ok=True)
        argv = ["/usr/sbin/slurmd", "-D", "-N", name]
        environment = cluster.daemon_environment
        self.slurmd = Daemon(self._reaper, argv, environment, cluster.logs / f"{name}.out")


class SlurmCluster:
    """The cluster; `start` brings it up, `stop` leaves nothing running.

    Parameters
    ----------
    root : Path
        Folder for everything of it; a short path (it holds sockets).
    accounting : bool
        With slurmdbd and MariaDB.
    nodes : int
    cpus, memory_mb : int
        Of each node, as declared; the machine may have less.
    settings : dict, optional
        Of ``slurm.conf``, over those of `slurm_config`.

    Attributes
    ----------
    environment : dict
        What a client needs.
    controller : Daemon
        slurmctld.
    nodes : dict of str to Node
    accounting : Accounting or None
    logs : Path
    """

    def __init__(
        self,
        root: Path,
        *,
        accounting: bool = False,
        nodes: int = 2,
        cpus: int = 8,
        memory_mb: int = 16000,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.root = root
        self.logs = root / "log"
        self.environment = {"SLURM_CONF": str(root / "etc" / "slurm.conf")}
        self.daemon_environment = {"PATH": PATH, "LC_ALL": "C.UTF-8", **self.environment}
        for name in FOLDERS:
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / name).chmod(0o755)
        if len(f"{root}/munge/socket.2") > 100:
            raise ValueError(f"{root}: too long a path for a socket; set TMPDIR to a shorter one")
        node_names = [f"n{number}" for number in range(1, nodes + 1)]
        names = ("controller", *node_names, "accounting")
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._size = {"cpus": cpus, "memory_mb": memory_mb}
        self._over = dict(settings or {})
        self._reaper = Reaper()
        self._munged = self._daemon(*_munged(root))
        self.controller = self._daemon("/usr/sbin/slurmctld", "-D")
        self.accounting = self._accounting() if accounting else None
        self.nodes = {name: Node(name, self) for name in node_names}
        self._configure()

    def _daemon(self, *argv: str) -> Daemon:
        log = self.logs / f"{Path(argv[0]).name}.out"
        return Daemon(self._reaper, argv, self.daemon_environment, log)

    def _accounting(self) -> Accounting:
        port = self._ports["accounting"]
        return Accounting(self.root, port, self._reaper, self.daemon_environment)

    def _configure(self) -> None:
        ports = dict(self._ports)
        if self.accounting is None:
            del ports["accounting"]
        text = slurm_conf(
            self.root, ports, **self._size, accounting=self.accounting is not None, over=self._over
        )
        etc = self.root / "etc"
        (etc / "slurm.conf").write_text(text)
        (etc / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        (etc / "plugstack.conf").touch()

    # Up and down

    def start(self) -> None:
        """Bring everything up and wait until the nodes are idle."""
        key = self.root / "munge" / "key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(os.urandom(1024))
        self._munged.start()
        wait_until((self.root / "munge" / "socket").exists, 10, "munged")
        if self.accounting is not None:
            self.accounting.start()
        self.controller.start()
        for node in self.nodes.values():
            node.slurmd.start()
        self.wait_idle(30)

    def stop(self) -> None:
        """End every process of it."""
        for node in self.nodes.values():
            node.close()
        self._reaper.close()

    def mend(self) -> None:
        """As if nothing had happened: no jobs, all daemons up, all nodes idle."""
        self.controller.start()
        self.controller.resume()
        for node in self.nodes.values():
            node.slurmd.start()
            node.slurmd.resume()
        wait_until(self.answers, 30, "the controller")
        self.resume_nodes()
        self.run("scancel", "--full", "--user=root", check=False)
        self.wait_idle(60)

    # For tests

    def run(self, *command: str, check: bool = True, seconds: float = 600) -> str:
        """Run one of Slurm's commands against this cluster; returns its output."""
        done = subprocess.run(
            command,
            env={**self.daemon_environment, "HOME": "/root"},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr or done.stdout}")
        return done.stdout

    def answers(self) -> bool:
        """Whether the controller answers."""
        return self.controller.alive and " UP" in self.run("scontrol", "ping", check=False)

    def _node_states(self) -> list[str]:
        text = self.run("sinfo", "-h", "-N", "-p", "main", "-o", "%N %t", check=False)
        return text.split("\n")[:-1]

    def resume_nodes(self) -> None:
        """What an operator does about nodes that Slurm no longer trusts."""
        for name, state in map(str.split, self._node_states()):
            if state in BROKEN:
                update = ("scontrol", "update", f"nodename={name}", "state=resume")
                self.run(*update, check=False)

    def wait_idle(self, seconds: float = 30) -> None:
        """Wait until no job is queued or ending and every node is idle."""
        idle = [f"{name} idle" for name in self.nodes]

        def ask() -> bool:
            return sorted(self._node_states()) == idle and not self.queue()

        wait_until(ask, seconds, f"idle nodes (logs: {self.logs})")

    def queue(self) -> list[str]:
        """Jobs that have not ended, one line ``id state node`` each."""
        return self.run("squeue", "-h", "-r", "-o", "%i %T %N", check=False).splitlines()

    def expire(self, job_id: str) -> None:
        """Let a job's time limit be over; the controller looks every 30 s.

        It refuses a time that is past when it is asked, as on a busy machine it soon is.
        """

        def ask() -> bool:
            try:
                self.run("scontrol", "update", f"jobid={job_id}", "EndTime=now+2")
            except RuntimeError:
                return False
            return True

        wait_until(ask, 30, f"an end of job {job_id}")

    @contextmanager
    def configured(self, **settings: str) -> Iterator[None]:
        """Other settings of ``slurm.conf`` for a while, such as ``MinJobAge="2"``."""
        before = dict(self._over)
        self._over |= settings
        try:
            self._configure()
            self.run("scontrol", "reconfigure")
            yield
        finally:
            self._over = before
            self._configure()
            self.run("scontrol", "reconfigure", check=False)


@contextmanager
def private_slurm(root: Path, **options: Any) -> Iterator[SlurmCluster]:
    """A cluster for as long as the block lasts; options as of `SlurmCluster`."""
    cluster = SlurmCluster(root, **options)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _munged(root: Path) -> list[str]:
    names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
    files = [f"--{option}={root}/munge/{name}" for option, name in names.items()]
    seed = f"--seed-file={root}/munge/seed"
    return ["/usr/sbin/munged", "--foreground", "--force", "--num-threads=2", seed, *files]


# By hand


def up(root: Path, *, accounting: bool) -> None:
    """Bring one up that stays when this process ends; its keeper is a process of its own."""
    root.mkdir(parents=True, exist_ok=True)
    if _keeper(root):
        sys.exit(f"{root}: is up already")
    ready = root / "ready"
    ready.unlink(missing_ok=True)
    words = [sys.executable, __file__, "keep", str(root), *(["--accounting"] * accounting)]
    with (root / "keeper.out").open("wb") as log:
        keeper = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    wait_until(lambda: ready.exists() or keeper.poll() is not None, 90, str(root))
    if not ready.exists():
        sys.exit((root / "keeper.out").read_text())
    print(f"export SLURM_CONF={root}/etc/slurm.conf")


def keep(root: Path, *, accounting: bool) -> None:
    """Hold a cluster until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    (root / "keeper").write_text(str(os.getpid()))
    try:
        with private_slurm(root, accounting=accounting):
            (root / "ready").touch()
            while True:
                time.sleep(3600)
    finally:
        (root / "keeper").unlink()


def down(root: Path) -> None:
    """End the cluster of a folder."""
    pid = _keeper(root)
    if not pid:
        sys.exit(f"{root}: nothing is up")
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not _keeper(root), 60, str(root))


def _keeper(root: Path) -> int:
    """Pid of the process that holds the cluster of a folder, 0 when there is none."""
    try:
        pid = int((root / "keeper").read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return 0
    return pid if b"keep" in words and os.fsencode(root) in words else 0


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A private Slurm for trying things by hand.")
    parser.add_argument("verb", choices=("up", "down", "keep"))
    parser.add_argument("dir", type=Path)
    parser.add_argument("--accounting", action="store_true")
    given = parser.parse_args()
    root = given.dir.resolve()
    if given.verb == "down":
        down(root)
    else:
        (up if given.verb == "up" else keep)(root, accounting=given.accounting)


if __name__ == "__main__":
    main()
