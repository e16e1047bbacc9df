"""What a run leaves in its folder: started, heartbeat, outcome, exit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.engine.files import Json, read_json

ATTEMPT_NAME = re.compile(r"(?P<number>\d+)-(?P<job>[A-Za-z0-9._+-]+)-(?P<restart>\d+)")


@dataclass(frozen=True)
class RunRecord:
    """One run of an attempt, as its folder tells.

    Attributes
    ----------
    folder : Path
    number : int
        The attempt's number.
    job_id : str
    restart : int
        How often the batch system had restarted the job.
    started, heartbeat, outcome, exit : dict
        Contents of the files of these names, empty when not there.
    """

    folder: Path
    number: int
    job_id: str
    restart: int
    started: Json
    heartbeat: Json
    outcome: Json
    exit: Json

    @property
    def exit_code(self) -> int | None:
        """Exit status of the run, None while it has left none."""
        code = self.exit.get("code")
        return code if isinstance(code, int) else None

    @property
    def evaluations(self) -> int:
        """How far the run got, by its own heartbeat."""
        count = self.heartbeat.get("evaluations", 0)
        return count if isinstance(count, int) else 0


def read_run(folder: Path) -> RunRecord | None:
    """The record of one run, None for a folder that is none."""
    match = ATTEMPT_NAME.fullmatch(folder.name)
    if match is None:
        return None
    return RunRecord(
        folder=folder,
        number=int(match["number"]),
        job_id=match["job"],
        restart=int(match["restart"]),
        **{
            name: read_json(folder / file) or {}
            for name, file in (
                ("started", "started"),
                ("heartbeat", "heartbeat"),
                ("outcome", "outcome.json"),
                ("exit", "exit"),
            )
        },
    )


def runs_of(attempts: Path, number: int | None = None) -> list[RunRecord]:
    """All runs in a unit's attempts folder (of one attempt number), oldest first."""
    if not attempts.is_dir():
        return []
    runs = [run for entry in attempts.iterdir() if (run := read_run(entry)) is not None]
    wanted = [run for run in runs if number is None or run.number == number]
    return sorted(wanted, key=lambda run: (run.number, run.restart, run.folder.name))
