"""The unit: one job of a campaign, and where its files lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from nmma_fitter.engine.files import Json, folder_name, read_json, write_json
from nmma_fitter.engine.folders import make_below
from nmma_fitter.schedulers.base import Resources


class State(StrEnum):
    """Where a unit stands."""

    PENDING = "pending"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether the unit has come to its end."""
        return self in (State.DONE, State.FAILED, State.SKIPPED)

    @property
    def live(self) -> bool:
        """Whether a job of the unit may exist."""
        return self in (State.SUBMITTING, State.SUBMITTED, State.RUNNING)


@dataclass(frozen=True)
class Unit:
    """One job of a campaign.

    Attributes
    ----------
    campaign, night, object, task : str
        What it is for people: the night that first needed it, the object, and the task done on
        it (for fits: the model).
    digest : str
        What makes two units the same, 64 hex digits.
    generation : int
        Raised by ``--force``.
    folder : Path
        Its work folder, absolute.
    command : tuple of str
        Command line of one run. ``{work}`` and ``{attempt}`` alone in an argument stand for the
        work folder and the attempt's folder.
    outputs : tuple of str
        File names a run must leave in its attempt folder.
    resources : Resources
    inputs : mapping of file name to JSON value
        Written to the work folder before the unit is submitted.
    group : str
        Units of one object and night with the same group may share a job, where they run one after
        the other; empty for a job of its own.
    server : tuple of str
        Command that a shared job starts first and ends last. It prints one line, which the units'
        commands find in the variable ``NMMA_FITTER_SERVER``; they must do without it as well.
    """

    campaign: str
    night: str
    object: str
    task: str
    digest: str
    generation: int
    folder: Path
    command: tuple[str, ...]
    outputs: tuple[str, ...]
    resources: Resources
    inputs: Mapping[str, Json] = field(default_factory=dict, compare=False)
    group: str = ""
    server: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Digest and generation in one word, as file names carry it."""
        return f"{self.digest[:32]}-g{self.generation}"

    @property
    def fin(self) -> Path:
        """The sentinel's public name."""
        return self.folder / f"{folder_name(self.task)}.fin"

    @property
    def attempts(self) -> Path:
        """Folder of the runs' own folders."""
        return self.folder / "attempts"

    def raised(self, generation: int) -> Unit:
        """The same unit, wanted anew."""
        return replace(self, generation=generation)

    def to_json(self) -> Json:
        """The content of ``unit.json``, without the inputs (they lie beside it)."""
        value: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("campaign", "night", "object", "task", "digest", "generation")
        }
        value["command"], value["outputs"] = list(self.command), list(self.outputs)
        value["resources"] = asdict(self.resources)
        if self.group:
            value["group"], value["server"] = self.group, list(self.server)
        return value

    @classmethod
    def from_json(cls, folder: Path, value: Json) -> Unit:
        """Read back `to_json`; raises KeyError, TypeError or ValueError on anything else."""
        return cls(
            campaign=str(value["campaign"]),
            night=str(value["night"]),
            object=str(value["object"]),
            task=str(value["task"]),
            digest=str(value["digest"]),
            generation=int(value["generation"]),
            folder=folder,
            command=tuple(map(str, value["command"])),
            outputs=tuple(map(str, value["outputs"])),
            resources=Resources(**value["resources"]),
            group=str(value.get("group", "")),
            server=tuple(map(str, value.get("server", ()))),
        )


def prepare_folder(unit: Unit) -> None:
    """Write the work folder: inputs first, ``unit.json`` (what is wanted now) last.

    What is there already as it must be is left alone. The results' folder, three above it, must be
    there.
    """
    if not unit.attempts.is_dir():
        make_below(unit.folder.parents[2], unit.attempts)
    (unit.folder / "sentinels").mkdir(exist_ok=True)
    for name, value in (*unit.inputs.items(), ("unit.json", unit.to_json())):
        if read_json(unit.folder / name) != value:
            write_json(unit.folder / name, value)


def read_unit(folder: Path) -> Unit | None:
    """The unit a work folder is for now, or None."""
    value = read_json(folder / "unit.json")
    try:
        return Unit.from_json(folder, value) if value else None
    except (KeyError, TypeError, ValueError):
        return None
