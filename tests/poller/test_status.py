"""The table a person reads, from snapshots written by hand and by a real make-jobs."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nmma_fitter.engine.files import write_json
from nmma_fitter.poller.presence import request_stop

COMMAND = str(Path(sys.executable).with_name("nmma-fitter"))
NOW = 100_000
UNIT = {"state": "done", "standing": "done", "reason": None, "detail": "", "seconds": 3.0}
UNIT |= {"object": "ZTF1", "task": "Me2017", "since": NOW - 600}
POLLER = {"kind": "primary_job", "job": "17", "host": "n1"}


def night(*units, name="2459778-2459785", closed=False):
    counts = {}
    for unit in units:
        counts[unit["standing"]] = counts.get(unit["standing"], 0) + 1
    return {"night": name, "revision": 1, "closed": closed, "counts": counts, "units": list(units)}


def snapshot(*nights, written, period=60.0, **more):
    head = {"format": 2, "written": written, "period": period, "poller": POLLER, "notes": []}
    return {**head, "earlier": {"nights": 0, "counts": {}}, "nights": list(nights), **more}


@pytest.fixture
def show(tmp_path):
    def call(value, *options):
        state = tmp_path / "state"
        state.mkdir(exist_ok=True)
        if value is not None:
            write_json(state / "snapshot.json", value)
        return subprocess.run(
            [COMMAND, "status", *options],
            capture_output=True,
            text=True,
            timeout=600,
            cwd=tmp_path,
            check=False,
        )

    return call


def test_the_first_line_sums_up(show):
    failed = {**UNIT, "state": "failed", "standing": "failed", "reason": "timeout"}
    done = show(snapshot(night(UNIT, failed), written=time.time() - 12))
    first = done.stdout.splitlines()[0]
    assert first.endswith("s ago by primary_job 17 on n1: 1 failed, 1 done")
    assert done.returncode == 0


def test_ends_in_trouble_stand_first_for_as_long_as_they_are(show):
    waiting = "slack C01: 3 deliveries wait: no Slack token"
    done = show(snapshot(night(UNIT), written=time.time(), waiting=[waiting]))
    assert done.stdout.splitlines()[1] == f"! {waiting}"


def test_no_tick_for_two_periods_is_status_3_and_in_the_first_line(show):
    done = show(snapshot(night(UNIT), written=time.time() - 180))
    assert done.returncode == 3
    assert done.stdout.startswith("NO TICK for 3 min, expected every 60 s")
    assert "poller.log" in done.stdout.splitlines()[0]


@pytest.mark.parametrize(("period", "age"), [(None, 10**6), (1800.0, 3000)])
def test_it_is_no_alarm_where_no_tick_is_due(show, period, age):
    done = show(snapshot(night(UNIT), written=time.time() - age, period=period))
    assert done.returncode == 0 and "NO TICK" not in done.stdout


def test_a_poller_that_was_stopped_is_no_alarm_and_says_so(show, tmp_path):
    (tmp_path / "state").mkdir()
    request_stop(tmp_path / "state")
    done = show(snapshot(night(UNIT), written=time.time() - 10**4))
    assert done.returncode == 0 and done.stdout.startswith("STOPPED by ")


def test_what_runs_shows_since_when_its_job_and_its_heartbeat(show):
    now = time.time()
    beat = {"count": 3, "evaluations": 12000, "phase": "sampling", "seen": now - 20, "run": "2-9-0"}
    live = {**UNIT, "state": "running", "standing": "running", "seconds": None, "attempt": 2}
    live |= {"job": "9_4", "started": now - 300, "deadline": now + 7200, "heartbeat": beat}
    line = show(snapshot(night(live), written=now)).stdout.splitlines()[-1]
    for words in ("running", "for 5 min", "job 9_4", "attempt 2", "12000 evaluations, sampling"):
        assert words in line
    assert "heartbeat 2" in line and "ends within 2 h" in line


def test_how_a_unit_failed_is_in_its_line(show):
    why = {"state": "failed", "standing": "failed", "reason": "lost", "detail": "no trace of it"}
    line = show(snapshot(night({**UNIT, **why}), written=time.time())).stdout.splitlines()[-1]
    assert " ".join(line.split()) == "ZTF1 Me2017 failed 3 s lost: no trace of it"


def test_notes_and_earlier_nights_are_told(show):
    more = {"notes": ["the batch system did not answer"]}
    more["earlier"] = {"nights": 300, "counts": {"done": 900}}
    out = show(snapshot(night(UNIT), written=time.time(), **more)).stdout
    assert "! the batch system did not answer" in out and "300 earlier nights: 900 done" in out
    assert "901 done" in out.splitlines()[0]


def test_one_night_is_shown_on_request_and_an_unknown_one_is_refused(show):
    value = snapshot(night(UNIT), night(UNIT, name="2459779-2459786"), written=time.time())
    assert "2459778" not in show(value, "--night", "2459779-2459786").stdout
    done = show(value, "--night", "2459999-2460000")
    assert done.returncode == 2 and "2459779-2459786" in done.stderr


def test_json_is_the_snapshot_with_its_age(show):
    value = snapshot(night(UNIT), written=time.time() - 150)
    done = show(value, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 3 and told["stale"] and told["age"] >= 150
    assert told["nights"] == value["nights"]


def test_without_a_snapshot_it_says_what_to_do(show):
    done = show(None)
    assert done.returncode == 2 and "run make-jobs first" in done.stderr
