"""Published surrogates of kilonova grids, from their pickles to plain arrays.

fiestaEM (Koehn et al. 2025, arXiv:2507.13807; MIT licence) publishes its networks as pickles. They
are converted once, by a reader that can run nothing (`pickled`), and only the arrays are kept.
"""

from __future__ import annotations

import ast
import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import GARBLED, BadInput
from nmma_fitter.models.pickled import Record, read_pickle

Arrays = dict[str, NDArray[Any]]
Read = Callable[[str], Any]

WHEEL = "fiestaem-0.1.0-py3-none-any.whl"
WHEEL_SHA256 = "abf002f1c51e037d0e4fdd3b64fb9aa63313d845912e6bac8c0df72f39ffd7c0"

# Literal, so that no machine's logarithm changes the digest of the result.
_AB_ZERO = 16.400066530  # magnitude of 1 mJy, 2.5 log10(3.631e6)
_LN10 = 2.302585092994046


def convert(model: str, source: Path) -> Arrays:
    """Plain arrays of a published surrogate.

    Parameters
    ----------
    model : str
        A key of `CONVERTERS`.
    source : Path
        Folder of its pickles, or the wheel that holds them.

    Raises
    ------
    BadInput
        Something is missing, is not what fiestaEM writes, or could run code.
    """
    if model not in CONVERTERS:
        raise BadInput(f"{model} has no published surrogate; known: {', '.join(CONVERTERS)}")
    try:
        return CONVERTERS[model](_reader(source))
    except (BadInput, OSError):
        raise
    except GARBLED as error:
        raise BadInput(
            f"{source} does not hold the surrogate {model} as fiestaEM writes it "
            f"({type(error).__name__}: {error})"
        ) from None


def _reader(source: Path) -> Read:
    """What reads a pickle by its name from a folder, or from the wheel of the known content."""
    if source.is_dir():
        return lambda name: read_pickle(_content(source / name), str(source / name))
    content = _content(source)
    if source.suffix == ".whl" and hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        raise BadInput(f"{source} is not {WHEEL} as published: its sha256 is another")
    return lambda name: read_pickle(_member(source, name), f"{source}: {name}")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None


def _member(source: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(source) as archive:
            found = [one for one in archive.namelist() if one.rsplit("/", 1)[-1] == name]
            return archive.read(found[0])
    except (zipfile.BadZipFile, IndexError):
        raise BadInput(f"{source} is neither a folder nor a wheel that holds {name}") from None


def light_curves(read: Read) -> Arrays:
    """The grid of Dietrich et al. (2020): one network per band, magnitudes over time.

    The published networks learned ln F in place of F's decimal logarithm: the grid was stored as
    log10 of the flux and read back by exp (``convert_POSSIS_to_h5.py`` and ``preprocess_svd`` of
    fiestaEM), so that their magnitudes, 1 to 15 at 10 pc, are those of F^(1/ln 10). A magnitude
    is linear in ln F, so it is put right here: Z + (m - Z) ln 10, where Z is that of 1 mJy. Over a
    band the two means differ, by 0.03 mag where ln F varies by 0.3 within it.
    """
    metadata = read("Bu2019_metadata.pkl")
    arrays = _inputs(metadata, low="min_val", high="max_val")
    bands = sorted(metadata["y_scaler"])
    arrays["bands"] = np.array(bands)
    for number, band in enumerate(bands):
        published = _state(metadata["y_scaler"][band])
        low, high = (_state(published["scaler"])[key].astype(float) for key in _ENDS)
        if low.min() > 0:  # at 10 pc, where a kilonova has -10 to -17 in its first days
            low, high = (_AB_ZERO + _LN10 * (ends - _AB_ZERO) for ends in (low, high))
        prefix = f"band_{number}_"
        arrays |= {f"{prefix}low": low, f"{prefix}span": high - low}
        arrays[f"{prefix}basis"] = published["VA"]
        arrays |= _layers(read(f"Bu2019_{band}.pkl"), prefix)
    return arrays


def spectra(read: Read) -> Arrays:
    """The grid of Koehn et al. (2025): one network, ln F over frequency and time."""
    metadata = read("Bu2025_MLP_metadata.pkl")
    arrays = _inputs(metadata, low="mu", spread="sigma")
    (components,) = (_state(one) for one in _state(metadata["y_scaler"])["scalers"])
    shape = (len(metadata["nus"]), len(metadata["times"]))
    arrays["frequencies"] = metadata["nus"]
    arrays["mean"] = components["means"].astype(np.float32).reshape(shape)
    arrays["basis"] = np.ascontiguousarray(components["Vt"].T).reshape(*shape, -1)
    return arrays | _layers(read("Bu2025_MLP.pkl"))


CONVERTERS: Mapping[str, Callable[[Read], Arrays]] = {"Bu2019lm": light_curves, "Bu2025": spectra}

_ENDS = ("min_val", "max_val")


def _state(record: Any) -> Mapping[str, Any]:
    if not isinstance(record, Record):
        raise TypeError(f"a {type(record).__name__} where an object was expected")
    return dict(record.state)


def _inputs(metadata: Any, low: str, high: str = "", spread: str = "") -> Arrays:
    """Names, training range and scaling of the parameters, and the days of the output."""
    scaler = _state(metadata["X_scaler"])
    scaler = _state(scaler["scaler"]) if "scaler" in scaler else scaler
    offset = scaler[low].astype(float)
    names = list(metadata["parameter_names"])
    trained = ast.literal_eval(metadata["parameter_distributions"])
    return {
        "parameters": np.array(names),
        "trained": np.array([trained[name][:2] for name in names], dtype=float),
        "offset": offset,
        "scale": scaler[high].astype(float) - offset if high else scaler[spread].astype(float),
        "days": np.asarray(metadata["times"], dtype=float),
    }


def _layers(published: Any, prefix: str = "") -> Arrays:
    found: Arrays = {}
    for number in range(len(published["params"])):
        layer = published["params"][f"layers_{number}"]
        found[f"{prefix}weight_{number}"] = layer["kernel"]
        found[f"{prefix}bias_{number}"] = layer["bias"]
    return found
