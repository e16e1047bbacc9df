"""What dies or stops beneath the poller: processes, nodes, the controller, the ledger."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .beds import command_line, processes
from .installation import Installation
from .verdict import keep_reasons


def _nothing() -> None:
    """End nothing."""


@dataclass(frozen=True)
class Disaster:
    """Something that begins, lasts so many seconds, and is mended."""

    name: str
    begin: Callable[[], str]
    lasts: float = 0.0
    end: Callable[[], object] = _nothing


def on_this_machine(site: Installation, dice: random.Random) -> list[Disaster]:
    """Of the local scheduler: a supervisor or the dispatcher is killed; and the ledger is lost."""
    return [
        Disaster("supervisor killed", lambda: _kill_supervisor(site, dice)),
        Disaster("dispatcher killed", lambda: _kill_dispatcher(site)),
        ledger_lost(site),
    ]


Disasters = Callable[[Installation, random.Random], Sequence[Disaster]]


def cluster_disasters(cluster: Any) -> Disasters:
    """Of a private Slurm (`slurm_cluster.SlurmCluster`)."""
    controller, nodes = cluster.controller, list(cluster.nodes.values())

    def node_killed(node: Any) -> Disaster:
        return Disaster("node killed", lambda: _done(node.kill), 10, node.slurmd.start)

    def slurmd_killed(node: Any) -> Disaster:
        return Disaster("slurmd killed", lambda: _done(node.slurmd.kill), 12, node.slurmd.start)

    def on_cluster(site: Installation, dice: random.Random) -> list[Disaster]:
        return [
            node_killed(nodes[0]),
            Disaster("controller paused", lambda: _done(controller.pause), 8, controller.resume),
            slurmd_killed(nodes[1]),
            Disaster("controller restarted", lambda: _done(controller.restart)),
            ledger_lost(site),
            node_killed(nodes[1]),
            Disaster("controller killed", lambda: _done(controller.kill), 5, controller.start),
            slurmd_killed(nodes[0]),
        ]

    return on_cluster


def pool_disasters(pool: Any) -> Disasters:
    """Of a private HTCondor (`htcondor_pool.Pool`)."""
    head, nodes = pool.head, list(pool.nodes.values())

    def node_killed(node: Any) -> Disaster:
        return Disaster("node killed", lambda: _done(node.kill), 10, node.master.start)

    def killed(part: Any, name: str) -> Disaster:
        short = name.removeprefix("condor_")
        return Disaster(f"{short} killed", lambda: _done(lambda: part.signal(9, name)))

    def paused(name: str) -> Disaster:
        stop = lambda: _done(lambda: head.signal(signal.SIGSTOP, name))  # noqa: E731
        goes_on = lambda: _done(lambda: head.signal(signal.SIGCONT, name))  # noqa: E731
        return Disaster(f"{name.removeprefix('condor_')} paused", stop, 8, goes_on)

    def on_pool(site: Installation, dice: random.Random) -> list[Disaster]:
        return [
            node_killed(nodes[0]),
            paused("condor_schedd"),
            killed(nodes[1], "condor_starter"),
            killed(head, "condor_schedd"),
            ledger_lost(site),
            killed(nodes[0], "condor_startd"),
            killed(head, "condor_shadow"),
            node_killed(nodes[1]),
            killed(head, "condor_collector"),
        ]

    return on_pool


def ledger_lost(site: Installation) -> Disaster:
    """The one durable record is gone, as when somebody removes it."""
    return Disaster("ledger lost", lambda: _lose_ledger(site))


def _done(act: Callable[[], object]) -> str:
    act()
    return ""


def _lose_ledger(site: Installation) -> str:
    """What it said of attempts that were over is kept for the verdict, outside."""
    keep_reasons(site)
    for path in (site.site / "state").glob("ledger.sqlite*"):
        path.unlink()
    return ""


def _kill_supervisor(site: Installation, dice: random.Random) -> str:
    running = [
        claim
        for claim in (site.site / "state" / "local" / "batches").glob("*/*/claim.json")
        if not (claim.parent / "exit.json").exists()
    ]
    dice.shuffle(running)
    for claim in running:
        pid = json.loads(claim.read_text()).get("supervisor", {}).get("pid")
        if pid and _is_ours(pid, site, "local_supervisor"):
            os.kill(pid, signal.SIGKILL)
            return claim.parent.name
    return "(none was there)"


def _kill_dispatcher(site: Installation) -> str:
    killed = [pid for pid in processes() if _is_ours(pid, site, "local_dispatcher")]
    for pid in killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return "" if killed else "(none was there)"


def _is_ours(pid: int, site: Installation, module: str) -> bool:
    """Whether a process is one of this installation's, by the folder on its command line."""
    command = command_line(pid)
    return module in command and str(site.site) in command
