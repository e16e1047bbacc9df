"""Models of transients: parameters in, apparent magnitudes of many points at once out.

A model is one module here and one prior file, and nothing else names it: for each
``config/priors/<name>.prior`` the module of that name, in lower case with ``_`` for ``-``, holds
the class. A prior file without a module is a variant's, such as ``TrPi2018_tophat``. A module is
imported when its model is first asked for, so that names can be checked without numpy.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from nmma_fitter.errors import BadInput
from nmma_fitter.models.base import Model, Parameter
from nmma_fitter.nearest import did_you_mean
from nmma_fitter.shipped import shipped

__all__ = ["MODELS", "Model", "Parameter", "check_name", "get", "names"]


class _Models(Mapping[str, type[Model]]):
    """Classes by name, in the order of their names."""

    def __init__(self) -> None:
        priors = shipped("config", "priors").glob("*.prior")
        names = sorted((path.stem for path in priors), key=str.casefold)
        modules = {name: f"{__name__}.{name.lower().replace('-', '_')}" for name in names}
        self._modules = {n: m for n, m in modules.items() if importlib.util.find_spec(m)}

    def __getitem__(self, name: str) -> type[Model]:
        return _class_in(self._modules[name], name)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def _class_in(module: str, name: str) -> type[Model]:
    for value in vars(importlib.import_module(module)).values():
        if inspect.isclass(value) and issubclass(value, Model) and vars(value).get("name") == name:
            return value
    raise BadInput(f"{module} holds no model with name = {name!r}, the name of its prior file")


MODELS = _Models()


def names() -> tuple[str, ...]:
    """Names of the models that can be fitted."""
    return tuple(MODELS)


def check_name(name: str) -> None:
    """Raise `BadInput` for an unknown model; the message lists the known ones, closest first."""
    if name not in MODELS:
        raise BadInput(unknown_model(name))


def get(name: str, **options: Any) -> Model:
    """Make a model by name.

    Parameters
    ----------
    name : str
        One of `names`.
    **options
        The model's settings, keyword arguments of its class.

    Raises
    ------
    BadInput
        Unknown model or option; the message lists the known ones, the closest first.
    """
    check_name(name)
    known = list(inspect.signature(MODELS[name]).parameters)
    for option in options:
        if option not in known:
            raise BadInput(_unknown(f"option of {name}", option, known))
    return MODELS[name](**options)


def unknown_model(name: str) -> str:
    """What to say of a name that is no model's."""
    return _unknown("model", name, list(MODELS))


def _unknown(what: str, given: str, known: list[str]) -> str:
    close = did_you_mean(given, known)
    return f"unknown {what} {given!r}{close}; known: {', '.join(known) or 'none'}"
