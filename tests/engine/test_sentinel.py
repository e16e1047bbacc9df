from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from small_units import small_unit

from nmma_fitter.engine.sentinel import (
    InvalidOutput,
    SentinelState,
    expose,
    publish,
    read_sentinel,
    sentinel_path,
    set_aside,
)
from nmma_fitter.engine.unit import Unit, prepare_folder

DONE = {"outcome": "done"}


def run_of(unit: Unit, name: str = "1-7-0", content: str = "data"):
    attempt = unit.attempts / name
    attempt.mkdir()
    (attempt / "out.txt").write_text(content)
    return attempt


@pytest.fixture
def unit(tmp_path) -> Unit:
    unit = small_unit(tmp_path)
    prepare_folder(unit)
    return unit


def test_a_published_unit_is_valid(unit):
    assert publish(unit, run_of(unit), DONE)
    assert read_sentinel(unit)[0] is SentinelState.VALID
    assert (unit.folder / "out.txt").read_text() == "data"


def test_the_first_run_wins_and_stays(unit):
    assert publish(unit, run_of(unit, "1-7-0", "first"), DONE)
    assert not publish(unit, run_of(unit, "2-8-0", "second"), DONE)
    assert read_sentinel(unit)[1]["attempt"] == "1-7-0"
    assert (unit.folder / "out.txt").read_text() == "first"


def test_of_many_at_once_one_wins(unit):
    runs = [run_of(unit, f"{n}-7-0", str(n)) for n in range(1, 9)]
    won: list[bool] = []
    threads = [
        threading.Thread(target=lambda r=run: won.append(publish(unit, r, DONE))) for run in runs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won) == 1
    assert read_sentinel(unit)[0] is SentinelState.VALID


@pytest.mark.parametrize("content", [None, ""])
def test_a_missing_or_empty_output_is_not_published(unit, content):
    attempt = run_of(unit)
    if content is None:
        (attempt / "out.txt").unlink()
    else:
        (attempt / "out.txt").write_text(content)
    with pytest.raises(InvalidOutput, match=r"out\.txt"):
        publish(unit, attempt, DONE)
    assert read_sentinel(unit)[0] is SentinelState.NONE


@pytest.mark.parametrize("content", ["DATA", "dat", ""])
def test_an_output_that_changed_makes_it_invalid(unit, content):
    attempt = run_of(unit)
    publish(unit, attempt, DONE)
    (attempt / "out.txt").write_text(content)
    assert read_sentinel(unit)[0] is SentinelState.INVALID


@pytest.mark.parametrize("text", ["", "{", "[]", '{"digest": 1}'])
def test_a_sentinel_cut_short_is_invalid(unit, text):
    sentinel_path(unit).write_text(text)
    assert read_sentinel(unit)[0] is SentinelState.INVALID


@pytest.mark.parametrize("attempt", ["..", "../..", ".", "", "a/b"])
def test_a_sentinel_that_points_out_of_its_folder_is_invalid(unit, attempt):
    publish(unit, run_of(unit), DONE)
    path = sentinel_path(unit)
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "attempt": attempt}))
    assert read_sentinel(unit)[0] is SentinelState.INVALID


def test_another_digest_or_generation_is_stale(unit):
    publish(unit, run_of(unit), DONE)
    assert read_sentinel(unit.raised(1))[0] is SentinelState.STALE
    assert read_sentinel(replace(unit, digest="f" * 64))[0] is SentinelState.STALE


def test_set_aside_lets_another_run_publish(unit):
    attempt = run_of(unit)
    publish(unit, attempt, DONE)
    (attempt / "out.txt").write_text("spoilt")
    set_aside(unit)
    assert publish(unit, run_of(unit, "2-8-0", "good"), DONE)
    assert read_sentinel(unit)[0] is SentinelState.VALID


def test_public_names_that_a_kill_left_out_are_put_back(unit):
    publish(unit, run_of(unit), DONE)
    (unit.folder / "out.txt").unlink()
    unit.fin.unlink()
    expose(unit, read_sentinel(unit)[1])
    assert (unit.folder / "out.txt").read_text() == "data"
    assert unit.fin.samefile(sentinel_path(unit))
