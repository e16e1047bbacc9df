"""The example of ``docs/adding-a-model.md``, put where the page says, as a new user would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-model.md"
COPIED = ("nmma_fitter", "config", "templates", "tests", "conftest.py", "pyproject.toml")
SAMPLE = "config/demo/candidates/2460000-2460007/lc_SIM26afterglow_forced1_stacked0.csv"


def files_of_the_page() -> dict[str, str]:
    """Path and content: a block of code belongs to the file that the text above it names first."""
    found: dict[str, str] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        path = re.search(r"`((?:nmma_fitter|config)/\S+?PowerLaw\S*?|\S*powerlaw\.py)`", section)
        block = re.search(r"```(?:python|text)\n(.*?)```", section, re.DOTALL)
        if path and block:
            found[path[1]] = block[1]
    return found


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the page's two files."""
    folder = tmp_path_factory.mktemp("clone")
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    for path, content in files_of_the_page().items():
        (folder / path).write_text(content, encoding="utf-8")
    return folder


def run(clone: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", *words],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(clone)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def command(clone: Path, main: str, *words: str) -> str:
    return run(clone, "-c", f"from nmma_fitter.cli import {main} as main; main()", *words)


def test_the_page_has_two_files() -> None:
    assert list(files_of_the_page()) == [
        "nmma_fitter/models/powerlaw.py",
        "config/priors/PowerLaw.prior",
    ]


def test_it_is_listed_with_its_ranges(clone: Path) -> None:
    (card,) = json.loads(command(clone, "nmma_fitter_main", "models", "PowerLaw", "--json"))
    assert card["engines"] == ["fast"]
    alpha = next(one for one in card["parameters"] if one["name"] == "alpha")
    assert (alpha["low"], alpha["high"]) == (0.3, 3.0)


def test_it_is_shown(clone: Path) -> None:
    command(clone, "nmma_fitter_main", "models", "show", "PowerLaw", "--draws", "50")
    assert (clone / "PowerLaw.png").stat().st_size > 10_000


def test_its_check_says_that_it_has_no_reference(clone: Path) -> None:
    said = command(clone, "nmma_fitter_main", "models", "check", "PowerLaw")
    assert said.startswith("PowerLaw  no reference")


def test_it_is_fitted(clone: Path) -> None:
    command(clone, "nmma_fit_main", SAMPLE, "--model", "PowerLaw", "--outdir", "out")
    path = next((clone / "out").rglob("PowerLaw_result.json"))
    assert json.loads(path.read_text())["log_evidence"] < 0


def test_what_holds_for_every_model_holds_for_it(clone: Path) -> None:
    tests = [f"tests/models/test_{name}.py" for name in ("physics", "priors", "registry")]
    said = run(clone, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", "PowerLaw")
    assert re.search(r"\d\d passed", said)


def test_style_and_types_of_the_example(clone: Path) -> None:
    path = str(clone / "nmma_fitter" / "models" / "powerlaw.py")
    settings = ["--config", str(ROOT / "pyproject.toml")]
    run(clone, "-m", "ruff", "check", "--no-cache", *settings, path)
    run(clone, "-m", "ruff", "format", "--no-cache", "--check", *settings, path)
