"""A night as a DAG of HTCondor's: its units are the nodes, and the last node collects.

For sites where DAGMan, and no poller, runs the work. The nodes' jobs are those that the scheduler
``htcondor`` would submit, from the same scripts; DAGMan tries them again, and its rescue file runs
what had failed. The final node runs whatever became of the others: one tick that submits nothing.
"""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.config import Config
from nmma_fitter.engine.attempt import RunRecord, runs_of
from nmma_fitter.engine.campaign import Campaign
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.publish import publish_brought
from nmma_fitter.engine.rebuild import open_ledger
from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.sharing import asked
from nmma_fitter.engine.submit import SubmitSettings, in_turn, write_attempt
from nmma_fitter.engine.track import Tracked
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.witness import EXIT_REASONS
from nmma_fitter.errors import BadInput, SchedulerError
from nmma_fitter.make_jobs import Order, Poller
from nmma_fitter.schedulers.base import Answer, BatchRequest, JobState, JobStatus, Resources
from nmma_fitter.schedulers.base import Scheduler as SchedulerProtocol
from nmma_fitter.schedulers.batch_folders import prepare
from nmma_fitter.schedulers.htcondor_pool import job_environment
from nmma_fitter.schedulers.htcondor_script import WRAPPER, wrapper
from nmma_fitter.schedulers.htcondor_submit import description
from nmma_fitter.shipped import shipped

RETRIES = 2
_COLLECT = """\
#!/bin/bash
# The final node: ranks what has ended and closes the night. Its status is the DAG's.
cd -- {folder} || exit 72
{environment}
exec {command}
"""
_MAKE_JOBS = "from nmma_fitter.cli import make_jobs_main; make_jobs_main()"


@dataclass(frozen=True)
class Dag:
    """What was written.

    Attributes
    ----------
    path : Path
        The file for ``condor_submit_dag``.
    nodes : int
        Units that it runs.
    """

    path: Path
    nodes: int


def render_dag(
    config: Config,
    order: Order,
    folder: Path,
    collect: Sequence[str],
    campaign: Campaign | None = None,
) -> Dag:
    """Write the DAG of a night: of its units that have not ended and are in no job.

    Parameters
    ----------
    config : Config
    order : Order
    folder : Path
        Gets the DAG and what belongs to it.
    collect : sequence of str
        Command of the final node, as `collect_command` gives it.
    campaign : Campaign, optional
        The kind of work; by default fits.

    Raises
    ------
    BadInput
        Nothing is left to run, or the folder holds a DAG already.
    LockHeld
        Another process is in its tick.
    """
    folder = folder.resolve()
    poller = Poller(config, order, campaign=campaign)
    night = poller.choice.name
    path = folder / f"{night}.dag"
    if path.exists():
        raise BadInput(f"{path}: is there already; choose another folder, or remove this one")
    with poller.lock.held(), open_ledger(config.paths.state, config.paths.outdir) as ledger:
        poller.register(ledger, poller.choice.wanted(poller.campaign))
        rows = [r for r in in_turn(ledger.units(State.PENDING)) if r.unit.night == night]
        if not rows:
            raise BadInput(f"{night}: no unit of this night waits for a job")
        nodes = [line for group in _alike(rows) for line in _nodes(ledger, config, folder, group)]
    final = _final(folder, collect)
    path.write_text("\n".join([f"# {len(rows)} units of {night}", *nodes, *final]) + "\n")
    return Dag(path, len(rows))


def _alike(rows: Sequence[UnitRow]) -> list[list[UnitRow]]:
    """Rows of equal resources together: they share a submit description."""
    alike: dict[str, list[UnitRow]] = {}
    for row in rows:
        alike.setdefault(repr(asked(row)), []).append(row)
    return list(alike.values())


def _nodes(ledger: Ledger, config: Config, folder: Path, rows: Sequence[UnitRow]) -> Iterator[str]:
    """Write scripts and description of some units; yield their lines."""
    settings = config.scheduler.htcondor.model_copy(update={"keep_seconds": 0})
    rendering = SubmitSettings(shipped("templates"), config.scheduler.environment)
    scripts = tuple(write_attempt(ledger, row, "htcondor", rendering) for row in rows)
    folders = tuple(row.unit.folder for row in rows)
    token = f"dag-{secrets.token_hex(6)}"
    batch = BatchRequest(token, scripts, folders, asked(rows[0]))
    try:
        commands, items = description(batch, settings, folder / token)
    except ValueError as error:
        raise BadInput(f"{folder}: {error}") from error
    prepare(folder / token / WRAPPER, wrapper(batch, settings, job_environment(os.environ)))
    submit = folder / f"{token}.sub"
    submit.write_text(_description(commands))
    for row, item in zip(rows, items, strict=True):
        name = f"{token}-{item['unit']}"
        yield f"# {row.unit.object!r} {row.unit.task}"
        yield f"JOB {name} {_file(submit)}"
        yield f"VARS {name} {' '.join(_variable(key, value) for key, value in item.items())}"
        yield f"RETRY {name} {RETRIES}"


def _description(commands: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in commands.items()) + "queue\n"


def _file(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)


def _variable(name: str, value: str) -> str:
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{text}"'


def collect_command(
    order: Order, night_dir: Path, outdir: Path, config_file: Path | None
) -> list[str]:
    """The command that collects what an order wants of a night of fits."""
    options = ["--config", str(config_file.resolve())] if config_file else []
    chosen = [f"--candidate={name}" for name in order.candidates]
    chosen += [f"--models={name}" for name in order.models]
    night = ["--data-dir", str(night_dir), "--outdir", str(outdir), *chosen, "--collect-only"]
    return [sys.executable, "-P", "-c", _MAKE_JOBS, *options, *night]


def _final(folder: Path, command: Sequence[str]) -> Iterator[str]:
    """Write what collects; yield its lines."""
    exports = (f"export {k}={shlex.quote(v)}" for k, v in job_environment(os.environ).items())
    script = folder / "collect.sh"
    script.write_text(
        _COLLECT.format(
            folder=shlex.quote(str(Path.cwd())),
            environment="\n".join(exports),
            command=shlex.join(command),
        )
    )
    script.chmod(0o755)
    commands = {
        "universe": "local",
        "executable": str(script),
        "initialdir": str(folder),
        "output": str(folder / "collect.out"),
        "error": str(folder / "collect.err"),
        "log": str(folder / "collect.log"),
        "getenv": "False",
    }
    (folder / "collect.sub").write_text(_description(commands))
    yield f"FINAL collect {_file(folder / 'collect.sub')}"


class _Nobody:
    """A batch system without jobs: what runs is DAGMan's affair."""

    name = "htcondor"
    largest_batch: int | None = None

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """Nothing is submitted; see `base.Scheduler` for what a refusal means."""
        raise SchedulerError("the night is collected after its DAG; nothing is submitted meanwhile")

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        """Nothing is cut; see `base.Scheduler`."""
        return asked, ""

    def rehearse(self, batch: BatchRequest) -> str:
        """There is nothing to rehearse."""
        return "the night is collected after its DAG; nothing is submitted meanwhile"

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        """No job is known."""
        return Answer(dict.fromkeys(job_ids, JobStatus(JobState.ABSENT)), {}, 0)

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Nothing is there to cancel."""


class Collecting(Poller):
    """A poller whose ticks submit nothing: a unit without a result has failed by a named reason."""

    @property
    def scheduler(self) -> SchedulerProtocol:
        """Nobody's jobs."""
        for path in (self.config.paths.state, self.config.paths.outdir):
            path.mkdir(parents=True, exist_ok=True)
        return _Nobody()

    def track(self, ledger: Ledger, scheduler: SchedulerProtocol) -> Tracked:
        """Publish what the DAG's runs left, then as ever."""
        for row in ledger.units(State.PENDING):
            if read_sentinel(row.unit)[0] in (SentinelState.NONE, SentinelState.STALE):
                publish_brought(row.unit, runs_of(row.unit.attempts))
        return super().track(ledger, scheduler)

    def submit(self, ledger: Ledger, scheduler: SchedulerProtocol, tracked: Tracked) -> list[str]:
        """End what would be submitted: nothing runs any more."""
        for row in tracked.submittable:
            if row.unit.night == self.choice.name:
                reason, detail = _ended_for(runs_of(row.unit.attempts))
                digest = row.unit.digest
                ledger.set_state(digest, State.FAILED, reason, detail, ended=self._clock())
        return []


def _ended_for(runs: Sequence[RunRecord]) -> tuple[str, str]:
    """Why a unit without a result has none, as its last run tells."""
    if not runs:
        return "never_started", "no run of it began"
    last = runs[-1]
    if last.exit_code is None:
        return "lost", "its last run was never heard of again"
    said = last.outcome.get("reason")
    known = EXIT_REASONS.get(last.exit_code, "nonzero_exit")
    reason = said if isinstance(said, str) else known
    return reason, str(last.outcome.get("message", f"exit status {last.exit_code}"))
