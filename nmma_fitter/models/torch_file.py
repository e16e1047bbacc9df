"""Read tensors from the files of ``torch.save`` without torch, and without running anything.

The older of torch's two formats: three pickles that say what the file is, one of the tensors' names
and shapes, one of the names of the storages, and then each storage as its length and its numbers.
"""

from __future__ import annotations

import io
import pickle
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import GARBLED, BadInput

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


class _Named(dict[str, Any]):
    """An ordered dictionary of torch's, without its attributes."""

    def __setstate__(self, state: object) -> None:
        """Leave out what torch notes of versions."""


def _tensor(storage: Any, offset: int, shape: Any, stride: Any, *rest: Any) -> tuple[Any, ...]:
    """What is said of a tensor, in place of the tensor."""
    return storage, offset, tuple(shape), tuple(stride)


_KNOWN = {
    ("collections", "OrderedDict"): _Named,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): "float32",
}


class _Reader(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        known = _KNOWN.get((module_name, global_name))
        if known is None:
            raise BadInput(f"it names {module_name}.{global_name}, which no tensor needs")
        return known

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, key, *_ = pid
        if (kind, dtype) != ("storage", "float32"):
            raise BadInput(f"it holds a {str(kind)[:20]} of another type than float32")
        return str(key)


def read_tensors(content: bytes, name: str) -> dict[str, NDArray[np.float32]]:
    """Tensors of single precision by their names.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        Of the file, for the message.

    Raises
    ------
    BadInput
        It is no such file, holds other numbers, or names anything that tensors do not need.
    """
    stream = io.BytesIO(content)
    try:
        if [_Reader(stream).load() for _ in range(2)] != [_MAGIC, _PROTOCOL]:
            raise BadInput("it is not of torch's older format")
        if not _Reader(stream).load()["little_endian"]:
            raise BadInput("its numbers are big-endian")
        said, keys = _Reader(stream).load(), _Reader(stream).load()
        stored = {str(key): _storage(stream) for key in keys}
        return {str(key): _array(stored, *tensor) for key, tensor in said.items()}
    except BadInput as error:
        raise BadInput(f"{name} is refused: {error}") from None
    except (*GARBLED, pickle.UnpicklingError, struct.error, EOFError, MemoryError) as error:
        raise BadInput(f"{name} is not a file of tensors: {error}") from None


def _storage(stream: io.BytesIO) -> NDArray[np.float32]:
    (count,) = struct.unpack("<q", stream.read(8))
    raw = stream.read(4 * max(count, 0))
    if count < 0 or len(raw) != 4 * count:
        raise EOFError("it ends within its numbers")
    return np.frombuffer(raw, "<f4")


def _array(
    stored: dict[str, NDArray[np.float32]],
    key: str,
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
) -> NDArray[np.float32]:
    rows = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
    if stride != rows or offset < 0 or offset + int(np.prod(shape)) > stored[key].size:
        raise BadInput("it holds a tensor that does not lie in its storage row by row")
    return stored[key][offset : offset + int(np.prod(shape))].reshape(shape).copy()
