"""What is asked of fits, checked before anything is read.

A slip of the hand is answered at once: nothing here imports numpy, nor what imports it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from nmma_fitter import models
from nmma_fitter.config import fit_settings
from nmma_fitter.engine.files import Json
from nmma_fitter.errors import BadInput, ConfigError
from nmma_fitter.fit_settings import FitSettings, FitsTable
from nmma_fitter.nearest import did_you_mean
from nmma_fitter.nmma_engine import catalogue
from nmma_fitter.validation import contradiction, problem_of

HAS_JET = "TrPi2018"  # the one model with an option of its own on the command line


def settings_of(
    fits: FitsTable, wanted: Sequence[str], over: Json, jet: str | None = None
) -> dict[str, FitSettings]:
    """Settings of each model's fit: the configuration's, and those asked for over them.

    Parameters
    ----------
    fits : FitsTable
    wanted : sequence of str
        Models.
    over : dict
        Settings for every model.
    jet : str, optional
        Jet of the afterglow; the other models have none.

    Raises
    ------
    BadInput
        A model is not known, or a setting is out of range; its option is named.
    """
    if jet is not None and HAS_JET not in wanted:
        raise BadInput(f"--jet is an option of {HAS_JET}, which is not among the models to fit")
    check_tables(fits, wanted)
    found: dict[str, FitSettings] = {}
    for model in wanted:
        found[model] = _overridden(fit_settings(fits, model), over, model, jet)
        check_name(model, found[model])
    return found


def check_name(model: str, settings: FitSettings) -> None:
    """Raise `BadInput` where the engine cannot know a model of that name."""
    if settings.engine == "nmma":
        catalogue.components(model)
    else:
        models.check_name(model)


def check_tables(fits: FitsTable, wanted: Sequence[str]) -> None:
    """Refuse ``[fits.model.NAME]`` of a name that is no model: nothing would read it.

    NMMA has more models than are listed here: one that is to be fitted is taken for one of them.
    """
    known = {*models.names(), *catalogue.KINDS, *fits.models, *wanted}
    for name in fits.model:
        if name not in known and not catalogue.is_supernova(name):
            raise ConfigError(
                f"[fits.model.{name}] is the table of no model{did_you_mean(name, known)}; "
                f"known models: {', '.join(models.names())}"
            )


def _overridden(settings: FitSettings, over: Json, model: str, jet: str | None) -> FitSettings:
    table = {**settings.model_dump(), **over}
    if jet is not None and model == HAS_JET:
        table["model_options"] = {**settings.model_options, "jet": jet}
    try:
        found = FitSettings.model_validate(table)
    except ValidationError as error:
        raise BadInput(f"{_name_of(error, over)}{problem_of(error)}") from None
    if wrong := contradiction(found):
        raise BadInput(f"{_options(over, 'redshift', 'distance')}{wrong}")
    return found


def _name_of(error: ValidationError, over: Json) -> str:
    """The option or setting at fault, before what is wrong with it."""
    where = [str(part) for part in error.errors()[0]["loc"]]
    if not where:  # of several settings together
        return _options(over, "tmin", "tmax", "trigger")
    return _options(over, where[0]) or f"setting {'.'.join(where)}: "


def _options(over: Json, *settings: str) -> str:
    """Those options of ``nmma-fit`` that gave one of these settings."""
    special = {"trigger": "--trigger-time", "sys_error_bands": "--sys-error"}
    special |= {"bands": "--letters-of", "only_bands": "--bands", "without_bands": "--not-bands"}
    given = [special.get(one, "--" + one.replace("_", "-")) for one in settings if one in over]
    return ", ".join(given) + ": " if given else ""
