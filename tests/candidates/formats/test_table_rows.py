from __future__ import annotations

import pytest

from nmma_fitter.candidates.formats import parse
from nmma_fitter.errors import BadInput


def read(path, **options):
    """Rows as tuples, for tables of expectations: (mjd, band, mag, limit)."""
    found = parse(path, **options)
    return [(row.mjd, row.band, row.mag, row.limit) for row in found.rows], found.notes


NAN = pytest.approx(float("nan"), nan_ok=True)
ONE = [(59786.5, "ztfg", 18.25, NAN)]


def only(path, **options):
    (row,) = parse(path, **options).rows
    return row


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


def test_rows_in_unknown_bands_are_left_out_and_named(write):
    lines = "".join(f"59787.5,{band},18,0.1\n" for band in ("GOTO-Q", "GOTO-Q", "0", "\u202ex"))
    text = f"mjd,filter,mag,magerr\n{lines}59786.5,ztfg,18.25,0.05\n"
    rows, notes = read(write(text))
    assert rows == ONE
    assert notes == ("left out 4 rows in unknown bands: 'GOTO-Q' (2), '0' (1), '\\u202ex' (1)",)


def test_a_letter_that_the_survey_lacks_is_said_with_what_to_do(write):
    rows, notes = read(write("mjd,filter,mag,magerr\n59786.5,ztfg,18.25,0.05\n59787,z,18,0.1\n"))
    assert rows == ONE
    assert notes[0] == "left out 1 row in unknown bands: 'z' (1)"
    assert notes[1].startswith("ztf has no z: ") and "sdssz" in notes[1]


def test_a_column_of_surveys_says_whose_a_letter_is(write):
    text = "mjd,filter,mag,magerr,survey\n59786.5,R,18,0.1,ZTF\n59787.5,z,18,0.1,lsst\n"
    rows, notes = read(write(text))
    assert [band for _, band, _, _ in rows] == ["ztfr", "lsstz"]
    assert notes == ()


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
