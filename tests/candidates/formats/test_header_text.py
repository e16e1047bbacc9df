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


def test_fields_that_do_not_line_up_with_a_ruler_are_refused(write):
    text = "mjd     mag   dmag filter\n------- ----- ---- ------\n59786.512 18.25 0.05 ztfg\n"
    with pytest.raises(BadInput, match="row 3: its fields are not below those of the header"):
        parse(write(text))


def test_more_rows_than_a_light_curve_has_are_refused(write):
    with pytest.raises(BadInput, match=r"more than 50000 (rows|lines), so is not one object's"):
        parse(write("mjd,filter,mag,magerr\n" + "59786.5,ztfg,18.25,0.05\n" * 50_001))
