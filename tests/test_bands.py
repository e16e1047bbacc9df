"""Bands: names in, canonical names out, and wavelengths that the bandpass files confirm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import trapezoid

from nmma_fitter.bands import BANDS, SURVEYS, canonical, wavelength
from nmma_fitter.errors import BadInput

BANDPASSES = Path(__file__).parents[2] / "shared" / "data" / "sncosmo" / "bandpasses"

# File of each band below `BANDPASSES`, and the ångström in its unit of wavelength.
FILES: dict[str, tuple[str, float]] = (
    {"ztfg": ("ztf/P48_g.dat", 1), "ztfr": ("ztf/P48_R.dat", 1), "ztfi": ("ztf/P48_I.dat", 1)}
    | {f"sdss{x}": (f"sdss/sdss_{x}.dat", 1.0) for x in "ugriz"}
    | {f"ps1::{x}": (f"ps1/ps1_{x}.dat", 10.0) for x in ["g", "r", "i", "z", "y", "w", "open"]}
    | {f"lsst{x}": (f"lsst/total_{x}.dat", 10.0) for x in "ugrizy"}
    | {f"des{x}": (f"des/des_{x}.dat", 1.0) for x in "ugrizy"}
    | {f"2mass{x.lower()}": (f"2mass/2mass.{x}", 1.0) for x in ["J", "H", "Ks"]}
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("g", "ztfg"),
        ("ztfg", "ztfg"),
        ("ZTF_g", "ztfg"),
        ("sdssg", "sdssg"),
        ("sdss::u", "sdssu"),
        ("ps1::g", "ps1::g"),
        ("ps1__g", "ps1::g"),
        ("ps1g", "ps1::g"),
        ("PS1_y", "ps1::y"),
        ("2massJ", "2massj"),
        ("J", "2massj"),
        ("K", "2massks"),
        ("Ks", "2massks"),
        ("2massks", "2massks"),
        ("lsstg", "lsstg"),
        ("desg", "desg"),
        ("atlasc", "atlasc"),
        ("o", "atlaso"),
        ("bessellb", "bessellb"),
        ("R", "bessellr"),
        ("uvot::uvw1", "uvot::uvw1"),
        ("uvot__uvm2", "uvot::uvm2"),
        (" r ", "ztfr"),
    ],
)
def test_a_name_in_use_becomes_canonical(name: str, expected: str) -> None:
    assert canonical(name) == expected


@pytest.mark.parametrize("band", BANDS)
def test_a_canonical_name_stays_as_it_is(band: str) -> None:
    assert canonical(band, default="ps1") == band


@pytest.mark.parametrize(
    ("survey", "expected"),
    list(zip(SURVEYS, ["ztfr", "sdssr", "ps1::r", "lsstr", "desr"], strict=True)),
)
def test_a_bare_letter_belongs_to_the_default_survey(survey: str, expected: str) -> None:
    assert canonical("r", default=survey) == expected


def test_a_capital_is_not_the_survey_letter() -> None:
    assert canonical("I") != canonical("i")


def test_a_letter_the_survey_lacks_names_the_surveys_that_have_it() -> None:
    with pytest.raises(BadInput, match=r"ztf has no z.*sdssz, ps1::z, lsstz, desz"):
        canonical("z")


def test_a_misspelt_band_lists_near_names() -> None:
    with pytest.raises(BadInput, match=r"unknown band 'ztgf'.*ztfg"):
        canonical("ztgf")


def test_a_name_like_no_other_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"known bands: .*ztfg"):
        canonical("☃")


@pytest.mark.parametrize("name", ["", "a\nb\x1b[31m", "x" * 100_000, "g;r", "99"])
def test_a_hostile_name_is_refused_on_one_short_line(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        canonical(name)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_an_unknown_survey_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="ztf, sdss, ps1, lsst, des"):
        canonical("g", default="panstarrs")


def test_ztf_wavelengths_are_ztfs_own() -> None:
    assert [round(wavelength(f"ztf{x}")) for x in "gri"] == [4814, 6422, 7883]


def test_a_band_without_wavelength_is_refused() -> None:
    with pytest.raises(BadInput, match="no wavelength for band 'g'"):
        wavelength("g")


@pytest.mark.parametrize("band", FILES)
def test_the_wavelength_is_the_mean_of_the_bandpass_file(band: str) -> None:
    name, unit = FILES[band]
    path = BANDPASSES / name
    if not path.is_file():
        pytest.skip(f"no bandpass file {name} in ../shared/data/sncosmo/bandpasses")
    rows = [line.split() for line in path.read_text().splitlines() if line[:1] != "#"]
    table = np.array([row for row in rows if row and row[0][0].isdigit()], dtype=float)
    wave, transmission = table[:, 0] * unit, table[:, 1]
    mean = trapezoid(wave * transmission, wave) / trapezoid(transmission, wave)
    assert wavelength(band) == pytest.approx(mean, abs=0.5)


@pytest.mark.parametrize("band", [band for band in BANDS if band.startswith("bessell")])
def test_bessell_wavelengths_are_those_sncosmo_carries(band: str) -> None:
    import sncosmo

    assert wavelength(band) == pytest.approx(sncosmo.get_bandpass(band).wave_eff, abs=0.5)


@pytest.mark.parametrize("band", BANDS)
def test_every_band_is_in_sncosmos_registry(band: str) -> None:
    from sncosmo import bandpasses

    assert (band, None) in bandpasses._BANDPASSES._loaders
