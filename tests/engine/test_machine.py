"""The engine on a bad day, a random one: kills anywhere, lost answers, lost jobs, a lost ledger."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from batch_of_files import BatchOfFiles
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from small_units import TEMPLATES, small_unit

from nmma_fitter import engine
from nmma_fitter.engine.batch import read_batches
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.night import close_night
from nmma_fitter.engine.reasons import REASONS
from nmma_fitter.engine.rebuild import rebuild
from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracker, TrackSettings, to_track
from nmma_fitter.engine.unit import State, Unit, read_unit
from nmma_fitter.engine.want import Wanted, register

ENGINE = str(Path(engine.__file__).parent)
HERE = str(Path(__file__).parent)
MEMORY = Path("/dev/shm")
OBJECTS, NIGHTS = ("a", "b"), ("n1", "n2")
night = st.sampled_from(NIGHTS)
pick = st.integers(0, 10**6)


class Killed(BaseException):
    """kill -9, as far as one process can do it to itself."""


@contextmanager
def killed_after(calls: int | None) -> Iterator[None]:
    """Be killed at the n-th call of a function of the engine or the batch system."""
    left = calls or 0

    def count(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal left
        if event == "call" and frame.f_code.co_filename.startswith((ENGINE, HERE)):
            left -= 1
            if left < 0:
                sys.setprofile(None)
                raise Killed

    if calls is not None:
        sys.setprofile(count)
    try:
        with suppress(Killed):
            yield
    finally:
        sys.setprofile(None)


class Nights(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.outdir, self.state = self.home / "outdir", self.home / "state"
        self.outdir.mkdir()
        self.state.mkdir()
        self.batch = BatchOfFiles(self.home / "cluster")
        self.now = 1000.0
        self.wanted: dict[str, dict[str, int]] = {night: {} for night in NIGHTS}
        self.proofs: dict[Path, bytes] = {}
        self.destroyed: set[str] = set()

    def teardown(self) -> None:
        try:
            self.heal()
        finally:
            shutil.rmtree(self.home, ignore_errors=True)

    # What people and the poller do

    @rule(night=night, obj=st.sampled_from(OBJECTS), version=st.integers(0, 1))
    def photometry_arrives(self, night: str, obj: str, version: int) -> None:
        self.wanted[night][obj] = version
        self.tick(night)

    @rule(night=night, calls=st.integers(0, 400))
    def tick_is_killed(self, night: str, calls: int) -> None:
        self.tick(night, kill=calls)

    @rule(night=night)
    def forced_tick(self, night: str) -> None:
        self.tick(night, force=True)

    @rule(night=night)
    def tick(self, night: str, kill: int | None = None, force: bool = False) -> None:
        self.batch.refits.clear()
        before = self.open_attempts()
        with killed_after(kill):
            self.one_tick(night, force)
        for key in self.batch.refits:
            assert key in self.destroyed, f"{key} has a valid result and is fitted again"
        if not self.batch.answers:
            given_up = before - self.open_attempts("superseded")
            assert not given_up, "an attempt was given up while nobody answered"

    def open_attempts(self, *but: str) -> set[tuple[str, int]]:
        """Attempts that nobody has seen the end of (or of which that was the end)."""
        if not (self.state / "ledger.sqlite").exists():
            return set()
        with closing(sqlite3.connect(self.state / "ledger.sqlite")) as db:
            sql = "SELECT folder, number FROM attempts WHERE reason IS NULL OR reason=?"
            with suppress(sqlite3.OperationalError):  # killed before it had tables
                return {(folder, number) for folder, number in db.execute(sql, but or ("",))}
        return set()

    def one_tick(self, night: str, force: bool) -> None:
        wants = [self.unit(night, obj, v) for obj, v in sorted(self.wanted[night].items())]
        with Ledger(self.state / "ledger.sqlite") as ledger:
            if ledger.fresh:
                rebuild(ledger, self.outdir, read_batches(self.state))
            ledger.open_night(night, self.outdir / night)
            wanted = [Wanted(unit.object, unit.task, unit) for unit in wants]
            deadline = self.now + 20000
            register(ledger, night, wanted, deadline=deadline, force=force, now=self.now)
            tracker = Tracker(ledger, self.batch, TrackSettings(), self.now)
            tracked = tracker.run(to_track(ledger, night, self.now, 7.0))
            settings = SubmitSettings(TEMPLATES, per_batch=2)
            submit(ledger, self.batch, self.state, tracked.submittable, settings, self.now)
            for dirty in ledger.dirty_nights():
                close_night(ledger, dirty)
                ledger.set_collected(dirty)

    def unit(self, night: str, obj: str, version: int) -> Unit:
        return small_unit(self.outdir, obj, version, night=night)

    @rule(seconds=st.sampled_from([1, 100, 200, 400, 5000]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def ledger_is_lost(self) -> None:
        (self.state / "ledger.sqlite").unlink(missing_ok=True)

    # What the cluster does

    @rule(how=st.sampled_from(["refuse", "lose", "lose-late", "drop"]))
    def next_submit_goes_wrong(self, how: str) -> None:
        self.batch.next_submit = how

    @rule(answers=st.booleans())
    def controller(self, answers: bool) -> None:
        self.batch.answers = answers
        if answers:
            self.batch.wake()

    @precondition(lambda self: self.batch.jobs("pending"))
    @rule(which=pick)
    def job_starts(self, which: int) -> None:
        self.batch.start(_chosen(list(self.batch.jobs("pending")), which))

    @precondition(lambda self: self.batch.jobs("running", "ended badly"))
    @rule(which=pick)
    def copy_of_a_job_starts(self, which: int) -> None:
        self.batch.start(_chosen(list(self.batch.jobs("running", "ended badly")), which))

    @precondition(lambda self: self.batch.live_runs())
    @rule(
        which=pick,
        how=st.sampled_from(["done", "done", "done", "silent", "failed", "final"]),
        kill=st.none() | st.none() | st.integers(0, 25),
    )
    def run_ends(self, which: int, how: str, kill: int | None) -> None:
        run = _chosen(self.batch.live_runs(), which)
        before, wanted = self.public(run), read_unit(run.parents[1])
        with killed_after(kill):
            self.batch.finish(run, how)
        (run / "alive").unlink(missing_ok=True)
        started = (run / "started").read_text()
        if wanted and (wanted.digest not in started or f": {wanted.generation}" not in started):
            assert self.public(run) == before, "a superseded run published over the wanted one"

    @staticmethod
    def public(run: Path) -> dict[str, bytes]:
        work = run.parents[1]
        return {p.name: p.read_bytes() for p in (*work.glob("*.fin"), *work.glob("out.txt"))}

    @precondition(lambda self: self.batch.live_runs())
    @rule(which=pick, evaluations=st.integers(0, 1000))
    def run_beats(self, which: int, evaluations: int) -> None:
        self.batch.beat(_chosen(self.batch.live_runs(), which), evaluations)

    @precondition(lambda self: self.batch.jobs("pending", "running"))
    @rule(
        which=pick,
        what=st.sampled_from(
            [
                ("ended badly", "timeout"),
                ("ended badly", "node_failure"),
                ("ended badly", "out_of_memory"),
                ("ended badly", "preempted"),
                ("held", ""),
                ("forgotten", ""),
            ]
        ),
        runs_die=st.booleans(),
    )
    def batch_system_ends_a_job(self, which: int, what: tuple[str, str], runs_die: bool) -> None:
        job = _chosen(list(self.batch.jobs("pending", "running")), which)
        self.batch.end(job, *what, runs_die=runs_die)

    @precondition(lambda self: self.batch.jobs("ended well", "ended badly"))
    @rule(which=pick)
    def batch_system_forgets(self, which: int) -> None:
        job = _chosen(list(self.batch.jobs("ended well", "ended badly")), which)
        self.batch.end(job, "forgotten", "")

    @precondition(lambda self: self.proofs)
    @rule(which=pick)
    def result_is_destroyed(self, which: int) -> None:
        path = _chosen(sorted(self.proofs), which)
        self.destroyed.add(path.stem)
        del self.proofs[path]
        unit = read_unit(path.parents[1])
        for out in path.parents[1].glob("attempts/*/out.txt"):
            if out.read_text() in path.read_text() and unit is not None:
                out.unlink()

    # What must hold

    @invariant()
    def sentinels_stay_as_they_are(self) -> None:
        for path, content in self.proofs.items():
            assert path.read_bytes() == content, f"{path} was replaced"
        for path in self.outdir.glob("*/*/*/sentinels/*.fin"):
            if path.stem not in self.destroyed:
                self.proofs.setdefault(path, path.read_bytes())

    def heal(self) -> None:
        """The world becomes healthy: then all that is wanted must end."""
        self.batch.answers, self.batch.next_submit = True, "accept"
        for _ in range(60):
            self.batch.wake()
            for run in self.batch.live_runs():
                self.batch.finish(run, "done")
            for job in self.batch.jobs("pending"):
                self.batch.finish(self.batch.start(job), "done")
            for job in self.batch.jobs("running"):
                self.batch.end(job, "ended badly", "node_failure")
            for job in self.batch.jobs("held"):
                self.batch.end(job, "ended badly", "cancelled")
            for night in NIGHTS:
                self.tick(night)
            self.now += 200
            if self.all_ended():
                break
        self.check_the_end()

    def all_ended(self) -> bool:
        with Ledger(self.state / "ledger.sqlite") as ledger:
            needs = [need for night in NIGHTS for need in ledger.needs(night)]
            return all(need.state.ended for need in needs)

    def check_the_end(self) -> None:
        with Ledger(self.state / "ledger.sqlite") as ledger:
            for night, objects in self.wanted.items():
                needs = {need.object: need for need in ledger.needs(night)}
                for obj, version in objects.items():
                    unit = self.unit(night, obj, version)
                    assert needs[obj].digest == unit.digest
                    row = ledger.unit(unit.digest)
                    assert row is not None and row.state.ended, f"{night} {obj} v{version}: {row}"
                    self.check_unit(row)
                fin = self.outdir / night / f"{night}.fin"
                assert fin.exists() == bool(needs)

    @staticmethod
    def check_unit(row: Any) -> None:
        if row.state is not State.DONE:
            assert row.reason in REASONS, row.reason
            assert row.reason != "superseded", "wanted, and given up as superseded"
            return
        found, proof = read_sentinel(row.unit)
        assert found is SentinelState.VALID
        owner = read_unit(row.unit.folder)
        if owner is not None and owner.key == row.unit.key:
            public = (row.unit.folder / "out.txt").read_text()
            assert public == proof["attempt"], "the public result is not the winner's"


def _chosen(items: list[Any], which: int) -> Any:
    return items[which % len(items)]


TestNights = Nights.TestCase
TestNights.settings = settings(max_examples=70, stateful_step_count=40, deadline=None)
