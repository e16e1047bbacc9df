"""What there is to say of each model: its class, paper, parameters, priors, engines and data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nmma_fitter import models
from nmma_fitter.config import fit_settings
from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.fit_request import available_model
from nmma_fitter.fit_settings import FitsTable
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.models import Model, Parameter
from nmma_fitter.models.base import COMMON
from nmma_fitter.nmma_engine import catalogue, place
from nmma_fitter.prior_files import prior_path

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict


@dataclass(frozen=True)
class ParameterCard:
    """A parameter and what its prior allows.

    Attributes
    ----------
    name, unit, meaning : str
        As of `Parameter`.
    low, high : float or None
        Ends of its prior; None where it has no prior, or an end that is not finite.
    prior : str
        Kind of prior as bilby names it, "fixed", or "none".
    """

    name: str
    unit: str
    meaning: str
    low: float | None
    high: float | None
    prior: str


@dataclass(frozen=True)
class ModelCard:
    """A model as it is met before a fit.

    Attributes
    ----------
    name, kind, paper, needs : str
        As of `Model`.
    engines : tuple of str
        Engines that can fit it.
    nmma_name : str or None
        As of `Model`.
    available : bool
        Whether it can be evaluated here, by the first of its engines.
    missing : str
        Why not, and what to do; empty where it can.
    first_day, last_day : float
        Rest-frame days after the explosion for which it is meant.
    priors : str
        The prior file.
    parameters, shared : tuples of ParameterCard
        The model's own, and those that all models share.
    """

    name: str
    kind: str
    paper: str
    engines: tuple[str, ...]
    nmma_name: str | None
    needs: str
    available: bool
    missing: str
    first_day: float
    last_day: float
    priors: str
    parameters: tuple[ParameterCard, ...]
    shared: tuple[ParameterCard, ...]


def card(name: str, fits: FitsTable) -> ModelCard:
    """What there is to say of a model, with the settings and priors of a configuration.

    Raises
    ------
    BadInput
        The model is not known, or its prior file cannot be read.
    """
    if name not in models.MODELS and name in catalogue.KINDS:
        return card_of_nmmas(name, fits)
    model = models.get(name)
    settings = fit_settings(fits, name)
    path = prior_path(fits, name, settings)
    priors = load_priors(path)
    return ModelCard(
        name=name,
        kind=model.kind,
        paper=model.paper,
        engines=engines(model),
        nmma_name=model.nmma_name,
        needs=model.needs,
        **_presence(name, settings.model_options),
        first_day=model.valid_days[0],
        last_day=model.valid_days[1],
        priors=str(path),
        parameters=tuple(_parameter(one, priors) for one in model.parameters),
        shared=tuple(_parameter(one, priors) for one in COMMON if one.name in priors),
    )


def card_of_nmmas(name: str, fits: FitsTable) -> ModelCard:
    """What there is to say of a model that NMMA alone has; it may have no prior file here."""
    about = catalogue.described(name)
    try:
        path = prior_path(fits, name, fit_settings(fits, name))
        priors, where = load_priors(path), str(path)
    except BadInput:
        priors, where = {}, f"none here: write {name}.prior"
    own = [one for one in about.parameters if one.name in priors]
    return ModelCard(
        name=name,
        kind=about.kind,
        paper=about.paper,
        engines=("nmma",),
        nmma_name=name,
        needs="NMMA's surrogate" if name in catalogue.SURROGATES else "",
        **_presence_at_nmma(name, fits),
        first_day=about.valid_days[0],
        last_day=about.valid_days[1],
        priors=where,
        parameters=tuple(_parameter(one, priors) for one in own),
        shared=tuple(_parameter(one, priors) for one in COMMON if one.name in priors),
    )


def _presence_at_nmma(name: str, fits: FitsTable) -> dict[str, Any]:
    try:
        place.packages(place.interpreter(fits.nmma.environment))
        if name in catalogue.SURROGATES:
            place.surrogate(place.models_folder(fits.nmma.surrogates), name, ())
    except Unavailable as error:
        return {"available": False, "missing": str(error)}
    return {"available": True, "missing": ""}


def cards(names: Sequence[str], fits: FitsTable) -> list[ModelCard]:
    """The cards of several models; of all when none is named. Raises `BadInput` as `card` does."""
    known = [*models.names(), *(name for name in catalogue.KINDS if name not in models.MODELS)]
    return [card(name, fits) for name in names or known if name not in fits.refused_models]


def engines(model: Model) -> tuple[str, ...]:
    """Engines that can fit a model: this package's own, and NMMA where it has the model."""
    return ("fast",) if model.nmma_name is None else ("fast", "nmma")


def _presence(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    try:
        available_model(name, dict(options))
    except Unavailable as error:
        return {"available": False, "missing": str(error)}
    return {"available": True, "missing": ""}


def _parameter(parameter: Parameter, priors: PriorDict | dict[str, Any]) -> ParameterCard:
    low, high, kind = None, None, "none"
    if parameter.name in priors:
        prior = priors[parameter.name]
        kind = "fixed" if prior.is_fixed else type(prior).__name__
        low, high = (float(prior.minimum), float(prior.maximum))
    return ParameterCard(
        parameter.name, parameter.unit, parameter.meaning, _finite(low), _finite(high), kind
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
