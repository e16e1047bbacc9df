"""What conftest.py does for CI, seen on a run of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.fixture
def call(tmp_path):
    """Run pytest on one test module in a folder with our conftest.py."""
    markers = "[pytest]\nmarkers =\n    slurm: x\n    slow: x\n"
    (tmp_path / "pytest.ini").write_text(markers)
    text = CONFTEST.read_text().replace('("slurm",): 7', '("slurm",): 0.001')
    (tmp_path / "conftest.py").write_text(text)

    def run(body: str, *options: str) -> tuple[int, str]:
        (tmp_path / "test_it.py").write_text(f"import time, pytest\n{body}")
        command = [sys.executable, "-m", "pytest", "-q", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
        return done.returncode, done.stdout

    return run


LONG = "@pytest.mark.slurm\ndef test_long(): time.sleep(0.2)\n"
BRIEF = "@pytest.mark.slurm\ndef test_brief(): pass\n"
SKIPPED = "def test_skipped(): pytest.skip('no such thing here')\n"


def test_a_marker_far_over_its_budget_fails_where_asked(call):
    status, said = call(LONG, "--fail-over-budget")
    assert status == 1 and "budget slurm: 0.0 of 0.001 minutes  FAR OVER BUDGET" in said


def test_a_marker_far_over_its_budget_is_only_said_otherwise(call):
    status, said = call(LONG)
    assert status == 0 and "FAR OVER BUDGET" in said


def test_a_marker_within_its_budget_fails_nothing(call):
    status, said = call(BRIEF, "--fail-over-budget")
    assert status == 0 and "OVER" not in said and "budget slurm" in said


def test_a_skip_that_is_not_listed_fails_where_asked(call):
    status, said = call(SKIPPED, "--fail-on-unlisted-skip")
    assert status == 1 and "no such thing here" in said


def test_a_skip_that_is_not_listed_is_a_skip_otherwise(call):
    assert call(SKIPPED)[0] == 0
