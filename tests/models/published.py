"""Surrogates as fiestaEM publishes them, small and made up: pickles that name its classes."""

from __future__ import annotations

import io
import pickle
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = {
    "fiesta": (),
    "fiesta.utils": ("MinMaxScalerJax", "SVDDecomposer"),
    "fiesta.scalers": ("StandardScalerJax", "ParameterScaler", "DataScaler", "PCADecomposer"),
    "fiesta.train": (),
    "fiesta.train.neuralnets": ("NeuralnetConfig",),
    "jax": (),
    "jax._src": (),
    "jax._src.array": ("_reconstruct_array",),
}


@contextmanager
def fiesta() -> Iterator[Any]:
    """Stand-ins for the modules, so that their objects can be pickled under their names."""
    made = {name: types.ModuleType(name) for name in CLASSES}
    for module, classes in CLASSES.items():
        for name in classes:
            setattr(made[module], name, type(name, (), {"__module__": module}))
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    try:
        yield made
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def thing(module: Any, name: str, **state: Any) -> Any:
    made = getattr(module, name)()
    made.__dict__.update(state)
    return made


class JaxArray:
    """An array, pickled as jax pickles its own."""

    def __init__(self, value: Any) -> None:
        self.value = np.asarray(value, dtype=np.float32)

    def __reduce__(self) -> Any:
        maker, arguments, state = self.value.__reduce__()[:3]
        return sys.modules["jax._src.array"]._reconstruct_array, (  # type: ignore[attr-defined]
            maker,
            arguments,
            state,
            {"weak_type": False},
        )


def network(rng: np.random.Generator, sizes: tuple[int, ...]) -> dict[str, Any]:
    return {
        f"layers_{i}": {
            "kernel": JaxArray(rng.normal(size=(a, b)) / np.sqrt(a)),
            "bias": JaxArray(rng.normal(size=b)),
        }
        for i, (a, b) in enumerate(pairwise(sizes))
    }


def pickled(value: Any) -> bytes:
    """As pickle writes it, by its Python version, which asks the stand-ins nothing."""
    stream = io.BytesIO()
    pickle._Pickler(stream, protocol=4).dump(value)  # type: ignore[attr-defined]
    return stream.getvalue()


def write_bu2019(folder: Path, *, exp_of_log10: bool) -> dict[str, Any]:
    """Two bands of a light-curve surrogate; what its arrays are is returned."""
    rng = np.random.default_rng(5)
    days, count = np.arange(1.5, 20.0, 0.2), 3
    ranges = {
        "log10_mej_dyn": (-3.0, -1.7, "uniform"),
        "log10_mej_wind": (-2.0, -0.9, "uniform"),
        "KNphi": (0.0, 90.0, "uniform"),
        "inclination_EM": (0.0, 90.0, "uniform"),
    }
    low = np.linspace(2.0, 7.0, days.size) - (0.0 if exp_of_log10 else 17.0)
    truth: dict[str, Any] = {"low": low, "high": low + 2.0, "ranges": ranges, "nets": {}}
    folder.mkdir(exist_ok=True)
    with fiesta() as m:
        scaled = {}
        for band in ("ps1::g", "2massks"):
            basis = rng.normal(size=(count, days.size))
            ends = {"min_val": JaxArray(low), "max_val": JaxArray(low + 2.0)}
            inner = thing(m["fiesta.utils"], "MinMaxScalerJax", **ends)
            state = {"svd_ncoeff": count, "scaler": inner, "VA": JaxArray(basis)}
            scaled[band] = thing(m["fiesta.utils"], "SVDDecomposer", **state)
            net = network(rng, (4, 8, 8, count))
            truth["nets"][band] = (net, basis)
            config = thing(m["fiesta.train.neuralnets"], "NeuralnetConfig", _fields={"name": "MLP"})
            content = pickled({"params": net, "config": config})
            (folder / f"Bu2019_{band}.pkl").write_bytes(content)
        ends = {
            "min_val": JaxArray([one[0] for one in ranges.values()]),
            "max_val": JaxArray([one[1] for one in ranges.values()]),
        }
        metadata = {
            "times": days,
            "parameter_names": list(ranges),
            "parameter_distributions": str(ranges),
            "X_scaler": thing(m["fiesta.utils"], "MinMaxScalerJax", **ends),
            "y_scaler": scaled,
        }
        (folder / "Bu2019_metadata.pkl").write_bytes(pickled(metadata))
    return truth
