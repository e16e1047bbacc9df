"""What conftest.py does for CI, seen on a run of its own."""

import re
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

    def run(body: str, *options: str, budget: str = "0.001") -> tuple[int, str]:
        text = re.sub(r'(\("slurm",\)): \d+', rf"\1: {budget}", CONFTEST.read_text())
        (tmp_path / "conftest.py").write_text(text)
        (tmp_path / "test_it.py").write_text(f"import time, pytest\n{body}")
        command = [sys.executable, "-m", "pytest", "-q", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
        return done.returncode, done.stdout

    return run


LONG = "@pytest.mark.slurm\ndef test_long(): time.sleep(0.2)\n"
BRIEF = "@pytest.mark.slurm\ndef test_brief(): pass\n"
SKIPPED = "def test_skipped(): pytest.skip('no such thing here')\n"


def test_a_marker_far_over_its_budget_is_said_and_fails_nothing(call):
    status, said = call(LONG)
    assert status == 0 and re.search(r"budget slurm: [\d.]+ of 0.001 minutes  FAR OVER", said)


def test_a_marker_within_its_budget_is_said_too(call):
    status, said = call(BRIEF, budget="1000")
    assert status == 0 and "over" not in said and "of 1000 minutes" in said


def test_a_skip_that_is_not_listed_fails_where_asked(call):
    status, said = call(SKIPPED, "--fail-on-unlisted-skip")
    assert status == 1 and "no such thing here" in said


def test_a_skip_that_is_not_listed_is_a_skip_otherwise(call):
    assert call(SKIPPED)[0] == 0
