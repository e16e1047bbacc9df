"""Comparing with NMMA: what the tables say, and what is said where NMMA is not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
COMPARISON, BENCHMARK = ROOT / "validation" / "nmma.py", ROOT / "benchmarks" / "nmma.py"


def run(*words: str | Path) -> str:
    command = [sys.executable, *map(str, words)]
    environment = {k: v for k, v in os.environ.items() if k != "NMMA_PYTHON"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(program: Path, folder: Path, *found: dict[str, Any]) -> list[list[str]]:
    out = folder / "found.jsonl"
    out.write_text("".join(json.dumps(one) + "\n" for one in found))
    lines = run(program, "--table", "--out", out).splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def comparison(theirs: list[float | None]) -> dict[str, Any]:
    ours = [20.0, 21.0, 160.0, None]
    shifted = [None if m is None else m - 1.243 for m in ours]
    cases = {"nothing": ours, "dust as of Pei (1992)": ours, "the blackbody's π": shifted}
    chunk = {"model": "Piro2021", "first": 0, "draws": 4, "theirs": theirs, "ours": cases}
    return {**chunk, "control": [19.0, 22.0, 160.0, None]}


def test_equal_magnitudes_agree_and_wrong_wavelengths_do_not(tmp_path: Path) -> None:
    rows = table(COMPARISON, tmp_path, comparison([20.001, 21.0, 161.0, None]))[2:]
    verdicts = {row[1]: row[-1] for row in rows}
    assert verdicts["nothing"] == "agrees"
    assert verdicts["the blackbody's π"] == "differs"
    assert verdicts["wavelengths as NMMA 1.0.1 comes"] == "differs"


def test_magnitudes_too_faint_for_anything_do_not_count(tmp_path: Path) -> None:
    [row] = [
        r for r in table(COMPARISON, tmp_path, comparison([20.0, 21, 170, None])) if "nothing" in r
    ]
    assert row[3] == "2" and float(row[6]) == 0


def test_light_that_only_one_sees_is_counted(tmp_path: Path) -> None:
    [row] = [
        r
        for r in table(COMPARISON, tmp_path, comparison([20.0, None, 160, None]))
        if "nothing" in r
    ]
    assert row[3] == "1" and row[7] == "1"


def fit(engine: str, number: int, seconds: float, **more: Any) -> dict[str, Any]:
    told = {"evaluations": 1000, "log_z": -9.0, "log_z_err": 0.1} if more.get("ended", True) else {}
    record = {"model": "Me2017", "engine": engine, "run": number, "seconds": seconds}
    return {**record, "cpu": seconds / 2, "ended": True, **told, **more}


def test_the_ratio_is_of_medians(tmp_path: Path) -> None:
    ours = [fit("ours", n, s) for n, s in enumerate((4.0, 5.0, 9.0))]
    [row] = table(BENCHMARK, tmp_path, fit("nmma", 0, 200.0), *ours)[2:]
    assert row[1] == "200 (1)" and row[5] == "5.0 (3)" and row[-2:] == ["40", "40"]


def test_a_run_that_was_ended_is_a_lower_bound(tmp_path: Path) -> None:
    [row] = table(BENCHMARK, tmp_path, fit("nmma", 0, 200.0, ended=False), fit("ours", 0, 4.0))[2:]
    assert row[1] == "> 200 (1)" and row[-2] == "> 50"


def test_the_afterglow_is_an_estimate(tmp_path: Path) -> None:
    afterglow = {"model": "TrPi2018", "run": 0}
    calls = {**afterglow, "engine": "calls of NMMA", "calls": [0.4, 0.6]}
    sampled = {"engine": "dynesty on the stand-in", "evaluations": 8000, "log_z": 1, "log_z_err": 1}
    ours = {**fit("ours", 0, 40.0), "model": "TrPi2018", "cores": 2}
    [row] = table(BENCHMARK, tmp_path, calls, {**afterglow, **sampled}, ours)[2:]
    assert row[1] == "4000 (estimate, 2 calls)" and row[-2] == "100"


def _has_nmma() -> bool:
    try:
        version("nmma")
    except PackageNotFoundError:
        return False
    return True


@pytest.mark.skipif(_has_nmma(), reason="NMMA is installed")
@pytest.mark.parametrize("words", [(BENCHMARK,), (COMPARISON, "--data", ".")])
def test_without_nmma_it_says_how_to_get_it(words: tuple[str | Path, ...]) -> None:
    assert "pip install 'nmma>=1.0.1'" in run(*words)


@pytest.mark.nmma
@pytest.mark.skipif(
    not (_has_nmma() or os.environ.get("NMMA_PYTHON")),
    reason="NMMA is not installed, and NMMA_PYTHON names no interpreter that has it",
)
def test_nmma_itself_gives_our_magnitudes(tmp_path: Path) -> None:
    from nmma_fitter import models
    from nmma_fitter.models.observed import Prediction

    own = {"log10_Menv": -1.0, "log10_Renv": 12.5, "log10_Ee": 49.5, "timeshift": -0.5}
    own |= {"luminosity_distance": 40.0, "Ebv": 0.0}
    wavelengths = {"ztfg": 4813.95, "ztfr": 6421.81}
    points = [{"parameters": own, "days": [0.2, 1.0], "bands": ["ztfg", "ztfr"]}]
    task, answer = tmp_path / "task.json", tmp_path / "answer.json"
    task.write_text(json.dumps({"model": "Piro2021", "wavelengths": wavelengths, "points": points}))
    python = os.environ.get("NMMA_PYTHON") or sys.executable
    words = [python, "-P", ROOT / "validation" / "inside_nmma.py", "magnitudes", task, answer]
    subprocess.run(words, check=True, capture_output=True, timeout=600)
    theirs = json.loads(answer.read_text())["magnitudes"][0]
    predict = Prediction(
        models.get("Piro2021", normalisation="nmma"), np.array([0.2, 1.0]), ["ztfg", "ztfr"]
    )
    ours = predict({name: np.array([value]) for name, value in own.items()})[0]
    np.testing.assert_allclose(ours, theirs, atol=0.01)
