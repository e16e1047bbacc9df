import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Shared by this folder's test modules, which are not a package.
sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("results_on_disk")

from results_on_disk import MODELS, fitted, night_of_all_kinds  # noqa: E402

from nmma_fitter.engine.folders import MARKER  # noqa: E402

COMMAND = "run as root: NMMA_FITTER_TEST_INSTALL=1 make test"


@pytest.fixture(autouse=True)
def used(tmp_path: Path) -> None:
    """A test's folder is one of results that was used: an empty one is a bare mount point."""
    (tmp_path / MARKER).touch()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results with its pages; only to be read."""
    outdir = tmp_path_factory.mktemp("site") / "outdir"
    outdir.mkdir()
    (outdir / MARKER).touch()
    units = [fitted(outdir, model) for model in MODELS]
    night_of_all_kinds(outdir, outdir.parent / "ledger.sqlite", units)
    return outdir


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Headless Chromium, as Debian packages it."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip(f"the pages are looked at with chromium, which is not here; {COMMAND}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
