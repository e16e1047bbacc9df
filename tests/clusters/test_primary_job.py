"""A primary_job on real Slurm: it renews itself, is replaced when it dies, and stops when told."""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from daemons import wait_until
from slurm_cluster import SlurmCluster, private_slurm

from nmma_fitter.engine.files import read_json

pytestmark = pytest.mark.slurm

COMMAND = Path(sys.executable).with_name("nmma-fitter")
NIGHT = "2459778-2459785"
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = "0,2459780.7,19.0,0.1,g,,2\n1,2459781.7,19.5,0.1,r,,2\n2,2459782.7,20.1,0.1,g,,2\n"
SETTINGS = {
    "unattended_interval": "1",
    "name": '"slurm"',
    "models": '["Piro2021"]',
    "nlive": "50",
    "n_effective": "100",
}


@dataclass
class Story:
    """What was seen, by the time it is told."""

    site: "Site"
    lives: list[str] = field(default_factory=list)
    duplicate: str = ""
    after_scancel: list[str] = field(default_factory=list)
    status_killed: tuple[int, str] = (-1, "")
    stop_said: str = ""
    status_stopped: tuple[int, str] = (-1, "")


class Site:
    """What `install-jobs` wrote into a folder, with one candidate, on a cluster."""

    def __init__(self, root: Path, cluster: SlurmCluster) -> None:
        self.root = root
        self.cluster = cluster
        self.run("install-jobs", str(root), "--scheduler", "slurm")
        text = (root / "my.toml").read_text()
        for key, value in SETTINGS.items():
            text = re.sub(rf"^# {key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
        (root / "my.toml").write_text(text)
        night = root / "candidates" / NIGHT
        night.mkdir(parents=True)
        (night / "lc_ZTF1_forced1_stacked0.csv").write_text(HEADER + ROWS)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.cluster.environment}
        return subprocess.run(
            [COMMAND, *arguments],
            capture_output=True,
            text=True,
            timeout=600,
            env=environment,
            check=False,
        )

    def verb(self, name: str) -> subprocess.CompletedProcess[str]:
        return self.run(name, "--config", str(self.root / "my.toml"))

    def sbatch(self, *options: str, arguments: tuple[str, ...] = ()) -> str:
        script = str(self.root / "primary_job")
        words = ("sbatch", "--parsable", "--time=30", "--mem=300", *options, script, *arguments)
        return self.cluster.run(*words).strip()

    @property
    def log(self) -> str:
        """What the pollers wrote, and what Slurm got of it."""
        paths = (self.root / "state" / "poller.log", self.root / "primary_job.log")
        return "\n".join(path.read_text() if path.exists() else "" for path in paths)

    @property
    def poller(self) -> dict:
        return read_json(self.root / "state" / "poller.json") or {}

    @property
    def lives(self) -> list[str]:
        """Ids of the jobs that began, in their order."""
        lines = self.log.splitlines()
        return [line.split()[3] for line in lines if " begins" in line and "primary_job" in line]

    def primaries(self, states: str = "PENDING,RUNNING,COMPLETING") -> list[str]:
        """Ids of primary_jobs in the queue; fits have names of another kind."""
        lines = self.cluster.run("squeue", "-h", "-o%A %j", "-t", states).splitlines()
        words = [line.split() for line in lines]
        return [job for job, name in words if name.startswith(("nmma-primary", "other"))]

    def cancel_all(self) -> bool:
        """Cancel all primary_jobs, as somebody may; whether there were none."""
        if jobs := self.primaries():
            self.cluster.run("scancel", *jobs, check=False)
        return not jobs

    def until(self, ask: Callable[[], object], seconds: float, what: str) -> None:
        try:
            wait_until(ask, seconds, what)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.cluster.queue()}\n{self.log}") from None

    def until_living(self, jobs: int) -> str:
        """Wait until the n-th job of the chain has queued its successor."""

        def has() -> bool:
            known = self.poller
            return len(self.lives) >= jobs and bool(
                known.get("job") == self.lives[-1] and known.get("successor")
            )

        self.until(has, 180, f"life {jobs}")
        return self.lives[-1]


def story(root: Path) -> Story:
    with private_slurm(root / "slurm") as cluster:
        site = Site(root / "here", cluster)
        seen = Story(site)
        site.sbatch(arguments=("--leave-after", "5s"))
        site.until_living(4)
        seen.lives = site.lives[:4]
        site.until(site.cancel_all, 60, "an empty queue")
        site.sbatch()
        victim = site.until_living(len(site.lives) + 1)
        site.until(lambda: site.verb("status").returncode == 0, 60, "a tick")
        seen.duplicate = _duplicate(site)
        cluster.run("scancel", victim)
        seen.after_scancel = [victim, site.until_living(len(site.lives) + 1)]
        # It has hours to hear of it; those of the first chain end by themselves.
        seen.stop_said = site.verb("stop").stdout
        site.until(lambda: not site.primaries(), 60, "the end")
        seen.status_stopped = _first_line(site)
        site.sbatch()
        site.until_living(len(site.lives) + 1)
        _kill(site)
        site.until(lambda: site.verb("status").returncode == 3, 60, "the alarm")
        seen.status_killed = _first_line(site)
    return seen


def _duplicate(site: Site) -> str:
    """What a second one says that has another name, so that Slurm lets it begin."""
    output = site.root / "second.log"
    job = site.sbatch("--job-name=other", f"--output={output}")
    site.until(lambda: job not in site.primaries(), 60, "the second's end")
    return output.read_text()


def _kill(site: Site) -> None:
    """As when a node dies, and somebody has cancelled what was queued."""
    site.until(lambda: site.primaries("PENDING"), 30, "a successor")
    site.cluster.run("scancel", *site.primaries("PENDING"))
    os.kill(int(site.poller["pid"]), 9)


def _first_line(site: Site) -> tuple[int, str]:
    done = site.verb("status")
    return done.returncode, done.stdout.splitlines()[0]


def test_it_renews_itself_three_times(told):
    assert len(set(told.lives)) == len(told.lives) >= 4


def test_each_life_queued_its_successor_before_its_first_tick(told):
    lines = told.site.log.splitlines()
    begun = [n for n, line in enumerate(lines) if " begins" in line][: len(told.lives)]
    assert all("is queued" in lines[number + 1] for number in begun)


def test_the_night_is_fitted_meanwhile_once(told):
    runs = list(told.site.root.glob("outdir/*/ZTF1/Piro2021/attempts/*/started"))
    fin = told.site.root / "outdir" / NIGHT / "ZTF1" / "Piro2021" / "Piro2021.fin"
    assert len(runs) == 1 and json.loads(fin.read_text())["outcome"] == "done"


def test_its_jobs_inherit_nothing_of_the_job_that_submits_them(told):
    [log] = told.site.root.glob("outdir/*/ZTF1/Piro2021/log")
    assert "ERROR" not in log.read_text()


def test_a_second_one_says_who_lives_and_leaves(told):
    assert "polls here already" in told.duplicate and "primary_job" in told.duplicate


def test_one_that_is_cancelled_is_replaced_by_its_successor(told):
    victim, successor = told.after_scancel
    assert int(successor) > int(victim)


def test_a_killed_one_without_a_successor_is_noticed(told):
    status, line = told.status_killed
    assert status == 3 and line.startswith("NO TICK for ")


def test_stop_ends_the_chain_with_its_queued_successor(told):
    assert "primary_job" in told.stop_said  # and the story went on only when none was queued
    assert "leaving: somebody asked to stop" in told.site.log


def test_status_says_that_it_was_stopped(told):
    status, line = told.status_stopped
    assert status == 0 and line.startswith("STOPPED by ")


def test_its_time_was_used(told):
    times = [
        time.mktime(time.strptime(line[:19], "%Y-%m-%dT%H:%M:%S"))
        for line in told.site.log.splitlines()
        if " begins" in line
    ]
    gaps = [later - one for one, later in itertools.pairwise(times)][:3]
    assert all(gap >= 4 for gap in gaps)
