"""Bands: names in, canonical names out, and wavelengths that the bandpass files confirm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import trapezoid

from nmma_fitter.bands import BANDS, SURVEYS, _folded, canonical, wavelength
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
    | {f"uvot::{x.lower()}": (f"swift/Swift_UVOT.{x}.dat", 1.0) for x in ["U", "V", "B", "UVW1"]}
    | {f"uvot::{x.lower()}": (f"swift/Swift_UVOT.{x}.dat", 1.0) for x in ["UVW2", "UVM2"]}
    | {f"csp{x}": (f"csp/{x}_tel_ccd_atm_ext_1.2.dat", 1.0) for x in "ugri"}
    | {"kepler": ("kepler/kepler_response_hires1.txt", 10.0)}
)
# Of another release of the filters than sncosmo's.
OTHERS = {"desg": 0.7, "desr": 1.5, "desi": 1.0, "desz": 4.5, "desy": 17.0}


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
        ("Pan-STARRS1 z", "ps1::z"),
        ("panstarrs::w", "ps1::w"),
        ("rubin_y", "lssty"),
        ("DECam-g", "desg"),
        ("sloan i", "sdssi"),
        ("Johnson U", "bessellux"),
        ("Cousins_R", "bessellr"),
        ("landolt V", "standard::v"),
        ("twomass.ks", "2massks"),
        ("orange", "atlaso"),
        ("ATLAS-c", "atlasc"),
        ("ATLAS cyan", "atlasc"),
        ("white", "uvot::white"),
        ("Swift/UVOT.UVW1", "uvot::uvw1"),
        ("swift_m2", "uvot::uvm2"),
        ("UVW2", "uvot::uvw2"),
        ("Gaia BP", "gaia::gbp"),
        ("gaia::grp", "gaia::grp"),
        ("gaiag", "gaia::g"),
        ("GOTO-L", "gotol"),
        ("TESS", "tess"),
        ("F606W", "f606w"),
        ("ACS/WFC F814W", "f814w"),
        ("acswf::f775w", "f775w"),
        ("WFC3/UVIS F606W", "uvf606w"),
        ("WFC3 F336W", "f336w"),
        ("WFC3_IR.F160W", "f160w"),
        ("nicmos2::f110w", "nicf110w"),
        ("NIRCam F150W", "f150w"),
        ("Roman F062", "f062"),
        ("swope2::v1", "cspv3009"),
        ("CSP V", "cspv9844"),
        ("megacam6::i2", "megacampsf::y"),
        ("ztf::g", "ztfg"),
        ("HSC-i2", "hsc::i2"),
        ("WISE W1", "wise::w1"),
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
    with pytest.raises(BadInput, match=r"known bands: ztfg, .* nmma-fitter bands"):
        canonical("☃")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("swiftxrt", "X-ray counts are not a magnitude"),
        ("nicerxti", "X-ray counts are not a magnitude"),
        ("Clear", "an image without a filter"),
        ("CV", "an image without a filter"),
        ("W1", "write uvot::uvw1 or wise::w1"),
        ("G", r"unknown band 'G'"),
    ],
)
def test_what_is_no_one_band_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        canonical(name)


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
    assert wavelength(band) == pytest.approx(mean, abs=OTHERS.get(band, 0.5))


@pytest.mark.parametrize("band", [band for band in BANDS if band.startswith("bessell")])
def test_bessell_wavelengths_are_those_sncosmo_carries(band: str) -> None:
    import sncosmo

    assert wavelength(band) == pytest.approx(sncosmo.get_bandpass(band).wave_eff, abs=0.5)


def test_every_band_of_sncosmo_is_known() -> None:
    """SkyPortal's list of filters is sncosmo's, with swiftxrt and nicerxti of its own."""
    from sncosmo import bandpasses

    names = {name for name, _ in bandpasses._BANDPASSES._loaders}
    names |= {name for name, _ in bandpasses._BANDPASS_INTERPOLATORS._loaders}
    assert len(names) > 150
    assert {canonical(name) for name in names} <= set(BANDS)


def test_the_table_has_no_name_twice() -> None:
    assert len({_folded(band) for band in BANDS}) == len(BANDS)
