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


def read(path, **options):
    """Rows as tuples, for tables of expectations: (mjd, band, mag, limit)."""
    found = parse(path, **options)
    return [(row.mjd, row.band, row.mag, row.limit) for row in found.rows], found.notes


NAN = pytest.approx(float("nan"), nan_ok=True)
ONE = [(59786.5, "ztfg", 18.25, NAN)]


@pytest.mark.parametrize(
    "text",
    [
        "mjd,band,mag,mag_err,limit\n59786.5,ztfg,18.25,0.05,\n",
        "MJD, Band, Mag, Mag_Err\n59786.5, ztfg, 18.25, 0.05\n",
        "time,magnitude,e_magnitude,passband\n59786.5,18.25,0.05,ztfg\n",
        "JD\tfilter\tmagnitude\terror\n2459787.0\tztfg\t18.25\t0.05\n",
        "date;filt;m;dm\n2022-07-26T12:00:00;ztfg;18,25;0,05\n",
        "obsdate,filter,mag,err\n2022-07-26 14:00:00+02:00,ztfg,18.25,0.05\n",
        "UT Date,filter,mag,magerr\n2022/07/26 12:00:00,ztfg,18.25,0.05\n",
        "MJD-OBS,filter,mag,magerr\n2022-07-26.5,ztfg,18.25,0.05\n",
        "mjd filter mag magerr\n59786.5   ztfg  18.25 0.05\n",
        "# made by hand\nmjd,filter,mag,magerr\n# a remark\n59786.5,ztfg,18.25,0.05\n# end\n",
        "#mjd,filter,mag,magerr\n59786.5,ztfg,18.25,0.05\n",
        '# %ECSV 1.0\n# ---\nmjd filter mag magerr note\n59786.5 ztfg 18.25 0.05 "two words"\n',
        "| mjd | filter | mag | magerr |\n|---|---|---|---|\n| 59786.5 | ztfg | 18.25 | 0.05 |\n",
        "+----+----+\n|mjd|filter|mag|magerr|\n+---+---+\n|59786.5|ztfg|18.25|0.05|\n+--+--+\n",
        "    MJD   mag  dmag filter  source\n"
        "------- ----- ----- ------ -------\n"
        "59786.5 18.25  0.05   ztfg       -\n",
        "mjd,filter,mag,magerr\n59786.5,ztfg,\u00a018.25,0.05\n",
        "\ufeffmjd,filter,mag,magerr\r\n59786.5,ztfg,18.25,0.05\r\n",
        'mjd,filter,mag,magerr,note\n59786.5,"ztfg","18.25",0.05,"a, b"\n',
        "i:jd,i:fid,i:magpsf,i:sigmapsf,i:isdiffpos\n2459787.0,1,18.25,0.05,t\n",
        "time (days),time,filter,mag,magerr\n0.5,59786.5,ztfg,18.25,0.05\n",
        "mjd,filter,mag,magerr,flux,fluxerr\n59786.5,ztfg,18.25,0.05,7,1\n",
    ],
)
def test_a_header_is_understood_in_the_forms_in_use(write, text):
    assert read(write(text))[0] == ONE


@pytest.mark.parametrize(
    ("fields", "mag", "limit"),
    [
        ("18.25,0.05,20.5", 18.25, 20.5),
        (",,20.5", NAN, 20.5),
        ("-999,-999,20.5", NAN, 20.5),
        ("99.99,99.99,20.5", NAN, 20.5),
        ("nondetection,--,20.5", NAN, 20.5),
        ("18.25,0.05,-99", 18.25, NAN),
        ("18.25,0.05,N/A", 18.25, NAN),
        (">20.5,99.990,16", NAN, 20.5),
        ("> 20.5,,", NAN, 20.5),
        ("<20.5,,", NAN, 20.5),
        (",,>20.5", NAN, 20.5),
        ("20.5,inf,", NAN, 20.5),
        ("20.5,,True", NAN, 20.5),
        ("18.25,0.05,False", 18.25, NAN),
        ("18.25,0.05,0", 18.25, NAN),
    ],
)
def test_what_is_a_limit_and_what_is_no_value(write, fields, mag, limit):
    (row,), _ = read(write(f"mjd,band,mag,magerr,mag_limit\n59786.5,ztfg,{fields}\n"))
    assert row == (59786.5, "ztfg", mag, limit)


@pytest.mark.parametrize(
    ("column", "value", "measured"),
    [
        ("nondet", "False", True),
        ("nondet", "True", False),
        ("upperlimit", "T", False),
        ("upperlimit", "", True),
        ("is_upper_limit", "1.0", False),
        ("detected", "yes", True),
        ("detected", "0", False),
    ],
)
def test_a_flag_of_limits_is_read(write, column, value, measured):
    text = f"mjd,band,mag,magerr,{column}\n59786.5,ztfg,18.25,{0.05 if measured else ''},{value}\n"
    row = only(write(text))
    assert (row.measured, row.limit) == (measured, NAN if measured else 18.25)


SIGNS = {
    "t T true True 1 1.0 1.00 +1 y yes positive pos": True,
    "f F false False 0 0.0 -1 -1.0 \u22121 n no negative neg": False,
}


@pytest.mark.parametrize(
    ("value", "positive"),
    [(word, sign) for words, sign in SIGNS.items() for word in words.split()],
)
def test_a_sign_is_read_in_every_form(write, value, positive):
    text = (
        "mjd,band,mag,magerr,isdiffpos\n59786.5,ztfg,18.25,0.05,t\n"
        f"59787.5,ztfg,18.5,0.05,{value}\n"
    )
    rows, notes = read(write(text))
    assert len(rows) == 1 + positive
    left = "left out 1 row with the magnitude of a negative subtraction: row 3"
    assert notes == (() if positive else (left,))


def test_a_limit_and_a_negative_flux_need_no_sign(write):
    limit = "mjd,band,mag,magerr,limit,isdiffpos\n59786.5,ztfg,,,20.5,\n"
    assert only(write(limit)).limit == 20.5
    flux = "mjd,band,flux_ujy,fluxerr,isdiffpos\n59786.5,ztfg,-3,2,f\n"
    assert only(write(flux)).flux == -3


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("isdiffpos", "maybe", "isdiffpos is 'maybe', not one of t or f"),
        ("isdiffpos", "2", "isdiffpos is '2'"),
        ("isdiffpos", "", "isdiffpos is empty, so the sign"),
        ("nondet", "perhaps", "nondet is 'perhaps'"),
        ("upperlimit", "x", "upperlimit is 'x', not a number"),
        ("detected", "", "detected is empty"),
        ("magsys", "STmag", "magsys is 'STmag', neither ab nor vega"),
        ("mag_unit", "uJy", "mag_unit is 'uJy', neither ab nor vega"),
        ("forced", "2", "forced is '2'"),
        ("instrument", "a\tb", "telescope is too long or has characters"),
    ],
)
def test_an_unknown_value_of_a_column_that_matters_is_an_error(write, column, value, problem):
    text = f"mjd,band,mag,magerr,{column}\n59786.5,ztfg,18.25,0.05,{value}\n"
    with pytest.raises(BadInput, match=f"row 2: .*{problem}"):
        parse(write(text))


@pytest.mark.parametrize(
    "column",
    ["oid", "objectId", "obj_id", "diaObjectId", "i:objectId", "snid", "event", "name", "ZTF_ID"],
)
def test_a_column_that_names_the_object_guards_it(write, column):
    rows = "59786.5,ztfg,18.25,0.05,{}\n59787.5,ztfg,18.25,0.05,{}\n"
    text = f"mjd,band,mag,magerr,{column}\n{rows}"
    assert parse(write(text.format("SN1", "none"))).name == "SN1"
    with pytest.raises(BadInput, match=r"holds several objects \('SN1', 'SN2', in column"):
        parse(write(text.format("SN2", "SN1")))


@pytest.mark.parametrize(
    ("columns", "fields", "instrument"),
    [
        ("instrument_id,instrument_name", "2,P60", "P60"),
        ("instrument_id", "31", "31"),
        ("telescope,instrument", "Swift,UVOT", "Swift UVOT"),
        ("telescope,instrument", "UVOT,UVOT", "UVOT"),
        ("source", "Las Cumbres", "Las Cumbres"),
        ("camera", "ba", "ba"),
        ("source", "None", ""),
    ],
)
def test_the_telescope_is_read(write, columns, fields, instrument):
    text = f"mjd,band,mag,magerr,{columns}\n59786.5,ztfg,18.25,0.05,{fields}\n"
    assert only(write(text)).instrument == instrument


@pytest.mark.parametrize("column", ["magsys", "mag_unit", "system", "mag_system", "zpsys"])
@pytest.mark.parametrize(("value", "offset"), [("AB", 0), ("Vega", 0.45), ("vegamag", 0.45)])
def test_vega_is_turned_into_ab(write, column, value, offset):
    text = f"mjd,filter,mag,magerr,limit,{column}\n59786.5,I,18,0.05,20,{value}\n"
    ((_, band, mag, limit),), notes = read(write(text))
    assert band == "besselli"
    assert (mag - 18, limit - 20) == pytest.approx((offset, offset), abs=0.03)
    assert any("converted from Vega to AB: besselli" in note for note in notes) is (offset > 0)


def test_a_bare_capital_without_a_system_is_said_with_its_offset(write):
    text = "mjd,filter,mag,magerr\n59786.5,B,18,0.05\n59787.5,B,18,0.05\n59787.5,bessellv,18,1\n"
    rows, notes = read(write(text))
    assert [mag for _, _, mag, _ in rows] == [18, 18, 18]
    assert notes[0] == "bare band letters are taken so: B is bessellb"
    assert notes[1].startswith("no system is stated, taken as AB") and "bessellb -0" in notes[1]
    assert "(2))" in notes[1] and "bessellv" not in notes[1]


@pytest.mark.parametrize(
    ("header", "letters"),
    [
        ("jd,mag,mag_unc,limmag,filter", "RGIr"),
        ("jd,magpsf,sigmapsf,diffmaglim,filter", "RGIr"),
    ],
)
def test_capital_letters_of_a_survey_file_are_the_surveys(write, header, letters):
    lines = [f"245978{i}.8,18,0.1,20,{letter}\n" for i, letter in enumerate(letters)]
    rows, notes = read(write(f"{header}\n{''.join(lines)}"), bands="sdss")
    assert [band for _, band, _, _ in rows] == [f"ztf{one.lower()}" for one in letters]
    assert notes == ()


def test_letters_of_a_rubin_file_are_rubins(write):
    text = "diaObjectId,midpointMjdTai,band,psfFlux,psfFluxErr\n17,61219.5,i,-7500.5,500.25\n"
    found = parse(write(text))
    (row,) = found.rows
    assert (row.band, row.flux, row.flux_err) == ("lssti", -7.5005, 0.50025)
    assert row.mjd == pytest.approx(61219.5 - 37 / 86400, abs=1e-9)
    assert (found.name, found.notes) == ("17", ("times are TAI: 37 s were subtracted",))


@pytest.mark.parametrize(
    ("columns", "fields", "flux", "error"),
    [
        ("flux,fluxerr,zp,zpsys", "120,10,23.9,ab", 120, 10),
        ("flux,fluxerr,zp", "120,10,26.4", 12, 1),
        ("flux,flux_err,unit", "120,10,nJy", 0.12, 0.01),
        ("flux,flux_err,unit", "0.12,0.01,mJy", 120, 10),
        ("flux(mJy),flux_err", "0.12,0.01", 120, 10),
        ("flux_uJy,flux_density_error", "120,10", 120, 10),
        ("flux_microjansky,error", "120,10", 120, 10),
        ("uJy,duJy", "-120,10", -120, 10),
        ("flux_jy,fluxerr", "1.2e-4,1e-5", 120, 10),
        ("flux,fluxerr,zp,magsys", "120,10,23.9,vega", 120 / 1.0186, 10 / 1.0186),
    ],
)
def test_fluxes_become_microjanskys(write, columns, fields, flux, error):
    row = only(write(f"mjd,band,{columns}\n59786.5,V,{fields}\n"))
    assert (row.flux, row.flux_err) == pytest.approx((flux, error), rel=5e-3)
    assert row.forced


def test_a_missing_flux_is_a_limit_of_five_sigma(write):
    row = only(write("mjd,band,flux,fluxerr,zp\n59786.5,ztfg,,2,23.9\n"))
    assert (row.measured, row.limit) == (False, 21.4)


@pytest.mark.parametrize(
    ("columns", "fields", "problem"),
    [
        ("flux,fluxerr", "120,10", "flux has no unit; name it"),
        ("flux,fluxerr,zp", "120,10,", "zp is nan, no zero point"),
        ("flux,fluxerr,unit", "120,10,counts", "unit is 'counts'"),
        ("flux(adu),fluxerr", "120,10", "is in a unit unknown here"),
        ("flux,fluxerr,zp", "120,0,23.9", "fluxerr must be above 0"),
    ],
)
def test_a_flux_that_cannot_be_calibrated_is_refused(write, columns, fields, problem):
    with pytest.raises(BadInput, match=problem.replace("(", r"\(")):
        parse(write(f"mjd,band,{columns}\n59786.5,ztfg,{fields}\n"))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("59787.5,ztfg,18,0,", "a magnitude whose error is missing, 0, negative or above 10 mag"),
        ("59787.5,ztfg,18,99.99,", "a magnitude whose error is missing, 0, negative"),
        ("59787.5,ztfg,18,,", "a magnitude whose error is missing"),
        ("59787.5,ztfg,18,-0.1,", "a magnitude whose error is missing"),
        ("59787.5,ztfg,,,", "neither a magnitude nor a limit"),
        ("59787.5,ztfg,12,0.1,x", "a mark of deletion"),
        ("mjd,filter,mag,magerr,delete", "the header again"),
    ],
)
def test_a_row_that_measures_nothing_costs_only_itself(write, row, why):
    rows, notes = read(write(f"mjd,filter,mag,magerr,delete\n{row}\n59786.5,ztfg,18.25,0.05,\n"))
    assert rows == ONE
    (note,) = notes
    assert note.startswith(f"left out 1 row with {why}") and note.endswith(": row 2")


def test_rows_in_unknown_bands_are_left_out_and_named(write):
    lines = "".join(f"59787.5,{band},18,0.1\n" for band in ("GOTO-Q", "GOTO-Q", "0", "\u202ex"))
    text = f"mjd,filter,mag,magerr\n{lines}59786.5,ztfg,18.25,0.05\n"
    rows, notes = read(write(text))
    assert rows == ONE
    assert notes == ("left out 4 rows in unknown bands: 'GOTO-Q' (2), '0' (1), '\\u202ex' (1)",)


def test_a_file_with_no_other_rows_is_refused_for_its_first(write):
    with pytest.raises(BadInput, match="row 2: unknown band 'GOTO-Q'"):
        parse(write("mjd,filter,mag,magerr\n59786.5,GOTO-Q,18,0.1\n59786.5,Q,18,0.1\n"))
    with pytest.raises(BadInput, match=r"row 2: magnitude error 0 is not between"):
        parse(write("mjd,filter,mag,magerr\n59786.5,ztfg,18,0\n"))
    with pytest.raises(
        BadInput, match=r"no usable row \(left out 1 row with the magnitude of a neg"
    ):
        parse(write("mjd,filter,mag,magerr,isdiffpos\n59786.5,ztfg,18,0.1,-1\n"))


def test_thousands_of_unknown_bands_are_no_band_column(write):
    lines = "".join(f"59786.5,b{i},18,0.1\n" for i in range(1000))
    with pytest.raises(BadInput, match="more than 200 names of bands"):
        parse(write(f"mjd,filter,mag,magerr\n{lines}"))


@pytest.mark.parametrize(("column", "note"), [("HJD", "heliocentric"), ("bjd", "barycentric")])
def test_other_clocks_are_used_as_they_are_and_said(write, column, note):
    rows, notes = read(write(f"{column},filter,mag,magerr\n2459787.0,ztfg,18.25,0.05\n"))
    assert rows == ONE
    assert note in notes[0]


@pytest.mark.parametrize(
    ("time", "problem"),
    [
        ("25/08/2016", "day or month first; correct it to year-month-day"),
        ("0.5", "outside 30000 to 100000"),
        ("", "time is missing"),
        ("2016-08-25." + "1" * 1000, "is neither an MJD nor like"),
        ("2016-08-25;12:00", "is neither an MJD nor like"),
        ("2016-13-01", "is neither an MJD nor like"),
        ("57625,5", "not a number"),
    ],
)
def test_a_time_that_is_none_is_refused(write, time, problem):
    with pytest.raises(BadInput, match=f"row 2: .*{problem}"):
        parse(write(f'time,filter,mag,magerr\n"{time}",ztfg,18.25,0.05\n'))


@pytest.mark.parametrize(
    ("survey", "problem"),
    [("ZTF", ""), ("", ""), ("lsst", "fid is a number of 'lsst', whose numbers are not known")],
)
def test_the_number_of_a_band_is_of_its_survey(write, survey, problem):
    path = write(f"mjd,fid,mag,magerr,tid\n59786.5,1,18.25,0.05,{survey}\n")
    if problem:
        with pytest.raises(BadInput, match=problem):
            parse(path)
    else:
        assert read(path)[0] == ONE


def test_fields_that_do_not_line_up_with_a_ruler_are_refused(write):
    text = "mjd     mag   dmag filter\n------- ----- ---- ------\n59786.512 18.25 0.05 ztfg\n"
    with pytest.raises(BadInput, match="row 3: its fields are not below those of the header"):
        parse(write(text))


def test_more_rows_than_a_light_curve_has_are_refused(write):
    with pytest.raises(BadInput, match=r"more than 50000 (rows|lines), so is not one object's"):
        parse(write("mjd,filter,mag,magerr\n" + "59786.5,ztfg,18.25,0.05\n" * 50_001))
