"""Files of ``torch.save`` are read without torch, and nothing in them runs."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmma_fitter.errors import BadInput
from nmma_fitter.models.torch_file import read_tensors

MAGIC = 0x1950A86A20F9469CFC6C
Tensors = Mapping[str, np.ndarray[Any, Any]]


@contextmanager
def torch() -> Iterator[None]:
    """Stand-ins for the names that such a file holds, so that it can be written here."""
    main, util = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def rebuild(*args: Any) -> None:
        raise AssertionError("it must not be called")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    util._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    main.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})  # type: ignore[attr-defined]
    sys.modules |= {"torch": main, "torch._utils": util}
    try:
        yield
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]


class Storage:
    def __init__(self, key: str, count: int) -> None:
        self.pid = ("storage", sys.modules["torch"].FloatStorage, key, "cpu", count, None)


class Tensor:
    def __init__(self, key: str, value: np.ndarray[Any, Any]) -> None:
        self.key, self.value = key, value

    def __reduce__(self) -> Any:
        shape = self.value.shape
        stride = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
        storage = Storage(self.key, self.value.size)
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (storage, 0, shape, stride, False, OrderedDict())


class Writer(pickle._Pickler):  # type: ignore[misc, name-defined]
    def persistent_id(self, thing: Any) -> Any:
        return thing.pid if isinstance(thing, Storage) else None


def written(tensors: Tensors, named: Callable[[Any], Any] = lambda said: said) -> bytes:
    stream = io.BytesIO()
    with torch():
        for first in (MAGIC, 1001, {"little_endian": True}):
            pickle.dump(first, stream, protocol=2)
        said = OrderedDict((k, Tensor(str(i), v)) for i, (k, v) in enumerate(tensors.items()))
        Writer(stream, protocol=2).dump(named(said))
        pickle.dump([str(i) for i in range(len(tensors))], stream, protocol=2)
    for value in tensors.values():
        stream.write(struct.pack("<q", value.size) + value.astype("<f4").tobytes())
    return stream.getvalue()


TENSORS = {"a.weight": np.arange(6.0).reshape(2, 3), "a.bias": np.array([1.5, -2.0])}


def test_tensors_come_back_by_their_names() -> None:
    found = read_tensors(written(TENSORS), "x.pt")
    assert list(found) == list(TENSORS)
    for name, value in TENSORS.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == np.float32


class Harm:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_file_that_names_anything_else_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    content = written(TENSORS, lambda said: [said, Harm(mark)])
    with pytest.raises(BadInput, match=r"x.pt is refused: it names posix.mkdir"):
        read_tensors(content, "x.pt")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda content: content[:-5], "ends within its numbers"),
        (lambda content: b"PK\x03\x04" + content, "is not a file of tensors"),
        (lambda content: content[20:], "x.pt"),
        (lambda content: b"", "is not a file of tensors"),
    ],
)
def test_a_spoilt_file_is_refused_in_words(spoil: Callable[[bytes], bytes], match: str) -> None:
    with pytest.raises(BadInput, match=match):
        read_tensors(spoil(written(TENSORS)), "x.pt")


def test_a_tensor_beyond_its_storage_is_refused() -> None:
    content = written(TENSORS)
    short = struct.pack("<q", 6) + np.arange(6, dtype="<f4").tobytes()
    less = struct.pack("<q", 5) + np.arange(5, dtype="<f4").tobytes()
    with pytest.raises(BadInput, match="does not lie in its storage"):
        read_tensors(content.replace(short, less), "x.pt")
