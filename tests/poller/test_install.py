import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "schedulers"))
from slurm_stand_ins import StandIns

from nmma_fitter.config import load_config
from nmma_fitter.poller.install import install_jobs
from nmma_fitter.poller.site import Site
from nmma_fitter.schedulers.slurm_partitions import Partition
from nmma_fitter.shipped import shipped

COMMAND = Path(sys.executable).with_name("nmma-fitter")
NAMES = {"primary_job", "crontab", "scrontab", "my.toml"}
SHORT = Partition("short", default=True, max_seconds=3600.0)
LONG = Partition("long", max_seconds=7 * 86400.0)
SHOWN = (
    "PartitionName=short Default=YES MaxTime=01:00:00 State=UP TotalNodes=1\n"
    "PartitionName=long Default=NO MaxTime=7-00:00:00 State=UP TotalNodes=1\n"
)
SLURM = Site("slurm", (), (SHORT, LONG))


@pytest.fixture
def folder(tmp_path) -> Path:
    install_jobs(tmp_path / "here", SLURM)
    return tmp_path / "here"


def test_it_writes_jobs_crontabs_and_configuration(folder):
    assert {p.name for p in folder.iterdir()} == NAMES | {".installed.json"}


def test_the_paths_of_this_installation_are_filled_in(folder):
    commands = Path(sys.executable).parent
    for name in ("primary_job", "crontab", "scrontab"):
        text = (folder / name).read_text()
        assert str(commands) in text and str(folder / "my.toml") in text
        assert "/path/to" not in text
    assert f"#SBATCH --output={folder}/primary_job.log" in (folder / "primary_job").read_text()


def test_its_configuration_keeps_everything_in_the_folder(folder):
    config = load_config(folder / "my.toml")
    assert config.paths.state == folder / "state"


def test_its_configuration_pins_no_default_but_the_paths(folder):
    table = tomllib.loads((folder / "my.toml").read_text())
    assert {name for name, value in table.items() if _values(value)} == {"paths", "scheduler"}
    assert _values(table["scheduler"]) == ["slurm"]
    assert "# interval = 10" in (folder / "my.toml").read_text()


def _values(table: dict) -> list:
    """Everything set in a table and the tables below it."""
    below = [_values(v) if isinstance(v, dict) else [v] for v in table.values()]
    return [value for values in below for value in values]


def test_two_installations_have_jobs_of_different_names(tmp_path):
    names = set()
    for name in "ab":
        install_jobs(tmp_path / name, SLURM)
        lines = (tmp_path / name / "primary_job").read_text().splitlines()
        names |= {line for line in lines if line.startswith("#SBATCH --job-name")}
    assert len(names) == 2


def test_a_changed_file_is_kept_and_said_and_replaced_with_force(folder):
    (folder / "my.toml").write_text("[paths]\n")
    lines = install_jobs(folder, SLURM)
    [kept] = [line for line in lines if "kept, since it was changed" in line]
    assert kept.startswith(str(folder / "my.toml"))
    assert (folder / "my.toml").read_text() == "[paths]\n"
    install_jobs(folder, SLURM, force=True)
    assert "candidates" in (folder / "my.toml").read_text()


def test_a_file_that_was_there_before_is_kept(tmp_path):
    (tmp_path / "crontab").write_text("# mine\n")
    install_jobs(tmp_path, SLURM)
    install_jobs(tmp_path, SLURM)
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


@pytest.mark.parametrize(
    ("options", "limit"),
    [([], "01:00:00"), (["--partition", "long", "--account", "x"], "12:00:00")],
)
def test_it_writes_what_fits_the_slurm_that_answers(tmp_path, monkeypatch, options, limit):
    site = StandIns(tmp_path)
    site.control(partitions=SHOWN)
    monkeypatch.setenv("PATH", f"{site.bin}:/usr/bin:/bin")
    done = _install(tmp_path / "here", *options)
    assert "short (default): jobs up to 60 min" in done.stdout
    assert f"next: sbatch {tmp_path}/here/primary_job" in done.stdout
    script = (tmp_path / "here" / "primary_job").read_text()
    assert f"#SBATCH --time={limit}\n" in script
    assert ("\n#SBATCH --partition=long\n" in script) == bool(options)
    config = load_config(tmp_path / "here" / "my.toml").scheduler
    assert config.name == "slurm"
    assert (config.slurm.partition, config.slurm.account) == (
        ("long", "x") if options else ("", "")
    )


def test_a_partition_that_there_is_none_of_is_refused(tmp_path, monkeypatch):
    site = StandIns(tmp_path)
    site.control(partitions=SHOWN)
    monkeypatch.setenv("PATH", f"{site.bin}:/usr/bin:/bin")
    done = _install(tmp_path / "here", "--partition", "lnog")
    assert done.returncode == 2 and "there are: short, long" in done.stderr


def test_without_a_batch_system_nothing_of_one_is_written_nor_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CONDOR_CONFIG", "/dev/null")
    done = _install(tmp_path / "here")
    assert done.returncode == 0 and "sbatch" not in done.stdout
    assert {p.name for p in (tmp_path / "here").iterdir()} == {
        "crontab", "my.toml", ".installed.json"
    }  # fmt: skip
    assert load_config(tmp_path / "here" / "my.toml").scheduler.name == "local"


def test_another_may_be_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = _install(tmp_path / "here", "--scheduler", "htcondor")
    assert "condor_submit" in done.stdout and (tmp_path / "here" / "primary_job.sub").exists()
    assert load_config(tmp_path / "here" / "my.toml").scheduler.name == "htcondor"


def test_status_finds_the_primary_job_that_waits_and_says_why(folder, tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    site = StandIns(tmp_path / "site")
    site.says("squeue", "echo '7|PENDING|PartitionTimeLimit|12:00:00|short'")
    monkeypatch.setenv("PATH", f"{site.bin}:/usr/bin:/bin")
    command = [COMMAND, "status", "--config", folder / "my.toml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "primary_job 7 waits in partition short: PartitionTimeLimit" in done.stdout
    assert f"`scancel 7` and `sbatch {folder}/primary_job`" in done.stdout


@pytest.mark.parametrize(
    "reason", ["QOSMaxWallDurationPerJobLimit", "AssocMaxWallDurationPerJobLimit"]
)
def test_a_primary_job_over_the_limit_of_a_qos_is_said_to_wait_for_ever(
    folder, tmp_path, monkeypatch, reason
):
    (tmp_path / "site").mkdir()
    site = StandIns(tmp_path / "site")
    site.says("squeue", f"echo '7|PENDING|{reason}|12:00:00|short'")
    monkeypatch.setenv("PATH", f"{site.bin}:/usr/bin:/bin")
    command = [COMMAND, "status", "--config", folder / "my.toml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"{reason}; its time limit of 12:00:00 is more than it may have" in done.stdout
    assert "edit --time, --partition or --qos in the #SBATCH lines" in done.stdout


@pytest.mark.parametrize(
    ("limit", "time", "linger"),
    [
        ("00:20:00", "00:20:00", "16m"),
        ("00:05:30", "00:05:30", "2m"),
        ("2:00:00", "00:29:00", "25m"),
    ],
)
def test_scrontabs_slot_fits_the_partition_too(tmp_path, monkeypatch, limit, time, linger):
    site = StandIns(tmp_path)
    site.control(partitions=f"PartitionName=short Default=YES MaxTime={limit} State=UP\n")
    monkeypatch.setenv("PATH", f"{site.bin}:/usr/bin:/bin")
    _install(tmp_path / "here")
    text = (tmp_path / "here" / "scrontab").read_text()
    assert f"\n#SCRON --time={time}\n" in text and text.endswith(f" --linger {linger}\n")


def _install(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "install-jobs", folder, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)
