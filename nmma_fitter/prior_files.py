"""Which prior file a model is fitted with; the folder one starts a command in has no say in it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from nmma_fitter.errors import BadInput
from nmma_fitter.fit_settings import FitSettings, FitsTable
from nmma_fitter.inference.prior_files import read_text
from nmma_fitter.nmma_engine.catalogue import components
from nmma_fitter.shipped import shipped


class PriorText(NamedTuple):
    """The text of prior files, and which they were."""

    text: str
    origin: str


def prior_text(fits: FitsTable, model: str, settings: FitSettings) -> PriorText:
    """A model's priors; of a combination without a file of its own, those of each component.

    ``<model>_<jet>.prior`` comes first where a jet is set. A parameter that components share is
    taken from the first.

    Raises
    ------
    BadInput
        There is no such file.
    """
    parts = components(model) if settings.engine == "nmma" else (model,)
    whole = _path_or_none(fits, model, settings)
    if whole is not None or len(parts) == 1:
        path = whole or prior_path(fits, model, settings)
        return PriorText(read_text(path), origin_of(path))
    paths = [prior_path(fits, part, settings) for part in parts]
    lines: dict[str, str] = {}
    for line in "\n".join(map(read_text, paths)).splitlines():
        key = line.partition("=")[0].strip()
        if key and not key.startswith("#"):
            lines.setdefault(key, line)
    return PriorText("\n".join(lines.values()) + "\n", ", ".join(map(origin_of, paths)))


def prior_path(fits: FitsTable, model: str, settings: FitSettings) -> Path:
    """The prior file of a model; raises `BadInput` as `prior_text` does."""
    found = _path_or_none(fits, model, settings)
    if found is None:
        raise BadInput(
            f"no prior file {model}.prior in {_folder(fits)}; write one there, or set fits.priors"
        )
    return found


def origin_of(path: Path) -> str:
    """A prior file as people are told of it: one that ships with the project, or its whole path."""
    whole, ours = path.resolve(), shipped("config").resolve()
    return f"shipped {whole.relative_to(ours)}" if whole.is_relative_to(ours) else str(whole)


def _path_or_none(fits: FitsTable, model: str, settings: FitSettings) -> Path | None:
    variant = settings.model_options.get("jet")
    names = [f"{model}_{variant}.prior"] if variant else []
    paths = (_folder(fits) / name for name in (*names, f"{model}.prior"))
    return next((path for path in paths if path.is_file()), None)


def _folder(fits: FitsTable) -> Path:
    """A folder of priors: `load_config` has made a path of the user's own absolute."""
    return shipped("config") / fits.priors
