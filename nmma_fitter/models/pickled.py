"""Read the pickles that surrogates are published in, without running anything they name.

A pickle may name any function and have it called. Here the few names that fiestaEM's files hold
stand for records of what was said of them, everything else is refused, and arrays are then made
from the records: no class or function of numpy, jax, flax, dill or fiestaEM is reachable.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import GARBLED, BadInput

_ARRAY = "numpy array"
_KNOWN: Mapping[tuple[str, str], str] = {
    ("numpy", "dtype"): "dtype",
    ("numpy", "ndarray"): "ndarray",
    **{
        (f"numpy.{core}.multiarray", "_reconstruct"): _ARRAY
        for core in ("core", "_core")  # before and since numpy 2
    },
    ("jax._src.array", "_reconstruct_array"): "wrapped array",
    ("dill._dill", "_create_array"): "wrapped array",
    ("dill._dill", "_load_type"): "type",
    ("fiesta.train.neuralnets", "NeuralnetConfig"): "NeuralnetConfig",
    **{
        (f"fiesta.{module}", name): name
        for module in ("utils", "scalers")
        for name in (
            "MinMaxScalerJax",
            "StandardScalerJax",
            "PCADecomposer",
            "SVDDecomposer",
            "ParameterScaler",
            "DataScaler",
            "identity",
            "SVDDecomposer.transform",
            "PCADecomposer.transform",
        )
    },
}


class Record:
    """What a pickle said of an object: how it was to be made, and its state. It does nothing.

    Attributes
    ----------
    what : str
        Kind of object, one of the values of the table of known names.
    args : tuple
        What it was to be made from.
    state : object
        What was to be set on it, None where nothing was.
    """

    what: ClassVar[str] = ""
    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> Record:
        """Keep what the object was to be made from."""
        made = super().__new__(cls)
        made.args = args
        made.state = None
        return made

    def __setstate__(self, state: Any) -> None:
        """Keep the state."""
        self.state = state

    def __call__(self, *args: Any) -> Record:
        """Stand for a call of what was made: another record."""
        return Record(*args)


_RECORDS = {known: type("Record", (Record,), {"what": what}) for known, what in _KNOWN.items()}


class _Reader(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        known = _RECORDS.get((module_name, global_name))
        if known is None:
            raise BadInput(f"it names {module_name}.{global_name}, which no surrogate needs")
        return known


def read_pickle(content: bytes, name: str) -> Any:
    """Read a published surrogate's pickle as dictionaries, lists, numbers, arrays and records.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        Of the file, for the message.

    Raises
    ------
    BadInput
        It is not such a file, or names anything but what surrogates are known to hold. Nothing it
        names is ever imported or called.
    """
    try:
        return plain(_Reader(io.BytesIO(content)).load())
    except BadInput as error:
        raise BadInput(f"{name} is refused: {error}") from None
    except (*GARBLED, pickle.UnpicklingError, EOFError, MemoryError) as error:
        raise BadInput(f"{name} is not a surrogate's pickle: {error}") from None


def plain(value: Any) -> Any:
    """Replace the records of arrays by arrays, at any depth; other records keep their state so."""
    if isinstance(value, Record):
        if value.what == _ARRAY:
            return _array(value.state)
        if value.what == "wrapped array":  # made from (maker, its arguments, the array's state, …)
            return _array(value.args[2])
        value.state = plain(value.state)
        return value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _array(state: Any) -> NDArray[Any]:
    """Make an array from the state numpy pickles: version, shape, type, order, bytes."""
    _, shape, dtype, fortran, raw = state
    if not isinstance(raw, bytes):
        raise BadInput("it holds an array of objects")
    flat = np.frombuffer(raw, _dtype(dtype))
    return flat.reshape(shape, order="F" if fortran else "C").copy()


def _dtype(record: Any) -> np.dtype[Any]:
    code = str(record.args[0])
    if code[:1] not in "fiub" or not code[1:].isdigit():
        raise BadInput(f"it holds an array of type {code[:20]!r}")
    big = record.state is not None and record.state[1] == ">"
    return np.dtype(f"{'>' if big else '<'}{code}")
