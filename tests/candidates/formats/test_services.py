"""What single formats refuse or leave out, and how they say it."""

from __future__ import annotations

import copy
import json

import pytest

from nmma_fitter.candidates.formats import parse
from nmma_fitter.errors import BadInput

from .samples import (
    ALERT,
    ATLAS,
    FINK,
    FORCED,
    LASAIR,
    NMMA,
    OSC,
    RUBIN_ALERT,
    SNANA,
    SNCOSMO,
    TNS,
    samples,
)

SAMPLES = {name: data.decode() for name, data in samples().items() if b"\0" not in data}
ATLAS_ROW = ATLAS.splitlines()[1]


def changed(value, *path_and_new):
    """A copy of JSON with one value changed."""
    *path, last, new = path_and_new
    value = copy.deepcopy(value)
    inner = value
    for key in path:
        inner = inner[key]
    inner[last] = new
    return json.dumps(value)


DATA = "data", "reply", "photometry", 0
EVENT = "SN2022zzz", "photometry", 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ATLAS + ATLAS_ROW[:70], "row 4: has 17 fields where the header has 19; the file may"),
        (ATLAS.replace("131", "l31"), "row 2: uJy is 'l31', not a number"),
        (ATLAS.replace(" 0 1.", " 1 1."), "no usable row .*err above 0 .the fit failed.: row 2, 3"),
        (SNANA.replace("NOBS: 2", "NOBS: 3"), "has 2 OBS lines where NOBS says 3; it may be cut"),
        (
            SNANA[:-20],
            "row 9: has .* values where the list of variables has 6; the file may",
        ),
        (SNANA + SNANA, "row 12: starts a second object .SNID.; deliver one file per object"),
        (SNANA.replace("FLUXCALERR", "ERR"), "row 7: the list of variables lacks FLUXCALERR"),
        (SNANA.replace("VARLIST", "NVAR"), "deliver|no column|header"),
        (json.dumps(ALERT)[:-40], "is not complete JSON .*row 1, column .*cut short"),
        (changed(ALERT, "prv_candidates", [1]), "prv_candidates is no list of measurements"),
        (json.dumps([ALERT, 3]), "entry 2 is no alert packet"),
        (json.dumps([ALERT, RUBIN_ALERT]), "holds no alerts of one survey"),
        (json.dumps([ALERT, ALERT | {"objectId": "ZTF22other"}]), "holds several objects"),
        (
            changed(ALERT, "candidate", "isdiffpos", "maybe"),
            "row 1: isdiffpos is 'maybe', not",
        ),
        (changed(ALERT, "candidate", "fid", 4), "row 1: fid is 4, not 1"),
        (changed(ALERT, "fp_hists", 0, "magzpsci", "x"), "row 3: magzpsci is 'x', not a number"),
        (json.dumps([*FINK, 3]), "has entries that are no objects"),
        (changed(TNS, *DATA, "flux", "bright"), "row 1: mag is 'bright', not a number"),
        (changed(OSC, *EVENT, "system", "BD17"), "row 1: system is 'BD17', neither ab nor vega"),
        (json.dumps(OSC | {"SN2": OSC["SN2022zzz"]}), "holds several events .'SN2022zzz', 'SN2'"),
        (changed(NMMA, "ztfg", "mag", [18.0]), "'ztfg': time, mag and mag_error differ in length"),
        (changed(NMMA, "ztfg", "time", [0.5, 1]), "row 1: time is 0.5, which is days of a model"),
        (changed(SNCOSMO, "data", "zp", [25.0]), "columns differ in length"),
        (
            SAMPLES["sncosmo"][:-3],
            "row 5: has 5 fields where the header has 6; the file may be cut",
        ),
        (SAMPLES["sncosmo"].replace(" ab", " stmag"), "row 4: zpsys is 'stmag', neither ab nor"),
        (SAMPLES["redback"].replace(",time,", ",days,"), "gives days after the event only"),
        (SAMPLES["tom"][:-10], "row 3: has 4 fields where the header has 6; the file may be cut"),
        (SAMPLES["asassn"][:-9], "row 2: has 8 fields where the header has 10; the file may be"),
        (SAMPLES["rubin"][:-9], "row 2: has 4 fields where the header has 5; the file may be cut"),
        (SAMPLES["broker-csv, Fink"][:-12], "row 2: has 6 fields where the header has 8"),
        (SAMPLES["tns-csv"][:-8], "row 2: has 7 fields where the header has 10"),
        (SAMPLES["nmma-dat"][:-9], "row 2: has 2 fields, not date, filter, magnitude and error"),
        (SAMPLES["nmma-model"], "is a model's table of magnitudes against days"),
        (SAMPLES["ecsv"][:-9], "row .*: has .* fields where the header has 5; the file may be cut"),
        (SAMPLES["json, of something else"], "is JSON, and no light curve that is known here"),
    ],
)
def test_what_cannot_be_read_is_said(text, message, write):
    with pytest.raises(BadInput, match=message):
        parse(write(text))


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (ATLAS.replace(" 0 1.1 ", " 2 1.1 "), "left out 1 row with err above 0 (the fit failed)"),
        (ATLAS.replace(" 1.1 ", " 101 "), "left out 1 row with chi/N above 100"),
        (ATLAS.replace(" 9 c", " 4001 c"), "left out 1 row with duJy of 0 or above 4000"),
        (ATLAS.replace(" 9 c", " 9 h"), "left out 1 row with a filter that is neither c nor o"),
        (SNANA.replace(" z ", " Q "), "left out 1 row in unknown bands: 'Q' (1)"),
        (SNANA.replace("7.5 0", "-1 0"), "left out 1 row with a FLUXCALERR of 0 or below: row 9"),
        (changed(ALERT, "candidate", "isdiffpos", "f"), "negative subtraction: row 1"),
        (changed(OSC, *EVENT, "model", "x"), "left out 1 row with a model's magnitude: row 1"),
        (changed(OSC, *EVENT, "kcorrected", True), "corrected to another frame"),
        (changed(TNS, *DATA, "flux_unit", {"name": "Counts"}), "neither ABMag nor VegaMag: row 1"),
        (
            changed(NMMA, "nosuchband", {"time": [59800], "mag": [18], "mag_error": [1]}),
            "bands: 'nosuchband'",
        ),
        (
            SAMPLES["asassn, version 2"] + "2459801.7,7,.1,14,.05,17,2,g,B,bs\n",
            "mark of bad quality",
        ),
        (
            "diaObjectId,midpointMjdTai,band,psfFlux,psfFluxErr,psfFlux_flag\n"
            "77,61000.5,r,4e4,500,False\n77,61001.5,r,4e4,500,True\n",
            "left out 1 row with psfflux_flag set (the fit failed): row 3",
        ),
    ],
)
def test_what_is_left_out_is_counted(text, note, write):
    found = parse(write(text))
    assert found.rows
    assert note in "; ".join(found.notes)


def test_a_sky_patrol_limit_is_a_limit(write):
    text = SAMPLES["asassn"].replace("14.25,0.05", ">16.4,99.990")
    (row,) = parse(write(text)).rows
    assert (row.measured, row.limit) == (False, pytest.approx(16.42))


def test_a_sky_patrol_without_filter_is_in_v(write):
    text = SAMPLES["asassn"].replace(",Filter", "").replace(",V", "")
    found = parse(write(text))
    assert found.rows[0].band == "bessellv"
    assert "no column names the filter" in found.notes[0]


def test_a_forced_rubin_source_has_the_flux_of_the_difference(write):
    text = (
        "forcedSourceOnDiaObjectId,diaObjectId,expMidptMJD,band,psfFlux,psfFluxErr,psfDiffFlux,"
        "psfDiffFluxErr\n1,77,61000.5,y,90000,400,-250,500\n"
    )
    (row,) = parse(write(text)).rows
    assert (row.band, row.flux, row.flux_err, row.forced) == ("lssty", -0.25, 0.5, True)


def test_an_exposure_of_an_alert_counts_once_and_forced(write):
    from nmma_fitter.candidates.formats import read_lightcurve

    text = changed(ALERT, "fp_hists", 0, "jd", 2459800.75)
    text = text.replace('"fid": 2, "jd": 2459800.75', '"fid": 1, "jd": 2459800.75')
    lightcurve = read_lightcurve(write(text))
    assert len(lightcurve) == 2
    assert lightcurve.flux[-1] == pytest.approx(-5.0)


def test_rubin_packets_of_two_objects_are_refused(write):
    other = json.loads(changed(RUBIN_ALERT, "diaSource", "diaObjectId", 78))
    with pytest.raises(BadInput, match="several objects"):
        parse(write(json.dumps([RUBIN_ALERT, other])))


def test_lasairs_forced_photometry_is_read_as_flux(write):
    forced = [FORCED, FORCED | {"procstatus": "61"}]
    found = parse(write(json.dumps(LASAIR | {"forcedphot": forced})))
    assert found.rows[-1].flux == pytest.approx(-5.0)
    assert "left out 1 row with forced photometry of procstatus 61: row 4" in found.notes


def test_lasairs_object_names_the_fit(write):
    assert parse(write(json.dumps(LASAIR | {"objectId": "ZTF20abc"}))).name == "ZTF20abc"


def test_a_json_of_many_megabytes_is_refused(write):
    with pytest.raises(BadInput, match="more than 20 MB"):
        parse(write(b'{"a": "' + b"x" * 20_000_001 + b'"}'))
