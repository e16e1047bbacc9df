"""Where NMMA is: its interpreter, its version, and the data of its surrogates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nmma_fitter.errors import Unavailable, UnsupportedData
from nmma_fitter.fit_settings import NmmaTable
from nmma_fitter.models import MODELS
from nmma_fitter.models.surrogate_files import data_folder
from nmma_fitter.nmma_engine.catalogue import SURROGATES, components

TESTED = ("1.0.1",)
SECONDS = 60.0
HOW_TO_INSTALL = (
    "install it with Python 3.12 or 3.13 into an environment of its own (2.8 GB): "
    "python3.12 -m venv NMMA; NMMA/bin/pip install 'nmma>=1.0.1' 'afterglowpy>=0.8.1'; then name "
    "the folder as [fits.nmma] environment, or with --nmma-environment"
)
ASK = """\
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in ("nmma", "afterglowpy", "tensorflow-cpu", "tensorflow", "scikit-learn"):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""
# Where the surrogate of a model may lie, what is in its files, and what NMMA calls that.
FORMS = (
    ("{name}_tf", ("keras", "h5"), "tensorflow"),
    ("{name}", ("keras", "h5"), "keras"),
    ("{name}", ("joblib",), "sklearn_gp"),
)


@dataclass(frozen=True)
class Surrogate:
    """Files of an SVD surrogate: NMMA's name for their form, and those of the bands asked for."""

    form: str
    files: tuple[Path, ...]


def interpreter(environment: str) -> str:
    """The interpreter of a virtual or conda environment; this one when none is named.

    Raises
    ------
    Unavailable
        There is none.
    """
    if not environment:
        return sys.executable
    named = Path(environment).expanduser()
    for path in (named / "bin" / "python", named):
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise Unavailable(f"{environment}: no environment with bin/python, and no interpreter")


@lru_cache(maxsize=8)
def packages(python: str) -> dict[str, str]:
    """Versions of what an environment holds, NMMA among them.

    Raises
    ------
    Unavailable
        It cannot be asked, has no NMMA, or another than those the repairs were tested with.
    """
    try:
        done = subprocess.run(
            [python, "-P", "-c", ASK],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=environment(),
            check=True,
        )
        found = {str(key): str(value) for key, value in json.loads(done.stdout).items()}
    except (OSError, ValueError, AttributeError, subprocess.SubprocessError) as error:
        raise Unavailable(f"{python} cannot be asked for its packages ({error})") from None
    if "nmma" not in found:
        raise Unavailable(f"NMMA is not installed in {python}: {HOW_TO_INSTALL}")
    if found["nmma"] not in TESTED:
        raise Unavailable(
            f"{python} has NMMA {found['nmma']}; what is repaired in it was tested with "
            f"{', '.join(TESTED)}: install that version, or a newer nmma_fitter"
        )
    return found


def environment() -> dict[str, str]:
    """What NMMA's process inherits: all but what would lead its Python to our packages."""
    own = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTHON", "VIRTUAL_ENV", "CONDA_"))
    }
    return own | {
        **{"MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        **{"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    }


def models_folder(named: str) -> Path:
    """Folder of NMMA's surrogates: as configured, or beside the other data."""
    return Path(named).expanduser() if named else data_folder() / "nmma"


def surrogate(folder: Path, name: str, bands: Sequence[str]) -> Surrogate:
    """The files of a surrogate for these bands.

    Raises
    ------
    Unavailable
        They are not here; where to put them.
    UnsupportedData
        Some bands were not trained.
    """
    index = folder / f"{name}.joblib"
    lacking: list[str] = []
    for where, endings, form in FORMS:
        inside = folder / where.format(name=name)
        found = [_of_band(inside, band, endings) for band in bands]
        files = tuple(path for path in found if path is not None)
        if index.is_file() and inside.is_dir() and len(files) == len(bands):
            return Surrogate(form, (index, *files))
        if index.is_file() and any(any(inside.glob(f"*.{e}")) for e in endings):
            lacking += [b for b, path in zip(bands, found, strict=True) if path is None]
    if lacking:
        names = ", ".join(sorted(set(lacking)))
        raise UnsupportedData(f"NMMA's {name} in {folder} has no surrogate of {names}")
    raise Unavailable(
        f"NMMA's surrogate {name} is not in {folder}: put {name}.joblib there, and {name}_tf/ or "
        f"{name}/ with a file for each band; nmma-fitter models fetch {name} --engine nmma gets "
        f"them where the network allows"
    )


def _of_band(folder: Path, band: str, endings: Sequence[str]) -> Path | None:
    name = band.replace(":", "_")
    paths = (folder / f"{name}.{ending}" for ending in endings)
    return next((path for path in paths if path.is_file()), None)


def surrogate_of(name: str, folder: Path, bands: Sequence[str]) -> Surrogate | None:
    """The surrogate among a model's components; None where there is none."""
    parts = [part for part in components(name) if part in SURROGATES]
    if not parts:
        return None
    if len(parts) > 1:
        raise Unavailable(f"{name}: NMMA takes one surrogate in a combination")
    return surrogate(folder, parts[0], bands)


def check_fit(model: str, bands: Sequence[str], named: NmmaTable) -> None:
    """Raise when NMMA cannot fit a model here, with what to do about it.

    Raises
    ------
    Unavailable
        NMMA, the model in it, or the model's data are not here.
    UnsupportedData
        The model's data lack a band.
    """
    found = packages(interpreter(named.environment))
    for part in components(model):
        if part in MODELS and MODELS[part].nmma_name != part:
            raise Unavailable(f"NMMA {found['nmma']} has no model {part}; the fast engine has it")
    if "TrPi2018" in components(model) and "afterglowpy" not in found:
        raise Unavailable(
            "NMMA's afterglow needs afterglowpy, which NMMA does not bring: install "
            "'afterglowpy>=0.8.1' beside it"
        )
    surrogate_of(model, models_folder(named.surrogates), bands)
