from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmma_fitter.errors import BadInput
from nmma_fitter.models.pickled import read_pickle


class Calls:
    """What a pickle does that runs a command when it is loaded."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.what = function, arguments

    def __reduce__(self) -> Any:
        return self.what


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_a_command_is_refused_and_runs_nothing(
    protocol: int, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    evil = pickle.dumps({"times": Calls(os.system, f"touch {victim}")}, protocol=protocol)
    pickle.loads(evil)
    assert victim.exists()  # so it does work when it is trusted
    victim.unlink()
    with pytest.raises(BadInput, match=r"evil.pkl is refused: it names posix.system") as told:
        read_pickle(evil, "evil.pkl")
    assert "\n" not in str(told.value)
    assert not victim.exists()


@pytest.mark.parametrize(
    "function",
    [eval, getattr, open, os.popen, __import__, np.load, np.frombuffer, pickle.loads],
    ids=lambda function: function.__name__,
)
def test_no_function_is_reachable_by_its_name(function: Any) -> None:
    with pytest.raises(BadInput, match="is refused: it names"):
        read_pickle(pickle.dumps(Calls(function, "x")), "x")


@pytest.mark.parametrize("name", ["SVDDecomposer.transform.__globals__", "os", "Record.__class__"])
def test_no_attribute_of_a_known_name_is_reachable(name: str) -> None:
    content = b"\x80\x04\x8c\x0efiesta.scalers\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
    with pytest.raises(BadInput, match=r"it names fiesta.scalers"):
        read_pickle(content, "x")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12.0, dtype=np.float32).reshape(3, 4)),
        np.arange(3, dtype=">i4"),
        np.float16([1.5, 2.5]),
        np.array([True, False]),
    ],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)
def test_arrays_come_out_as_they_are(array: Any) -> None:
    found = read_pickle(pickle.dumps({"a": [array]}, protocol=4), "x")["a"][0]
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(BadInput, match="array of"):
        read_pickle(pickle.dumps(np.array([{}, None], dtype=object), protocol=4), "x")


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"not a pickle", b"\x80\x04N", b"(dp0\n."])
def test_what_is_no_pickle_or_half_of_one_is_said(content: bytes) -> None:
    if content.endswith(b"."):
        assert read_pickle(content, "x") == {}
        return
    with pytest.raises(BadInput, match="x is not a surrogate's pickle"):
        read_pickle(content, "x")
