"""Executables that stand around the real ones on PATH, note each call, and kill the caller.

The wrapper of a program runs the real one, whatever its arguments, and hands on what it says. An
order left for it is for one call: kill the caller ``before`` the real program is started,
``during`` its run, ``after`` it has ended but before the caller hears of it, or once it is
``answered``. The local scheduler's batch system is the process that starts its dispatcher;
HTCondor's clients are this project's own, run by the interpreter, one for each kind of call.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .installation import Installation

MOMENTS = ("before", "during", "after", "answered")
RECORDED = 4000
WRAPPER = '''#!{python} -IS
"""Around {real}."""
import ctypes, json, os, signal, subprocess, sys, tempfile, time

REAL, ORDER, LOG = {real!r}, {order!r}, {log!r}

def take_order():
    mine = ORDER + "." + str(os.getpid())
    try:
        os.rename(ORDER, mine)
    except FileNotFoundError:
        return None, 0
    moment, victim = open(mine).read().split()
    return moment, int(victim)

def kill(victim):
    os.kill(victim, signal.SIGKILL)

def end_with_me():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)

def main():
    moment, victim = take_order()
    if moment == "before":
        kill(victim)
        return 1
    alone = moment is not None
    # Files, not pipes: what a daemon keeps open would never end.
    out, err = (tempfile.TemporaryFile() if {captured} else None for _ in "oe")
    real = subprocess.Popen(
        [REAL, *sys.argv[1:]], stdout=out, stderr=err, close_fds=False,
        preexec_fn=None if alone else end_with_me,
    )
    if moment == "during":
        time.sleep(int.from_bytes(os.urandom(1), "big") / 255 * {spread})
        kill(victim)
    real.wait()
    out, err = (stream.seek(0) or stream.read() if stream else b"" for stream in (out, err))
    note = {{"name": {name!r}, "argv": sys.argv[1:], "status": real.returncode, "moment": moment,
             "out": out.decode(errors="replace")[:{recorded}], "time": time.time()}}
    handle = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(handle, (json.dumps(note) + "\\n").encode())
    if moment == "after":
        kill(victim)
    if moment not in ("during", "after"):
        os.write(1, out)
        os.write(2, err)
    if moment == "answered":
        kill(victim)
    return real.returncode if real.returncode >= 0 else 128 - real.returncode

sys.exit(main())
'''
# In place of the interpreter: by its last argument, the kind of call, it goes on to a wrapper.
FORK = """\
#!/bin/sh
for verb; do :; done
[ -x "{bin}/htcondor-$verb" ] && exec "{bin}/htcondor-$verb" "$@"
exec "{python}" "$@"
"""
HTCONDOR = "htcondor-"
# Seconds that the real program takes, about.
SPREAD = {"dispatcher": 0.15, "sbatch": 0.015, "htcondor-submit": 0.25, "htcondor-query": 0.2}


def install(site: Installation, name: str) -> Path:
    """Write the wrapper of a program; returns it."""
    ours = name == "dispatcher" or name.startswith(HTCONDOR)
    real = sys.executable if ours else shutil.which(name)
    if real is None:
        raise FileNotFoundError(f"{name}: not on PATH")
    path = site.outside / "bin" / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        text = WRAPPER.format(
            python=sys.executable, real=real, name=name, order=str(_order(site, name)),
            log=str(site.outside / "calls"), recorded=RECORDED, spread=SPREAD.get(name, 0.05),
            captured=name != "dispatcher",
        )  # fmt: skip
        draft = path.with_suffix(".new")
        draft.write_text(text)
        draft.chmod(0o755)
        draft.replace(path)
    return path


def _order(site: Installation, name: str) -> Path:
    return site.outside / f"order-{name}"


def put_first(site: Installation, kill: tuple[str, str] | None) -> None:
    """Let this process find the wrappers before the real programs, with an order if there is one.

    The local scheduler starts its dispatcher by the interpreter's own path: there the wrapper takes
    the interpreter's place, in this process, and only when it has an order. So it is for HTCondor.
    """
    for name in site.bed.calls:
        if name == "dispatcher" and kill is None:
            continue
        path = install(site, name)
        _order(site, name).unlink(missing_ok=True)
        if name == "dispatcher":
            from nmma_fitter.schedulers import local

            local.sys = SimpleNamespace(executable=str(path))
        elif name.startswith(HTCONDOR):
            from nmma_fitter.schedulers import htcondor_pool

            fork = path.with_name("fork")
            if not fork.exists():
                fork.write_text(FORK.format(bin=path.parent, python=sys.executable))
                fork.chmod(0o755)
            htcondor_pool.sys = SimpleNamespace(executable=str(fork))
    os.environ["PATH"] = f"{site.outside / 'bin'}{os.pathsep}{os.environ['PATH']}"
    if kill is not None:
        name, moment = kill
        _order(site, name).write_text(f"{moment} {os.getpid()}")


def read_calls(site: Installation, name: str | None = None) -> list[dict[str, Any]]:
    """What was called, in the order in which the calls ended."""
    path = site.outside / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    notes = [json.loads(line) for line in lines]
    return [note for note in notes if name in (None, note["name"])]
