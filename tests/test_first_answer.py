"""What a command can say at once it says before it imports what takes seconds on a busy machine.

Counted by what Python itself reports to have imported, and not by a clock.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from by_commands import Site

from nmma_fitter.engine.lock import TickLock

BIN = Path(sys.executable).parent
NIGHT = "2459778-2459785"
HEAVY = {
    *("afterglowpy", "astropy", "bilby", "corner", "h5py", "htcondor2", "jinja2", "matplotlib"),
    *("nautilus", "numba", "numpy", "pandas", "plotly", "psutil", "requests", "scipy"),
    *("slack_sdk", "sncosmo", "tenacity", "nmma_fitter.make_jobs", "nmma_fitter.by_hand"),
}
IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)

HELP = [f"{name} --help" for name in ("nmma-fit", "make-jobs", "nmma-fitter")]
SLIPS = [
    "nmma-fit lc.csv",
    "nmma-fit --model Me2017",
    "nmma-fit lc.csv --model Me2071",
    "nmma-fit missing.csv --model Me2017 --redshift 0.1",
    "nmma-fit lc.csv --model Me2017 --redshift nan",
    "nmma-fit lc.csv --model Me2017 --distance 40e6",
    "nmma-fit lc.csv --model Me2017 --tmin 5 --tmax 3",
    "nmma-fit lc.csv --model Me2017 --sys-error many",
    "nmma-fit lc.csv --model Me2017 --jet tophat",
    "nmma-fit lc.csv --model Me2017 --preset orignal",
    "make-jobs --data-dir missing",
    "make-jobs --models Me2071",
    "make-jobs --linger soon",
    "make-jobs --config wrong.toml",
    "make-jobs --once",
    "nmma-fitter compare-engines missing.csv --model Me2017",
    "nmma-fitter install-jobs there --scheduler lsf",
    "nmma-fitter retry",
    "nmma-fitter cancel 2459778",
    "nmma-fitter catch-up 2459778 2459785",
    "nmma-fitter stats",
    "nmma-fitter status",
]


def imported_by(folder: Path, line: str) -> tuple[set[str], subprocess.CompletedProcess[str]]:
    """What of the heavy modules a command imports, and how it ended."""
    name, *arguments = line.split()
    command = [sys.executable, "-X", "importtime", str(BIN / name), *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=280, check=False
    )
    found = set(IMPORTED.findall(done.stderr))
    assert "nmma_fitter" in found, "Python said nothing of what it imports"
    return found & HEAVY, done


@pytest.mark.parametrize("line", HELP)
def test_a_help_imports_nothing_heavy(tmp_path, line):
    heavy, done = imported_by(tmp_path, line)
    assert (done.returncode, heavy) == (0, set())


@pytest.mark.parametrize("line", SLIPS)
def test_an_error_of_one_line_comes_before_anything_heavy(tmp_path, line):
    (tmp_path / "lc.csv").write_text("jd,mag,mag_unc,filter,limmag\n2459780.7,19.0,0.1,g,20.5\n")
    (tmp_path / "wrong.toml").write_text("fits = 3\n")
    heavy, done = imported_by(tmp_path, line)
    said = [one for one in done.stderr.splitlines() if not one.startswith("import time:")]
    assert (done.returncode, len(said), heavy) == (2, 1, set()), said


@pytest.fixture
def site(tmp_path) -> Site:
    site = Site(tmp_path).set_up()
    site.light_curve(NIGHT, "ZTF1")
    return site


def test_status_stop_and_start_import_nothing_heavy(site):
    site.run("make-jobs", "--once")  # one row: a skipped fit is something to show
    for verb, says in {
        "status": "1 skipped",
        "stop": "nmma-fitter start",
        "start": "pollers may begin",
    }.items():
        heavy, done = imported_by(site.root, f"nmma-fitter {verb} --config my.toml")
        assert says in done.stdout
        assert (done.returncode, heavy) == (0, set())


@pytest.mark.parametrize("options", ["", " --once", " --collect-only"])
def test_who_holds_the_lock_is_said_before_anything_heavy(site, options):
    (site.root / "state").mkdir()
    with TickLock(site.root / "state", 600).held():
        heavy, done = imported_by(site.root, f"make-jobs --config my.toml{options}")
    assert "another make-jobs or nmma-fitter holds" in done.stdout
    assert (done.returncode, heavy) == (0, set())


@pytest.mark.parametrize("options", ["--once", "--once --linger 20s", "--keep-going"])
def test_after_stop_pollers_say_so_at_once_and_how_to_start(site, options):
    site.run("nmma-fitter", "stop")
    heavy, done = imported_by(site.root, f"make-jobs --config my.toml {options}")
    assert "pollers are stopped" in done.stdout and "`nmma-fitter start`" in done.stdout
    assert (done.returncode, heavy) == (0, set())
    assert not (site.root / "state" / "snapshot.json").exists(), "it made a tick"


def test_after_start_once_makes_its_tick_and_by_hand_a_stop_is_no_bar(site):
    site.run("nmma-fitter", "stop")
    assert "1 skipped" in site.run("make-jobs").text
    site.light_curve("2459779-2459786", "ZTF2")
    site.run("nmma-fitter", "start")
    assert "2459779-2459786: 1/1 ended (1 skipped)" in site.run("make-jobs", "--once").text
