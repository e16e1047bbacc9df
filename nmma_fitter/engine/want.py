"""From what a campaign wants to units in the ledger and on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nmma_fitter.engine.files import synced_together
from nmma_fitter.engine.ledger import Ledger, UnitRow
from nmma_fitter.engine.stopped import stop_failing_tasks
from nmma_fitter.engine.unit import State, Unit, prepare_folder, read_unit

UNFINISHED = tuple(state for state in State if not state.ended)
NO_FOLDER = (State.FAILED, "disk_full")


@dataclass(frozen=True)
class Wanted:
    """What a night wants of an object: a unit, or why there can be none."""

    object: str
    task: str
    unit: Unit | None = None
    state: State | None = None
    reason: str | None = None
    detail: str = ""


@dataclass
class Registered:
    """What registering a night's wants changed."""

    new: int = 0
    unchanged: int = 0
    refused: int = 0
    notes: list[str] = field(default_factory=list)


def register(
    ledger: Ledger,
    night: str,
    wanted: Sequence[Wanted],
    *,
    deadline: float,
    force: bool = False,
    stop_after: int = 10,
    now: float = 0.0,
) -> Registered:
    """Make the ledger and the work folders agree with what a night wants.

    A unit with a known digest is not made again, whichever night or object it came with. One
    whose light curve has changed in the same folder replaces the former, which is superseded.

    Parameters
    ----------
    ledger : Ledger
    night : str
    wanted : sequence of Wanted
    deadline : float
        On the poller's clock, for units that are new or forced.
    force : bool
        Raise the generation of every unit that has ended.
    stop_after : int
        So many failures of one task in a row for one reason stop that task, see
        `stopped.stop_failing_tasks`.
    now : float
        The poller's clock.
    """
    registrar = _Registrar(ledger, night, deadline, force, now)
    try:
        with ledger.transaction(), synced_together():
            for want in wanted:
                registrar.note(want)
    except OSError:  # somebody's folder cannot be written: whose?
        registrar = _Registrar(ledger, night, deadline, force, now)
        for want in wanted:
            registrar.note_alone(want)
    _forget_mended(ledger, night, wanted)
    registrar.out.notes += stop_failing_tasks(ledger, night, stop_after, deadline, now)
    return registrar.out


class _Registrar:
    """Registers the wants of one night, one after the other."""

    def __init__(
        self, ledger: Ledger, night: str, deadline: float, force: bool, now: float
    ) -> None:
        self._ledger, self._night, self._now = ledger, night, now
        self._deadline, self._force = deadline, force
        self.out = Registered()

    def note(self, want: Wanted) -> None:
        """Register one want."""
        if want.unit is None:
            self._refuse(want)
        else:
            self._one(want, want.unit)

    def note_alone(self, want: Wanted) -> None:
        """The same, in a transaction of its own; one that cannot be written is refused."""
        try:
            with self._ledger.transaction():
                self.note(want)
        except OSError as error:  # the others go on, and it is tried again
            why = f"its folder cannot be written: {error}"
            self._refuse(Wanted(want.object, want.task, None, *NO_FOLDER, why))

    def _refuse(self, want: Wanted) -> None:
        why = (want.state, want.reason, want.detail)
        if self._ledger.need(self._night, want.object, want.task, None, *why):
            self.out.refused += 1

    def _one(self, want: Wanted, unit: Unit) -> None:
        ledger, now = self._ledger, self._now
        known = ledger.unit(unit.digest)
        if known is None:
            _supersede(ledger, unit, now)
            prepare_folder(unit)
            ledger.add_unit(unit, self._deadline)
            self.out.new += 1
        elif self._force and known.state.ended:
            _raise(ledger, known, unit, self._deadline, now)
            self.out.new += 1
        elif known.reason == "superseded":
            _take_up(ledger, known, unit, self._deadline, now)
            self.out.new += 1
        else:
            _claim_folder(ledger, known, unit, now)
            if known.deadline is None and not known.state.ended:
                ledger.set_deadline(unit.digest, self._deadline)
            self.out.unchanged += 1
        ledger.need(self._night, want.object, want.task, unit.digest)


def _again(known: UnitRow, unit: Unit, generation: int) -> Unit:
    """The known unit, in its own folder, with today's command and inputs."""
    return replace(unit, folder=known.unit.folder, night=known.unit.night, generation=generation)


def _is_taken(known: UnitRow, unit: Unit) -> bool:
    """Whether the known unit's folder is another's now, and today's request is for elsewhere."""
    owner = read_unit(known.unit.folder)
    elsewhere = unit.folder != known.unit.folder
    return elsewhere and owner is not None and owner.digest != unit.digest


def _raise(ledger: Ledger, known: UnitRow, unit: Unit, deadline: float, now: float) -> None:
    """Want a unit anew: in its own folder, or in today's when its own is another's now."""
    generation = known.unit.generation + 1
    taken = _is_taken(known, unit)
    raised = unit.raised(generation) if taken else _again(known, unit, generation)
    _supersede(ledger, raised, now)
    prepare_folder(raised)
    ledger.raise_generation(raised, deadline)


def _take_up(ledger: Ledger, known: UnitRow, unit: Unit, deadline: float, now: float) -> None:
    """Want a superseded unit after all, as when a light curve is put back as it was."""
    if _is_taken(known, unit):
        _raise(ledger, known, unit, deadline, now)
        return
    _supersede(ledger, known.unit, now)
    prepare_folder(_again(known, unit, known.unit.generation))
    attempt = ledger.last_attempt(unit.digest, known.unit.generation)
    if attempt is not None and attempt.reason is None:  # it may have been told to stop
        why = "the light curve had changed"
        ledger.end_attempt(attempt.folder, attempt.number, "superseded", why, charged=False)
    ledger.set_state(unit.digest, State.PENDING)
    ledger.set_deadline(unit.digest, deadline)


def _claim_folder(ledger: Ledger, known: UnitRow, unit: Unit, now: float) -> None:
    """Make the folder say that this unit is wanted, where another had taken its place."""
    on_disk = read_unit(known.unit.folder)
    wanted = (known.unit.digest, known.unit.generation)
    here = on_disk is not None and (on_disk.digest, on_disk.generation) == wanted
    if not here and not _is_taken(known, unit):
        _supersede(ledger, known.unit, now)
        prepare_folder(_again(known, unit, known.unit.generation))


def _supersede(ledger: Ledger, unit: Unit, now: float) -> None:
    for row in ledger.unit_in_folder(unit.folder, UNFINISHED):
        if row.unit.digest != unit.digest:
            why = "the light curve has changed"
            ledger.set_state(row.unit.digest, State.SKIPPED, "superseded", why, ended=now)


def _forget_mended(ledger: Ledger, night: str, wanted: Sequence[Wanted]) -> None:
    """A file that could not be read and now can leaves no error behind, and the reverse."""
    tasks: dict[str, set[str]] = {}
    for want in wanted:
        tasks.setdefault(want.object, set()).add(want.task)
    for need in ledger.needs(night):
        now_wanted = tasks.get(need.object)
        if now_wanted and need.task == "*" and "*" not in now_wanted:
            ledger.drop_needs(night, need.object, ["*"])


def try_again(
    ledger: Ledger, known: UnitRow, unit: Unit, deadline: float, resume: Path | None, *, anew: bool
) -> None:
    """Want a unit that ended without a result once more, because a person asks for it.

    Parameters
    ----------
    ledger : Ledger
    known : UnitRow
        As the ledger has it; its folder is still its own.
    unit : Unit
        The same unit as today's configuration has it.
    deadline : float
    resume : Path or None
        Run of a dead attempt whose checkpoint the next may go on from.
    anew : bool
        At the next generation, from nothing; else one more attempt of this one.
    """
    again = _again(known, unit, known.unit.generation + anew)
    with ledger.transaction():
        prepare_folder(again)
        ledger.raise_generation(again, deadline)
        if not anew:
            folder = str(resume) if resume else None
            ledger.set_next(again.digest, known.time_factor, known.memory_factor, folder)
