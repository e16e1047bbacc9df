"""The posterior as a table: median and 90 % interval of each parameter, and what it could be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nmma_fitter.delivery.ranges import INTERVAL
from nmma_fitter.delivery.report.pages import MINUS
from nmma_fitter.engine.files import Json
from nmma_fitter.labels import plain, without_unit
from nmma_fitter.models.base import COMMON, Parameter
from nmma_fitter.nmma_engine import catalogue

NOT_PARAMETERS = {"log_likelihood", "log_prior"}


@dataclass(frozen=True)
class ParameterRow:
    """One parameter as text; `low` and `high` end the 90 % interval and are empty when fixed.

    `label` is how people write it, `name` how files do.
    """

    label: str
    name: str
    meaning: str
    unit: str
    median: str
    low: str
    high: str
    prior: str


def parameter_rows(result: Json, model: str) -> list[ParameterRow]:
    """Rows of a result file's posterior.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        The file is not a bilby result.
    """
    own = catalogue.described(model).parameters
    known = {parameter.name: parameter for parameter in (*COMMON, *own)}
    columns = result["posterior"]["content"]
    sampled = [key for key in result["search_parameter_keys"] if key in columns]
    fixed = [key for key in columns if key not in sampled and key not in NOT_PARAMETERS]
    return [
        _row(known.get(key, Parameter(key, "", "", "")), columns[key], result["priors"].get(key))
        for key in (*sampled, *fixed)
    ]


def _row(
    parameter: Parameter, column: Iterable[Any], prior: Mapping[str, Any] | None
) -> ParameterRow:
    values = np.array([v for v in map(float, column) if math.isfinite(v)])
    low, middle, high = map(float, np.quantile(values, INTERVAL))
    digits = decimals(high - low, middle)
    constant = low == high
    return ParameterRow(
        without_unit(plain(parameter.latex)) or parameter.name,
        parameter.name,
        parameter.meaning,
        parameter.unit,
        rounded(middle, digits),
        "" if constant else rounded(low, digits),
        "" if constant else rounded(high, digits),
        prior_text(prior or {}),
    )


def decimals(width: float, value: float) -> int:
    """Decimals that show an interval with two to three digits."""
    scale = width or abs(value) or 1.0
    return max(0, 2 - math.floor(math.log10(scale)))


def rounded(value: float, digits: int) -> str:
    """A number for people."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def prior_text(prior: Mapping[str, Any]) -> str:
    """A prior's kind and range in words."""
    kind = str(prior.get("__name__", ""))
    kwargs = prior.get("kwargs")
    if not isinstance(kwargs, dict):
        return kind
    if {"minimum", "maximum"} <= kwargs.keys() and None not in (
        kwargs["minimum"],
        kwargs["maximum"],
    ):
        ends = f"{_short(kwargs['minimum'])} to {_short(kwargs['maximum'])}"
        return f"{kind} {ends}"
    named = [f"{key} {_short(kwargs[key])}" for key in ("mu", "sigma", "peak") if key in kwargs]
    return " ".join([kind, ", ".join(named)]).strip()


def _short(value: object) -> str:
    return f"{value:.4g}".replace("-", MINUS) if isinstance(value, int | float) else str(value)
