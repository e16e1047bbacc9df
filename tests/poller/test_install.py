import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nmma_fitter.config import load_config
from nmma_fitter.poller.install import install_jobs
from nmma_fitter.shipped import shipped

COMMAND = Path(sys.executable).with_name("nmma-fitter")
NAMES = {"primary_job", "primary_job.sub", "crontab", "scrontab", "my.toml"}


@pytest.fixture
def folder(tmp_path) -> Path:
    install_jobs(tmp_path / "here")
    return tmp_path / "here"


def test_it_writes_jobs_crontabs_and_configuration(folder):
    assert {p.name for p in folder.iterdir()} == NAMES | {".installed.json"}


def test_the_paths_of_this_installation_are_filled_in(folder):
    commands = Path(sys.executable).parent
    for name in ("primary_job", "primary_job.sub", "crontab", "scrontab"):
        text = (folder / name).read_text()
        assert str(commands) in text and str(folder / "my.toml") in text
        assert "/path/to" not in text
    assert f"#SBATCH --output={folder}/primary_job.log" in (folder / "primary_job").read_text()


def test_its_configuration_keeps_everything_in_the_folder(folder):
    config = load_config(folder / "my.toml")
    assert config.paths.state == folder / "state"


def test_its_configuration_pins_no_default_but_the_paths(folder):
    table = tomllib.loads((folder / "my.toml").read_text())
    assert {name for name, value in table.items() if _values(value)} == {"paths"}
    assert "# interval = 10" in (folder / "my.toml").read_text()


def _values(table: dict) -> list:
    """Everything set in a table and the tables below it."""
    below = [_values(v) if isinstance(v, dict) else [v] for v in table.values()]
    return [value for values in below for value in values]


def test_two_installations_have_jobs_of_different_names(tmp_path):
    names = set()
    for name in "ab":
        install_jobs(tmp_path / name)
        lines = (tmp_path / name / "primary_job").read_text().splitlines()
        names |= {line for line in lines if line.startswith("#SBATCH --job-name")}
    assert len(names) == 2


def test_a_changed_file_is_kept_and_said_and_replaced_with_force(folder):
    (folder / "my.toml").write_text("[paths]\n")
    lines = install_jobs(folder)
    [kept] = [line for line in lines if "kept, since it was changed" in line]
    assert kept.startswith(str(folder / "my.toml"))
    assert (folder / "my.toml").read_text() == "[paths]\n"
    install_jobs(folder, force=True)
    assert "candidates" in (folder / "my.toml").read_text()


def test_a_file_that_was_there_before_is_kept(tmp_path):
    (tmp_path / "crontab").write_text("# mine\n")
    install_jobs(tmp_path)
    install_jobs(tmp_path)
    assert (tmp_path / "crontab").read_text() == "# mine\n"


def test_a_path_that_no_directive_can_hold_is_refused(tmp_path):
    done = subprocess.run(
        [COMMAND, "install-jobs", tmp_path / "a b%c"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "choose another folder" in done.stderr
    assert not (tmp_path / "a b%c").exists()


def test_the_jobs_are_bash_without_mistakes(folder):
    for path in (folder / "primary_job", shipped("jobs", "primary_job")):
        subprocess.run(["bash", "-n", path], check=True)


def test_a_primary_job_without_commands_says_what_to_do(tmp_path):
    done = subprocess.run(
        ["/bin/bash", shipped("jobs", "primary_job")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == 2 and "make install" in done.stderr


def test_a_primary_job_by_hand_says_that_it_needs_sbatch(folder):
    (folder / "candidates").mkdir()
    done = subprocess.run(
        ["bash", folder / "primary_job"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "run `sbatch jobs/primary_job`" in done.stderr
    assert not (folder / "state").exists()
