"""A fit that another process runs for it: output, exit status, signals, and who dies with whom."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import wait_until

from nmma_fitter.warm_server import open_socket

# A server whose "fits" are small scripts in the work folder.
SERVER = """
import sys
from nmma_fitter import warm_server

def load():
    return lambda work, attempt: exec((work / "fit.py").read_text(), {"__name__": "fit"})

listener = warm_server.open_socket()
print(listener.getsockname()[1:].decode(), flush=True)
warm_server.Server(listener, load).run()
"""
WAITS = """
import os, signal, time
from pathlib import Path
def told(number, frame):
    Path("told").write_text(str(number))
    raise SystemExit(75)
signal.signal(signal.SIGUSR1, told)
Path("pid").write_text(str(os.getpid()))
time.sleep(3600)
"""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.name = process.stdout.readline().strip()  # type: ignore[attr-defined]
    yield process
    process.kill()
    process.communicate(timeout=600)


def start(folder: Path, fit: str, name: str) -> subprocess.Popen[bytes]:
    """The client; its own fit, where it has to run one, fails for want of a config.json: 2."""
    (folder / "fit.py").write_text(fit)
    command = [sys.executable, "-P", "-m", "nmma_fitter.warm_fit", str(folder), str(folder)]
    environment = os.environ | {"NMMA_FITTER_SERVER": name}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)


def pid_in(folder: Path) -> int:
    path = folder / "pid"
    return int(wait_until(lambda: path.exists() and path.read_text()))


def wait_for_end(pid: int) -> None:
    stat = Path(f"/proc/{pid}/stat")
    wait_until(lambda: not (stat.exists() and ") Z " not in stat.read_text()), what="its end")


def test_fits_run_one_after_the_other_in_processes_of_their_own(tmp_path, server):
    script = "import os; print('pid', os.getpid(), os.getppid()); raise SystemExit(3)"
    assert [start(tmp_path, script, server.name).wait(timeout=600) for _ in "ab"] == [3, 3]
    lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert len({own for _, own, _ in lines}) == 2
    assert {parent for _, _, parent in lines} == {str(server.pid)}


def test_an_error_is_in_the_fits_log(tmp_path, server):
    assert start(tmp_path, "raise KeyError('what')", server.name).wait(timeout=600) == 1
    assert "KeyError: 'what'" in (tmp_path / "log").read_text()


def test_a_fit_that_is_killed_is_known_as_that(tmp_path, server):
    client = start(tmp_path, "import os; os.kill(os.getpid(), 9)", server.name)
    assert client.wait(timeout=600) == 137


def test_a_signal_reaches_the_fit(tmp_path, server):
    client = start(tmp_path, WAITS, server.name)
    pid_in(tmp_path)
    client.send_signal(signal.SIGUSR1)
    assert client.wait(timeout=600) == 75
    assert (tmp_path / "told").read_text() == str(int(signal.SIGUSR1))


def test_a_fit_ends_with_its_client_and_the_server_goes_on(tmp_path, server):
    client = start(tmp_path, WAITS, server.name)
    pid = pid_in(tmp_path)
    client.kill()
    client.wait(timeout=600)
    wait_for_end(pid)
    assert start(tmp_path, "raise SystemExit(4)", server.name).wait(timeout=600) == 4


def test_a_fit_ends_with_its_server_and_is_not_begun_again(tmp_path, server):
    client = start(tmp_path, WAITS, server.name)
    pid = pid_in(tmp_path)
    server.kill()
    assert client.wait(timeout=600) == 137
    wait_for_end(pid)


def test_a_server_that_is_told_to_end_does_so_when_its_fit_has(tmp_path, server):
    client = start(tmp_path, WAITS, server.name)
    pid_in(tmp_path)
    server.terminate()
    client.send_signal(signal.SIGUSR1)
    assert (client.wait(timeout=600), server.wait(timeout=600)) == (75, 0)


def test_a_signal_before_the_fit_has_begun_ends_it(tmp_path):
    with open_socket() as listener:
        client = start(tmp_path, "", listener.getsockname()[1:].decode())
        connection, _ = listener.accept()
        _, outputs, _, _ = socket.recv_fds(connection, 4096, 2)
        client.terminate()
        assert connection.recv(1) == bytes([signal.SIGTERM])
        connection.close()
    assert client.wait(timeout=600) == 128 + signal.SIGTERM
    for one in outputs:
        os.close(one)


@pytest.mark.parametrize("name", [pytest.param("", marks=pytest.mark.slow), "nmma-fitter-nobody"])
def test_without_a_server_the_fit_runs_here(tmp_path, name):
    assert start(tmp_path, "", name).wait(timeout=600) == 2
    assert "config.json" in (tmp_path / "log").read_text()
