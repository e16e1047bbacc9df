"""From a unit to its job script: one template for every task and batch system."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nmma_fitter.engine.files import write_atomic
from nmma_fitter.engine.unit import Unit
from nmma_fitter.errors import ConfigError

if TYPE_CHECKING:
    import jinja2

PUBLISH = (sys.executable, "-P", "-m", "nmma_fitter.engine.publish")
FOLDERS = {"{work}": '"$work"', "{attempt}": '"$attempt"'}
OWN = 0o700  # a script holds the values of [scheduler] environment, which may be secrets
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def render(
    unit: Unit,
    number: int,
    *,
    templates: Path,
    scheduler: str,
    environment: Mapping[str, str],
    resume_from: Path | None = None,
) -> str:
    """The job script of one attempt, as text.

    Parameters
    ----------
    unit : Unit
    number : int
        The attempt's number.
    templates : Path
        Folder of ``job.sh.j2`` and its partials.
    scheduler : str
        Whose partial gives the directives and the job's id.
    environment : mapping
        Variables the run needs, set in the script.
    resume_from : Path, optional
        Folder of a run known to be dead, whose checkpoint is copied.

    Raises
    ------
    ConfigError
        A variable's name is none, or a value holds a NUL.
    """
    _check(environment)
    template = _loader(templates).get_template("job.sh.j2")
    return template.render(
        label=f"{unit.campaign} {unit.night} {unit.object} {unit.task}",
        work=unit.folder,
        digest=unit.digest,
        generation=unit.generation,
        number=number,
        command=unit.command,
        publish=PUBLISH,
        environment=environment,
        scheduler=scheduler,
        resume_from=resume_from,
    )


@lru_cache(maxsize=4)
def _loader(templates: Path) -> jinja2.Environment:
    """The templates of a folder, compiled once for all scripts; it sees when a file changes."""
    import jinja2

    loader = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    loader.filters.update(q=_quote, q_or_folder=_quote_or_folder, comment=_comment)
    return loader


def write_script(unit: Unit, number: int, text: str) -> Path:
    """Put an attempt's script in the work folder, under a name no other attempt has."""
    path = unit.folder / f"job-{number}.sh"
    write_atomic(path, text, OWN)
    return path


@dataclass(frozen=True)
class Turn:
    """One attempt's turn in a job that several share."""

    unit: Unit
    number: int
    script: Path


def render_shared(
    turns: Sequence[Turn], *, templates: Path, scheduler: str, environment: Mapping[str, str]
) -> str:
    """The script of a job that runs several attempts' scripts, as text; see `render`."""
    _check(environment)
    template = _loader(templates).get_template("shared.sh.j2")
    unit = turns[0].unit
    return template.render(
        label=f"{unit.campaign} {unit.night} {unit.object}",
        turns=turns,
        server=unit.server,
        environment=environment,
        scheduler=scheduler,
    )


def write_shared(
    turns: Sequence[Turn], templates: Path, scheduler: str, environment: Mapping[str, str]
) -> Path:
    """Put a shared job's script in the work folder of its first unit; returns its path."""
    text = render_shared(turns, templates=templates, scheduler=scheduler, environment=environment)
    path = turns[0].unit.folder / f"shared-{turns[0].number}.sh"
    write_atomic(path, text, OWN)
    return path


def _check(environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if not VARIABLE.fullmatch(name) or "\0" in value:
            raise ConfigError(f"environment variable {name!r}: not a valid name or value")


def _quote(value: object) -> str:
    return shlex.quote(str(value))


def _quote_or_folder(value: str) -> str:
    return FOLDERS.get(value) or shlex.quote(value)


def _comment(value: str) -> str:
    """Text for a comment line: printable, on one line."""
    return "".join(c if c.isprintable() else "?" for c in value)[:200]
