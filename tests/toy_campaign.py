"""A campaign without astronomy, for tests of the whole loop: its jobs are `toy_job.py`.

A candidate file is JSON (``write_candidate`` makes one): settings of `toy_job.py`, and under
``resources`` what the unit asks for, under ``tasks`` what is different for a task. One unit per
file and task; two files with the same name and content are the same unit. Every run appends a line
to the file of starts, which lies outside the installation, so that doubles are counted by something
the engine does not know of.
"""

import json
import sys
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.files import canonical_digest, folder_name, write_json
from nmma_fitter.engine.folders import make_below
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.unit import State, Unit
from nmma_fitter.engine.want import Wanted
from nmma_fitter.schedulers.base import Resources

JOB = Path(__file__).with_name("toy_job.py")
OUTPUT = "out.json"


@dataclass(frozen=True)
class Start:
    """One line of the file of starts: a run that began."""

    digest: str
    generation: int
    attempt: int
    job_id: str
    restart: int
    host: str
    pid: int
    time: float

    @property
    def attempt_key(self) -> tuple[str, int, int]:
        """What only one job may ever run for."""
        return self.digest, self.generation, self.attempt


class ToyCampaign:
    """Units that sleep and count.

    Parameters
    ----------
    outdir : Path
        Of the installation.
    starts : Path
        File of starts, outside of the installation.
    tasks : sequence of str
        What stands for models.
    resources : Resources
        What a unit asks for where its candidate file says nothing.
    group : str
        Of every unit; with one, those of an object share a job.
    """

    name = "toy"

    def __init__(
        self,
        outdir: Path,
        starts: Path,
        tasks: Sequence[str] = ("toy",),
        resources: Resources | None = None,
        group: str = "",
    ) -> None:
        self.outdir = outdir
        self.starts = starts
        self.tasks = tuple(tasks)
        self.group = group
        self.resources = resources or Resources(cores=1, memory_mb=100, seconds=600)

    def wanted(
        self, night: str, files: Iterable[Path], known: Container[str] = frozenset()
    ) -> list[Wanted]:
        """One unit per file and task, in the files' order; an unreadable file fails alone."""
        return [one for path in files for one in self._of_file(night, path)]

    def available(self, task: str) -> bool:
        """A toy needs nothing."""
        return True

    def _of_file(self, night: str, path: Path) -> list[Wanted]:
        try:
            settings = json.loads(path.read_text())
        except ValueError as error:
            return [Wanted(path.stem, "*", None, State.FAILED, "bad_input", str(error))]
        name = settings.pop("object", path.stem)
        units = [self.unit(night, name, task, settings) for task in self.tasks]
        return [Wanted(name, unit.task, unit) for unit in units]

    def unit(self, night: str, name: str, task: str, settings: Mapping[str, Any]) -> Unit:
        """The unit of one object and task."""
        job = {k: v for k, v in settings.items() if k not in ("resources", "tasks")}
        job |= settings.get("tasks", {}).get(task, {})
        return Unit(
            campaign=self.name,
            night=night,
            object=name,
            task=task,
            digest=canonical_digest([name, task, job]),
            generation=0,
            folder=self.outdir / folder_name(night) / folder_name(name) / folder_name(task),
            command=(sys.executable, "-P", str(JOB), "{work}", "{attempt}"),
            outputs=(OUTPUT,),
            resources=replace(self.resources, **settings.get("resources", {})),
            inputs={"config.json": {"starts": str(self.starts), **job}},
            group=self.group,
        )

    def collect(
        self, folder: Path, name: str, endings: Sequence[Ending], history: Sequence[UnitRow]
    ) -> None:
        """Note how each unit of an object stands."""
        make_below(self.outdir, folder)
        write_json(folder / "toy.json", {one.need.task: one.need.state.value for one in endings})

    def show(self, ledger: Ledger, night: str) -> None:
        """Nothing shows a night of toys."""

    def show_all(self, ledger: Ledger) -> None:
        """Nor all nights."""


def write_candidate(night_dir: Path, name: str, **settings: Any) -> Path:
    """Put a candidate file into a night's folder; hostile names are kept inside the file."""
    night_dir.mkdir(parents=True, exist_ok=True)
    path = night_dir / f"{folder_name(name)}.csv"
    path.write_text(json.dumps({"object": name, **settings}))
    return path


def read_starts(path: Path) -> list[Start]:
    """Every run that began, in order."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [_start(line) for line in lines]


def _start(line: str) -> Start:
    digest, generation, attempt, job_id, restart, host, pid, when = line.split()
    numbers = int(generation), int(attempt)
    return Start(digest, *numbers, job_id, int(restart), host, int(pid), float(when))


def doubles(starts: Iterable[Start]) -> list[tuple[str, int, int]]:
    """Attempts for which more than one job ran; restarts by the batch system do not count."""
    jobs = {(start.attempt_key, start.job_id) for start in starts}
    return [key for key, count in Counter(key for key, _ in jobs).items() if count > 1]
