"""What one call of nmma-fit leaves in its pictures and their curves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from nmma_fitter.delivery.plots.posterior import TRUTH_COLOUR
from nmma_fitter.delivery.products import load_curves

FIT = str(Path(sys.executable).with_name("nmma-fit"))
ROWS = (
    "2459779.7,99.0,99.0,g,20.5,2",
    "2459780.7,19.0,0.1,g,,2",
    "2459781.7,19.5,0.1,r,,2",
    "2459782.7,20.1,0.1,g,,2",
)
PARAMETERS = {"log10_Menv": -1.0, "log10_Renv": 13.0, "log10_Ee": 49.5, "Ebv": 0.1}
TRUTH = {"model": "Piro2021", "parameters": PARAMETERS, "explosion_jd": 2459780.2}


def fit(root: Path, truth: object) -> subprocess.CompletedProcess[str]:
    (root / "truth.json").write_text(json.dumps(truth))
    (root / "cheap.toml").write_text("[fits.settings]\nnlive = 50\nn_effective = 400\n")
    path = root / "lc_ZTF1_forced1_stacked0.csv"
    lines = [",jd,mag,mag_unc,filter,limmag,programid", *(f"{i},{r}" for i, r in enumerate(ROWS))]
    path.write_text("\n".join(lines) + "\n")
    words = "--model Piro2021 --outdir out --config cheap.toml --one-frame --truth truth.json"
    return subprocess.run(
        [FIT, path.name, *words.split()], capture_output=True, text=True, timeout=600, cwd=root
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pictures")
    done = fit(root, TRUTH)
    assert done.returncode == 0, done.stderr
    return root / "out" / "ZTF1" / "Piro2021"


def test_the_truth_is_in_the_corner_plot(run: Path) -> None:
    pixels = imread(run / "corner.png")[..., :3]
    assert (np.abs(pixels - to_rgb(TRUTH_COLOUR)).max(axis=2) < 0.02).sum() > 1000


def test_one_frame_has_one_panel_and_one_of_residuals(run: Path) -> None:
    pixels = imread(run / "lightcurves.png")[..., :3]
    inside = pixels[:, 140:1170].max(axis=2) < 0.2
    edges = np.flatnonzero(inside.mean(axis=1) > 0.95)
    # upper and lower edge of either panel, each some pixels thick
    assert 1 + int((np.diff(edges) > 3).sum()) in (4, 5)  # with the line of no residual


def test_curves_are_of_300_draws_at_150_times_or_more(run: Path) -> None:
    found = load_curves(run)
    assert {curve.band for curve in found} == {"ztfg", "ztfr"}
    for curve in found:
        assert len(curve.days) >= 150 and curve.draws == 300


def test_the_median_comes_up_smoothly_from_no_light(run: Path) -> None:
    for curve in load_curves(run):
        lit = np.isfinite(curve.median)
        assert not lit[0] and (np.diff(lit.astype(int)) >= 0).all()
        rise = curve.median[lit][: int(np.argmin(curve.median[lit])) + 1]
        assert rise.size > 20 and np.max(np.diff(rise)) < 0.05  # mag
        assert rise[0] - rise[-1] > 1.0


@pytest.mark.parametrize(
    "truth", [3, {"model": "Piro2021"}, {"model": "a", "parameters": {"Ebv": "c"}}]
)
def test_what_is_no_truth_file_is_refused_before_the_fit(tmp_path: Path, truth: object) -> None:
    done = fit(tmp_path, truth)
    assert done.returncode == 2 and not list(tmp_path.glob("out/**/*.png"))
    (line,) = done.stderr.splitlines()
    assert "truth.json" in line
