"""What the ledger counts: nights, tasks, days; and reading it while a tick writes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from small_units import small_unit
from typer.testing import CliRunner

from nmma_fitter.cli.stats import read_statistics
from nmma_fitter.cli.tools import tools_app
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.ledger_copy import copy_ledger
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import BadInput

DAY = 86400.0


@pytest.fixture
def ledger(tmp_path):
    """Two nights of two objects: one unit done, one failed, one running; one object unchanged."""
    with Ledger(tmp_path / "ledger.sqlite") as made:
        for night in ("n1", "n2"):
            made.open_night(night, tmp_path / night)
        done = small_unit(tmp_path, "a")
        failed = small_unit(tmp_path, "b")
        running = small_unit(tmp_path, "b", 1, night="n2")
        for unit in (done, failed, running):
            made.add_unit(unit, None)
        made.set_state(done.digest, State.DONE, ended=DAY, seconds=30.0)
        made.set_state(failed.digest, State.FAILED, "timeout", ended=2 * DAY, seconds=90.0)
        made.set_state(running.digest, State.RUNNING)
        made.need("n1", "a", "model", done.digest)
        made.need("n1", "b", "model", failed.digest)
        made.need("n2", "a", "model", done.digest)
        made.need("n2", "b", "model", running.digest)
        made.need("n2", "c", "model", None, State.SKIPPED, "too_few")
        yield made


def test_nights_count_objects_what_is_new_and_how_everything_stands(ledger):
    first, second = ledger.statistics().nights
    assert (first.objects, first.fresh, first.counts) == (2, 2, {"done": 1, "failed": 1})
    assert (second.objects, second.fresh) == (3, 2)  # b, and c, which could not be fitted
    assert second.counts == {"unchanged": 1, "running": 1, "skipped": 1}


def test_a_task_counts_each_unit_once_in_whichever_nights_it_was_wanted(ledger):
    (task,) = ledger.statistics().tasks
    assert (task.done, task.failed, task.skipped, task.live) == (
        *(1, {"timeout": 1}, {"too_few": 1}, 1),
    )
    assert task.failure_rate == 0.5
    assert task.seconds == (30.0,)


def test_days_are_those_on_which_fits_ended(ledger):
    assert ledger.statistics().days == {
        "1970-01-02": {"done": 1, "failed": 0},
        "1970-01-03": {"done": 0, "failed": 1},
    }


def test_quantiles_are_times_that_occurred(ledger):
    for number in range(9):
        unit = small_unit(ledger.path.parent, f"x{number}")
        ledger.add_unit(unit, None)
        ledger.set_state(unit.digest, State.DONE, ended=DAY, seconds=40.0 + 10 * number)
    (task,) = ledger.statistics().tasks
    assert (task.quantile(0.5), task.quantile(0.9)) == (70.0, 110.0)


def test_an_empty_ledger_has_nothing(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        found = ledger.statistics()
    assert (found.nights, found.tasks, found.days) == ((), (), {})


def test_a_copy_is_as_of_before_an_open_transaction_and_does_not_wait_for_it(ledger, tmp_path):
    with ledger.transaction():
        ledger.need("n2", "d", "model", None, State.SKIPPED, "too_few")
        copy_ledger(ledger.path, tmp_path / "copy.sqlite")  # one that waited would wait in vain
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT count(*) FROM needs").fetchone() == (5,)


def test_reading_leaves_the_ledger_as_it_is(ledger):
    before = ledger.path.read_bytes()
    assert len(read_statistics(ledger.path).nights) == 2
    assert ledger.path.read_bytes() == before


def test_without_a_ledger_it_is_said_what_to_do(tmp_path):
    with pytest.raises(BadInput, match="run make-jobs first"):
        read_statistics(tmp_path / "ledger.sqlite")


@pytest.fixture
def config(ledger, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(f'[paths]\nstate = "{ledger.path.parent}"\n')
    return str(path)


def test_stats_prints_tables(config):
    said = CliRunner().invoke(tools_app, ["stats", "--config", config])
    assert said.exit_code == 0, said.output
    lines = [line.split() for line in said.output.splitlines()]
    assert ["model", "1", "1", "1", "1", "50.0", "%", "30", "s", "30", "s"] in lines
    assert ["model", "failed", "timeout", "1"] in lines


def test_stats_for_a_program_is_json(config):
    said = CliRunner().invoke(tools_app, ["stats", "--config", config, "--json"])
    assert json.loads(said.output)["models"]["model"]["failed"] == {"timeout": 1}


def test_stats_draws_three_pictures(config, tmp_path):
    folder = tmp_path / "plots"
    said = CliRunner().invoke(tools_app, ["stats", "--config", config, "--plots", str(folder)])
    assert said.exit_code == 0, said.output
    names = {path.name for path in folder.iterdir() if path.read_bytes().startswith(b"\x89PNG")}
    assert names == {"candidates_per_day.png", "fits_per_day.png", "time_per_model.png"}
