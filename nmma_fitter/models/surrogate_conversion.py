"""Published surrogates of kilonova grids, from their pickles to plain arrays.

fiestaEM (Koehn et al. 2025, arXiv:2507.13807; MIT licence) and KilonovaNet (Lukošiūtė et al. 2022,
MNRAS 516, 1137; MIT licence) publish their networks as pickles. They are converted once, by readers
that can run nothing (`pickled`, `torch_file`), and only the arrays are kept.
"""

from __future__ import annotations

import ast
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import GARBLED, BadInput
from nmma_fitter.models.pickled import Record, read_pickle
from nmma_fitter.models.torch_file import read_tensors

Arrays = dict[str, NDArray[Any]]

# Literal, so that no machine's logarithm changes the digest of the result.
_AB_ZERO = 16.400066530  # magnitude of 1 mJy, 2.5 log10(3.631e6)
_LN10 = 2.302585092994046


@dataclass(frozen=True)
class Wheel:
    """A package of an index that holds a published surrogate: what pip is asked for, and gets."""

    requirement: str
    name: str
    sha256: str


FIESTA = Wheel(
    "fiestaEM==0.1.0",
    "fiestaem-0.1.0-py3-none-any.whl",
    "abf002f1c51e037d0e4fdd3b64fb9aa63313d845912e6bac8c0df72f39ffd7c0",
)
REDBACK = Wheel(
    "redback-surrogates==0.2.8",
    "redback_surrogates-0.2.8-py3-none-any.whl",
    "8b3c4ab8077a9ee424b457dc89d4317a14d08b1b645fcde2a68ad7d1654c51ef",
)
WHEELS: Mapping[str, Wheel] = {"Bu2025": FIESTA, "Ka2017": REDBACK}


def convert(model: str, source: Path) -> Arrays:
    """Plain arrays of a published surrogate.

    Parameters
    ----------
    model : str
        A key of `CONVERTERS`.
    source : Path
        Folder of its files, or the wheel that holds them.

    Raises
    ------
    BadInput
        Something is missing, is not what was published, or could run code.
    """
    if model not in CONVERTERS:
        raise BadInput(f"{model} has no published surrogate; known: {', '.join(CONVERTERS)}")
    try:
        return CONVERTERS[model](_Source(source))
    except (BadInput, OSError):
        raise
    except GARBLED as error:
        raise BadInput(
            f"{source} does not hold the surrogate {model} as it was published "
            f"({type(error).__name__}: {error})"
        ) from None


class _Source:
    """Published files by their names, in a folder or in a wheel of known content."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.suffix == ".whl" and not path.is_dir():
            found = hashlib.sha256(_content(path)).hexdigest()
            if found not in {wheel.sha256 for wheel in WHEELS.values()}:
                names = " or ".join(dict.fromkeys(wheel.name for wheel in WHEELS.values()))
                raise BadInput(f"{path} is not {names} as published: its sha256 is another")

    def content(self, name: str) -> bytes:
        """The bytes of a file."""
        if self._path.is_dir():
            return _content(self._path / name)
        _content(self._path)
        return _member(self._path, name)

    def pickle(self, name: str) -> Any:
        """What a pickle holds, as `read_pickle` gives it."""
        return read_pickle(self.content(name), f"{self._path}: {name}")


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


def light_curves(source: _Source) -> Arrays:
    """The grid of Dietrich et al. (2020): one network per band, magnitudes over time.

    The published networks learned ln F in place of F's decimal logarithm: the grid was stored as
    log10 of the flux and read back by exp (``convert_POSSIS_to_h5.py`` and ``preprocess_svd`` of
    fiestaEM), so that their magnitudes, 1 to 15 at 10 pc, are those of F^(1/ln 10). A magnitude
    is linear in ln F, so it is put right here: Z + (m - Z) ln 10, where Z is that of 1 mJy. Over a
    band the two means differ, by 0.03 mag where ln F varies by 0.3 within it.
    """
    metadata = source.pickle("Bu2019_metadata.pkl")
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
        arrays |= _layers(source.pickle(f"Bu2019_{band}.pkl"), prefix)
    return arrays


def spectra(source: _Source) -> Arrays:
    """The grid of Koehn et al. (2025): one network, ln F over frequency and time."""
    metadata = source.pickle("Bu2025_MLP_metadata.pkl")
    arrays = _inputs(metadata, low="mu", spread="sigma")
    (components,) = (_state(one) for one in _state(metadata["y_scaler"])["scalers"])
    shape = (len(metadata["nus"]), len(metadata["times"]))
    arrays["frequencies"] = metadata["nus"]
    arrays["mean"] = components["means"].astype(np.float32).reshape(shape)
    arrays["basis"] = np.ascontiguousarray(components["Vt"].T).reshape(*shape, -1)
    return arrays | _layers(source.pickle("Bu2025_MLP.pkl"))


def kasen(source: _Source) -> Arrays:
    """The grid of Kasen et al. (2017): KilonovaNet's decoder, spectra for parameters and a time.

    Its latent variables are 0, their mean, as KilonovaNet itself has them; so what they multiply is
    left out. A parameter and the time are scaled linearly from their ranges.
    """
    tensors = read_tensors(source.content("kasen-bns-latent-10-hidden-500-CV-4.pt"), "Ka2017")
    metadata = json.loads(source.content("metadata_kasen_bns.json"))
    ranges = np.array([metadata["x_transforms"][str(i)] for i in range(4)], dtype=float)
    floor, low, high = metadata["y_transforms"]
    arrays: Arrays = {"offset": ranges[:, 0], "scale": ranges[:, 1] - ranges[:, 0]}
    arrays["log_luminosity"] = np.array([floor, low, high - low], dtype=float)
    for number, name in enumerate(("0", "2", "4")):
        weight = tensors[f"decoder.layers.{name}.weight"].T
        latent = metadata["latent_units"] if number == 0 else 0
        arrays[f"weight_{number}"] = np.ascontiguousarray(weight[latent:])
        arrays[f"bias_{number}"] = tensors[f"decoder.layers.{name}.bias"]
    return arrays


CONVERTERS: Mapping[str, Callable[[_Source], Arrays]] = {
    "Bu2019lm": light_curves,
    "Bu2025": spectra,
    "Ka2017": kasen,
}

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
