"""Machine code is kept for later processes, and a process that cannot keep it compiles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TWICE = """
from nmma_fitter.models.compiled import compiled, part

@part
def _two():
    return 2.0

@compiled("float64(float64)")
def twice(x):
    return _two() * x
"""
SAY = "from twice import twice; print(twice(21.0), sum(twice.stats.cache_hits.values()))"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "twice.py").write_text(TWICE)
    return tmp_path


def run(module: Path, cache: Path) -> str:
    """What a new process finds, and how often it read back machine code."""
    told = {"NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", SAY],
        cwd=module,
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    ).stdout.strip()


def test_the_second_process_reads_back_what_the_first_compiled(module: Path) -> None:
    assert [run(module, module / "cache") for _ in range(2)] == ["42.0 0", "42.0 1"]


def test_a_cache_that_cannot_be_written(module: Path) -> None:
    (module / "file").touch()
    assert run(module, module / "file") == "42.0 0"
    assert {path.name for path in module.iterdir()} == {"twice.py", "file"}


def test_a_damaged_cache(module: Path) -> None:
    run(module, module / "cache")
    [path] = (module / "cache").rglob("*.nbc")
    path.write_bytes(path.read_bytes()[:40])
    assert run(module, module / "cache") == "42.0 0"
