"""A real sshd on a free loopback port with throwaway keys, two of them restricted by rrsync.

By hand, beside the tests::

    python tests/clusters/ssh_server.py up DIR      # prints host, port and keys; ends with Ctrl-C

In a test module, with the marker ``ssh``: ``with private_sshd(root) as server``. The key ``ro``
reads ``pull/``, the key ``wo`` writes ``push/``, the key ``full`` may do what its user may.
Everything is under one folder and ends with the test process, be that killed: see `reaper`.

What to know of it
- rrsync takes one writer at a time; a second is told so and ends with status 12.
- It creates ``push/.rsync-partial`` for a client that asks for a partial folder.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemons import Daemon, free_ports, wait_until
from reaper import Reaper, descendants

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
KEYS = ("host", "other-host", "full", "ro", "wo", "stranger")
CONFIG = """
ListenAddress 127.0.0.1
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
LogLevel VERBOSE
MaxStartups 100
"""


def missing_commands() -> list[str]:
    """Which of the commands it takes are not on this machine."""
    return [name for name in ("sshd", "ssh-keygen", "rrsync") if not shutil.which(name, path=PATH)]


class SshServer:
    """One sshd, and everything that descends from it.

    Attributes
    ----------
    root, pull, push : Path
    port : int
    known_hosts : Path
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pull, self.push = root / "pull", root / "push"
        for folder in (self.pull, self.push):
            folder.mkdir(parents=True, exist_ok=True)
        [self.port] = free_ports(1)
        for name in KEYS:
            self._make_key(name)
        self.known_hosts = self.knowing("host")
        self._write_config()
        self._reaper = Reaper()
        argv = ["/usr/sbin/sshd", "-D", "-e", "-f", str(root / "sshd_config")]
        self.sshd = Daemon(self._reaper, argv, {"PATH": PATH}, root / "sshd.log")

    def key(self, name: str) -> Path:
        """A private key."""
        return self.root / name

    def knowing(self, name: str) -> Path:
        """A file that says the server's host key is this one."""
        path = self.root / f"known-{name}"
        public = (self.root / f"{name}.pub").read_text().split()[:2]
        path.write_text(f"[127.0.0.1]:{self.port} {' '.join(public)}\n")
        return path

    def settings(self, key: str, **others: Any) -> dict[str, Any]:
        """What a source or destination there is configured with."""
        return {
            "kind": "rsync",
            "host": "127.0.0.1",
            "port": self.port,
            "key": self.key(key),
            "known_hosts": self.known_hosts,
            "connect_seconds": 5,
            "tries": 1,
            **others,
        }

    def connections(self) -> int:
        """How many connections a key has opened so far."""
        return (self.root / "sshd.log").read_text().count("Accepted publickey")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.sshd.start()
        wait_until(self._answers, 10, "sshd")

    def stop(self) -> None:
        """End it and all connections."""
        self.cut()
        self.sshd.stop()

    def sessions(self) -> list[int]:
        """Processes of the connections there are."""
        return descendants(self.sshd.pid) if self.sshd.alive else []

    def cut(self) -> None:
        """End all connections without a word."""
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """Stop the connections as they stand: they stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def empty(self) -> None:
        """Leave nothing in ``pull/`` and ``push/``."""
        for folder in (self.pull, self.push):
            shutil.rmtree(folder)
            folder.mkdir()

    def close(self) -> None:
        """End everything for good."""
        self._reaper.close()

    def _signal(self, number: int) -> None:
        for pid in self.sessions():
            self._reaper.signal(number, pid)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _make_key(self, name: str) -> None:
        if not self.key(name).exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]
            subprocess.run([*command, str(self.key(name))], check=True, timeout=600)

    def _write_config(self) -> None:
        public = {name: (self.root / f"{name}.pub").read_text().strip() for name in KEYS}
        keys = self.root / "authorized_keys"
        keys.write_text(
            f"restrict {public['full']}\n"
            f'restrict,command="/usr/bin/rrsync -ro {self.pull}" {public["ro"]}\n'
            f'restrict,command="/usr/bin/rrsync -wo {self.push}" {public["wo"]}\n'
        )
        own = f"Port {self.port}\nHostKey {self.key('host')}\nAuthorizedKeysFile {keys}\n"
        # Not the person's home, whose .bashrc the shell of each session would read.
        own += f"PidFile {self.root / 'sshd.pid'}\nSetEnv HOME={self.root}\n"
        # No profile of the account's: what it starts is no business of ours, and may be cut down.
        own += f"SetEnv HOME={self.root} SHLVL=2\n"
        (self.root / "sshd_config").write_text(own + CONFIG)


@contextmanager
def private_sshd(root: Path) -> Iterator[SshServer]:
    """A server that is up, and gone at the end."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    server = SshServer(root)
    try:
        server.start()
        yield server
    finally:
        server.close()


def main() -> None:
    with private_sshd(Path(sys.argv[2]).resolve()) as server:
        print(f"127.0.0.1 port {server.port}; keys ro, wo, full and known-host in {server.root}")
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
