"""Daemons that a test starts, kills, stops and continues."""

import random
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # for `waiting`, where a cluster is run by hand

from reaper import Reaper
from waiting import wait_until

_given: set[int] = set()  # in this process, whose stories bring clusters up side by side
_giving = threading.Lock()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those the kernel gives to outgoing connections.

    None is given twice: between now and the daemon's bind another cluster may ask.
    """
    found: list[int] = []
    with _giving:
        while len(found) < count:
            port = random.randrange(20000, 32000)
            if port not in _given and _is_free(port):
                _given.add(port)
                found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Machine:
    """What runs as one machine: daemons, and all that descends from them, under one reaper."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._reaper = Reaper()

    def kill(self) -> None:
        """As when the power fails: its daemons and all jobs are gone at once."""
        self._reaper.signal(signal.SIGKILL)
        wait_until(lambda: not self._reaper.signal(signal.SIGKILL), 10, f"{self.name} to die")

    def close(self) -> None:
        """End everything of it for good."""
        self._reaper.close()


class Daemon:
    """One daemon under a reaper.

    Parameters
    ----------
    reaper : Reaper
    argv : sequence of str
        Its command, staying in the foreground.
    environment : dict
        All of it.
    log : Path
        What it prints.
    """

    def __init__(
        self, reaper: Reaper, argv: Sequence[str], environment: dict[str, str], log: Path
    ) -> None:
        self._reaper = reaper
        self._argv = list(argv)
        self._environment = environment
        self._log = log
        self.pid = 0

    def start(self) -> None:
        """Start it, if it is not there."""
        if not self.alive:
            self.pid = self._reaper.start(self._argv, self._environment, self._log)

    @property
    def alive(self) -> bool:
        """Whether it is there, be it stopped."""
        return bool(self.pid) and self._reaper.alive(self.pid)

    def send(self, number: int) -> None:
        """Signal it."""
        self._reaper.signal(number, self.pid)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.send(signal.SIGKILL)
        wait_until(lambda: not self.alive, 10, f"{self._argv[0]} to die")

    def pause(self) -> None:
        """Stop it as it stands: its connections stay open and nobody answers."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    def stop(self, seconds: float = 10) -> None:
        """End it in order, or by force."""
        if not self.pid:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            wait_until(lambda: not self.alive, seconds, self._argv[0], patience=0)
        except TimeoutError:
            self.kill()

    def restart(self) -> None:
        """Stop it in order and start it again."""
        self.stop()
        self.start()
