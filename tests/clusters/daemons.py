"""Daemons that a test starts, kills, stops and continues."""

import random
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from reaper import Reaper


def wait_until(ask: Callable[[], object], seconds: float, what: str) -> None:
    """Ask until the answer is true."""
    deadline = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those the kernel gives to outgoing connections."""
    found: dict[int, socket.socket] = {}
    while len(found) < count:
        port = random.randrange(20000, 32000)
        taken = socket.socket()
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            taken.close()
        else:
            found[port] = taken
    for taken in found.values():
        taken.close()
    return list(found)


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
            wait_until(lambda: not self.alive, seconds, self._argv[0])
        except TimeoutError:
            self.kill()

    def restart(self) -> None:
        """Stop it in order and start it again."""
        self.stop()
        self.start()
