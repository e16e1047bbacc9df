"""The configuration file, typed; an unknown key is an error.

A configuration is TOML, read over the documented defaults in ``config/default.toml``. A preset is
a TOML file of the same shape for the ``[fits]`` table alone, named on the command line or as
``fits.preset``, and lies between the defaults and the configuration.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError

from nmma_fitter import models, schedulers
from nmma_fitter.candidates.sources.settings import SourceSettings
from nmma_fitter.delivery.settings import EmailSettings, WebhookSettings
from nmma_fitter.delivery.slack.settings import SlackSettings
from nmma_fitter.errors import BadInput, ConfigError
from nmma_fitter.fit_settings import FitSettings, FitsTable, ModelTable, NmmaTable, Settings, Table
from nmma_fitter.nearest import did_you_mean
from nmma_fitter.nmma_engine import catalogue
from nmma_fitter.plain import without_tokens
from nmma_fitter.schedulers.htcondor_settings import HTCondorSettings
from nmma_fitter.schedulers.slurm_settings import SlurmSettings
from nmma_fitter.shipped import shipped
from nmma_fitter.transfer.settings import DestinationSettings, Name
from nmma_fitter.validation import contradiction, problem_of

T = TypeVar("T", bound="Settings")
M = TypeVar("M", bound=BaseModel)


class PathsTable(Settings):
    """``[paths]``: relative ones start at the configuration file's folder."""

    candidates: Path = Path("candidates")
    outdir: Path = Path("outdir")
    state: Path = Path("state")


class SchedulerTable(Settings):
    """``[scheduler]``: where jobs run."""

    name: str = "local"
    slots: Annotated[int, Field(ge=1)] | None = None  # local: None means one per core
    environment: dict[str, str] = Field(default_factory=dict)
    options: dict[str, str] = Field(default_factory=dict)
    slurm: SlurmSettings = SlurmSettings()
    htcondor: HTCondorSettings = HTCondorSettings()


class TickTable(Settings):
    """``[tick]``: how the poller goes about it, in seconds."""

    interval: Annotated[float, Field(gt=0)] = 10.0
    unattended_interval: Annotated[float, Field(gt=0)] = 60.0
    period: Annotated[float, Field(gt=0)] = 1800.0
    leave_before: Annotated[float, Field(ge=0)] = 120.0
    timeout: Annotated[float, Field(gt=0)] = 43200.0
    budget: Annotated[float, Field(gt=0)] = 600.0
    publish_budget: Annotated[float, Field(gt=0)] = 120.0
    deliver_budget: Annotated[float, Field(gt=0)] = 120.0
    grace: Annotated[float, Field(ge=0)] = 180.0
    submit_grace: Annotated[float, Field(ge=0)] = 300.0
    max_attempts: Annotated[int, Field(ge=1)] = 12
    max_hours: Annotated[float, Field(gt=0)] = 48.0
    submit_per_tick: Annotated[int, Field(ge=1)] = 2000
    submit_pause: Annotated[float, Field(ge=0)] = 0.0
    max_queued: Annotated[int, Field(ge=1)] = 5000
    stop_model_after: Annotated[int, Field(ge=1)] = 10

    @property
    def longest(self) -> float:
        """Seconds after which a tick that is not over hangs."""
        return self.budget + self.publish_budget + self.deliver_budget


class Config(Settings):
    """A whole configuration, paths absolute."""

    paths: PathsTable
    scheduler: SchedulerTable
    tick: TickTable
    sources: dict[Name, SourceSettings] = Field(default_factory=dict)
    destinations: dict[Name, DestinationSettings] = Field(default_factory=dict)
    slack: SlackSettings = SlackSettings()
    email: EmailSettings = EmailSettings()
    webhook: WebhookSettings = WebhookSettings()
    fits: FitsTable

    def fit_settings(self, model: str) -> FitSettings:
        """Settings of one model's fits: those of ``[fits]`` with the model's own over them."""
        return fit_settings(self.fits, model)


def fit_settings(fits: FitsTable, model: str, where: str = "settings") -> FitSettings:
    """Settings of one model's fits: those of ``[fits.settings]``, the model's own over them.

    Raises
    ------
    BadInput
        One is unknown or out of range, two contradict each other, or the preset has none.
    """
    if model in fits.refused_models:
        raise BadInput(
            f"preset {fits.preset!r} has no settings for {model}; leave the preset out, or choose "
            f"among the others"
        )
    own = fits.model.get(model, ModelTable()).settings
    table = f"[fits.model.{model}.settings]" if _is_valid(fits.settings) else "[fits.settings]"
    found = _validated(FitSettings, merged(fits.settings, own), f"{where}, {table}")
    if wrong := contradiction(found):
        raise ConfigError(f"{where}, {table}: {wrong}")
    return found


def _is_valid(settings: Table) -> bool:
    try:
        FitSettings.model_validate(settings)
    except ValidationError:
        return False
    return True


def load_config(path: Path | None = None, *, preset: str | None = None) -> Config:
    """Read a configuration over the shipped defaults.

    Parameters
    ----------
    path : Path, optional
        TOML file; without one the defaults hold, and paths start at the current folder.
    preset : str, optional
        Name of a preset; replaces ``fits.preset`` of the file.

    Raises
    ------
    ConfigError
        Unreadable, not TOML, an unknown key, or a value out of range: file, key and remedy.
    """
    table = _read(shipped("config", "default.toml"))
    own = _read(path) if path else {}
    fits = own.get("fits", {})
    name = preset or (fits.get("preset") if isinstance(fits, dict) else None)
    if isinstance(name, str):  # what is no text is refused with the other settings
        table = merged(table, _preset(name, "--preset" if preset else str(path)))
        own = merged(own, {"fits": {"preset": name}})
    where = str(path or "default configuration")
    config = _validated(Config, merged(table, own), where)
    if wrong := schedulers.unknown(config.scheduler.name):
        raise ConfigError(f"{where}: scheduler.name: {wrong}")
    for model in dict.fromkeys([*config.fits.models, *config.fits.model]):
        if model not in config.fits.refused_models:
            engine = fit_settings(config.fits, model, where).engine
            if engine == "fast" and model in config.fits.models:
                _check_model(model, where)
    base = (path.parent if path else Path()).resolve()
    rebased = config.model_copy(
        update={
            "paths": _rebased(config.paths, base),
            "fits": config.fits.model_copy(
                update={
                    "priors": _priors_from(own, config.fits.priors, base),
                    "nmma": _nmma_from(config.fits.nmma, base),
                    "plots": _rebased(config.fits.plots, base),
                }
            ),
            "sources": {name: _rebased(one, base) for name, one in config.sources.items()},
            "destinations": {n: _rebased(one, base) for n, one in config.destinations.items()},
        }
    )
    check_paths(rebased.paths, where)
    return rebased


def _check_model(model: str, where: str) -> None:
    """Refuse a misspelt model, which neither we nor NMMA have."""
    if model not in models.MODELS and not catalogue.is_nmmas(model):
        raise ConfigError(f"{where}: fits.models: {models.unknown_model(model)}")


def check_paths(paths: PathsTable, where: str) -> None:
    """Refuse one folder for two purposes; raises `ConfigError`."""
    seen: dict[Path, str] = {}
    for name, path in paths:
        folder = path.resolve()
        if folder in seen:
            raise ConfigError(
                f"{where}: paths.{name} and paths.{seen[folder]} are both {path}; "
                "candidates, outdir and state need a folder each"
            )
        seen[folder] = name


def _priors_from(own: Table, folder: str, base: Path) -> str:
    """Folder of priors: a file's own starts at that file, what it leaves out is a shipped one.

    A name without a folder beside the file may be that of a shipped one too, such as "priors".
    """
    beside = base / Path(folder).expanduser()
    its_own = "priors" in own.get("fits", {})
    a_shipped_one = (shipped("config") / folder).is_dir()
    return folder if a_shipped_one and not (its_own and beside.is_dir()) else str(beside)


def _nmma_from(table: NmmaTable, base: Path) -> NmmaTable:
    """Where NMMA is, as a job in another folder needs it; an empty path stays empty."""
    paths = {key: str(base / Path(value).expanduser()) for key, value in table if value}
    return table.model_copy(update=paths)


def _rebased(table: M, base: Path) -> M:
    """A table whose relative paths start at the configuration's folder."""
    paths = {k: base / v.expanduser() for k, v in table if isinstance(v, Path)}
    return table.model_copy(update=paths)


def merged(base: Table, over: Table) -> Table:
    """One table over another, key by key; a table is replaced only where both are not tables."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[key] = merged(below, value) if both and isinstance(below, dict) else value
    return result


def presets() -> list[str]:
    """Names of the presets that ship with the project."""
    return sorted(p.stem for p in shipped("config", "presets").glob("*.toml"))


def _preset(name: str, where: str) -> Table:
    if name not in presets():
        close = did_you_mean(name, presets())
        raise ConfigError(
            f"{where}: preset {name!r} is unknown{close}; there are: {', '.join(presets())}"
        )
    return _read(shipped("config", "presets", f"{name}.toml"))


def _read(path: Path) -> Table:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give an existing file") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    for key in _not_finite(table, ()):
        raise ConfigError(f"{path}: {key}: must be a number that is not nan or infinite")
    return table


def _not_finite(value: Any, key: tuple[str, ...]) -> Iterator[str]:
    """Keys of numbers that are nan or infinite: no setting of any table may be."""
    if isinstance(value, float) and not math.isfinite(value):
        yield ".".join(key)
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for name, one in inside:
        yield from _not_finite(one, (*key, str(name)))


# How pydantic names the branches of a choice of types within a key.
_BRANCHES = ("str", "float", "bool", "constrained-float")


def _validated(kind: type[T], table: Table, where: str) -> T:
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_first_problem(kind, error)}") from None


def _first_problem(kind: type[Settings], error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(part for part in map(str, problem["loc"]) if part not in _BRANCHES)
    if problem["type"] != "extra_forbidden":
        section = f"[{key}]" if kind is Config else ""
        said = problem_of(error, show=not _may_be_secret(problem["loc"]), section=section)
        return without_tokens(f"{key}: {said}" if key else said)
    known = _keys_at(kind, problem["loc"][:-1])
    hint = did_you_mean(str(problem["loc"][-1]), known)
    return f"unknown key {key!r}{hint}; known here: {', '.join(known)}"


def _may_be_secret(location: tuple[int | str, ...]) -> bool:
    """Whether the value of a setting is better not shown: messages go to logs and posts."""
    secret = location[:1] in (("email",), ("webhook",)) or location[1:2] == ("environment",)
    return secret or "token" in str(location[-1:])


def _keys_at(kind: type[Settings], location: tuple[int | str, ...]) -> list[str]:
    """Names of the settings of a table, which is a field, an entry of tables, or one of a kind."""
    here: Any = kind
    for part in location:
        here = _inner(here, str(part))
    return list(here.model_fields) if hasattr(here, "model_fields") else []


def _inner(here: Any, part: str) -> Any:
    if hasattr(here, "model_fields"):
        return here.model_fields[part].annotation if part in here.model_fields else here
    inside = get_args(here)
    if get_origin(here) is dict:
        return inside[1]
    if get_origin(here) is Annotated:
        return _inner(inside[0], part)
    kinds = [one for one in inside if "kind" in getattr(one, "model_fields", {})]
    return next((k for k in kinds if part in get_args(k.model_fields["kind"].annotation)), here)
