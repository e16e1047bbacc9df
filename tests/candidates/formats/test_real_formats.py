"""Files of services from public reports and packets of the survey, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmma_fitter.candidates.formats import FORMATS, parse
from nmma_fitter.candidates.formats.base import Content
from nmma_fitter.errors import BadInput

SHARED = Path(__file__).parents[4] / "shared"


def case(name: str) -> Path:
    path = SHARED / "cases" / name
    if not path.is_file():
        pytest.skip(f"../shared/cases/{name} is not here")
    return path


def recognised(path: Path) -> list[str]:
    content = Content.of(path)
    return [one.name for one in FORMATS[:-1] if one.recognises(content)]


@pytest.mark.parametrize(
    ("name", "form", "rows", "note"),
    [
        ("12_ztf_fps/forcedphotometry_req0.txt", ["ztf-forced"], 2, "procstatus 64: row 6"),
        ("13_skyportal_flux/ZTF26abmjjnm_phot.csv", [], 4, ""),
        ("14_nmma_files/lc_injection.json", ["nmma-json"], 3, "nor a limit: row 4"),
        ("14_nmma_files/with_header.dat", [], 3, ""),
        ("16_redback/at2017gfo.csv", ["redback"], 23, "'z' (4)"),
        ("16_redback/SN2018ibb.ascii", [], 20, ""),
        ("17_sncosmo/photdata.dat", ["sncosmo"], 24, ""),
        ("18_snana/DES_5407.dat", ["snana"], 4, "zero point 27.5"),
        ("19_tom/photometry_sample.csv", ["tom"], 4, "B is bessellb"),
        ("20_asassn/sky_patrol.csv", ["asassn"], 4, "heliocentric"),
        ("22_forms/ecsv.ecsv", ["ecsv"], 4, ""),
        ("23_lsst_fluxes/ANT2019b5sdo.csv", ["rubin"], 3, "TAI"),
    ],
)
def test_a_case_is_read_by_its_format(name, form, rows, note):
    path = case(name)
    assert recognised(path) == form
    found = parse(path)
    assert len(found.rows) == rows
    assert note in "; ".join(found.notes)


def test_a_models_table_is_refused_as_what_it_is():
    with pytest.raises(BadInput, match="is a model's table of magnitudes against days"):
        parse(case("14_nmma_files/lc_0.dat"))


def test_packets_of_the_survey_are_read(shared_data):
    packets = sorted((shared_data / "comets" / "ztf_alert_packets").glob("*/*.avro"))
    if not packets:
        pytest.skip("the packets of ../shared/data are not here")
    for path in packets:
        assert recognised(path) == ["alert-avro"]
        found = parse(path)
        assert found.name is not None and found.name.startswith("ZTF")
        assert any(row.measured for row in found.rows)


def test_older_files_are_still_tables_or_nmmas(shared_data):
    for path in sorted((shared_data / "formats").iterdir()):
        assert recognised(path) == (["nmma-dat"] if path.suffix == ".dat" else [])
