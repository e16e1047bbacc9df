"""The nickel-powered supernova against its own integral, and against what energy must do.

Its magnitudes by another code are compared by ``models check``.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from nmma_fitter import models
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.models import blackbody
from nmma_fitter.models.arnett1982 import nickel_luminosity
from nmma_fitter.models.base import FloatArray
from nmma_fitter.shipped import shipped

DAY = blackbody.DAY
# Nickel and ejecta in solar masses, velocity in cm/s: a type IIb, a broad-lined Ic, the slowest
POINTS = np.array([(0.11, 2.2, 8.3e8), (0.32, 2.9, 1.9e9), (0.05, 19.0, 3.2e8)])
NICKEL, MASS, VELOCITY = POINTS.T
DIFFUSION = np.sqrt(2 * 0.07 * MASS * blackbody.SOLAR_MASS / (13.7 * 2.99792458e10 * VELOCITY))
TRAPPED = 3 * 0.027 * MASS * blackbody.SOLAR_MASS / (4 * np.pi * VELOCITY**2)


def power(seconds: FloatArray) -> FloatArray:
    """Of a solar mass of nickel and its cobalt (Nadyozhin 1994), erg/s."""
    days = seconds / DAY
    return np.asarray(6.45e43 * np.exp(-days / 8.8) + 1.45e43 * np.exp(-days / 111.3))


def luminosity(days: FloatArray) -> FloatArray:
    seconds = np.tile(days * DAY, (len(POINTS), 1))
    return nickel_luminosity(NICKEL, MASS * blackbody.SOLAR_MASS, VELOCITY, seconds)


def without_leak(days: FloatArray) -> FloatArray:
    """Per solar mass of nickel, had all gamma rays been absorbed."""
    kept = -np.expm1(-TRAPPED[:, None] / (days * DAY) ** 2)
    return np.asarray(luminosity(days) / kept / NICKEL[:, None])


def test_equals_arnetts_integral() -> None:
    days = np.array([0.05, 0.5, 3.0, 12.0, 30.0, 100.0, 300.0])
    found = luminosity(days)
    for row, (nickel, tau, trapped) in enumerate(zip(NICKEL, DIFFUSION, TRAPPED, strict=True)):
        for column, t in enumerate(days * DAY):

            def integrand(s: float, t: float = t, tau: float = tau) -> float:
                return float(2 * s / tau**2 * np.exp((s**2 - t**2) / tau**2) * power(s))

            near = [max(0.0, t - 20 * tau**2 / t)]  # where all but e^-40 of it comes from
            exact, _ = quad(integrand, near[0], t, epsabs=0, epsrel=1e-11, limit=200)
            exact *= nickel * -np.expm1(-trapped / t**2)
            assert found[row, column] == pytest.approx(exact, rel=1e-8)


def test_energy_is_conserved() -> None:
    # of radiation in homologous expansion ∫ t L dt = ∫ t P dt (Katz, Kushnir & Dong 2013)
    days = np.geomspace(1e-3, 3000.0, 40_000)
    radiated = np.trapezoid(days * without_leak(days), days, axis=1)
    released = 6.45e43 * 8.8**2 + 1.45e43 * 111.3**2
    np.testing.assert_allclose(radiated, released, rtol=1e-5)


def test_it_peaks_where_it_radiates_what_is_released() -> None:
    days = np.linspace(1.0, 200.0, 400_000)
    light = without_leak(days)
    peak = np.argmax(light, axis=1)
    assert np.all((days[peak] > 10) & (days[peak] < 100))
    np.testing.assert_allclose(light.max(axis=1), power(days[peak] * DAY), rtol=1e-4)


def test_in_the_end_it_shines_with_what_is_absorbed() -> None:
    days = np.array([3000.0])
    absorbed = NICKEL * power(days * DAY) * -np.expm1(-TRAPPED / (days * DAY) ** 2)
    np.testing.assert_allclose(luminosity(days)[:, 0], absorbed, rtol=0.01)


def spectra(days: FloatArray, lam: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Frequencies, and luminosity per frequency of shape (points, days, frequencies)."""
    parameters = {
        "log10_mni": np.log10(NICKEL),
        "log10_mej": np.log10(MASS),
        "log10_vph": np.log10(VELOCITY / 1e5),
        "temperature_floor": np.full(3, 5000.0),
    }
    at = np.tile(np.repeat(days, lam.size), (3, 1))
    wavelengths, place = np.tile(lam, days.size), (np.zeros(3), np.full(3, 50.0))
    model = models.get("Arnett1982")
    magnitudes = model.magnitudes(parameters, at, ["ztfr"] * at.shape[1], wavelengths, *place)
    flux = 10 ** (-0.4 * (magnitudes + 48.6)) * 4 * np.pi * (50 * blackbody.MEGAPARSEC) ** 2
    return 2.99792458e18 / lam, flux.reshape(3, days.size, lam.size)


def test_the_photosphere_radiates_the_luminosity_before_and_at_the_floor() -> None:
    days = np.array([3.0, 15.0, 60.0])
    hertz, spectrum = spectra(days, np.geomspace(100.0, 1e6, 4000))
    total = -np.trapezoid(spectrum, hertz, axis=2)
    np.testing.assert_allclose(total, luminosity(days), rtol=1e-4)


def test_it_expands_freely_until_the_floor_and_recedes_at_its_temperature() -> None:
    days = np.array([3.0, 50.0, 60.0])
    _, spectrum = spectra(days, np.array([4000.0, 8000.0]))
    temperature = 1.438776877e8 / 8000.0 / np.log(1 + _ratio(spectrum))
    sigma = blackbody.STEFAN_BOLTZMANN
    free = (luminosity(days) / (4 * np.pi * sigma * (VELOCITY[:, None] * days * DAY) ** 2)) ** 0.25
    np.testing.assert_allclose(temperature, np.maximum(free, 5000.0), rtol=1e-6)
    assert np.all(free[:, 0] > 5000) and np.all(free[:, 1:] < 5000)


def _ratio(spectrum: FloatArray) -> FloatArray:
    """exp(hc/λkT) at 8000 Å, minus 1, from the blackbody's light at it and at half of it."""
    # B_ν(2x)/B_ν(x) = 8 (e^x - 1)/(e^2x - 1) = 8/(e^x + 1)
    return np.asarray(8 * spectrum[..., 1] / spectrum[..., 0] - 2)


def test_its_prior_never_holds_more_nickel_than_ejecta() -> None:
    priors = load_priors(shipped("config", "priors", "Arnett1982.prior"))
    assert priors["log10_mni"].maximum <= priors["log10_mej"].minimum
