"""The tables of the long runs say what differs, and a control is found out."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

VALIDATION = Path(__file__).parent.parent / "validation"


@pytest.fixture
def long_tables(monkeypatch) -> Any:
    monkeypatch.syspath_prepend(str(VALIDATION))
    return importlib.import_module("long_tables")


def record(run: str, number: int, log_z: float, seed: int = 1) -> dict[str, Any]:
    return {
        **{"run": run, "curve": f"curve {number}", "model": "Piro2021", "digest": str(number)},
        **{"seed": seed, "sys_error": 1.0, "points": 5, "converged": True, "seconds": 1.0},
        **{"log_z": log_z, "log_z_err": 0.02, "ess": 2000.0, "tail": 0.2},
        **{"method": "importance", "sd": {"x": 2.0}},
        "quantiles": {"x": [0.0, 1.0, 3.0, 5.0, 6.0]},
    }


def noise(seed: int, size: int, scale: float = 0.02) -> list[float]:
    return np.random.default_rng(seed).normal(0, scale, size).tolist()


def test_fits_that_scatter_as_they_say_agree_with_long_runs_and_a_biased_control_does_not(
    long_tables,
):
    found = [record("product", i, -9 + one) for i, one in enumerate(noise(1, 30))]
    found += [record("long", i, -9 + one) for i, one in enumerate(noise(2, 30))]
    found += [record("kept", i, -9.06 + one) for i, one in enumerate(noise(3, 30))]
    text, good = long_tables.tables(found)
    assert good
    assert any("kept - long | all" in one and "disagree" in one for one in text.splitlines())


@pytest.mark.parametrize("effective", [9, 11])
def test_a_run_of_too_few_effective_points_is_shown_and_held_against_none(long_tables, effective):
    found = [record("product", i, -9 + one) for i, one in enumerate(noise(1, 30))]
    found += [record("plain", i, -9 + one) for i, one in enumerate(noise(2, 30))]
    found[-1] |= {"log_z": -12.5, "ess": effective}
    text, good = long_tables.tables(found)
    assert good == (effective < 10)
    assert ("(-12.500 ± 0.020)" if effective < 10 else "| -12.500 ± 0.020 |") in text


def test_a_small_bias_that_all_share_is_found_where_the_chi_squared_is_not(long_tables):
    cells, agree = long_tables.agreement([0.6, 0.5, 0.7] * 10)
    assert float(cells[1]) > 0.9 and not agree


def test_a_control_that_agrees_is_not_as_it_should_be(long_tables):
    found = [record(run, i, -9.0) for run in ("product", "long", "kept") for i in range(30)]
    assert not long_tables.tables(found)[1]


def test_fits_that_differ_by_more_than_their_errors_are_told(long_tables):
    found = [record("product", i, -9.1) for i in range(10)]
    found += [record("long", i, -9.0) for i in range(10)]
    text, good = long_tables.tables(found)
    assert not good and "| disagree |" in text


def test_a_fit_without_an_answer_is_named(long_tables):
    lost = {**record("product", 1, 0.0), "converged": False, "reason": "too thin"}
    text, good = long_tables.tables([lost])
    assert not good and "product curve 1 Piro2021: too thin" in text


def test_posteriors_are_compared_in_units_of_the_long_runs_width(long_tables):
    one, other = record("product", 1, 0.0), record("long", 1, 0.0)
    other["quantiles"] = {"x": [0.0, 1.0, 2.0, 3.0, 4.0]}
    shift, ratio = long_tables.posterior_shifts(one, other)["x"]
    assert shift == pytest.approx(0.5) and ratio == pytest.approx(1.5)


@pytest.mark.parametrize(("scale", "said"), [(0.02, "within 25 %"), (0.03, "off")])
def test_scatter_is_held_against_the_stated_error(long_tables, scale, said):
    found = [record("scatter", 1, -9 + one, i) for i, one in enumerate(noise(4, 500, scale))]
    text, good = long_tables.scatter_table(found)
    assert text.endswith(f"| {said} |") and good == (said != "off")
