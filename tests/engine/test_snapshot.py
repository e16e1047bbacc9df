"""What readers see: enough of it, and never too much."""

import json

import pytest
from small_units import small_unit

from nmma_fitter.engine.batch import Batch, BatchJob
from nmma_fitter.engine.files import write_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.snapshot import AS_COUNTS, IN_FULL, snapshot_path, write_snapshot
from nmma_fitter.engine.unit import State, prepare_folder


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def add(ledger, outdir, night, obj="a", state=State.DONE, *, closed=True):
    unit = small_unit(outdir, obj, night=night, version=hash(night))
    with ledger.transaction():
        ledger.open_night(night, outdir / night)
        if ledger.unit(unit.digest) is None:
            ledger.add_unit(unit, 5000.0)
        ledger.need(night, obj, unit.task, unit.digest)
        ledger.set_state(unit.digest, state, ended=1.0 if state.ended else None)
        ledger.set_night(night, 1, closed=closed)
    return unit


def running(ledger, outdir, night="n1"):
    unit = add(ledger, outdir, night, state=State.RUNNING, closed=False)
    prepare_folder(unit)
    job = BatchJob(unit.digest, 0, 1, str(unit.folder))
    ledger.add_batch(Batch("00000000-000000000000", "local", (job,)))
    ledger.set_job("00000000-000000000000", 0, "17_0")
    run = unit.attempts / "1-17_0-0"
    run.mkdir()
    write_json(run / "started", {"time": 900})
    return run


def beat(run, count):
    write_json(run / "heartbeat", {"count": count, "evaluations": 100 * count, "phase": "bound"})


def test_what_runs_is_shown_with_job_attempt_start_deadline_and_heartbeat(ledger, tmp_path):
    run = running(ledger, tmp_path)
    beat(run, 3)
    value = write_snapshot(ledger, tmp_path, now=1000.0)
    [unit] = value["nights"][0]["units"]
    told = {key: unit[key] for key in ("state", "attempt", "job", "started", "deadline", "since")}
    assert told == {
        "state": "running",
        "attempt": 1,
        "job": "17_0",
        "started": 900,
        "deadline": 5000.0,
        "since": 1000,
    }
    assert unit["heartbeat"]["evaluations"] == 300 and unit["heartbeat"]["phase"] == "bound"


def test_a_heartbeats_age_counts_from_when_it_was_last_seen_to_change(ledger, tmp_path):
    run = running(ledger, tmp_path)
    seen = []
    for now, count in ((1000.0, 1), (1060.0, 2), (1120.0, 2)):
        beat(run, count)
        value = write_snapshot(ledger, tmp_path, now=now)
        seen.append(value["nights"][0]["units"][0]["heartbeat"]["seen"])
    assert seen == [1000, 1060, 1060]


def test_since_counts_from_when_a_state_was_first_seen(ledger, tmp_path):
    running(ledger, tmp_path)
    for now in (1000.0, 1060.0):
        value = write_snapshot(ledger, tmp_path, now=now)
    assert value["nights"][0]["units"][0]["since"] == 1000


def test_it_stays_small_over_years(ledger, tmp_path):
    total = IN_FULL + AS_COUNTS + 50
    for number in range(total):
        add(ledger, tmp_path, f"n{number:05d}")
    write_snapshot(ledger, tmp_path)
    value = json.loads(snapshot_path(tmp_path).read_text())
    full = [night for night in value["nights"] if "units" in night]
    assert (len(full), len(value["nights"])) == (IN_FULL, IN_FULL + AS_COUNTS)
    assert value["earlier"] == {"nights": 50, "counts": {"done": 50}}
    assert snapshot_path(tmp_path).stat().st_size < 200_000


def test_an_old_night_that_is_open_is_listed_in_full(ledger, tmp_path):
    running(ledger, tmp_path, "n00000")
    for number in range(1, 40):
        add(ledger, tmp_path, f"n{number:05d}")
    value = write_snapshot(ledger, tmp_path)
    assert value["nights"][0]["units"][0]["state"] == "running"


def test_a_night_closed_at_another_revision_is_shown_anew(ledger, tmp_path):
    unit = add(ledger, tmp_path, "n1", state=State.FAILED)
    write_snapshot(ledger, tmp_path)
    ledger.set_state(unit.digest, State.DONE, ended=2.0)
    ledger.set_night("n1", 2, closed=True)
    value = write_snapshot(ledger, tmp_path)
    assert value["nights"][0]["counts"] == {"done": 1}


def test_a_spoilt_snapshot_is_replaced(ledger, tmp_path):
    add(ledger, tmp_path, "n1")
    snapshot_path(tmp_path).write_text("{")
    assert write_snapshot(ledger, tmp_path)["nights"][0]["counts"] == {"done": 1}
