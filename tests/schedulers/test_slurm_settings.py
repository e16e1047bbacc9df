import pytest

from nmma_fitter.config import load_config
from nmma_fitter.errors import ConfigError
from nmma_fitter.schedulers.slurm import SlurmScheduler
from nmma_fitter.schedulers.slurm_options import BARE, OPTIONS, OURS


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extra": {"exclusiv": True}}, "no long option 'exclusiv'; did you mean 'exclusive'?"),
        ({"extra": {"wrap": "rm -rf /"}}, "option 'wrap' is set for every batch"),
        ({"extra": {"time": "1:00"}}, "change the model's time_limit"),
        ({"extra": {"exclude": ""}}, "option 'exclude' needs a value"),
        ({"extra": {"exclude": "n1\n#SBATCH --uid=0"}}, "character 3 .* is not printable"),
        ({"extra": {"exclude": "n1\0"}}, "not printable"),
        ({"partition": "a\nb"}, "partition.*not printable"),
        ({"account": "a\x1b[2J"}, "account.*not printable"),
        ({"cluster": "a,b"}, "cluster"),
        ({"drop": ["array"]}, "'array' cannot be dropped; what can: mem"),
        ({"command_seconds": 0}, "command_seconds"),
        ({"partitoin": "a"}, "partitoin.*its settings are: cluster, partition"),
        ({"commands": {"srun": "x"}}, "commands"),
    ],
)
def test_a_wrong_setting_is_named_with_a_remedy(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        SlurmScheduler(tmp_path, **settings)


def test_a_wrong_option_in_a_configuration_is_named_with_its_file(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('[scheduler]\nname = "slurm"\nslurm.extra = { exclud = "n1" }\n')
    with pytest.raises(ConfigError, match=r"c\.toml: scheduler\.slurm\.extra.*'exclude'"):
        load_config(path)


def test_a_mistyped_key_of_a_configuration_lists_the_keys(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("[scheduler.slurm]\npartion = 'x'\n")
    with pytest.raises(ConfigError, match="did you mean 'partition'"):
        load_config(path)


def test_the_shipped_configuration_says_what_the_class_says():
    assert load_config().scheduler.slurm == type(load_config().scheduler.slurm)()


def test_no_slurm_on_this_machine_is_said_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"'sbatch' on PATH.*scheduler\.slurm\.commands\.sbatch"):
        SlurmScheduler(tmp_path)


def test_a_state_folder_slurm_cannot_write_to_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="backslash"):
        SlurmScheduler(tmp_path / "a\\b")


def test_an_option_is_ours_or_theirs():
    assert not OPTIONS & set(OURS)
    assert BARE <= OPTIONS
