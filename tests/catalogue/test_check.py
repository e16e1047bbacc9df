"""``models check``: magnitudes of other codes, and that a changed one is seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nmma_fitter import models
from nmma_fitter.catalogue.check import check, lines
from nmma_fitter.catalogue.references import FOLDER, read_cases
from nmma_fitter.errors import BadInput

SHIPPED = (
    *("Me2017", "Piro2021", "TrPi2018", "Arnett1982", "nugent-hyper"),
    *("Bu2019lm", "Bu2025", "Ka2017"),
)
Change = Callable[[dict[str, Any]], None]


def changed(folder: Path, model: str, change: Change) -> Path:
    stored = json.loads((FOLDER / f"{model}.json").read_text())
    change(stored)
    (folder / f"{model}.json").write_text(json.dumps(stored))
    return folder


def brighter(stored: dict[str, Any]) -> None:
    stored["cases"][0]["magnitudes"][0][4] -= 0.01


@pytest.mark.parametrize("name", models.names())
def test_every_model_agrees_with_other_codes(name: str) -> None:
    found = check(name)
    if found[0].state == "unavailable":
        pytest.skip(found[0].told)
    assert {one.state for one in found} in ({"ok"}, {"no reference"})


@pytest.mark.parametrize("name", models.names())
def test_every_reference_says_who_made_it(name: str) -> None:
    cases = read_cases(name)
    assert cases or name not in SHIPPED
    assert all(one.by and one.tolerance > 0 for one in cases)


def test_a_magnitude_changed_by_a_hundredth_is_seen(tmp_path: Path) -> None:
    worst = check("Piro2021", changed(tmp_path, "Piro2021", brighter))[0]
    assert worst.state == "differs"
    assert worst.largest == pytest.approx(0.01, abs=1e-4)
    assert "; largest at point 1, ztfg, day 2.1" in worst.told


def test_a_magnitude_that_cannot_be_evaluated_differs(tmp_path: Path) -> None:
    def impossible(stored: dict[str, Any]) -> None:
        stored["cases"][0]["parameters"]["log10_Menv"][0] = float("nan")

    worst = check("Piro2021", changed(tmp_path, "Piro2021", impossible))[0]
    assert (worst.state, worst.largest) == ("differs", float("inf"))


def test_a_model_without_references_is_no_difference(tmp_path: Path) -> None:
    (one,) = check("Piro2021", tmp_path)
    assert one.state == "no reference"


def test_missing_data_are_unavailable_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NMMA_FITTER_DATA_DIR", str(tmp_path))
    (one,) = check("Bu2019lm")
    assert one.state == "unavailable"
    assert "models fetch Bu2019lm" in lines([one])[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda stored: stored.pop("cases"),
        lambda stored: stored["cases"][0]["days"].append(1.0),
        lambda stored: stored["cases"][0]["magnitudes"].pop(),
        lambda stored: stored["cases"][0].update(bands=["radio"] * 18),
    ],
)
def test_a_spoilt_reference_is_refused_by_its_name(spoil: Change, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Piro2021\.json holds no reference"):
        check("Piro2021", changed(tmp_path, "Piro2021", spoil))


def test_the_line_of_a_model_is_its_worst_comparison(tmp_path: Path) -> None:
    found = check("Piro2021", changed(tmp_path, "Piro2021", brighter))
    assert len(lines(found)) == 1
    assert len(lines(found, every=True)) == 2
    assert lines(found)[0].startswith("Piro2021  differs       0.0100 of 0.002 mag, 42 ma")


@pytest.mark.parametrize(("difference", "status"), [(0.0, 0), (0.01, 1)])
def test_the_exit_status_says_whether_one_differs(
    difference: float, status: int, tmp_path: Path
) -> None:
    import shutil
    import subprocess
    import sys

    package = Path(models.__file__).parents[1]
    copy = tmp_path / "nmma_fitter"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(package.parent / "config", tmp_path / "config")
    path = copy / "catalogue" / "data" / "Piro2021.json"
    stored = json.loads(path.read_text())
    stored["cases"][0]["magnitudes"][0][0] += difference
    path.write_text(json.dumps(stored))
    code = "from nmma_fitter.cli import nmma_fitter_main as main; main()"
    words = [sys.executable, "-P", "-c", code, "models", "check", "Piro2021"]
    env = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, env=env, check=False)
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.startswith(f"Piro2021  {'differs' if status else 'ok'}")
