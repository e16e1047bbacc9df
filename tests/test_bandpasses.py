"""Curves of the bands: thinned, they predict what their sources do."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import trapezoid

from nmma_fitter.bandpasses import DATA, bandpass
from nmma_fitter.bands import BANDS
from nmma_fitter.errors import BadInput

# AB magnitudes, up to a constant, of black bodies through the curves of the sources, unthinned.
REFERENCE = Path(__file__).with_name("bandpass_magnitudes.csv")


def magnitude(band: str, kelvin: float) -> float:
    curve = bandpass(band)
    wave = np.linspace(curve.wavelength[0], curve.wavelength[-1], 20001)
    through = np.interp(wave, curve.wavelength, curve.transmission)
    planck = 1e20 / wave**5 / np.expm1(1.438776877e8 / (wave * kelvin))
    flux = trapezoid(wave * planck * through, wave) / trapezoid(through / wave, wave)
    return float(-2.5 * np.log10(flux))


def test_thinning_moves_no_black_body_by_a_thousandth_of_a_magnitude() -> None:
    with REFERENCE.open() as file:
        rows = list(csv.DictReader(file))
    assert {row["band"] for row in rows} == set(BANDS)
    for row in rows:
        for kelvin in ("3000", "6000", "15000"):
            moved = magnitude(row["band"], float(kelvin)) - float(row[kelvin])
            assert abs(moved) < 0.001, (row["band"], kelvin)


@pytest.mark.parametrize("band", BANDS)
def test_a_curve_is_one_and_its_mean_the_bands_wavelength(band: str) -> None:
    curve = bandpass(band)
    assert np.all(np.diff(curve.wavelength) > 0)
    assert np.all((curve.transmission >= 0) & (curve.transmission <= 1))
    wave = np.linspace(curve.wavelength[0], curve.wavelength[-1], 20001)
    through = np.interp(wave, curve.wavelength, curve.transmission)
    mean = trapezoid(wave * through, wave) / trapezoid(through, wave)
    assert mean == pytest.approx(BANDS[band], rel=3e-4)


@pytest.mark.parametrize("band", ["ztfg", "atlaso", "2massks", "f1065c"])
def test_weights_give_a_flat_spectrum_its_magnitude(band: str) -> None:
    wave, weights = bandpass(band).weights(5.0)
    f_lambda = 3631e-23 * 10 ** (-0.4 * 20.0) * 2.99792458e18 / wave**2  # AB 20 everywhere
    assert -2.5 * np.log10(np.sum(weights * f_lambda)) == pytest.approx(20.0, abs=1e-9)


def test_the_curves_take_little_room() -> None:
    assert DATA.stat().st_size < 200_000


def test_an_unknown_band_has_no_curve() -> None:
    with pytest.raises(BadInput, match=r"band 'ztfx'.*ztf"):
        bandpass("ztfx")
