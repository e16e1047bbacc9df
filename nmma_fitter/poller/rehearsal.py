"""A dry run: a tick on a copy in a temporary folder, whose submits are only asked about.

Registering, rendering and batching are the real ones; installation and night stay as they are.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from nmma_fitter.config import Config, PathsTable
from nmma_fitter.engine.batch import read_batches
from nmma_fitter.engine.files import Json
from nmma_fitter.engine.ledger import Ledger, NeedRow, UnitRow
from nmma_fitter.engine.ledger_copy import copy_ledger
from nmma_fitter.engine.marker import adopt
from nmma_fitter.engine.outbox import parcel_of
from nmma_fitter.engine.track import Tracked, no_answer
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Wanted
from nmma_fitter.errors import SchedulerError, SchedulerFull
from nmma_fitter.make_jobs import Order, Poller, make_scheduler
from nmma_fitter.schedulers.base import Answer, BatchRequest, Resources, Scheduler


@dataclass
class Plan:
    """What a tick would do.

    Attributes
    ----------
    night : str
    rows : list of (str, str, str)
        Object, task, and what would be done about them and why.
    batches : list of str
        One line for each submit, with what the batch system says of it.
    posts : list of dict
        What Slack would be told at the tick's end, about objects of which fits would be started.
    starts, refused : int
        Units that would be submitted; and those that the batch system did not say yes to, or that
        wait for its answer. What it says of none is no failure, of a plan as of a tick.
    notes : list of str
        What the tick would say of its submits.
    """

    night: str
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    posts: list[Json] = field(default_factory=list)
    starts: int = 0
    refused: int = 0
    notes: list[str] = field(default_factory=list)


class Rehearsing:
    """A scheduler that asks the real one what it would do, and submits nothing.

    A limit on how many jobs there may be holds for all of a tick's batches together, so that each
    is asked about with those before it.
    """

    def __init__(
        self, real: Scheduler, plan: Plan, labels: Mapping[Path, str], state: Path
    ) -> None:
        self._real = real
        self._state = state
        self._plan = plan
        self._labels = labels
        self._taken: list[BatchRequest] = []
        self.name = real.name

    @property
    def largest_batch(self) -> int | None:
        """As the real one's."""
        return self._real.largest_batch

    def submit(self, batch: BatchRequest) -> Sequence[str]:
        """Rehearse, and note what the batch system said."""
        # Jobs may be shared: their units are in the file that was written before this call.
        known = next(one for one in read_batches(self._state) if one.token == batch.token)
        labels = [self._labels.get(Path(job.folder), job.folder) for job in known.jobs]
        more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
        line = f"batch of {len(labels)} ({', '.join(labels[:3])}{more})"
        try:
            said = self._real.rehearse(batch)
            self._ask_together(batch)
        except SchedulerFull:
            raise  # it is asked about again in smaller batches, as it would be submitted
        except SchedulerError as error:
            what = "not answered" if error.transient else "would be refused"
            self._plan.batches.append(f"{line}: {what}: {error}")
            self._plan.refused += len(labels)
            raise
        self._plan.batches.append(f"{line}: {said}")
        self._plan.starts += len(labels)
        self._taken.append(batch)
        return [f"rehearsed-{index}" for index in range(len(batch.scripts))]

    def _ask_together(self, batch: BatchRequest) -> None:
        """Raise `SchedulerFull` when a batch does not fit beside those that were taken."""
        every = [*self._taken, batch]
        scripts = tuple(script for one in every for script in one.scripts)
        if not self._taken or len(scripts) > (self.largest_batch or len(scripts)):
            return
        folders = tuple(folder for one in every for folder in one.folders)
        try:
            self._real.rehearse(replace(batch, scripts=scripts, folders=folders))
        except SchedulerFull:
            raise
        except SchedulerError:
            return  # of something else, that does not meet the batch alone

    def fitted(self, asked: Resources) -> tuple[Resources, str]:
        """As the real one."""
        return self._real.fitted(asked)

    def rehearse(self, batch: BatchRequest) -> str:
        """As the real one."""
        return self._real.rehearse(batch)

    def poll(self, job_ids: Sequence[str], tokens: Sequence[str] = ()) -> Answer:
        """Nothing is polled in a rehearsal."""
        return Answer({}, None)

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Nothing is cancelled in a rehearsal."""


def rehearse(config: Config, order: Order) -> Plan:
    """Say what a tick would do about each candidate and model, changing nothing.

    Raises
    ------
    BadInput
        As the tick would.
    LockHeld
        A tick has been writing the ledger for a minute.
    """
    with tempfile.TemporaryDirectory(prefix="nmma-dry-run-") as folder:
        root = Path(folder).resolve()
        places = {"outdir": root / "outdir", "state": root / "state"}
        paths = PathsTable(candidates=config.paths.candidates, **places)
        for path in (paths.outdir, paths.state):
            path.mkdir()
        copied = config.model_copy(update={"paths": paths})
        moved = Moved(config.paths.outdir, root)
        adopt(paths.state, paths.outdir)
        _copy_ledger(config.paths.state / "ledger.sqlite", paths.state / "ledger.sqlite", moved)
        with Ledger(paths.state / "ledger.sqlite") as ledger:
            return _rehearse(Poller(copied, order), ledger, moved)


def _rehearse(poller: Poller, ledger: Ledger, moved: Moved) -> Plan:
    plan = Plan(poller.choice.name)
    wanted = poller.choice.wanted(poller.campaign)
    _copy_units(ledger, wanted, moved)
    before = {want.unit.digest: ledger.unit(want.unit.digest) for want in wanted if want.unit}
    history = _history(ledger, plan.night)
    poller.register(ledger, wanted)
    for want in wanted:
        known = before[want.unit.digest] if want.unit else None
        earlier = history.get((want.object, want.task))
        plan.rows.append((want.object, want.task, _outlook(ledger, want, known, earlier)))
    waiting = ledger.units(State.PENDING)
    labels = {row.unit.folder: f"{row.unit.object} {row.unit.task}" for row in waiting}
    real = make_scheduler(poller.config)
    scheduler = Rehearsing(real, plan, labels, poller.config.paths.state)
    ledger.forget_said()  # what is said once, a plan says each time
    answer = real.poll([])
    if answer.found is None:  # as in a tick
        plan.notes.append(no_answer(answer.problem))
        plan.refused = len(waiting)
    else:
        tracked = Tracked(submittable=waiting, queued=answer.queued)
        plan.notes += poller.submit(ledger, scheduler, tracked)
    plan.posts += _posts(poller.config, ledger, plan.night)
    return plan


def _posts(config: Config, ledger: Ledger, night: str) -> Iterator[Json]:
    """The blocks of each object's message, where a fit of it would be started."""
    if not config.slack.channels:
        return
    from nmma_fitter.delivery.slack.preview import preview

    needs = [need for need in ledger.needs(night) if not need.state.ended]
    for name in dict.fromkeys(need.object for need in needs):
        yield preview(parcel_of(ledger, night, name), config.slack)


class Moved:
    """Where the copy has what the installation has elsewhere."""

    def __init__(self, outdir: Path, root: Path) -> None:
        self._outdir = outdir
        self._root = root

    def there(self, folder: Path) -> Path:
        """Place in the copy of a folder of the installation."""
        if folder.is_relative_to(self._outdir):
            return self._root / "outdir" / folder.relative_to(self._outdir)
        return self._root / "elsewhere" / folder.relative_to("/")

    def back(self, folder: Path) -> Path:
        """The folder of the installation that a place in the copy stands for."""
        if folder.is_relative_to(self._root / "outdir"):
            return self._outdir / folder.relative_to(self._root / "outdir")
        return Path("/") / folder.relative_to(self._root / "elsewhere")


def _copy_ledger(source: Path, target: Path, moved: Moved) -> None:
    """Copy a ledger as of one moment; the folders it names are moved."""
    if not source.exists():
        return
    copy_ledger(source, target)
    with closing(sqlite3.connect(target)) as new:
        new.create_function("moved", 1, lambda folder: str(moved.there(Path(folder))))
        for table in ("units", "attempts", "nights"):
            new.execute(f"UPDATE {table} SET folder = moved(folder)")
        new.commit()


def _copy_units(ledger: Ledger, wanted: Sequence[Wanted], moved: Moved) -> None:
    """Let the copy's work folders say whose they are, as the real ones do."""
    for want in wanted:
        known = ledger.unit(want.unit.digest) if want.unit else None
        units = [want.unit, known.unit if known else None]
        for folder in {unit.folder for unit in units if unit}:
            real = moved.back(folder) / "unit.json"
            if real.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(real, folder / "unit.json")


def _history(ledger: Ledger, night: str) -> dict[tuple[str, str], NeedRow]:
    """The last fit of each object and task, of this night or one before."""
    found: dict[tuple[str, str], NeedRow] = {}
    for name, _, _ in ledger.nights():
        if name <= night:
            found |= {(n.object, n.task): n for n in ledger.needs(name) if n.digest}
    return found


def _outlook(ledger: Ledger, want: Wanted, known: UnitRow | None, earlier: NeedRow | None) -> str:
    if want.unit is None:
        return f"{want.state}: {want.reason}: {want.detail}"
    now = ledger.unit(want.unit.digest)
    if now is not None and now.state is State.SKIPPED and (known is None or not known.state.ended):
        return f"skipped: {now.reason}: {now.detail}"
    if known is None:
        return _new(want, earlier)
    if now is not None and now.unit.generation > known.unit.generation:
        return f"would fit again: forced; {known.state} in night {known.unit.night}"
    return _unchanged(known)


def _new(want: Wanted, earlier: NeedRow | None) -> str:
    if earlier is None or want.unit is None or earlier.digest == want.unit.digest:
        return "would fit: new"
    if earlier.state.ended:
        return f"would fit: photometry or settings changed since night {earlier.unit_night}"
    return (
        "would fit: photometry or settings changed, superseding what is "
        f"{earlier.state} since night {earlier.unit_night}"
    )


def _unchanged(known: UnitRow) -> str:
    since = f"since night {known.unit.night}"
    if known.state is State.DONE:
        return f"unchanged {since}: done"
    if known.reason == "superseded":
        return f"would fit: the light curve is again what it was in night {known.unit.night}"
    if known.state.ended:
        night, name = known.unit.night, known.unit.object
        return (
            f"not tried again: {known.state} in night {night} ({known.reason}: {known.detail}); "
            f"to try: nmma-fitter retry {night} --object {name} --model {known.unit.task}"
        )
    if known.state is State.PENDING:
        return f"would fit: waiting {since}"
    return f"goes on: {known.state} {since}"
