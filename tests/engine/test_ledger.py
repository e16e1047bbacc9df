"""The ledger: what is written stays written, and what cannot be used says what to do."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from batch_of_files import BatchOfFiles
from small_units import TEMPLATES, small_unit

from nmma_fitter.engine.batch import Batch, BatchJob
from nmma_fitter.engine.files import write_json
from nmma_fitter.engine.ledger import Ledger, LedgerError
from nmma_fitter.engine.night import close_night, night_fin
from nmma_fitter.engine.rebuild import open_ledger, rebuild
from nmma_fitter.engine.snapshot import write_snapshot
from nmma_fitter.engine.submit import SubmitSettings, submit
from nmma_fitter.engine.track import Tracker, TrackSettings
from nmma_fitter.engine.unit import State
from nmma_fitter.engine.want import Wanted, register

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from small_units import small_unit
from nmma_fitter.engine.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
for number in range(10**6):
    unit = small_unit(Path("/out"), f"ZTF{number}")
    ledger.add_unit(unit, None)
    with ledger.transaction():
        ledger.need("n1", unit.object, unit.task, unit.digest)
        ledger.need("n2", unit.object, unit.task, unit.digest)
    print(number, flush=True)
"""


def test_what_is_written_survives_kill_9_and_transactions_stay_whole(tmp_path):
    path, here = tmp_path / "ledger.sqlite", str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), here], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        said += writer.stdout.readlines()
    last = max(int(line) for line in said if line.endswith("\n"))
    with Ledger(path) as ledger:
        assert len(ledger.units()) >= last + 1
        assert len(ledger.needs("n1")) == len(ledger.needs("n2")) >= last + 1


def test_an_error_inside_a_transaction_undoes_all_of_it(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(KeyError), ledger.transaction():
            ledger.add_unit(small_unit(tmp_path), None)
            with ledger.transaction():
                ledger.add_unit(small_unit(tmp_path, version=1), None)
            raise KeyError
        assert ledger.units() == []


def test_another_schema_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match=r"schema 99.*move the file away"):
        Ledger(path)


def test_a_ledger_of_the_first_schema_is_taken_over(tmp_path):
    path, unit = tmp_path / "ledger.sqlite", small_unit(tmp_path)
    with Ledger(path) as ledger:
        ledger.add_unit(unit, None)
    with sqlite3.connect(path) as db:
        db.execute("DROP INDEX attempts_job")
        db.execute("ALTER TABLE attempts DROP COLUMN seconds")
        db.execute("ALTER TABLE units DROP COLUMN refused")
        db.execute("PRAGMA user_version = 1")
    with Ledger(path) as ledger:
        ledger.add_batch(Batch("t", "local", (BatchJob(unit.digest, 0, 1, "f", 60),)))
        ledger.set_job("t", 0, "7")
        assert ledger.seconds(unit.digest, 0) == 60


def test_a_file_that_is_no_ledger_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match="move the file away, it is rebuilt"):
        Ledger(path)


def test_a_ledger_stays_fresh_until_it_has_been_rebuilt(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()  # killed between making the tables and filling them
    with Ledger(path) as ledger:
        assert ledger.fresh
        rebuild(ledger, tmp_path, [])
    with Ledger(path) as ledger:
        assert not ledger.fresh


class Lost:
    """Units of a night, submitted; then the ledger is lost and made again."""

    def __init__(self, root: Path, *objects: str) -> None:
        self.root, self.outdir = root, root / "outdir"
        self.batch = BatchOfFiles(root / "cluster")
        self.wanted = [
            Wanted(name, "model", small_unit(self.outdir, name)) for name in objects or ("a",)
        ]
        self.path = root / "ledger.sqlite"

    def tick(self, now: float = 0.0, *, taken_in: bool = True) -> list[tuple[State, str | None]]:
        with open_ledger(self.root, self.outdir) as ledger:
            if taken_in:
                ledger.open_night("n1", self.outdir / "n1")
                register(ledger, "n1", self.wanted, deadline=1e9, now=now)
            tracked = Tracker(ledger, self.batch, TrackSettings(), now).run(ledger.units())
            settings = SubmitSettings(TEMPLATES)
            submit(ledger, self.batch, self.root, tracked.submittable, settings, now)
            for night in ledger.dirty_nights():
                close_night(ledger, night)
            write_snapshot(ledger, self.root, now=now)
            return [(row.state, row.reason) for row in ledger.units()]


@pytest.mark.parametrize("batches", ["kept", "lost too"])
def test_jobs_that_run_are_found_again_without_the_ledger(tmp_path, batches):
    lost = Lost(tmp_path)
    lost.tick()
    run = lost.batch.start(next(iter(lost.batch.jobs())))
    lost.path.unlink()
    if batches == "lost too":
        for path in (tmp_path / "batches").iterdir():
            path.unlink()
    assert lost.tick() == [(State.RUNNING, None)]
    lost.batch.finish(run, "done")
    assert lost.tick() == [(State.DONE, None)]
    assert len(lost.batch.submitted) == 1


def test_a_closed_night_stays_closed_without_the_ledger(tmp_path):
    lost = Lost(tmp_path, "a", "b")
    lost.tick()
    done, given_up = lost.batch.jobs()
    lost.batch.finish(lost.batch.start(done), "done")
    lost.batch.end(given_up, "ended badly", "cancelled")  # which leaves nothing on disk
    ended = lost.tick()
    lost.batch.end(given_up, "forgotten", "")
    fin = night_fin(lost.outdir / "n1", "n1").read_bytes()
    lost.path.unlink()
    assert lost.tick() == ended == [(State.DONE, None), (State.FAILED, "cancelled")]
    assert night_fin(lost.outdir / "n1", "n1").read_bytes() == fin
    assert len(lost.batch.submitted) == 2


def test_of_two_folders_for_one_unit_the_higher_generation_is_wanted(tmp_path):
    for night, generation in (("n1", 2), ("n2", 1)):
        unit = small_unit(tmp_path, night=night, generation=generation)
        unit.folder.mkdir(parents=True)
        write_json(unit.folder / "unit.json", unit.to_json())
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert rebuild(ledger, tmp_path, []) == 1
        assert ledger.units()[0].unit.generation == 2


def test_an_open_night_goes_on_and_closes_though_the_ledger_was_lost_and_no_file_is_read(tmp_path):
    lost = Lost(tmp_path, "a", "b")
    lost.wanted.append(Wanted("c", "*", None, State.FAILED, "bad_input", "no header"))
    lost.tick()
    first, second = lost.batch.jobs()
    lost.batch.end(second, "ended badly", "cancelled")
    lost.tick()
    lost.batch.end(second, "forgotten", "")
    lost.path.unlink()
    lost.batch.finish(lost.batch.start(first), "done")
    assert lost.tick(taken_in=False) == [(State.DONE, None), (State.FAILED, "cancelled")]
    night = json.loads(night_fin(lost.outdir / "n1", "n1").read_text())
    assert night["counts"] == {"done": 1, "failed": 2}
    assert len(lost.batch.submitted) == 2


def test_attempts_that_failed_count_though_the_ledger_was_lost_after_each(tmp_path):
    lost = Lost(tmp_path)
    for now in (0.0, 1000.0, 2000.0):
        lost.tick(now)
        ended = lost.tick(now)  # submitted, if there is anything to submit
        for job in lost.batch.jobs("pending"):
            lost.batch.finish(lost.batch.start(job), "failed")
        lost.path.unlink()
        (tmp_path / "snapshot.json").unlink()
    assert ended == [(State.FAILED, "nonzero_exit")]
    assert len(lost.batch.submitted) == 2
