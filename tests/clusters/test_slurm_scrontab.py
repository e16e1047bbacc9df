"""A real scrontab entry that runs a tick every minute."""

import itertools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from installation import POLLER, Installation
from slurm_cluster import SlurmCluster, private_slurm
from toy_campaign import doubles

pytestmark = pytest.mark.slurm

BUILD = Path(__file__).with_name("build_scrontab")
ENTRY = """\
#SCRON --partition=cron
#SCRON --time=1
#SCRON --job-name=tick
#SCRON --output={root}/scron.out
#SCRON --open-mode=append
* * * * * {command} >>{root}/tick.out 2>&1
"""


def scrontab() -> Path:
    """The program, of the installed version; built once for all sessions."""
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "slurm-client"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = caches / "nmma_fitter-tests" / f"scrontab-{version}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        built = subprocess.run([BUILD, path], capture_output=True, text=True, timeout=600)
        if built.returncode != 0:
            pytest.skip(f"scrontab cannot be built: {built.stderr.strip()[-300:]}")
    return path


def story(root: Path) -> Installation:
    client = scrontab()
    with private_slurm(root / "slurm") as cluster:
        site = Installation(root, cluster)
        site.want("first", seconds=1)
        table = root / "table"
        table.write_text(ENTRY.format(root=root, command=tick_command(site, cluster)))
        cluster.run(str(client), str(table))
        site.listed = cluster.run(str(client), "-l")
        site.until(lambda: site.states("first") == ["done"], 200, "two ticks")
        site.jobs = cluster.run("squeue", "-h", "-n", "tick", "-o%i").split()
        cluster.run(str(client), "-r", check=False)
    return site


def tick_command(site: Installation, cluster: SlurmCluster) -> str:
    """One tick, in the bare environment that the entry is run in."""
    words = [f"{name}={value}" for name, value in cluster.environment.items()]
    words += [f"PYTHONPATH={os.environ.get('PYTHONPATH', '')}", sys.executable, str(POLLER)]
    # In a crontab a percent sign would be a line break.
    return shlex.join(["env", *words, str(site.root), "--once"]).replace("%", "\\%")


def test_the_entry_is_in_the_table(told):
    assert "--partition=cron" in told.listed


def test_a_tick_submits_and_a_later_one_collects(told):
    seen = [[need["state"] for need in report["needs"]] for report in told.reports]
    assert seen[0] == ["submitted"] and seen[-1] == ["done"]


def test_ticks_are_a_minute_apart(told):
    times = [report["time"] for report in told.reports]
    gaps = [later - one for one, later in itertools.pairwise(times)]
    assert gaps and all(40 < gap < 80 for gap in gaps)


def test_the_entry_stays_one_job(told):
    assert len(told.jobs) == 1


def test_the_unit_ran_once(told):
    assert len(told.starts("first")) == 1 and doubles(told.all_starts()) == []
    assert json.loads((told.work("first") / "toy.fin").read_text())["outcome"] == "done"
