"""Fits by the installed NMMA, from the light curve to the ranking."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

pytestmark = pytest.mark.nmma
PROGRAM = str(Path(sys.executable).with_name("nmma-fit"))
CSV = """\
,jd,mag,mag_unc,filter,limmag,programid
0,2459780.5,99.0,99.0,r,20.5,1
1,2459782.5,18.9,0.05,g,20.9,1
2,2459783.0,19.3,0.06,g,20.7,1
"""


def command(folder: Path, python: str, *more: str) -> list[str]:
    curve = folder / "lc_ZTF22aaaaaaa_forced1_stacked0.csv"
    curve.write_text(CSV)
    words = [PROGRAM, str(curve), "--model", "Piro2021", "--engine", "nmma", "--seed", "3"]
    words += ["--nmma-environment", python, "--outdir", str(folder / "out"), "--nlive", "60"]
    return [*words, *more]


@pytest.fixture(scope="module")
def fitted(nmma_python: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A fit by NMMA that is stopped, goes on, and is joined by one of the fast engine."""
    folder = tmp_path_factory.mktemp("fit")
    words = command(folder, nmma_python)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as first:
        wait_for(folder / "out", "*/Piro2021/attempts/*/nmma/progress.json", evaluations=1000)
        first.send_signal(signal.SIGTERM)
        said, _ = first.communicate(timeout=600)
    assert first.returncode == 75, said
    second = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert second.returncode == 0, second.stdout + second.stderr
    return folder / "out" / "ZTF22aaaaaaa", second.stdout


def wait_for(folder: Path, pattern: str, evaluations: int) -> None:
    def reached() -> bool:
        found = [json.loads(path.read_text())["evaluations"] for path in folder.glob(pattern)]
        return bool(found) and found[0] >= evaluations

    wait_until(reached, 180, f"{evaluations} evaluations in {pattern}")


def test_nmma_ends_with_a_fit_that_is_killed(nmma_python, tmp_path):
    words = command(tmp_path, nmma_python)
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as fit:
        wait_for(tmp_path / "out", "*/Piro2021/attempts/*/nmma/progress.json", evaluations=1)
        [nmma] = children(fit.pid)
        fit.kill()
    wait_until(lambda: not alive(nmma))


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "Piro2021" / "Piro2021_result.json").read_text())
    return found


def test_it_leaves_what_every_fit_leaves(fitted):
    folder, _ = fitted
    for name in ("posterior_samples.dat", "lightcurves.png", "corner.png", "Piro2021.fin"):
        assert (folder / "Piro2021" / name).stat().st_size > 0


def test_it_goes_on_from_where_it_was_stopped(fitted):
    folder, _ = fitted
    attempts = sorted((folder / "Piro2021" / "attempts").iterdir())
    assert len(attempts) == 2
    log = (attempts[1] / "nmma" / "nmma.log").read_text()
    assert "Reading resume file" in log
    assert result(folder)["meta_data"]["nmma_fitter"]["resumed"] is True


def test_the_result_names_nmma_and_its_version(fitted):
    folder, _ = fitted
    ours = result(folder)["meta_data"]["nmma_fitter"]
    assert ours["versions"]["nmma"] == "1.0.1" and ours["settings"]["engine"] == "nmma"


def test_the_ranking_says_that_it_is_nmmas(fitted):
    _, said = fitted
    assert "Piro2021, shock cooling (NMMA)" in said


def test_what_was_repaired_is_in_the_fits_log(fitted):
    folder, _ = fitted
    log = (folder / "Piro2021" / "log").read_text()
    assert "wavelengths of other bandpasses (wavelengths): repaired" in log


def test_a_detection_limit_of_one_band_does_not_end_it(fitted):
    folder, _ = fitted  # the first row is a limit, and ztfr has nothing else
    assert result(folder)["meta_data"]["nmma_fitter"]["quality"]["n_limits"] == 1


def test_both_engines_find_the_same(fitted, tmp_path):
    folder, _ = fitted
    words = command(tmp_path, "")
    words[words.index("nmma")] = "fast"
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, env=os.environ)
    assert done.returncode == 0, done.stderr
    fast = json.loads(
        (tmp_path / "out" / "ZTF22aaaaaaa" / "Piro2021" / "Piro2021_result.json").read_text()
    )
    slow = result(folder)
    error = (fast["log_evidence_err"] ** 2 + slow["log_evidence_err"] ** 2) ** 0.5
    assert abs(fast["log_evidence"] - slow["log_evidence"]) < 4 * error
