"""Priors come from where the configuration says, whatever folder a command is started in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
ANOTHER = "log10_Menv = Uniform(minimum=-5, maximum=0)\nluminosity_distance = 123.0\n"
ROWS = ["2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2"]
LIGHT_CURVE = ",jd,mag,mag_unc,filter,limmag,programid\n" + "".join(
    f"{number},{row}\n" for number, row in enumerate(ROWS)
)


@pytest.fixture
def here(tmp_path):
    """A folder with priors of its own, as a checkout of NMMA has, and a light curve."""
    folder = tmp_path / "here"
    priors(folder / "priors")
    (folder / "lc.csv").write_text(LIGHT_CURVE)
    return folder


def priors(folder):
    folder.mkdir(parents=True)
    (folder / "Piro2021.prior").write_text(ANOTHER)


def call(here, *words):
    return subprocess.run(
        [BIN / words[0], *words[1:]], cwd=here, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def prior_file(here, *options):
    """The prior file that is used, as `nmma-fitter models` says."""
    done = call(here, "nmma-fitter", "models", "Piro2021", "--json", *options)
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)[0]["priors"])


def test_without_a_configuration_the_shipped_priors_are_used(here):
    assert prior_file(here).parts[-3:] == ("config", "priors", "Piro2021.prior")


def test_a_folder_is_looked_for_beside_the_configuration_alone(here, tmp_path):
    site = tmp_path / "site"
    priors(site / "myp")
    (site / "my.toml").write_text('[fits]\npriors = "myp"\n')
    for folder in (here, site):
        assert prior_file(folder, "--config", site / "my.toml") == site / "myp/Piro2021.prior"


def test_the_name_priors_is_a_folder_beside_the_configuration_or_the_shipped_one(here, tmp_path):
    (tmp_path / "my.toml").write_text('[fits]\npriors = "priors"\n')
    (here / "my.toml").write_text('[fits]\npriors = "priors"\n')
    shipped = prior_file(here, "--config", tmp_path / "my.toml")
    assert shipped.parent.parent.name == "config"
    assert prior_file(tmp_path, "--config", here / "my.toml") == here / "priors/Piro2021.prior"


def test_a_folder_of_ones_own_is_not_mixed_with_shipped_files(here):
    (here / "my.toml").write_text('[fits]\npriors = "priors"\n')
    done = call(here, "nmma-fit", "lc.csv", "--model", "Me2017", "--config", "my.toml")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and f"no prior file Me2017.prior in {here}" in done.stderr


def test_the_file_that_was_taken_is_in_the_log_and_in_config_json(here, tmp_path):
    (tmp_path / "my.toml").write_text("[fits.settings]\nn_effective = 100\n")
    done = call(here, "nmma-fit", "lc.csv", "--model", "Piro2021", "--config", "../my.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    config = json.loads((here / "outdir/lc/Piro2021/config.json").read_text())
    assert "Ebv" in config["priors"]
    assert config["priors_from"] == "shipped priors/Piro2021.prior"
    log = (here / "outdir/lc/Piro2021/log").read_text()
    assert "priors: shipped priors/Piro2021.prior" in log and "priors: shipped" in done.stdout


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[scheduler.slurm]\ncommands = { sbatch = "bin/sbatch" }', "sbatch"),
        ('[destinations.x]\nkind = "folder"\npath = "there"\nrsync = "bin/rsync"', "rsync"),
    ],
)
def test_a_command_is_a_name_or_a_whole_path(here, text, key):
    (here / "my.toml").write_text(text)
    done = call(here, "nmma-fitter", "status", "--config", "my.toml")
    assert done.returncode == 2 and key in done.stderr and "should match" in done.stderr


def test_a_data_folder_is_a_whole_path(here):
    done = subprocess.run(
        [BIN / "nmma-fitter", "models"], cwd=here, capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(here), "NMMA_FITTER_DATA_DIR": "data"},
        check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "NMMA_FITTER_DATA_DIR=data: give the whole path" in done.stderr
