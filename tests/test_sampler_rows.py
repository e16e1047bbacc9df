"""Which runs of the samplers are wanted, and how their answers are compared."""

import importlib
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
KEYS = [("Piro2021", 1.0, "quick"), ("Piro2021", 1.0, "slow")]


@pytest.fixture
def rows(monkeypatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("sampler_rows")


def row(key: tuple[str, float, str], seed: int, seconds: float, log_z: float | None = 0.0) -> Any:
    model, error, name = key
    named = {"model": model, "sys_error": error, "sampler": name, "seed": seed}
    return named | {"seconds": seconds, "log_z": log_z, "log_z_err": 0.1, "evaluations": 9}


def test_the_first_seeds_of_all_come_before_more_of_any(rows):
    found = list(rows.wanted(KEYS, 7, []))
    assert len(found) == 14 and {seed for _, seed in found[:10]} == set(range(5))


def test_what_takes_over_a_minute_gets_five_seeds(rows):
    there = [row(KEYS[0], i, 1.0) for i in range(5)] + [row(KEYS[1], i, 99.0) for i in range(5)]
    assert list(rows.wanted(KEYS, 7, there)) == [(KEYS[0], 5), (KEYS[0], 6)]


def test_a_sampler_that_came_to_no_end_twice_is_left(rows):
    there = [row(KEYS[1], i, 600.0, None) for i in range(2)]
    assert list(rows.wanted([KEYS[1]], 7, there)) == []


def test_a_run_that_takes_too_long_is_ended(rows):
    with pytest.raises(TimeoutError), rows.at_most(0.02):
        while True:
            pass


def test_a_mean_is_held_against_those_of_the_others(rows):
    off, error = rows.off_others("a", {"a": (1.0, 0.03), "b": (0.9, 0.04), "c": (0.9, 0.04)})
    assert off == pytest.approx(0.1) and error == pytest.approx((0.03**2 + 0.04**2 / 2) ** 0.5)


def test_a_mean_of_few_seeds_is_not_surer_than_what_they_state(rows):
    mean, error = rows.mean_of([row(KEYS[0], i, 1.0, -9.0) for i in range(4)])
    assert (mean, error) == (-9.0, pytest.approx(0.05))
