"""``make chaos``: everything, locally, between both ends, on a private Slurm and HTCondor.

A run that was interrupted goes on where it was when it is called again with its folder of results.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("", "clusters", "delivery")]

from ordinary_user import ordinary_user  # noqa: E402
from ssh_server import missing_commands  # noqa: E402

from chaos import figures  # noqa: E402
from chaos.beds import (  # noqa: E402
    LOCAL,
    LOCAL_CROWD,
    htcondor,
    quick_folder,
    slurm,
    why_no_htcondor,
    why_no_slurm,
)
from chaos.deliveries import Delivery  # noqa: E402
from chaos.disasters import (  # noqa: E402
    Disasters,
    cluster_disasters,
    on_this_machine,
    pool_disasters,
)
from chaos.ends import both_ends  # noqa: E402
from chaos.installation import Bed  # noqa: E402
from chaos.scenarios import Plan, Scenario  # noqa: E402
from chaos.sweep import MOST  # noqa: E402

PARTS, MANY = 4, 10**6
CONTROL = {"units": 2, "moments": 1, "step": 5}


def sound(seed: int, kills: int) -> Iterator[Scenario]:
    """What must leave nothing twice and nothing lost, on the local scheduler."""
    yield Scenario("boundaries", LOCAL, Plan(), seed)
    yield Scenario("calls", LOCAL, Plan(), seed)
    storm = Plan(kills=kills, limit=900)
    yield Scenario("random", LOCAL_CROWD, storm, seed, disasters=on_this_machine)


def controls(seed: int) -> Iterator[Scenario]:
    """What must not: the poller made blind."""
    yield Scenario("boundaries", LOCAL, Plan(**CONTROL), seed, "adoption")
    yield Scenario("calls", LOCAL, Plan(**CONTROL), seed, "adoption")
    yield Scenario("calls", LOCAL, Plan(**CONTROL), seed, "sentinel")


def on_cluster(
    calm: Bed,
    rough: Bed,
    disasters: Disasters,
    seed: int,
    kills: int,
    *,
    sweep: float = 600.0,
    storm: float = 900.0,
) -> list[Scenario]:
    """The same on a cluster, which dies in parts meanwhile; limits as of `Plan.limit`."""
    wild = Plan(kills=kills, apart=8, limit=storm)
    return [
        Scenario("boundaries", calm, Plan(limit=sweep), seed),
        Scenario("calls", calm, Plan(), seed),
        Scenario("random", rough, wild, seed, None, disasters),
        Scenario("calls", calm, Plan(**CONTROL), seed, "adoption"),
        Scenario("calls", calm, Plan(**CONTROL), seed, "sentinel"),
    ]


@contextmanager
def on_slurm(seed: int, kills: int) -> Iterator[list[Scenario]]:
    """On a private Slurm."""
    from slurm_cluster import private_slurm

    with quick_folder() as root, private_slurm(root, cpus=64) as cluster:
        calm, rough = slurm(cluster, submit_grace=6.0), slurm(cluster, submit_grace=20.0)
        yield on_cluster(calm, rough, cluster_disasters(cluster), seed, kills)


@contextmanager
def on_htcondor(seed: int, kills: int) -> Iterator[list[Scenario]]:
    """On a private HTCondor; not as root."""
    from htcondor_pool import private_pool

    with quick_folder() as root, private_pool(root, cpus=64) as pool:
        calm, rough = htcondor(pool, submit_grace=6.0), htcondor(pool, submit_grace=25.0)
        # Each question to it is a process of some 0.3 s.
        yield on_cluster(calm, rough, pool_disasters(pool), seed, kills, sweep=5400.0, storm=3000.0)


@contextmanager
def between_ends(seed: int, kills: int, parts: int, out: Path) -> Iterator[list[Delivery]]:
    """Candidates from a real sshd, results to it, and a stand-in for Slack.

    A tick takes seconds there, so that its boundaries are swept in parts, and after the last of
    them the places that none has hit are sought out.
    """
    with quick_folder() as root, both_ends(root, seed) as ends:
        few = Plan(kills=60, limit=150)
        sweep = Plan(step=PARTS, seek=False, between=MANY, limit=3000)
        rest = Plan(first=MOST, harmless=False, limit=3000)
        firsts = [1 + (seed + part) % PARTS for part in range(parts)]
        yield [
            *(Delivery("boundaries", ends, replace(sweep, first=f), seed) for f in firsts),
            *([Delivery("places", ends, rest, seed, known=out)] if parts == PARTS else []),
            Delivery("faults", ends, Plan(kills=5 * kills, limit=2400), seed),
            Delivery("faults", ends, few, seed, "intents"),
        ]


class Results:
    """The folder of results: ``figures.jsonl``, the visited places, and what went wrong.

    ``run.json`` is there while a run is not through; the next one goes on with it.
    """

    def __init__(self, folder: Path, seed: int | None, only: str) -> None:
        self.folder = folder
        self.only = only
        self.rows: list[figures.Figures] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._run = folder / "run.json"
        known = json.loads(self._run.read_text()) if self._run.exists() else {}
        if not known or seed not in (None, known["seed"]):
            new = random.randrange(10**6) if seed is None else seed
            known = {"run": time.strftime("%Y-%m-%dT%H:%M:%S"), "seed": new}
            self._run.write_text(json.dumps(known))
        self.run, self.seed = str(known["run"]), int(known["seed"])

    def play(self, scenario: Scenario | Delivery) -> None:
        """Do one scenario, or take its figures from before the interruption."""
        if self.only not in scenario.name:
            return
        file = self.folder / "figures.jsonl"
        mine = (scenario.name, self.run)
        known = [row for row in figures.read(file) if (row.scenario, row.run) == mine]
        if known:
            self.rows.append(known[-1])
            say(f"{scenario.name}: done before")
            return
        say(f"{scenario.name} ...")
        left = self.folder / scenario.name.replace(" ", "-")
        with quick_folder() as base:
            row = replace(scenario.play(base, say), run=self.run)
            if (base / "places").exists():
                shutil.copy(base / "places", f"{left}.places")
            if not row.as_expected:
                shutil.copytree(base, left, symlinks=True, dirs_exist_ok=True)
                say(f"{scenario.name}: NOT as expected; see {left}")
        figures.append(file, row)
        self.rows.append(row)

    def elsewhere(self, kills: int) -> None:
        """Let an ordinary user do what root cannot, and take the figures."""
        with ordinary_user() as user:
            out = user.folder / "out"
            words = ("--out", str(out), "--only", self.only or "htcondor")
            more = ("--seed", str(self.seed), "--kills", str(kills))
            user.start(str(HERE), *words, *more).wait()
            for row in figures.read(out / "figures.jsonl"):
                mine = replace(row, run=self.run)
                figures.append(self.folder / "figures.jsonl", mine)
                self.rows.append(mine)
            shutil.copytree(
                out, self.folder, symlinks=True, dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("figures.jsonl", "run.json"),
            )  # fmt: skip

    def close(self) -> bool:
        """Print everything; the next call begins anew. Whether all is as expected."""
        for file in sorted(self.folder.glob("*.places")):
            print(f"\n{file.stem}: kills at each kind and place\n{file.read_text()}")
        print(f"run {self.run}, seed {self.seed}\n{figures.table(self.rows)}")
        self._run.unlink()
        return all(row.as_expected for row in self.rows)


def say(line: str) -> None:
    """Print, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def main() -> int:
    """The command line; the status says whether everything came out as expected."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("chaos-out"), help="folder of results")
    parser.add_argument("--seed", type=int, help="by default a random one, printed")
    parser.add_argument("--kills", type=int, default=200, help="at random, on each scheduler")
    parser.add_argument(
        "--parts",
        type=int,
        default=1,
        choices=range(1, PARTS + 1),
        help=f"of {PARTS}, of the boundaries between both ends; each takes a quarter of an hour",
    )
    parser.add_argument("--only", default="", help="scenarios with this text in their name")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    results = Results(given.out.resolve(), given.seed, given.only)
    say(f"seed {results.seed}, results in {results.folder}")
    for scenario in (*sound(results.seed, given.kills), *controls(results.seed)):
        results.play(scenario)
    if missing := missing_commands():
        say(f"left out: deliveries (no {', '.join(missing)})")
    elif not given.only.startswith(("local", "slurm", "htcondor")):
        with between_ends(results.seed, given.kills, given.parts, results.folder) as deliveries:
            for delivery in deliveries:
                results.play(delivery)
    if reason := why_no_slurm():
        say(f"left out: Slurm ({reason})")
    elif not given.only.startswith(("local", "deliveries", "htcondor")):
        with on_slurm(results.seed, given.kills) as scenarios:
            for scenario in scenarios:
                results.play(scenario)
    if reason := why_no_htcondor():
        say(f"left out: HTCondor ({reason})")
    elif given.only.startswith(("local", "deliveries", "slurm")):
        pass
    elif os.geteuid() == 0:
        results.elsewhere(given.kills)
    else:
        with on_htcondor(results.seed, given.kills) as scenarios:
            for scenario in scenarios:
                results.play(scenario)
    return 0 if results.close() else 1


if __name__ == "__main__":
    sys.exit(main())
