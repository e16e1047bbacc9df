"""Parts of the pages: history, links, chart, parameters, days."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from nmma_fitter.candidates.lightcurve import from_columns
from nmma_fitter.delivery.ranges import BandCurves
from nmma_fitter.delivery.report import refits
from nmma_fitter.delivery.report.chart import chart, lighter
from nmma_fitter.delivery.report.pages import link, size, utc
from nmma_fitter.delivery.report.parameters import parameter_rows, prior_text
from nmma_fitter.delivery.report.remedies import REMEDIES, remedy
from nmma_fitter.delivery.statistics import every_day, night_date
from nmma_fitter.engine.files import folder_name, write_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.reasons import REASONS
from nmma_fitter.engine.sentinel import sentinel_path
from nmma_fitter.engine.unit import State, Unit, prepare_folder
from nmma_fitter.schedulers.base import Resources


def unit(root: Path, generation: int = 0) -> Unit:
    return Unit(
        *("fits", "n1", "a", "Me2017", "f" * 64, generation, root / "n1/a/Me2017", ("true",), ()),
        Resources(),
    )


def ended(one: Unit, log_z: float, started: int) -> None:
    prepare_folder(one)
    said = {"outcome": "done", "digest": one.digest, "generation": one.generation}
    write_json(sentinel_path(one), {**said, "started": started, "summary": {"log_z": log_z}})


def test_a_forced_fit_stands_beside_the_one_before_it(tmp_path):
    for generation in (0, 1):
        ended(unit(tmp_path, generation), -9.0 - generation, 100 * generation)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.add_unit(unit(tmp_path, 1), None)
        ledger.set_state("f" * 64, State.DONE)
        found = refits(ledger.history("a"))
    assert [(fit.generation, fit.log_z) for fit in found] == [(1, -10.0), (0, -9.0)]


def test_a_fit_without_a_sentinel_is_in_the_history_as_the_ledger_has_it(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.add_unit(unit(tmp_path), None)
        ledger.set_state("f" * 64, State.FAILED, "timeout")
        (fit,) = refits(ledger.history("a"))
    assert (fit.state, fit.reason, fit.log_z) == ("failed", "timeout", None)


@pytest.mark.parametrize("content", ["{", "[]", '{"digest": 3}', '{"summary": 3}'])
def test_a_garbled_sentinel_is_no_history(tmp_path, content):
    prepare_folder(unit(tmp_path))
    sentinel_path(unit(tmp_path)).write_text(content)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.add_unit(unit(tmp_path), None)
        (fit,) = refits(ledger.history("a"))
    assert fit.state == "running"


@pytest.mark.parametrize("name", ["a b", "%2e", "a:b", "#?&'\"<>", "\udcff", "ä", ".."])
def test_a_link_is_the_quoted_name_on_disk(name):
    folder = folder_name(name)
    assert link(Path("/out/n") / folder, Path("/out/n")) == folder.replace("%", "%25")


def test_no_light_stays_out_of_the_chart_and_everything_is_json():
    days = np.array([0.0, 1.0, 2.0])
    dark = np.array([np.inf, np.inf, 20.0])
    curve = BandCurves("ztfg", days, dark, dark, dark, dark)
    lightcurve = from_columns(
        "a",
        mjd=[0.0, 2.0],
        band=["ztfg"] * 2,
        mag=[18.0, np.nan],
        mag_err=[0.1, np.nan],
        limit=[np.nan, 20.0],
        multiplicity=[1, 1],
    )
    data = chart(lightcurve, 0.0, {"m": [curve]})
    shown = data["models"][0]["curves"]["ztfg"]
    for line in ("median", "low", "high"):  # up from below the panel, as in the picture
        assert min(shown[line][:2]) > data["mags"][0] > shown[line][2] == 20.0
    assert data["bands"][0]["limits"] == {"x": [2.0], "y": [20.0]}


def test_a_dark_screen_gets_lighter_colours():
    assert lighter("#000080", 0.5) == "#8080c0"


def result(values: list[float]) -> dict[str, object]:
    return {
        "posterior": {"content": {"timeshift": values, "log_prior": [0.0] * len(values)}},
        "search_parameter_keys": ["timeshift"],
        "priors": {
            "timeshift": {"__name__": "Uniform", "kwargs": {"minimum": -10.0, "maximum": 0}}
        },
    }


def test_a_parameter_has_median_interval_unit_and_prior():
    (row,) = parameter_rows(result([-0.1 * n for n in range(101)]), "Me2017")
    assert (row.median, row.low, row.high) == ("−5.00", "−9.50", "−0.50")
    assert (row.unit, row.prior) == ("d", "Uniform −10 to 0")


def test_a_constant_parameter_is_fixed():
    (row,) = parameter_rows(result([2.0] * 5), "Me2017")
    assert (row.median, row.low) == ("2.00", "")


def test_a_prior_without_ends_says_what_it_has():
    assert prior_text({"__name__": "Gaussian", "kwargs": {"mu": 1.0, "sigma": 0.5}}) == (
        "Gaussian mu 1, sigma 0.5"
    )


def test_every_reason_has_a_remedy():
    assert REASONS.keys() <= REMEDIES.keys()
    assert remedy("running", "").startswith("wait")


def test_a_night_is_the_day_of_its_last_julian_date():
    assert night_date("2459784-2459791") == date(2022, 7, 30)
    assert night_date("by hand") is None


def test_days_without_anything_are_there_and_what_is_no_day_comes_last():
    days = {"2022-07-31": {"n": 1}, "by hand": {"n": 2}, "2022-07-29": {"n": 3}}
    assert list(every_day(days, 60)) == ["2022-07-29", "2022-07-30", "2022-07-31", "by hand"]
    assert list(every_day(days, 2)) == ["2022-07-30", "2022-07-31", "by hand"]


@pytest.mark.parametrize("when", [None, 1e300, float("nan")])
def test_a_time_that_is_none_is_a_dash(when):
    assert utc(when) == "–"


def test_sizes_are_in_words():
    assert (size(10), size(12_345), size(2_000_000)) == ("0.1 kB", "12.3 kB", "2.0 MB")
