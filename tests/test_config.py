from __future__ import annotations

import re
from pathlib import Path

import pytest

from nmma_fitter.config import load_config, merged, presets
from nmma_fitter.delivery.mail import EmailSettings
from nmma_fitter.delivery.slack.settings import SlackSettings
from nmma_fitter.delivery.webhook import WebhookSettings
from nmma_fitter.errors import BadInput, ConfigError
from nmma_fitter.fit_settings import FitSettings
from nmma_fitter.shipped import shipped


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my.toml"
    path.write_text(text)
    return path


def test_the_shipped_defaults_are_the_documented_ones():
    settings = load_config().fit_settings("Me2017")
    assert (settings.tmin, settings.tmax, settings.trigger) == (-10, 14, "first-detection")
    assert (settings.sys_error, settings.limit_error, settings.truncate) == (1.0, 0.22, False)
    assert settings == FitSettings()


def test_all_models_share_what_a_comparison_needs():
    config = load_config()
    shared = {"trigger", "tmin", "tmax", "sys_error", "limit_error", "truncate"}
    found = {config.fit_settings(m).model_dump_json(include=shared) for m in config.fits.models}
    assert len(found) == 1


def test_a_file_changes_only_what_it_names(tmp_path):
    config = load_config(written(tmp_path, "[fits.model.TrPi2018.settings]\nnlive = 77\n"))
    assert config.fit_settings("TrPi2018").nlive == 77
    assert config.fit_settings("Me2017") == load_config().fit_settings("Me2017")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fits.settings]\nsys_eror = 1\n", "did you mean 'sys_error'"),
        ("[fits.model.TrPi2018]\ncore = 2\n", "did you mean 'cores'"),
        ("[scheduler]\nname = 'slrum'\n", "(did you mean 'slurm'?)"),
        ("[fits]\nmodels = ['Piro2020']\n", "did you mean 'Piro2021'"),
        ("fits = 3\n", "fits: must be a table ([fits])"),
        ("[fits]\nmodels = 'Piro2021'\n", "must be a list in square brackets"),
        ("[sources.a]\nkind = 'fodler'\n", "(did you mean 'folder'?)"),
        ("[fitz]\n", "did you mean 'fits'"),
        ("[tick]\ninterval = -1\n", "tick.interval"),
        ("[tick\n", "not valid TOML"),
        ("[fits]\npreset = 'orignal'\n", "did you mean 'original'"),
        ("[slack]\nchanels = []\n", "did you mean 'channels'"),
        ("[sources.a]\nkind = 'rsync'\nhots = 'h'\n", "host"),
        ("[sources.a]\nkind = 'folder'\npath = 'p'\nnight = 3\n", "did you mean 'nights'"),
        ("[sources.a]\nkind = 'scp'\n", "sources.a"),
        ("[destinations.'a b']\nkind = 'folder'\npath = 'p'\n", "destinations.a b"),
    ],
)
def test_a_mistake_is_named_with_file_and_remedy(tmp_path, text, said):
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value) or "preset" in text


@pytest.mark.parametrize("table", ["fits.settings", "fits.model.Me2017.settings"])
def test_a_setting_is_named_with_the_table_it_stands_in(tmp_path, table):
    path = written(tmp_path, f'[{table}]\ntmin = "x"\n')
    with pytest.raises(ConfigError, match=re.escape(f"my.toml, [{table}]: tmin")):
        load_config(path)


def test_the_documented_defaults_of_who_is_told_are_those_of_the_program():
    config = load_config()
    assert (config.slack, config.email, config.webhook) == (
        SlackSettings(),
        EmailSettings(),
        WebhookSettings(),
    )
    assert config.sources == {} and config.destinations == {}


def test_the_documented_examples_of_sources_and_destinations_can_be_used_as_they_are(tmp_path):
    lines = shipped("config", "default.toml").read_text().splitlines()
    first, last = (
        next(number for number, line in enumerate(lines) if line.startswith(table))
        for table in ("[sources]", "[slack]")
    )
    examples = [line.removeprefix("# ") for line in lines[first:last]]
    config = load_config(written(tmp_path, "\n".join(examples)))
    assert [one.kind for one in config.sources.values()] == ["rsync", "folder", "skyportal"]
    assert [one.kind for one in config.destinations.values()] == ["rsync", "folder"]


def test_relative_paths_of_sources_and_destinations_start_at_the_file(tmp_path):
    text = "[sources.a]\nkind = 'folder'\npath = 'in'\n[destinations.b]\nkind = 'rsync'\n"
    config = load_config(written(tmp_path, text + "host = 'h'\nkey = 'keys/push'\n"))
    assert config.sources["a"].path == tmp_path / "in"
    assert config.destinations["b"].key == tmp_path / "keys" / "push"


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.toml")


def test_paths_start_at_the_files_folder(tmp_path):
    config = load_config(written(tmp_path, "[paths]\noutdir = 'here'\nstate = '/elsewhere'\n"))
    assert config.paths.outdir == tmp_path / "here"
    assert config.paths.state == Path("/elsewhere")


def test_the_preset_original_holds_the_originals_settings():
    config = load_config(preset="original")
    afterglow = config.fit_settings("TrPi2018")
    supernova = config.fit_settings("nugent-hyper")
    assert supernova.open_window and supernova.keep_duplicates and supernova.truncate
    assert (supernova.tmin, supernova.tmax) == (0.0, 7.0)
    assert (afterglow.tmin, afterglow.tmax) == (0.01, 7.01)
    assert supernova.wavelengths["ztfi"] == 6389.4
    assert supernova.time_grid.step == 0.1 and afterglow.time_grid.step == 0.35


def test_the_preset_original_refuses_a_model_the_original_did_not_have():
    with pytest.raises(BadInput, match="Me2017"):
        load_config(preset="original").fit_settings("Me2017")


def test_a_file_goes_over_the_preset_it_names(tmp_path):
    config = load_config(
        written(tmp_path, "[fits]\npreset = 'original'\n[fits.settings]\nsys_error = 0.5\n")
    )
    settings = config.fit_settings("nugent-hyper")
    assert settings.sys_error == 0.5 and settings.truncate


def test_every_preset_loads():
    for name in presets():
        assert load_config(preset=name).fits.preset == name


def test_tables_merge_key_by_key():
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}, "d": {"e": 1}}) == {
        "a": {"b": 9, "c": 2},
        "d": {"e": 1},
    }
