import pytest

from nmma_fitter.errors import ConfigError
from nmma_fitter.schedulers import get


def test_unknown_name_lists_the_names():
    with pytest.raises(ConfigError, match=r"'locla'.*local, htcondor, slurm"):
        get("locla")


def test_unknown_setting_lists_the_settings(tmp_path):
    with pytest.raises(ConfigError, match=r"slot.*root, slots, grace_seconds"):
        get("local", root=tmp_path, slot=2)


def test_local_is_made(tmp_path):
    assert get("local", root=tmp_path, slots=2).name == "local"
