"""Style, scripts and the chart library, written once under names that carry their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from nmma_fitter.engine.files import write_atomic
from nmma_fitter.engine.folders import make_below
from nmma_fitter.shipped import shipped

FOLDER = "assets"
SHIPPED = ("report.css", "tables.js", "chart.js")


@dataclass(frozen=True)
class Assets:
    """File names in the assets' folder, each changing with its file's content.

    Attributes
    ----------
    names : mapping of shipped name to name
    plotly : str
        Empty when plotly is not installed: the pages then have pictures alone.
    """

    names: Mapping[str, str]
    plotly: str


@lru_cache(maxsize=1)
def assets() -> Assets:
    """What this version's pages need; found without importing plotly."""
    names = {}
    for name in SHIPPED:
        stem, suffix = name.split(".")
        digest = hashlib.sha256(_source(name).read_bytes()).hexdigest()
        names[name] = f"{stem}-{digest[:8]}.{suffix}"
    return Assets(names, f"plotly-{version('plotly')}.min.js" if plotly_bundle() else "")


def plotly_bundle() -> Path | None:
    """Plotly's JavaScript as the installed Python package carries it."""
    try:
        version("plotly")
        spec = find_spec("plotly")
    except PackageNotFoundError:
        return None
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path
    return None


def write_assets(outdir: Path) -> None:
    """Write what the pages load; what is there already is left alone."""
    folder = outdir / FOLDER
    make_below(outdir, folder)
    wanted = {name: _source(shipped_name) for shipped_name, name in assets().names.items()}
    if bundle := plotly_bundle():
        wanted[assets().plotly] = bundle
    for name, source in wanted.items():
        target = folder / name
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            write_atomic(target, source.read_bytes())


def _source(name: str) -> Path:
    return shipped("templates", "report", name)
