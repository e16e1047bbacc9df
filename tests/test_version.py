"""Version and commit are printed and kept with every result, from a checkout and from a wheel."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nmma_fitter import __version__

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[1]
WHEEL = """\
import sys
sys.path.insert(0, ".")
from hatchling.builders.wheel import WheelBuilder
print(next(WheelBuilder(".").build(directory=sys.argv[1], versions=["standard"])))
"""
PRINT = "from nmma_fitter.version import version_text; print(version_text())"


def git(folder, *words):
    who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    done = subprocess.run(["git", "-C", folder, *who, *words], capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A checkout of what lies here, without tags."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    folder = tmp_path_factory.mktemp("clone")
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.log", "chaos-out")
    for name in ("nmma_fitter", "templates", "config", "crontab", "jobs"):
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def said_in(folder, **environment):
    done = subprocess.run(
        [sys.executable, "-P", "-c", PRINT], cwd="/", capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(folder), **environment}, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("command", ["nmma-fit", "make-jobs", "nmma-fitter"])
def test_every_command_prints_both(command):
    done = subprocess.run(
        [BIN / command, "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith(f"{__version__} (commit ") and done.stdout.count("\n") == 1


def test_a_checkout_says_its_commit_and_whether_it_was_changed(clone):
    head = git(clone, "rev-parse", "HEAD")[:12]
    assert said_in(clone) == f"{__version__} (commit {head})"
    readme = clone / "README.md"
    before = readme.read_text()
    try:
        readme.write_text(before + "mine")
        assert said_in(clone) == f"{__version__} (commit {head}+changes)"
    finally:
        readme.write_text(before)


def test_what_is_not_known_is_not_said(clone, tmp_path):
    assert said_in(clone, PATH="/nowhere") == f"{__version__} (commit not known)"
    shutil.copytree(clone / "nmma_fitter", tmp_path / "around" / "nmma_fitter")
    git(tmp_path, "init", "-q")  # a repository around an installation is not ours
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "another's")
    assert said_in(tmp_path / "around") == f"{__version__} (commit not known)"


def test_a_wheel_brings_the_commit_it_was_built_from(clone, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WHEEL, tmp_path], cwd=clone, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(done.stdout.strip()) as wheel:
        wheel.extractall(tmp_path / "site")
    head = git(clone, "rev-parse", "HEAD")[:12]
    assert said_in(tmp_path / "site") == f"{__version__} (commit {head})"


def test_a_result_its_sentinel_its_settings_and_its_page_name_both(tmp_path):
    rows = ["2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2"]
    night = tmp_path / "candidates" / "2459778-2459785"
    night.mkdir(parents=True)
    (night / "lc_A_forced1_stacked0.csv").write_text(
        ",jd,mag,mag_unc,filter,limmag,programid\n"
        + "".join(f"{i},{row}\n" for i, row in enumerate(rows))
    )
    (tmp_path / "my.toml").write_text(
        '[tick]\ninterval = 0.3\n[fits]\nmodels = ["Piro2021"]\n[fits.settings]\nn_effective = 100'
    )
    done = subprocess.run(
        [BIN / "make-jobs", "--config", "my.toml"], cwd=tmp_path, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "outdir" / night.name / "A"
    [run] = (folder / "Piro2021" / "attempts").iterdir()
    kept = [json.loads((run / name).read_text())["versions"] for name in ("config.json",)]
    kept.append(json.loads((folder / "Piro2021" / "Piro2021.fin").read_text())["versions"])
    result = json.loads((folder / "Piro2021" / "Piro2021_result.json").read_text())
    kept.append(result["meta_data"]["nmma_fitter"]["versions"])
    assert [one["nmma_fitter"] for one in kept] == [__version__] * 3
    [commit] = {one.get("commit", "not known") for one in kept}
    for page in (folder, folder.parent, folder.parent.parent):
        assert f"nmma_fitter {__version__} (commit {commit})" in (page / "index.html").read_text()
