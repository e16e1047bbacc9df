"""Which prior file a model is fitted with: one of the configured folder, else the shipped one."""

from __future__ import annotations

from pathlib import Path

from nmma_fitter.errors import BadInput
from nmma_fitter.fit_settings import FitSettings, FitsTable
from nmma_fitter.nmma_engine.catalogue import components
from nmma_fitter.shipped import shipped


def prior_text(fits: FitsTable, model: str, settings: FitSettings) -> str:
    """Text of a model's prior file; of a combination without its own, that of each component.

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
        return (whole or prior_path(fits, model, settings)).read_text(encoding="utf-8")
    texts = [prior_path(fits, part, settings).read_text(encoding="utf-8") for part in parts]
    lines: dict[str, str] = {}
    for line in "\n".join(texts).splitlines():
        key = line.partition("=")[0].strip()
        if key and not key.startswith("#"):
            lines.setdefault(key, line)
    return "\n".join(lines.values()) + "\n"


def prior_path(fits: FitsTable, model: str, settings: FitSettings) -> Path:
    """The prior file of a model; raises `BadInput` as `prior_text` does."""
    found = _path_or_none(fits, model, settings)
    if found is None:
        raise BadInput(
            f"no prior file {model}.prior in {fits.priors!r}; write one, or set fits.priors"
        )
    return found


def _path_or_none(fits: FitsTable, model: str, settings: FitSettings) -> Path | None:
    variant = settings.model_options.get("jet")
    names = [f"{model}_{variant}.prior"] if variant else []
    folder = Path(fits.priors)
    for name in (*names, f"{model}.prior"):
        for path in (folder / name, _shipped_or_none(fits.priors, name)):
            if path is not None and path.is_file():
                return path
    return None


def _shipped_or_none(folder: str, name: str) -> Path | None:
    try:
        return shipped("config", folder, name)
    except FileNotFoundError:
        return None
