"""Where the weights of published surrogates lie, and whether they are the ones that are known."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import BadInput, ConfigError, Unavailable
from nmma_fitter.models.network import Layers

Arrays = Mapping[str, NDArray[Any]]

FOLDER = "NMMA_FITTER_DATA_DIR"


def data_folder() -> Path:
    """The folder named by NMMA_FITTER_DATA_DIR, else the user's own for data of programs."""
    given = os.environ.get(FOLDER)
    if given:
        folder = Path(given).expanduser()
        if not folder.is_absolute():  # a job runs in another folder
            raise ConfigError(f"{FOLDER}={given}: give the whole path")
        return folder
    base = Path(os.environ.get("XDG_DATA_HOME") or ".")
    # The XDG specification: a relative path is ignored.
    return (base if base.is_absolute() else Path.home() / ".local" / "share") / "nmma_fitter"


def weights_path(model: str) -> Path:
    """Where the weights of a model lie."""
    return data_folder() / f"{model}.npz"


def content_digest(arrays: Arrays) -> str:
    """Sha256 of arrays: their names, types, shapes and values, however a file packs them."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def save_weights(path: Path, arrays: Arrays) -> str:
    """Write arrays as a plain file, whole or not at all; return their `content_digest`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return content_digest(arrays)


def load_weights(model: str, path: Path, known: str) -> dict[str, NDArray[Any]]:
    """Read a model's weights; nothing in the file can be run.

    Parameters
    ----------
    model : str
    path : Path
    known : str
        Their `content_digest`.

    Raises
    ------
    Unavailable
        The file is not there, cannot be read, or holds other weights.
    """
    remedy = f"nmma-fitter models fetch {model}"
    if not path.is_file():
        raise Unavailable(
            f"the weights of {model} are not here: {remedy}, or put {path.name} of another "
            f"machine into {path.parent} ({FOLDER} names the folder)"
        )
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception as error:  # zipfile and numpy raise many kinds over a spoilt file
        raise Unavailable(f"{path} cannot be read ({error}); once more: {remedy}") from None
    found = content_digest(arrays)
    if found != known:
        raise Unavailable(
            f"{path} holds other weights than this version of {model} is made for "
            f"(sha256 {found[:12]}, not {known[:12]}); once more: {remedy}"
        )
    return arrays


def checked_error(model: str, error: float) -> float:
    """Return a surrogate's own error in mag; raises `BadInput` when it is none."""
    if not 0 <= error < np.inf:
        raise BadInput(f"model_error {error!r} of {model}: give magnitudes, 0 or more")
    return float(error)


def layers_of(arrays: Arrays, prefix: str = "") -> Layers:
    """The layers of a network, stored as ``<prefix>weight_<i>`` and ``<prefix>bias_<i>``."""
    count = sum(name.startswith(f"{prefix}bias_") for name in arrays)
    return tuple((arrays[f"{prefix}weight_{i}"], arrays[f"{prefix}bias_{i}"]) for i in range(count))
