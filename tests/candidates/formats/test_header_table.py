from __future__ import annotations

import logging

import pytest

from nmma_fitter.candidates.formats import parse
from nmma_fitter.errors import BadInput

SURVEY = ",jd,mag,mag_unc,filter,limmag,programid\n"
GOOD = "0,2459786.8301968,16.5,0.05,g,20.5,2.0\n"
SKYPORTAL = "obj_id,filter,mjd,mag,magerr,magsys,limiting_mag,Delete\n"


def only(path, **options):
    (row,) = parse(path, **options).rows
    return row


def test_a_survey_row_is_read(write):
    row = only(write(SURVEY + GOOD))
    assert (row.mjd, row.band, row.mag, row.mag_err, row.limit) == (
        59786.3301968,
        "ztfg",
        16.5,
        0.05,
        20.5,
    )


def test_rows_are_counted_as_an_editor_counts(write):
    assert only(write(SURVEY + "\n" + GOOD)).row == 3


@pytest.mark.parametrize("mark", ["99", "99.0", "99.000", "", "nan"])
def test_an_undetected_survey_row_is_a_limit(write, mark):
    row = only(write(SURVEY + f"0,2459786.8,{mark},{mark},r,20.5,2.0\n"))
    assert (row.measured, row.limit) == (False, 20.5)


@pytest.mark.parametrize("mark", ["99", "99.0", "", "nan"])
def test_a_limit_that_was_not_recorded_is_nan(write, mark):
    row = only(write(SURVEY + f"0,2459786.8,16.5,0.05,g,{mark},2.0\n"))
    assert row.limit != row.limit


def test_a_row_without_magnitude_and_limit_is_left_out_aloud(write, caplog):
    rows = parse(write(SURVEY + GOOD + "1,2459787.8,99,99,g,99,2.0\n")).rows
    assert len(rows) == 1
    assert "neither a magnitude nor a limit: row 3" in caplog.text


def test_many_useless_rows_make_one_warning(write, caplog):
    parse(write(SURVEY + GOOD + "1,2459787.8,99,99,g,99,2.0\n" * 1000))
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("mark", "forced"), [("1", True), ("0", False), ("", False)])
def test_the_forced_column_is_understood(write, mark, forced):
    header = SURVEY.replace("programid", "programid,forced")
    assert only(write(header + GOOD.replace("\n", f",{mark}\n"))).forced is forced


def test_bare_letters_of_a_survey_file_are_ztfs(write):
    assert only(write(SURVEY + GOOD), bands="sdss").band == "ztfg"


def test_a_header_may_be_capital_spaced_and_semicolon_separated(write):
    text = (SURVEY + GOOD).replace(",", " ; ").upper().replace(" G ", " g ")
    assert only(write(text)).mag == 16.5


def test_quoted_fields_are_read(write):
    assert only(write(SURVEY + '"0","2459786.8","16.5","0.05","g","20.5","2.0"\n')).mag == 16.5


def test_a_skyportal_row_is_read(write):
    row = only(write(SKYPORTAL + "ZTF23a,ztfr,59951.43,19.2,0.1,ab,20.1,\n"))
    assert (row.mjd, row.band, row.mag) == (59951.43, "ztfr", 19.2)


def test_a_skyportal_row_without_magnitude_is_a_limit(write):
    assert only(write(SKYPORTAL + "ZTF23a,ztfr,59951.43,,,ab,20.1,\n")).limit == 20.1


def test_a_row_marked_for_deletion_is_left_out(write):
    text = SKYPORTAL + "a,ztfr,59951.43,19.2,0.1,ab,20.1,\na,ztfr,59952.43,12.0,0.1,ab,20.1,x\n"
    assert only(write(text)).row == 2


def test_a_row_marked_for_deletion_may_be_nonsense(write):
    text = SKYPORTAL + "a,ztfr,59951.43,19.2,0.1,ab,20.1,\na,ztfr,59952.43,-9,0,vega,,yes\n"
    assert only(write(text)).row == 2


def test_vega_magnitudes_of_a_band_without_conversion_are_refused(write):
    with pytest.raises(BadInput, match=r"row 2: .*Vega.*ps1::w"):
        parse(write(SKYPORTAL + "a,ps1::w,59951.43,19.2,0.1,vega,20.1,\n"))


def test_bare_letters_of_a_skyportal_export_are_what_the_caller_says(write, caplog):
    caplog.set_level(logging.INFO)
    row = only(write(SKYPORTAL + "a,g,59951.43,19.2,0.1,ab,20.1,\n"), bands="ps1")
    assert row.band == "ps1::g"
    assert "bare band letters are taken so: g is ps1::g" in caplog.text


def test_a_forced_origin_is_forced_photometry(write):
    header = SKYPORTAL.replace("Delete", "origin")
    assert only(write(header + "a,ztfr,59951.43,19.2,0.1,ab,20.1,alert_fp\n")).forced


def test_the_object_is_the_contents(write):
    assert parse(write(SKYPORTAL + "ZTF23a,ztfr,59951.43,,,ab,20.1,\n")).name == "ZTF23a"


def test_two_objects_in_one_file_are_refused(write):
    row = "{},ztfr,59951.43,,,ab,20.1,\n"
    with pytest.raises(BadInput, match="holds several objects"):
        parse(write(SKYPORTAL + row.format("a") + row.format("b")))


@pytest.mark.parametrize(("fid", "band"), [("1", "ztfg"), ("2", "ztfr"), ("3.0", "ztfi")])
def test_an_alerts_fid_is_its_band(write, fid, band):
    text = f"jd,fid,magpsf,sigmapsf,diffmaglim\n2459786.8,{fid},19.2,0.1,20.5\n"
    assert only(write(text)).band == band


def test_an_unknown_fid_is_refused(write):
    with pytest.raises(BadInput, match="row 2: fid is 4"):
        parse(write("jd,fid,magpsf,sigmapsf,diffmaglim\n2459786.8,4,19.2,0.1,20.5\n"))


def test_an_alert_without_magnitude_is_a_limit(write):
    text = "mjd,filter,magpsf,sigmapsf,diffmaglim\n59786.3,g,nan,nan,20.5\n"
    assert only(write(text)).limit == 20.5


def test_a_negative_subtraction_is_left_out(write):
    header = "jd,fid,magpsf,sigmapsf,diffmaglim,isdiffpos\n"
    text = header + "2459786.8,1,19.2,0.1,20.5,t\n2459787.8,1,19.3,0.1,20.5,f\n"
    assert only(write(text)).row == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0,2459786.8,16.5,0.05,g\n", "has 5 fields where the header has 7.*cut short"),
        ("0,2459786.8,16.5,0.05,g,20.5,2.0,9\n", "has 8 fields"),
        ("0,59786.8,16.5,0.05,g,20.5,2.0\n", "is an MJD"),
        ("0,2459786.8,16.5,0.1,,20.5,2.0\n", "filter is empty; name the band"),
        ("0,,16.5,0.1,g,20.5,2.0\n", "jd is missing"),
        ("0,2459786.8,=1+1,0.1,g,20.5,2.0\n", "not a number"),
        ('0,2459786.8,16.5,0.1,"g,20.5,2.0\n', "is not CSV"),
        ('0,2459786.8,16.5,0.1,g,20.5,"2.0\n', "is not CSV"),
        ("0,2459786.8," + "9" * 200_000 + ",0.1,g,20.5,2.0\n", "is not CSV"),
    ],
)
def test_a_bad_row_is_named_with_its_remedy(write, line, problem):
    path = write(SURVEY + GOOD + line)
    with pytest.raises(BadInput, match=rf"row 3: .*{problem}") as caught:
        parse(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 800


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (
            "jd,mag,filter,limmag\n",
            r"row 1: no column gives the magnitude's error \(magerr\); co.*",
        ),
        ("mag,mag_unc,filter\n", r"gives the time .*columns found: 'mag', 'mag_unc', 'filter'; "),
        ("jd,mag,mag_unc\n", r"gives the band \(filter\)"),
        ("jd,filter,psfflux\n", "gives the flux's error"),
        ("time,filter,counts\n", "gives a value"),
        ("jd,mag,mag,mag_unc,filter\n", "column 'mag' appears twice"),
        ("<html><body>502 Bad Gateway\n", "columns found: '<html><body>502'"),
        (",,,\n", "is empty"),
        ("59786.8,g,16.5,0.05\n", "row 1: is the first line, and no header; name the columns"),
        ("a,b,c\n" * 3, "row 1: no column gives"),
        (",".join(f"c{i}" for i in range(16_000)), "has 16000 columns"),
        ("," * 100_000, "has more than 20000 fields"),
        ("# comment\n", "has comments only"),
    ],
)
def test_a_header_of_no_known_format_is_refused(write, header, problem):
    with pytest.raises(BadInput, match=problem):
        parse(write(header))


def test_a_header_without_rows_is_refused(write):
    with pytest.raises(BadInput, match="holds no measurement"):
        parse(write(SURVEY))


def test_a_quote_left_open_swallows_no_rows(write):
    with pytest.raises(BadInput, match="row 2: is not CSV"):
        parse(write(SURVEY + GOOD.replace("2.0", '"2.0') + GOOD + GOOD.replace("2.0", '2.0"')))
