"""A small calibration: the ranks of a sound fit are uniform, those of a control are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent.parent / "validation" / "calibrate.py"


def calibrate(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    words = ("--models", "Piro2021", "--count", "6", "--sys", "1", "--seeds", "5")
    command = [sys.executable, str(PROGRAM), *words, "--n-effective", "200", "--out", str(out)]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=600)


def test_a_sound_fit_is_calibrated_and_a_posterior_that_is_the_prior_is_found_out(tmp_path):
    done = calibrate(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| 6 | " in done.stdout and "uniform" in done.stdout
    control = calibrate(tmp_path, "--controls", "prior for posterior")
    assert control.returncode == 0, control.stdout + control.stderr
    [line] = [one for one in control.stdout.splitlines() if "| prior for posterior |" in one]
    assert "log likelihood" in line and "not as expected" not in line
