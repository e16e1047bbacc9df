"""A process that owns daemons and everything they start, and ends it all when it is let go.

It is a subreaper: whatever its daemons leave behind (a daemon's double fork, Slurm's step daemons,
the jobs themselves) becomes its child, so that "ours" is a matter of descent and never of names.
It lives as long as the pipe to its standard input: when whoever holds that ends, even by SIGKILL,
all descendants are killed. Standard library only; `Reaper` is the side that holds the pipe.

Requests and answers are one JSON object a line:

``{"start": ARGV, "env": {...}, "log": PATH}`` → ``{"pid": N}``
``{"signal": NUMBER, "pid": N}`` → ``{"sent": [N]}``, empty when N is no descendant any more
``{"signal": NUMBER}`` → the same for all descendants
``{"alive": N}`` → ``{"alive": true}``
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def parents() -> dict[int, int]:
    """Parent of every process there is, zombies left out."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    found[int(entry.name)] = int(parent)
    return found


def descendants(root: int) -> list[int]:
    """Every living process that descends from one."""
    table = parents()
    known, found = {root}, []
    while more := [pid for pid, parent in table.items() if parent in known and pid not in known]:
        known.update(more)
        found += more
    return found


def kill(pids: list[int], number: int) -> list[int]:
    sent = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            sent.append(pid)
    return sent


def kill_everything() -> None:
    """Until nothing is left: a process may fork while it is being killed."""
    while left := descendants(os.getpid()):
        kill(left, signal.SIGKILL)
        bury()


def bury() -> None:
    """Collect the dead."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def start(argv: list[str], env: dict[str, str], log: str) -> int:
    with Path(log).open("ab") as output:
        # A Popen object would wait for its process itself; nobody needs it beyond the pid.
        process = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
            start_new_session=True,
        )  # fmt: skip
    process.returncode = 0
    return process.pid


def answer(request: dict) -> dict:
    bury()
    if "start" in request:
        return {"pid": start(request["start"], request["env"], request["log"])}
    mine = descendants(os.getpid())
    if "alive" in request:
        return {"alive": request["alive"] in mine}
    chosen = [request["pid"]] if "pid" in request else mine
    return {"sent": kill([pid for pid in chosen if pid in mine], request["signal"])}


def serve() -> None:
    """Answer until the pipe ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        while True:
            bury()
            if not select.select([sys.stdin], [], [], 0.2)[0]:
                continue
            line = sys.stdin.readline()
            if not line:
                break
            print(json.dumps(answer(json.loads(line))), flush=True)
    finally:
        kill_everything()


class Reaper:
    """A reaper, seen from the process that holds its pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The reaper's own process."""
        return self._process.pid

    def _ask(self, **request: object) -> dict:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(self, argv: list[str], env: dict[str, str], log: Path) -> int:
        """Start a daemon; returns its pid."""
        return self._ask(start=argv, env=env, log=str(log))["pid"]

    def signal(self, number: int, pid: int | None = None) -> list[int]:
        """Signal one descendant, or all; returns those that were there."""
        chosen = {} if pid is None else {"pid": pid}
        return self._ask(signal=int(number), **chosen)["sent"]

    def alive(self, pid: int) -> bool:
        """Whether a descendant lives."""
        return self._ask(alive=pid)["alive"]

    def close(self) -> None:
        """Let go: everything it started ends."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=600)
        self._process.stdout.close()


if __name__ == "__main__":
    serve()
