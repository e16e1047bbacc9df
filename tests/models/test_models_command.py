"""``nmma-fitter models`` as a person meets it, with and without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import KILONOVA

COMMAND = Path(sys.executable).parent / "nmma-fitter"
NOWHERE = "http://127.0.0.1:9/simple"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {"NMMA_FITTER_DATA_DIR": str(folder), "PIP_INDEX_URL": NOWHERE, "PIP_NO_INDEX": "1"}
    return subprocess.run(
        [str(COMMAND), "models", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, **own},
        check=False,
    )


def test_without_a_network_it_says_how_to_bring_the_data(tmp_path: Path) -> None:
    done = run(tmp_path, "fetch", "Bu2025")
    assert done.returncode == 3
    assert "models convert Bu2025 fiestaem-0.1.0-py3-none-any.whl" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_refused_pickle_leaves_nothing(tmp_path: Path) -> None:
    source, data = tmp_path / "source", tmp_path / "data"
    source.mkdir()
    (source / "Bu2019_metadata.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    done = run(data, "convert", "Bu2019lm", str(source))
    assert done.returncode == 2
    assert "is refused: it names os.system" in done.stderr
    assert not data.exists()


def test_converted_weights_make_the_model_available(tmp_path: Path) -> None:
    if not KILONOVA.is_dir():
        pytest.skip("the published networks, ../shared/data beside the repository, are not here")
    done = run(tmp_path, "convert", "Bu2019lm", str(KILONOVA / "Bu2019"))
    assert (done.returncode, done.stderr) == (0, "")
    assert str(tmp_path / "Bu2019lm.npz") in done.stdout
    again = run(tmp_path, "fetch", "Bu2019lm")  # nothing is left to do
    assert (again.returncode, again.stdout) == (0, f"Bu2019lm: {tmp_path / 'Bu2019lm.npz'}\n")
