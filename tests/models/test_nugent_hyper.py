from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nmma_fitter import models
from nmma_fitter.errors import UnsupportedData
from nmma_fitter.models import cosmology
from nmma_fitter.models.base import FloatArray, Model

PHASES = np.concatenate([np.linspace(0.01, 90.0, 60), [116.0, 119.0, 150.0]])


def magnitudes(model: Model, band: str, z: float, distance: float) -> FloatArray:
    days = (PHASES * (1 + z))[None]
    none = np.zeros(len(PHASES))
    boost = {"supernova_mag_boost": np.zeros(1)}
    at = np.array([z]), np.array([distance])
    return model.magnitudes(boost, days, [band] * len(PHASES), none, *at)[0]


@pytest.mark.parametrize("band", ["ztfg", "ztfr", "ztfi", "sdssu", "ps1::z"])
def test_agrees_with_sncosmo(hypernova: Model, band: str) -> None:
    import sncosmo

    theirs = sncosmo.Model("nugent-hyper")
    for z in (1e-4, 0.0312, 0.217, 0.5013, 0.999):
        distance = float(cosmology.luminosity_distance(np.array([z]))[0])
        theirs.set(z=z)
        theirs.source.set_peakmag(-19.0 + 5 * np.log10(distance) + 25, "sdssu", "ab")
        expected = theirs.bandmag(band, "ab", PHASES * (1 + z))
        np.testing.assert_allclose(magnitudes(hypernova, band, z, distance), expected, atol=0.005)


def test_peaks_at_minus_19_in_u(hypernova: Model) -> None:
    # the peak sncosmo finds lies on a parabola through daily values, a little off the template's
    peak = magnitudes(hypernova, "sdssu", 0.0, 1e-5).min()
    assert peak == pytest.approx(-19.0, abs=0.1)


def test_no_light_before_day_zero(hypernova: Model) -> None:
    boost, none = {"supernova_mag_boost": np.zeros(1)}, np.zeros(1)
    found = hypernova.magnitudes(
        boost, np.array([[-0.1, 0.1]]), ["ztfg"] * 2, np.zeros(2), none, np.array([1.0])
    )
    assert np.isposinf(found[0, 0])
    assert np.isfinite(found[0, 1])


def test_no_light_beyond_the_templates_bluest_wavelength(hypernova: Model) -> None:
    assert np.all(np.isposinf(magnitudes(hypernova, "ztfg", 6.0, 60000.0)))


def test_unknown_bands_are_named(hypernova: Model) -> None:
    hypernova.check_bands(["ztfg", "2massh"])
    with pytest.raises(UnsupportedData, match=r"nugent-hyper cannot predict radio-3GHz"):
        hypernova.check_bands(["ztfg", "radio-3GHz"])


def test_missing_template_says_what_to_do(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    code = (
        "import nmma_fitter.models as m\n"
        "from nmma_fitter.errors import Unavailable\n"
        "try: m.get('nugent-hyper').check_available()\n"
        "except Unavailable as e: print(e)"
    )
    # an empty data folder, and a proxy that refuses at once in place of no network
    env = {**os.environ, "SNCOSMO_DATA_DIR": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env=env
    )
    assert "Set SNCOSMO_DATA_DIR" in done.stdout


@pytest.mark.parametrize("redshift", [0.0913, 0.2, 0.457])
def test_monochromatic_magnitudes_are_those_of_the_spectrum(
    hypernova: Model, redshift: float
) -> None:
    import sncosmo

    model = models.get("nugent-hyper", photometry="monochromatic")
    spectrum = sncosmo.Model("nugent-hyper")
    spectrum.set(z=redshift)
    spectrum.set_source_peakmag(-19.0 + 5 * np.log10(500.0) + 25, "sdssu", "ab")
    days, wavelengths = np.array([3.0, 12.0, 30.0]), np.array([4866.46, 6214.6, 6389.4])
    found = model.magnitudes(
        {"supernova_mag_boost": np.zeros(1)},
        days[None, :],
        ["ztfg", "ztfr", "ztfi"],
        wavelengths,
        np.array([redshift]),
        np.array([500.0]),
    )[0]
    f_lambda = np.array([spectrum.flux(t, [w])[0] for t, w in zip(days, wavelengths, strict=True)])
    expected = -2.5 * np.log10(f_lambda * wavelengths**2 / 2.99792458e18) - 48.6
    np.testing.assert_allclose(found, expected, atol=0.003)
