"""``python -m nmma_fitter.warm_fit WORK ATTEMPT``: one fit of a job that may hold several.

Where the job has a `warm_server`, that one runs the fit, which saves the start of Python: signals
are passed on to it, and its exit status is this process's. Without one, or if it is gone before the
fit has begun, the fit runs here. Only the standard library is imported before.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from nmma_fitter.warm_server import BEGUN, is_mine

KILLED = 128 + signal.SIGKILL
_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


def ask(name: str, work: Path, attempt: Path) -> int | None:
    """Have a server run a fit; returns its exit status, None when it is yet to be run.

    A signal to end that came too early for the server ends this process, as it would a fit that
    still imports.
    """
    begun, passed_on = False, list[int]()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            server.connect(f"\0{name}")
            if not is_mine(server):
                return None
            request = json.dumps([str(work), str(attempt)]).encode()
            socket.send_fds(server, [request], [1, 2])
            _pass_on_signals(server, passed_on)
            begun = server.recv(1) == BEGUN
            said = server.recv(16) if begun else b""
        except OSError:
            said = b""
        finally:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    if not begun:
        return 128 + passed_on[0] if passed_on else None
    return int(said) if said else KILLED  # the server is dead, and the fit with it


def _pass_on_signals(server: socket.socket, passed_on: list[int]) -> None:
    def pass_on(number: int, frame: object) -> None:
        passed_on.append(number)
        with suppress(OSError):
            server.send(bytes([number]))

    for number in _SIGNALS:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def main(work: Path, attempt: Path) -> int:
    """Run the fit, elsewhere or here."""
    name = os.environ.get("NMMA_FITTER_SERVER", "")
    status = ask(name, work, attempt) if name else None
    if status is not None:
        return status
    from nmma_fitter.log_lines import configure_log
    from nmma_fitter.nmma_fit import run_in_attempt

    configure_log()
    return run_in_attempt(work, attempt)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
