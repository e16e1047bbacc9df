"""The inputs from public reports that are tables, where they are beside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmma_fitter.candidates.formats import Reading, read
from nmma_fitter.candidates.lightcurve import detections
from nmma_fitter.errors import BadInput

CASES = Path(__file__).parents[3] / "shared" / "cases"


def case(name: str) -> Reading:
    if not (CASES / name).is_file():
        pytest.skip(f"../shared/cases/{name} is not here")
    return read(CASES / name)


@pytest.mark.parametrize(
    ("name", "rows", "seen", "said"),
    [
        ("01_alerce_forced/forced_photometry.csv", 19, 11, "negative subtraction: row 5"),
        ("01_alerce_forced/forced_photometry_renamed.csv", 19, 11, "left out 1 row"),
        ("01_alerce_forced/only_3sigma.csv", 11, 11, ""),
        ("01_alerce_forced/detections.csv", 6, 6, ""),
        ("02_isdiffpos/detections.csv", 6, 6, "negative subtraction: row 8"),
        ("05_vega/SN2010bh.csv", 59, 55, "converted from Vega to AB: bessellb -0"),
        ("05_vega/SN2010bh_magsys.csv", 59, 55, "besselli +0"),
        ("05_vega/SN2010bh.dat", 59, 55, "no system is stated, taken as AB"),
        ("06_two_telescopes/SN2013dx_skyportal.csv", 35, 35, ""),
        ("07_ztf_capital_r/ZTF18aaaonon.csv", 9, 9, "R is bessellr, g is ztfg"),
        ("07_ztf_capital_r/renamed.csv", 9, 9, "is 197 d before the next, and sets day zero"),
        ("13_skyportal_flux/ZTF26abmjjnm_phot.csv", 4, 2, ""),
        ("15_sn2016bkv/SN2016bkv.txt", 53, 53, "in unknown bands: '0' (5)"),
        ("16_redback/SN2018ibb.ascii", 20, 17, ""),
        ("16_redback/at2017gfo.csv", 23, 23, "'z' (4)"),
        ("19_tom/photometry_sample.csv", 4, 3, "B is bessellb"),
        ("20_asassn/sky_patrol.csv", 4, 3, "heliocentric"),
        ("20_asassn/renamed.csv", 4, 3, "V is bessellv"),
        ("21_excel/16fil_german.csv", 4, 4, ""),
        ("22_forms/G.csv", 2, 2, ""),
        ("22_forms/ecsv.ecsv", 4, 4, ""),
        ("22_forms/iso.csv", 2, 2, ""),
        ("22_forms/minus999.csv", 3, 2, ""),
        ("22_forms/one_comment.csv", 4, 4, ""),
        ("22_forms/space.txt", 4, 4, ""),
        ("22_forms/trailing_comment.csv", 4, 4, ""),
        ("22_forms/words.csv", 3, 1, ""),
        ("22_forms/zero_err.csv", 1, 1, "error is missing, 0, negative or above 10 mag: row 2"),
        ("23_lsst_fluxes/ANT2019b5sdo.csv", 3, 3, "TAI: 37 s"),
    ],
)
def test_a_case_is_read(name, rows, seen, said):
    found = case(name)
    assert (len(found.lightcurve), detections(found.lightcurve)) == (rows, seen)
    assert said in "; ".join(found.notes)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("03_two_objects/detections.csv", "several objects ('ZTF20aaaaaaa', 'ZTF20aaaaaab'"),
        ("22_forms/dup.csv", "column 'filter' appears twice"),
        ("22_forms/isdiffpos_forms.csv", "row 7: isdiffpos is empty"),
        ("22_forms/unicode_minus.csv", "row 2: magnitude error -0.16"),
        ("22_forms/european.dat", "correct it to year-month-day"),
    ],
)
def test_a_case_that_cannot_be_read_is_refused_for_what_it_is(name, problem):
    with pytest.raises(BadInput) as caught:
        case(name)
    assert problem in str(caught.value)


def test_the_points_of_two_telescopes_at_one_time_all_stay():
    found = case("06_two_telescopes/SN2013dx_skyportal.csv")
    assert set(found.lightcurve.instrument) == {"P60", "RATIR"}
    assert found.merged == ()
