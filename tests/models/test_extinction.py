from __future__ import annotations

import numpy as np
import pytest

from nmma_fitter.models import extinction


def test_milky_way_agrees_with_sncosmo() -> None:
    import sncosmo

    dust = sncosmo.F99Dust(r_v=3.1)
    dust["ebv"] = 1.0
    wave = np.linspace(920.0, 30000.0, 500)
    theirs = -2.5 * np.log10(dust.propagate(wave, np.ones_like(wave)))
    np.testing.assert_allclose(extinction.fitzpatrick99(wave), theirs, atol=1e-9)


def test_curves_are_one_magnitude_apart_between_b_and_v() -> None:
    b_and_v = np.array([4400.0, 5500.0])
    assert np.diff(-extinction.fitzpatrick99(b_and_v))[0] == pytest.approx(1.0, abs=0.1)
    assert np.diff(-extinction.pei92_smc(b_and_v))[0] == pytest.approx(1.0, abs=0.1)


def test_no_dust_where_it_does_not_absorb() -> None:
    x_ray, radio = 12.0, 1e9
    for curve in (extinction.fitzpatrick99, extinction.pei92_smc):
        assert np.all(np.abs(curve(np.array([x_ray, radio]))) < 1e-3)
