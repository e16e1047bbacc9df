from __future__ import annotations

import numpy as np
import pytest

from nmma_fitter.candidates.baseline import FEWEST, WELL_BEFORE, baseline, onset

RNG = np.random.default_rng(5)


def quiet(count: int, level: float = 0.0, true_error: float = 4.0):
    """Times of two years, fluxes of that level and scatter, stated errors of 4."""
    mjd = np.linspace(59000, 59700, count)
    return mjd, RNG.normal(level, true_error, count), np.full(count, 4.0), np.ones(count)


def with_event(flux, event=60):
    """The last `event` rows rise by 100."""
    flux = flux.copy()
    flux[-event:] += 100.0
    return flux


def test_the_level_is_that_of_the_rows_well_before_the_event():
    mjd, flux, error, chi2 = quiet(400, level=12.0)
    flux = with_event(flux)
    event = onset(mjd, flux, error, [np.arange(400)])
    assert event == mjd[-60]
    found = baseline(mjd, flux, error, chi2, event)
    assert (found.how, found.rows) == ("before", np.count_nonzero(mjd < event - WELL_BEFORE))
    assert found.error == pytest.approx(1.2533 * 4 / np.sqrt(found.rows), rel=0.2)
    assert abs(found.level - 12.0) < 4 * found.error


def test_the_error_of_the_level_is_its_scatter_over_many_files():
    found = [baseline(*quiet(100), np.inf) for _ in range(400)]
    scatter = np.std([one.level for one in found])
    assert np.mean([one.error for one in found]) == pytest.approx(scatter, rel=0.15)


def test_one_bright_row_is_no_event():
    mjd, flux, error, _ = quiet(200)
    flux[50] += 300
    assert onset(mjd, flux, error, [np.arange(200)]) == np.inf


def test_an_event_of_most_rows_is_found():
    mjd, flux, error, _ = quiet(100)
    assert onset(mjd, with_event(flux, 70), error, [np.arange(100)]) == mjd[30]


def test_an_event_is_found_in_another_filter():
    mjd, flux, error, _ = quiet(200)
    bright = with_event(flux)
    groups = [np.arange(0, 200, 2), np.arange(1, 200, 2)]
    assert onset(mjd, np.where(np.arange(200) % 2, bright, flux), error, groups) == mjd[141]


def test_without_rows_before_the_quiet_ones_give_the_level():
    mjd, flux, error, chi2 = quiet(100, level=2.0)
    flux[:20] += 100.0
    found = baseline(mjd, flux, error, chi2, mjd[0])
    assert found.how == "median"
    assert abs(found.level - 2.0) < 4 * found.error + 1.5


@pytest.mark.parametrize("bright", [70, 100])
def test_an_event_is_never_taken_for_the_level(bright):
    mjd, flux, error, chi2 = quiet(100)
    flux[:bright] += 100.0
    found = baseline(mjd, flux, error, chi2, mjd[0])
    assert (found.how, found.level, found.error, found.rows) == ("none", 0.0, 0.0, 0)


def test_few_rows_give_no_level():
    found = baseline(*quiet(FEWEST - 1), np.inf)
    assert found.how == "none"


def test_errors_that_are_too_small_are_scaled_by_their_scatter():
    found = baseline(*quiet(400, true_error=10.0), np.inf)
    assert found.scale == pytest.approx(2.5, rel=0.15)


def test_errors_are_scaled_by_the_chi_of_the_fits():
    mjd, flux, error, chi2 = quiet(400)
    assert baseline(mjd, flux, error, 4 * chi2, np.inf).scale == pytest.approx(2.0)
    few = (mjd[:5], flux[:5], error[:5], 4 * chi2[:5])
    assert baseline(*few, np.inf).scale == pytest.approx(2.0)


def test_errors_are_never_made_smaller():
    mjd, flux, error, chi2 = quiet(400, true_error=1.0)
    assert baseline(mjd, flux, error, chi2 / 9, np.inf).scale == 1.0


def test_an_unknown_chi_scales_nothing():
    mjd, flux, error, chi2 = quiet(5)
    assert baseline(mjd, flux, error, np.nan * chi2, np.inf).scale == 1.0
