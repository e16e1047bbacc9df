"""Two engines side by side: when they agree, and what is said when they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nmma_fitter.delivery.plots.engines import plot_engines
from nmma_fitter.engine_points import agrees, table, weighed
from nmma_fitter.engines import Found, agreement, rows_of
from nmma_fitter.engines import table as both


def found(log_z: float = -10.0, shift: float = 0.0, error: float = 0.1) -> Found:
    samples = {"x": np.random.default_rng(1).normal(shift, 1, 4000), "p": np.full(4000, 2.2)}
    return Found(log_z, error, 10.0, 1000, samples)


def test_equal_fits_agree():
    fast, nmma = found(), found(-10.2)
    assert agreement(fast, nmma, rows_of(fast, nmma)) == []


def test_a_fixed_parameter_is_not_compared():
    assert [row.parameter for row in rows_of(found(), found())] == ["x"]


def test_medians_are_compared_in_sigma():
    fast, nmma = found(), found(shift=0.5)
    [row] = rows_of(fast, nmma)
    assert row.sigmas == pytest.approx(0.5, abs=0.05)
    assert any("x: medians 0.5" in line for line in agreement(fast, nmma, [row]))


@pytest.mark.parametrize(("log_z", "error"), [(-10.6, 0.5), (-10.4, 0.05)])
def test_evidences_must_agree_outright_and_within_their_errors(log_z, error):
    fast, nmma = found(error=error), found(log_z, error=error)
    [line] = agreement(fast, nmma, rows_of(fast, nmma))
    assert line.startswith("ln Z: 0.")


def test_the_table_ends_with_the_verdict():
    engines = {"fast": found(), "nmma": found(-12.0)}
    rows = rows_of(*engines.values())
    assert both(engines, rows, agreement(*engines.values(), rows)).splitlines()[-1].startswith("ln")
    assert both(engines, rows, []).splitlines()[-1] == "they agree"


def test_the_plot_is_drawn_with_the_names_that_people_use(tmp_path: Path):
    samples = {"x": {"fast": found().samples["x"], "nmma": found(shift=1).samples["x"]}}
    order = {"title": "A $5", "labels": {"fast": "fast engine", "nmma": "NMMA"}, "samples": samples}
    for name, label in (("plain", "x"), ("named", r"$M_{\rm ej}$"), ("broken", r"$\frac{$")):
        plot_engines(tmp_path / name, **order, axes={"x": label})
    plain, named, broken = ((tmp_path / one).read_bytes() for one in ("plain", "named", "broken"))
    assert plain.startswith(b"\x89PNG") and len({plain, named, broken}) == 3


def test_equal_likelihoods_shift_nothing():
    same = weighed(np.zeros(300), 0.7)
    assert same.log_z == pytest.approx(0) and same.share == pytest.approx(1) and agrees(same)
    assert table(same).endswith("they agree")


def test_a_constant_difference_shifts_the_evidence_by_it():
    found = weighed(np.full(300, -0.3), 0.7)
    assert found.log_z == pytest.approx(-0.3) and not agrees(found)
    assert table(found).endswith("they do not agree")


def test_a_scatter_of_the_difference_leaves_fewer_effective_points():
    scattered = weighed(np.random.default_rng(2).normal(0, 1, 300), 0.7)
    assert scattered.share < 0.6 and not agrees(scattered)


def test_an_impossible_point_counts_as_that():
    differences = np.zeros(300)
    differences[0] = -1.7976931348623157e308
    assert weighed(differences, 0.7).share == pytest.approx(299 / 300)
