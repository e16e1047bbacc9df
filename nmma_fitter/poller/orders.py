"""What an operator may order of units: to be tried again, or to end.

Both act on the ledger, under the lock, unit by unit: a verb that is killed has done some of them
and may be given again; the ticks of whoever polls do the rest.
"""

from __future__ import annotations

import getpass
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.candidates.nights import candidate_files, latest_name
from nmma_fitter.config import Config
from nmma_fitter.delivery.couriers import make_couriers
from nmma_fitter.engine.attempt import runs_of
from nmma_fitter.engine.budget import Budget
from nmma_fitter.engine.campaign import Campaign
from nmma_fitter.engine.ledger import AttemptRow, Ledger, NeedRow, UnitRow
from nmma_fitter.engine.lock import TickLock, check_host
from nmma_fitter.engine.night import withdraw_night
from nmma_fitter.engine.outbox import make_products
from nmma_fitter.engine.reasons import policy
from nmma_fitter.engine.rebuild import open_ledger
from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.snapshot import update_snapshot
from nmma_fitter.engine.stopped import STOPPED
from nmma_fitter.engine.unit import State, Unit, read_unit
from nmma_fitter.engine.want import try_again
from nmma_fitter.errors import BadInput, NmmaFitterError, SchedulerError
from nmma_fitter.schedulers.base import Scheduler

Say = Callable[[str], None]


@dataclass(frozen=True)
class Selection:
    """Which units are meant; what is empty does not restrict.

    Attributes
    ----------
    night : str or None
        Name of the night, or the beginning of it.
    objects, models : tuple of str
    reason : str or None
        Only units that ended for this reason.
    """

    night: str | None = None
    objects: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    reason: str | None = None

    def __post_init__(self) -> None:
        if not (self.night or self.objects or self.models or self.reason):
            raise BadInput("say which units: a NIGHT, --object, --model or --reason")

    def rows(self, ledger: Ledger) -> list[tuple[NeedRow, UnitRow]]:
        """The units meant, each once; raises `BadInput` when nothing is."""
        nights = [n for n, _, _ in ledger.nights() if n.startswith(self.night or "")]
        if not nights:
            known = ", ".join(n for n, _, _ in ledger.nights()[-5:]) or "none"
            raise BadInput(f"no night {self.night!r} is known here; the last are: {known}")
        needs = [need for night in nights for need in ledger.needs(night) if self._fits(need)]
        if not needs:
            raise BadInput("no such unit; `nmma-fitter status` lists them")
        found = {n.digest: (n, row) for n in needs if n.digest and (row := ledger.unit(n.digest))}
        return list(found.values())

    def _fits(self, need: NeedRow) -> bool:
        return (
            (not self.objects or need.object in self.objects)
            and (not self.models or need.task in self.models)
            and self.reason in (None, need.reason)
        )


def check_place(config: Config) -> None:
    """Refuse where nothing was ever done, or where locks do not hold; raises `BadInput`."""
    if not config.paths.state.is_dir():
        raise BadInput(f"{config.paths.state}: nothing was ever done here; check --config")
    check_host(config.paths.state)


@contextmanager
def ledger_in_hand(config: Config, say: Say) -> Iterator[Ledger]:
    """The ledger, under the lock; waits for a poller's tick to end, within its budget."""
    paths = config.paths
    check_place(config)
    budget = config.tick.longest
    lock = TickLock(paths.state, budget).held(budget, say)
    with lock, open_ledger(paths.state, paths.outdir) as ledger:
        yield ledger


def retry(
    config: Config, campaign: Campaign, scheduler: Scheduler, chosen: Selection, say: Say
) -> int:
    """Want failed units, and those of a stopped model, once more; returns how many.

    A unit of which a run has published its failure is wanted at the next generation, as by
    ``--force``; another gets one more attempt, from its checkpoint if it left one.
    """
    now = time.time()
    deadline = now + config.tick.timeout
    count = 0
    with ledger_in_hand(config, say) as ledger:
        today = _Today(config, campaign)
        strays: list[AttemptRow] = []
        for _, row in chosen.rows(ledger):
            try:
                done, what = _retry(ledger, row, today, deadline, strays)
            except OSError as error:
                done, what = False, f"its folder cannot be written: {error}"
            count += done
            say(f"{_label(row.unit)}: {what}")
        _end_jobs(scheduler, ledger.to_cancel(strays), say)
        _show(ledger, config, campaign, "nmma-fitter retry", say)
    return count


def _retry(
    ledger: Ledger, row: UnitRow, today: _Today, deadline: float, strays: list[AttemptRow]
) -> tuple[bool, str]:
    if not _ended_without_result(row):
        return False, f"is {row.state.value}; nothing to try again"
    owner = read_unit(row.unit.folder)
    if owner is not None and owner.digest != row.unit.digest:
        return False, "its light curve or settings have changed since; nothing to try again"
    generation = row.unit.generation
    attempt = ledger.last_attempt(row.unit.digest, generation)
    published = read_sentinel(row.unit)[0] is SentinelState.VALID
    alive = attempt is not None and attempt.reason is None
    if alive and attempt is not None:
        strays.append(attempt)
    anew = published or alive or row.reason == STOPPED
    resume = None if anew or attempt is None else _checkpoint(row, attempt)
    try_again(ledger, row, today.unit(row.unit), deadline, resume, anew=anew)
    was = f"was {row.state.value} ({row.reason})"
    if anew:
        return True, f"{was}, wanted anew (generation {generation + 1})"
    return True, f"{was}, one more attempt" + (" from its checkpoint" if resume else "")


def _ended_without_result(row: UnitRow) -> bool:
    stopped = row.state is State.SKIPPED and row.reason == STOPPED
    return row.state is State.FAILED or stopped


def _checkpoint(row: UnitRow, attempt: AttemptRow) -> Path | None:
    """The checkpoint of an attempt that is known to be dead, if its end left it usable."""
    if not policy(row.reason or "").resume:
        return None
    runs = runs_of(row.unit.attempts, attempt.number)
    left = [run.folder for run in runs if (run.folder / "checkpoint.h5").is_file()]
    return left[-1] if left else None


class _Today:
    """Units as today's configuration and candidate files have them."""

    def __init__(self, config: Config, campaign: Campaign) -> None:
        self._config = config
        self._campaign = campaign
        self._nights: dict[str, dict[str, Unit]] = {}

    def unit(self, known: Unit) -> Unit:
        """The unit as it would be made today; as it was, where its file is gone."""
        if known.night not in self._nights:
            self._nights[known.night] = self._read(known.night)
        return self._nights[known.night].get(known.digest, known)

    def _read(self, night: str) -> dict[str, Unit]:
        folder = self._config.paths.candidates / night
        try:
            wanted = self._campaign.wanted(night, candidate_files(folder))
        except (NmmaFitterError, OSError):
            return {}
        return {want.unit.digest: want.unit for want in wanted if want.unit}


def to_cancel(config: Config, chosen: Selection, say: Say) -> list[str]:
    """Labels of the units that `cancel` would end."""
    with ledger_in_hand(config, say) as ledger:
        return [_label(row.unit) for _, row in chosen.rows(ledger) if not row.state.ended]


def cancel(
    config: Config, campaign: Campaign, scheduler: Scheduler, chosen: Selection, say: Say
) -> int:
    """End unfinished units as ``failed (cancelled)``, and their jobs; returns how many.

    A job that also runs units which are still wanted goes on.

    The ledger is first: a job whose cancelling is lost on the way is cancelled by the next tick.
    """
    count = 0
    who = "someone"
    with suppress(KeyError, OSError):
        who = getpass.getuser()
    with ledger_in_hand(config, say) as ledger:
        attempts: list[AttemptRow] = []
        for _, row in chosen.rows(ledger):
            if row.state.ended:
                say(f"{_label(row.unit)}: has ended already: {row.state.value}")
                continue
            attempt = ledger.last_attempt(row.unit.digest, row.unit.generation)
            why = f"by {who} on {socket.gethostname()}"
            ledger.set_state(row.unit.digest, State.FAILED, "cancelled", why, ended=time.time())
            if attempt is not None and attempt.reason is None:
                attempts.append(attempt)
            count += 1
            say(f"{_label(row.unit)}: cancelled; it was {row.state.value}")
        _end_jobs(scheduler, ledger.to_cancel(attempts), say)
        _show(ledger, config, campaign, "nmma-fitter cancel", say)
    return count


def _show(ledger: Ledger, config: Config, campaign: Campaign, by: str, say: Say) -> None:
    """Let pages, nights and status tell what was ordered: it may be long until the next tick."""
    for night in ledger.dirty_nights():
        withdraw_night(ledger, night)
    state, now = config.paths.state, time.time()
    couriers, enough = make_couriers(config), Budget(config.tick.publish_budget).used_up
    for note in make_products(ledger, campaign, couriers, state, enough, latest_name(now)):
        say(note)
    update_snapshot(ledger, state, by, now)


def _end_jobs(scheduler: Scheduler, jobs: list[str], say: Say) -> None:
    try:
        if jobs:
            scheduler.cancel(jobs)
    except SchedulerError as error:
        say(f"their jobs may run on for now, the next tick asks again: {error}")


def _label(unit: Unit) -> str:
    return f"{unit.night} {unit.object} {unit.task}"
