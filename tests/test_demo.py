"""The demonstration: its light curves, its models, and the verdicts it ends in."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from nmma_fitter import models

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "config" / "demo"
NIGHT = "2460000-2460007"
TRUTH = json.loads((DEMO / "truth.json").read_text())["objects"]
TRIGGER = 59999.6  # MJD


def rows(path: Path) -> list[list[float]]:
    with path.open() as stream:
        kept = ("jd", "mag", "mag_unc", "limmag")
        return [[float(row[name]) for name in kept] for row in csv.DictReader(stream)]


def test_its_light_curves_are_what_the_models_give_for_the_truth(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "validation" / "make_demo.py", "--out", tmp_path]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    shipped = sorted((DEMO / "candidates" / NIGHT).iterdir())
    assert len(shipped) == len(TRUTH)
    for path in shipped:
        made = tmp_path / "candidates" / NIGHT / path.name
        np.testing.assert_allclose(rows(made), rows(path), rtol=0, atol=2e-3)
    assert json.loads((tmp_path / "truth.json").read_text())["objects"] == TRUTH


def test_each_truth_is_among_its_models_and_none_of_them_needs_data() -> None:
    compared = tomllib.loads((DEMO / "demo.toml").read_text())["fits"]["models"]
    assert {entry["model"] for entry in TRUTH.values()} == set(compared)
    assert {models.MODELS[name].needs for name in compared} == {""}


def results(folder: Path, best: str, name: str, *others: str, describes: bool = True) -> None:
    """Results of an object: the models ranked, and the true one's posterior around the truth."""
    entry = TRUTH[name]
    of_object = folder / "outdir" / NIGHT / name
    fitted = of_object / entry["model"]
    fitted.mkdir(parents=True)
    ranked = [
        {"model": model, "probability": 0.75 / 3**place, "describes": describes}
        for place, model in enumerate((best, *others))
    ]
    ranking = {"ranked": ranked, "comparability": {"trigger_mjd": TRIGGER}}
    (of_object / "ranking.json").write_text(json.dumps(ranking))
    true = entry["parameters"] | {"timeshift": entry["explosion_jd"] - 2400000.5 - TRIGGER}
    spread = np.linspace(-0.1, 0.1, 101)[:, None]
    samples = np.array(list(true.values())) + spread
    samples[:, 0] += 1.0  # the first lies outside
    header = " ".join(true)
    np.savetxt(fitted / "posterior_samples.dat", samples, header=header, comments="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(DEMO / "truth.json", tmp_path)
    return tmp_path


def shown(folder: Path) -> tuple[int, str]:
    command = [sys.executable, ROOT / "scripts" / "demo_verdicts.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_it_ends_in_the_truth_beside_the_verdict(folder: Path) -> None:
    results(folder, "Me2017", "SIM26kilonova", "Piro2021")
    results(folder, "Me2017", "SIM26shock", "Piro2021")
    results(folder, "TrPi2018", "SIM26afterglow", describes=False)
    results(folder, "Arnett1982", "SIM26supernova", "Piro2021")
    status, text = shown(folder)
    assert status == 0
    assert text.splitlines()[-6:] == [
        "object          simulated   best model  probability  right",
        "SIM26kilonova   Me2017      Me2017      0.750        yes",
        "SIM26shock      Piro2021    Me2017      0.750        NO",
        "SIM26afterglow  TrPi2018    TrPi2018    0.750        yes    it fits poorly",
        "SIM26supernova  Arnett1982  Arnett1982  0.750        yes",
        "(probability: among the models compared, all equally likely beforehand)",
    ]
    assert max(map(len, text.splitlines())) <= 80


def test_it_says_what_a_light_curve_cannot_tell(folder: Path) -> None:
    results(folder, "TrPi2018", "SIM26afterglow")
    _, text = shown(folder)
    assert TRUTH["SIM26afterglow"]["note"] in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_it_shows_every_true_parameter_beside_its_median(folder: Path) -> None:
    results(folder, "Arnett1982", "SIM26supernova")
    status, text = shown(folder)
    assert status == 1 and "SIM26shock      Piro2021    no result" in text
    assert "SIM26supernova, Arnett1982" in text
    assert "  log10_mni             -0.7 (0.3) *    log10_mej              0.4 (0.4)\n" in text
    assert "temperature_floor     5000 (5000)" in text
    assert all(name in text for name in TRUTH["SIM26supernova"]["parameters"])


def test_the_way_to_stop_its_jobs_that_it_prints_is_taken(tmp_path):
    (line,) = (x for x in (ROOT / "scripts/demo").read_text().splitlines() if " cancel " in x)
    words = line.split('"')[1].split()[1:]
    shutil.copytree(DEMO, tmp_path / "demo")
    command = [Path(sys.executable).with_name("nmma-fitter"), *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "nothing was ever done here" in done.stderr  # a demo that was not begun
    assert NIGHT in words
