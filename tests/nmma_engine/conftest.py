"""Where NMMA is, for the tests that ask it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest


def environment() -> str | None:
    """An interpreter that has NMMA: named by NMMA_PYTHON, or this one."""
    named = os.environ.get("NMMA_PYTHON")
    if named:
        return named
    try:
        version("nmma")
    except PackageNotFoundError:
        return None
    return sys.executable


@pytest.fixture(scope="session")
def nmma_python() -> str:
    found = environment()
    if found is None:
        pytest.skip("NMMA is not installed, and NMMA_PYTHON names no interpreter that has it")
    return found


@pytest.fixture(scope="session")
def without_nmma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing in it."""
    folder = tmp_path_factory.mktemp("environment") / "empty"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=600)
    return folder
