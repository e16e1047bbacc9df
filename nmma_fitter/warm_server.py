"""``python -m nmma_fitter.warm_server``: imports what a fit needs once, for all fits of one job.

It prints the name of its socket, imports, and forks a process for each fit that `warm_fit` asks
for. The socket is in Linux's abstract namespace: no file is left behind, and no path can be too
long. Both sides make sure that the other is of the same user. TERM, or the end of the process that
started it, ends it once no fit runs; a fit whose client was killed is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

Fit = Callable[[Path, Path], int]
BEGUN = b"+"
LONGEST = 65536
_POLL_SECONDS = 0.02  # how late the end of a fit may be seen
_IDLE_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1
_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


def open_socket() -> socket.socket:
    """A socket in the abstract namespace, under a name that nobody can guess."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(f"\0nmma-fitter-{os.urandom(16).hex()}")
    listener.listen()
    return listener


def is_mine(connection: socket.socket) -> bool:
    """Whether the other side of a connection is a process of this user."""
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return bool(uid == os.getuid())


class Server:
    """Runs one fit after the other, each in a process of its own.

    Parameters
    ----------
    listener : socket
    load : callable
        Imports; returns what runs the fit of a work folder in an attempt's folder and returns its
        exit status.
    """

    def __init__(self, listener: socket.socket, load: Callable[[], Fit]) -> None:
        self._listener = listener
        self._load = load
        self._parent = os.getppid()
        self._told = self._busy = False
        signal.signal(signal.SIGTERM, self._tell)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _tell(self, number: int, frame: object) -> None:
        self._told = True
        if not self._busy:
            os._exit(0)  # there is nothing to clear away

    def run(self) -> None:
        """Import, and serve until told to end; who asks meanwhile waits."""
        self._fit = self._load()
        while not self._told and os.getppid() == self._parent:
            if _readable(self._listener, _IDLE_SECONDS):
                connection, _ = self._listener.accept()
                self._busy = True
                with connection, contextlib.suppress(OSError, ValueError):
                    if is_mine(connection):
                        self._serve(connection)
                self._busy = False

    def _serve(self, connection: socket.socket) -> None:
        said, outputs, _, _ = socket.recv_fds(connection, LONGEST, 2)
        try:
            work, attempt = json.loads(said)
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # none is lost on a new process
            child = os.fork()
            if child == 0:
                connection.close()
                self._become(Path(work), Path(attempt), outputs)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            for one in outputs:
                os.close(one)
        try:
            connection.send(BEGUN)
            status = _wait(child, connection)
        except OSError:  # whoever asked is gone, and nobody would know of the fit
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        connection.send(str(status).encode())

    def _become(self, work: Path, attempt: Path, outputs: list[int]) -> None:
        """Run the fit in this process, which was forked for it, and leave."""
        status = 1
        try:
            _end_with_parent()
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            self._listener.close()
            for place, one in enumerate(outputs, start=1):
                os.dup2(one, place)
            os.chdir(attempt)
            status = self._fit(work, attempt)
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        except KeyboardInterrupt:
            status = 128 + signal.SIGINT
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)


def _readable(one: socket.socket, seconds: float) -> bool:
    return bool(select.select([one], [], [], seconds)[0])


def _end_with_parent() -> None:
    """Have the kernel kill this process when the one that forked it is gone."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _wait(child: int, connection: socket.socket) -> int:
    """Exit status of a child, which gets the signals that its client passes on.

    Raises
    ------
    OSError
        The client is gone.
    """
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if _readable(connection, _POLL_SECONDS):
            numbers = connection.recv(1)
            if not numbers:
                raise ConnectionResetError("the client is gone")
            os.kill(child, numbers[0])


def load() -> Fit:
    """Import all that a fit will; returns what runs one."""
    import bilby  # noqa: F401  # like corner, a fit imports it late
    import corner  # noqa: F401

    import nmma_fitter.fit_products
    import nmma_fitter.inference.nested
    import nmma_fitter.inference.sampler  # noqa: F401
    from nmma_fitter.log_lines import configure_log
    from nmma_fitter.models import MODELS
    from nmma_fitter.nmma_fit import run_in_attempt

    list(MODELS.values())  # each is imported when it is first asked for

    def run(work: Path, attempt: Path) -> int:
        configure_log()
        return run_in_attempt(work, attempt)

    return run


def main() -> None:
    """Say where it is, import, and serve."""
    listener = open_socket()
    print(listener.getsockname()[1:].decode(), flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on
    Server(listener, load).run()


if __name__ == "__main__":
    main()
