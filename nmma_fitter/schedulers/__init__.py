"""Batch systems behind one small protocol; see `base.Scheduler` for the contract."""

from __future__ import annotations

import inspect
from importlib import import_module

from nmma_fitter.errors import ConfigError
from nmma_fitter.nearest import did_you_mean
from nmma_fitter.schedulers.base import Scheduler

# Imported only when asked for: a machine need not have the libraries of the others.
_CLASSES = {
    "local": ("nmma_fitter.schedulers.local", "LocalScheduler"),
    "htcondor": ("nmma_fitter.schedulers.htcondor", "HTCondorScheduler"),
    "slurm": ("nmma_fitter.schedulers.slurm", "SlurmScheduler"),
}


def names() -> tuple[str, ...]:
    """Names that `get` knows."""
    return tuple(_CLASSES)


def unknown(name: str) -> str:
    """What is wrong with the name of a scheduler; empty where there is one of that name."""
    if name in _CLASSES:
        return ""
    close = did_you_mean(name, names())
    return f"no scheduler is called {name!r}{close}; there are: {', '.join(names())}"


def get(name: str, **settings: object) -> Scheduler:
    """Make the scheduler of this name.

    Parameters
    ----------
    name : str
        One of `names`.
    **settings
        Arguments of that scheduler's class.

    Raises
    ------
    ConfigError
        No such scheduler, or a setting it does not have or lacks; the message lists the valid ones.
    """
    if wrong := unknown(name):
        raise ConfigError(wrong)
    module, attribute = _CLASSES[name]
    scheduler_class = getattr(import_module(module), attribute)
    signature = inspect.signature(scheduler_class)
    try:
        signature.bind(**settings)
    except TypeError as error:
        valid = ", ".join(signature.parameters)
        raise ConfigError(f"scheduler {name!r}: {error}; its settings are: {valid}") from error
    scheduler: Scheduler = scheduler_class(**settings)
    return scheduler
