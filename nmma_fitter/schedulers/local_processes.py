"""Who a process is, and what belongs to it (Linux)."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

JOB_TAG = "NMMA_FITTER_LOCAL_JOB"  # set in every process of a job: how orphans are found

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)
_HANDLED = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCHLD")


@dataclass(frozen=True)
class Identity:
    """One process, and no other that gets its number later.

    Attributes
    ----------
    host, boot_id : str
    pid : int
    start_ticks : int
        Start of the process in clock ticks since boot (field 22 of ``/proc/PID/stat``).
    """

    host: str
    boot_id: str
    pid: int
    start_ticks: int

    def is_alive(self) -> bool:
        """Whether the process runs; only its own host can tell."""
        return self.boot_id == boot_id() and _start_ticks(self.pid) == self.start_ticks


def myself() -> Identity:
    """Return the identity of this process."""
    pid = os.getpid()
    return Identity(hostname(), boot_id(), pid, _start_ticks(pid) or 0)


def hostname() -> str:
    """Name of this machine."""
    return socket.gethostname()


def host_folder_name() -> str:
    """Name of this machine as a file name."""
    return re.sub(r"[^A-Za-z0-9.-]", "_", hostname()).lstrip(".") or "host"


def boot_id() -> str:
    """Identify the kernel's present run."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _start_ticks(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name may hold blanks and brackets: fields are counted from its closing one.
    state, *fields = stat[stat.rindex(b")") + 2 :].split()
    return None if state in (b"Z", b"X") else int(fields[18])


def try_lock(path: Path) -> int | None:
    """Lock a file and return its descriptor; None when it is locked.

    The kernel releases the lock when the last process that holds the descriptor has ended.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def adopt_descendants() -> None:
    """Become the parent of every descendant whose own parent ends (``prctl(2)``)."""
    if _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER) failed")


def tied_to_parent() -> Callable[[], None]:
    """Return what a child runs before its program: SIGTERM when its parent dies, clean signals.

    Only for a parent of one thread (the kernel means the thread that forked).
    """
    parent = os.getpid()

    def tie() -> None:
        # bash cannot trap a signal that was ignored when it started, nor one that is blocked.
        for name in _HANDLED:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(128 + signal.SIGTERM)

    return tie


def descendants() -> list[psutil.Process]:
    """Return all living processes below this one."""
    found: list[psutil.Process] = psutil.Process().children(recursive=True)
    return found


def processes_of(tag: str) -> list[psutil.Process]:
    """Find the processes of the job with this tag, whoever is their parent now."""
    # Not psutil.process_iter: it remembers processes, and takes a later one of that number for it.
    found = (_tagged(pid, tag) for pid in psutil.pids())
    return [process for process in found if process]


def _tagged(pid: int, tag: str) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if process.environ().get(JOB_TAG) == tag else None
    except (psutil.Error, OSError):  # ended meanwhile, or another user's
        return None


def resident_mb(processes: list[psutil.Process]) -> int:
    """Sum of resident memory; pages that processes share count once for each."""
    return sum(_memory(process, "memory_info", "rss") for process in processes) >> 20


def proportional_mb(processes: list[psutil.Process]) -> int:
    """Sum of resident memory where shared pages count once in all; slower to ask for."""
    return sum(_memory(process, "memory_full_info", "pss") for process in processes) >> 20


def _memory(process: psutil.Process, method: str, field: str) -> int:
    try:
        return int(getattr(getattr(process, method)(), field))
    except (psutil.Error, OSError):
        return 0


def send(processes: list[psutil.Process], number: signal.Signals) -> None:
    """Signal these processes, those excepted that have ended."""
    for process in processes:
        try:
            process.send_signal(number)
        except (psutil.Error, OSError):
            continue
