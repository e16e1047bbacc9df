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
        ("59787.5,ztfg,18,1e-320,", "a magnitude whose error is missing, 0, negative"),
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
