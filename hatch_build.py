"""Builds take along which commit they were made from: a wheel has no history to ask."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

IN_SDIST = "COMMIT"


class CommitHook(BuildHookInterface):
    """Puts ``nmma_fitter/shipped/commit`` into wheels, and ``COMMIT`` into source archives."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """As the interface says; an editable installation asks git itself."""
        if version == "editable":
            return
        root = Path(self.root)
        kept = root / IN_SDIST
        found = _commit_of(root) or (kept.read_text().strip() if kept.is_file() else "")
        if found:
            self._folder = tempfile.TemporaryDirectory()
            path = Path(self._folder.name) / "commit"
            path.write_text(found + "\n")
            target = IN_SDIST if self.target_name == "sdist" else "nmma_fitter/shipped/commit"
            build_data["force_include"][str(path)] = target


def _commit_of(root: Path) -> str:
    """As `nmma_fitter.version.commit_of`, of the package that is being built."""
    spec = importlib.util.spec_from_file_location("version", root / "nmma_fitter" / "version.py")
    assert spec is not None and spec.loader is not None
    sys.path.insert(0, str(root))
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(root))
    return str(module.commit_of(root))
