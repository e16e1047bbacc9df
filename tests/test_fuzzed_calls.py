"""Anything at every option of every command, and at every key of the configuration.

No traceback, an exit status that the help knows, and one line that says what is wrong.
"""

from __future__ import annotations

import io
import logging
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mistakes import NIGHT, STATUSES, Said, call_here, light_curve
from pydantic import BaseModel

from nmma_fitter.cli.fit import fit_app
from nmma_fitter.cli.jobs import jobs_app
from nmma_fitter.cli.tools import tools_app
from nmma_fitter.config import Config
from nmma_fitter.fit_settings import FitSettings, ModelTable
from nmma_fitter.shipped import shipped

# The model is unavailable, so that a call that is right ends before it samples.
MODEL = "Bu2019lm"
FIT = ("lc.csv", "--model", MODEL)
BASES = {
    ("nmma-fit",): FIT,
    ("make-jobs",): ("--dry-run", "--data-dir", f"candidates/{NIGHT}", "--models", MODEL),
    ("nmma-fitter", "status"): (),
    ("nmma-fitter", "stats"): (),
    ("nmma-fitter", "retry"): ("2459778",),
    ("nmma-fitter", "cancel"): ("2459778", "--yes"),
    ("nmma-fitter", "catch-up"): ("2459778", "2459785", "--no-wait", "--model", MODEL),
    ("nmma-fitter", "install-jobs"): ("jobs",),
    ("nmma-fitter", "compare-engines"): FIT,
    ("nmma-fitter", "check-nmma"): ("--nmma-environment", "nowhere"),
    ("nmma-fitter", "models", "list"): (MODEL,),
    ("nmma-fitter", "models", "show"): (MODEL,),
    ("nmma-fitter", "models", "check"): (MODEL,),
    ("nmma-fitter", "models", "convert"): (MODEL, "nowhere"),
    ("nmma-fitter", "slack", "check"): (),
    ("nmma-fitter", "slack", "preview"): ("2459778",),
}
APPS = {"nmma-fit": fit_app, "make-jobs": jobs_app, "nmma-fitter": tools_app}
WORDS = (
    *("nan", "inf", "-inf", "-1", "0", "1e400", "1e308", "40e6", "0.5±nan", "±", "1,zz=2", "=,="),
    *(
        "9" * 400,
        "",
        " ",
        "a b",
        "é🜁",
        "\x1b[31m",
        "../x",
        "lc.csv",
        "candidates",
        "a/b.c",
        "x" * 5000,
    ),
)
VALUES = (
    *("nan", "inf", "-inf", "-1", "0", "3", "10000000000000000000000", "1e308", "true"),
    *("''", "'x'", '"\\u001b[31m"', "[]", "[3]", "['x']", "{}", "{ x = 3 }", "1979-05-27"),
)


def options() -> list[tuple[tuple[str, ...], str]]:
    """Every option that takes a value, with its command."""
    found = []
    for command in BASES:
        here: Any = typer.main.get_command(APPS[command[0]])
        for verb in command[1:]:
            here = here.commands[verb]
        for one in here.params:
            if one.param_type_name == "option" and not one.is_flag:
                found.append((command, one.opts[0]))
    return found


def keys() -> list[tuple[str, ...]]:
    """Every key of the configuration, those of one source, destination and model too."""
    found = list(_paths(Config, ()))
    tables = tomllib.loads(shipped("config", "default.toml").read_text())
    found += [(table, key) for table, inside in tables.items() for key in inside]
    found += [("fits", "settings", key) for key in FitSettings.model_fields]
    found += [("fits", "model", MODEL, key) for key in ModelTable.model_fields]
    found += [("fits", "model", MODEL, "settings", key) for key in FitSettings.model_fields]
    for kind in ("sources", "destinations"):
        found += [(kind, "a", key) for key in ("kind", "path", "host", "port", "key", "every")]
    return sorted(set(found))


def _paths(table: type[BaseModel], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in table.model_fields.items():
        yield (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _paths(field.annotation, (*above, name))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Path]:
    """A folder with a light curve and a night; without data of models, and without a home."""
    root = tmp_path_factory.mktemp("fuzzed")
    light_curve(root / "lc.csv")
    light_curve(root / "candidates" / NIGHT / "lc_ZTF1_forced1_stacked0.csv")
    before = logging.getLogger().handlers[:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NMMA_FITTER_DATA_DIR", str(root / "nothing"))
        patch.setattr(sys, "stdin", io.StringIO())
        yield root
    logging.getLogger().handlers[:] = before


def check(said: Said) -> None:
    assert said.status in STATUSES, said
    assert "Traceback" not in said.both
    lines = said.err.strip().splitlines()
    if not said.err.startswith("Usage:"):
        assert len(lines) <= 1, said
    assert said.status != 2 or said.both.strip(), "it says nothing"


BOUNDED = settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@BOUNDED
@given(option=st.sampled_from(options()), word=st.sampled_from(WORDS))
def test_any_word_at_any_option_ends_in_a_line(place, option, word):
    command, name = option
    check(call_here(place, command[0], *command[1:], *BASES[command], f"{name}={word}"))


@BOUNDED
@given(key=st.sampled_from(keys()), value=st.sampled_from(VALUES), night=st.booleans())
def test_any_value_at_any_key_ends_in_a_line(place, key, value, night):
    *table, name = key
    head = f"[{'.'.join(table)}]\n" if table else ""
    (place / "my.toml").write_text(f"{head}{name} = {value}\n")
    command = ("make-jobs",) if night else ("nmma-fit",)
    check(call_here(place, *command, *BASES[command], "--config", "my.toml"))
