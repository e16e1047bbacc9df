"""Fixtures: files written from text, and the real ones where they are beside the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text or bytes to a file in a folder of its own."""

    def to_file(content: str | bytes, name: str = "lc_ZTF22aaaaaaa_forced1_stacked0.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real light curves, ../shared/data beside the repository, are not here")
    return folder
