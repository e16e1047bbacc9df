"""Models of transients: parameters in, apparent magnitudes of many points at once out."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

from nmma_fitter.errors import BadInput
from nmma_fitter.models.base import Model, Parameter
from nmma_fitter.models.bu2019lm import Bu2019lm
from nmma_fitter.models.bu2025 import Bu2025
from nmma_fitter.models.me2017 import Me2017
from nmma_fitter.models.nugent_hyper import NugentHyper
from nmma_fitter.models.observed import Prediction
from nmma_fitter.models.piro2021 import Piro2021
from nmma_fitter.models.trpi2018 import TrPi2018

__all__ = ["MODELS", "Model", "Parameter", "Prediction", "get", "names"]

MODELS: dict[str, type[Model]] = {
    model.name: model for model in (Me2017, Piro2021, TrPi2018, NugentHyper, Bu2019lm, Bu2025)
}


def names() -> tuple[str, ...]:
    """Names of the models that can be fitted."""
    return tuple(MODELS)


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
    if name not in MODELS:
        raise BadInput(_unknown("model", name, list(MODELS)))
    known = list(inspect.signature(MODELS[name]).parameters)
    for option in options:
        if option not in known:
            raise BadInput(_unknown(f"option of {name}", option, known))
    return MODELS[name](**options)


def _unknown(what: str, given: str, known: list[str]) -> str:
    folded = {candidate.casefold(): candidate for candidate in known}
    close = [folded[m] for m in difflib.get_close_matches(given.casefold(), folded, n=3)]
    listed = close + [candidate for candidate in known if candidate not in close]
    return f"unknown {what} {given!r}; known: {', '.join(listed) or 'none'}"
