"""Facts about the real files, where they are beside the repository."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from nmma_fitter.candidates.formats import parse, read_and_merge, read_lightcurve
from nmma_fitter.candidates.lightcurve import detections, photometry_digest
from nmma_fitter.candidates.nights import candidate_files, newest_night
from nmma_fitter.errors import BadInput


@pytest.fixture(scope="module")
def delivered(shared_data: Path) -> list[Path]:
    nights = sorted((shared_data / "candidates" / "partnership").iterdir())
    return [path for night in nights for path in candidate_files(night)]


@pytest.fixture(scope="module")
def repeated(shared_data: Path) -> Path:
    night = shared_data / "candidates" / "partnership" / "2459783-2459790"
    return night / "lc_ZTF22aawacjw_forced1_stacked0.csv"


def test_seven_nights_hold_17_files(delivered):
    assert len(delivered) == 17


def test_seven_nights_hold_8_distinct_light_curves(delivered):
    assert len({photometry_digest(read_lightcurve(path)) for path in delivered}) == 8


def test_7_of_them_have_two_detections(delivered):
    enough = (lc for lc in map(read_lightcurve, delivered) if detections(lc) >= 2)
    assert len({photometry_digest(lc) for lc in enough}) == 7


def test_a_real_file_has_45_rows(repeated):
    assert len(parse(repeated).rows) == 45


def test_its_rows_are_10_distinct_measurements(repeated):
    assert len(read_lightcurve(repeated, keep_duplicates=True)) == 10


def test_kept_duplicates_still_count_all_45(repeated):
    assert read_lightcurve(repeated, keep_duplicates=True).multiplicity.sum() == 45


def test_its_measurements_are_of_8_exposures(repeated):
    assert len(read_lightcurve(repeated)) == 8


def test_every_row_is_kept_or_dropped_once(repeated):
    lightcurve, merged = read_and_merge(repeated)
    assert len(lightcurve) + sum(len(one.dropped) for one in merged) == 45


def test_the_newest_real_night_is_the_last(shared_data):
    assert (
        newest_night(shared_data / "candidates" / "partnership", time.time()).name
        == "2459784-2459791"
    )


@pytest.mark.parametrize(
    ("name", "measurements", "seen"),
    [
        ("AT2017gfo_corrected.dat", 116, 111),
        ("ZTF21abdpqpq.dat", 40, 5),
        ("ZTF23aabmzlp_fritz.csv", 21, 9),
        ("lc_ZTF21abdpqpq_forced1_stacked0.csv", 40, 5),
        ("lc_ZTF21abdequz_forced1_stacked0.csv", 11, 3),
        ("lc_ZTF22acaruqr_forced1_stacked0.csv", 15, 3),
        ("lc_ZTF23aabmzlp_from_fritz.csv", 14, 4),
    ],
)
def test_every_real_format_is_read(shared_data, name, measurements, seen):
    lightcurve = read_lightcurve(shared_data / "formats" / name)
    assert (len(lightcurve), detections(lightcurve)) == (measurements, seen)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("lc_ZTF21abdhqle_forced1_stacked0.csv", "holds no measurement"),
        ("lc_ZTF23aabmzlp_forced1_stacked0.csv", "is a spreadsheet"),
    ],
)
def test_the_files_that_broke_the_original_are_refused_by_name(shared_data, name, problem):
    with pytest.raises(BadInput, match=f"{name}: {problem}"):
        read_lightcurve(shared_data / "candidates_odd" / name)


@pytest.mark.parametrize(
    ("name", "bands", "fluxes"),
    [
        ("data/examples/example_photometric_data.dat", "sdssg sdssi sdssr sdssz", 40),
        ("tests/data/snana_ascii_example.dat", "desg desi desr desz", 4),
    ],
)
def test_the_examples_that_sncosmo_ships_are_read(name, bands, fluxes):
    package = importlib.util.find_spec("sncosmo")
    assert package is not None and package.origin is not None
    lightcurve = read_lightcurve(Path(package.origin).parent / name)
    assert sorted(set(lightcurve.band.tolist())) == bands.split()
    assert lightcurve.has_flux.sum() == fluxes
