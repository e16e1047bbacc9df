"""What is read of a file of each format: times, bands, units, limits, sign, object, notes."""

from __future__ import annotations

import math

import pytest

from nmma_fitter.candidates.formats import parse

from .samples import samples

SAMPLES = samples()
TAI = 37 / 86400

# Format: object, and of each row: MJD, band, value (a flux in microjansky, else a magnitude), its
# error, limit where the file gives one, and the instrument.
NAMED = "ZTF22zzzzzzz"
READ = {
    "ztf-forced": ("", [(59800.25, "ztfr", "flux", 188.84, 6.295, "ZTF")]),
    "ztf-forced, CSV": ("", [(59800.25, "ztfr", "flux", 188.84, 6.295, "ZTF")]),
    "atlas-forced": (
        "",
        [
            (59800.1, "atlaso", "flux", 131, 6, "ATLAS"),
            (59801.1, "atlasc", "flux", -27, 9, "ATLAS"),
        ],
    ),
    "atlas-forced, CSV": (
        "",
        [
            (59800.1, "atlaso", "flux", 131, 6, "ATLAS"),
            (59801.1, "atlasc", "flux", -27, 9, "ATLAS"),
        ],
    ),
    "alert-json": (
        NAMED,
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, "ZTF"),
            (59798.25, "ztfr", "limit", 20.5, None, "ZTF"),
            (59799.25, "ztfr", "flux", -5.0, 2.5, "ZTF"),
        ],
    ),
    "alert-json, Rubin": (
        "77",
        [
            (61000.5 - TAI, "lsstr", "flux", 40.0, 0.5, "LSST"),
            (60999.5 - TAI, "lssti", "flux", -0.3, 0.4, "LSST"),
        ],
    ),
    "alert-avro": (
        NAMED,
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, "ZTF"),
            (59798.25, "ztfr", "limit", 20.5, None, "ZTF"),
            (59799.25, "ztfr", "flux", -5.0, 2.5, "ZTF"),
        ],
    ),
    "broker-json, Fink": (
        NAMED,
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, ""),
            (59798.25, "ztfr", "limit", 20.1, None, ""),
        ],
    ),
    "broker-json, ALeRCE": (
        NAMED,
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, ""),
            (59798.25, "ztfr", "limit", 20.1, None, ""),
            (59802.25, "ztfr", "mag", 18.5, 0.1, ""),
        ],
    ),
    "broker-json, Lasair": (
        NAMED,
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, ""),
            (59798.25, "ztfr", "limit", 20.1, None, ""),
        ],
    ),
    "broker-json, Lasair of Rubin": (
        "77",
        [
            (61000.5 - TAI, "lsstr", "flux", 40.0, 0.5, "LSST"),
            (60999.5 - TAI, "lssti", "flux", -0.3, 0.4, "LSST"),
        ],
    ),
    "broker-json, ANTARES": ("ANT2022zzzz", [(59800.25, "ztfg", "mag", 18.25, 0.05, "")]),
    "broker-csv, Fink": (NAMED, [(59800.25, "ztfg", "mag", 18.25, 0.05, "")]),
    "broker-csv, ANTARES": (
        "",
        [
            (59800.25, "ztfr", "mag", 18.25, 0.05, ""),
            (59798.25, "ztfg", "limit", 20.1, None, ""),
        ],
    ),
    "rubin": ("77", [(61000.5 - TAI, "lsstr", "flux", 40.0, 0.5, "LSST")]),
    "asassn": ("", [(59800.25, "bessellv", "mag", 14.27, 0.05, "be")]),
    "asassn, version 2": ("", [(59800.25, "sdssg", "mag", 14.25, 0.05, "bs")]),
    "asassn, client": ("77", [(59800.25, "sdssg", "mag", 14.25, 0.05, "bs")]),
    "snana": (
        "90210",
        [
            (57001.2, "desg", "flux", 29.5, 0.3449, ""),
            (57003.2, "desz", "flux", -0.118, 0.2723, ""),
        ],
    ),
    "sncosmo": (
        "SN2022zzz",
        [
            (59800.25, "ztfg", "flux", 36.308, 0.7262, ""),
            (59801.25, "ztfr", "flux", -1.8154, 1.4523, ""),
        ],
    ),
    "sncosmo, JSON": (
        "SN2022zzz",
        [
            (59800.25, "ztfg", "flux", 36.308, 0.7262, ""),
            (59801.25, "ztfr", "flux", -1.8154, 1.4523, ""),
        ],
    ),
    "redback": ("at2022zzz", [(59800.25, "ztfg", "mag", 18.25, 0.05, "")]),
    "tom": (
        "",
        [
            (59800.25, "ztfr", "mag", 18.25, 0.05, "ZTF"),
            (59801.25, "ztfr", "limit", 20.5, None, "ZTF"),
        ],
    ),
    "tns-json": (
        "2022zzz",
        [
            (59801.25, "ztfg", "mag", 18.25, 0.05, "P48 ZTF-Cam"),
            (59800.25, "atlaso", "limit", 20.5, None, "ATLAS1 ATLAS-HKO"),
        ],
    ),
    "tns-csv": ("", [(59801.25, "ztfg", "mag", 18.25, 0.05, "P48_ZTF-Cam")]),
    "open-supernova": (
        "SN2022zzz",
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, "P60"),
            (59798.25, "bessellr", "limit", 20.31, None, ""),
        ],
    ),
    "nmma-json": (
        "",
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, ""),
            (59801.25, "ztfg", "limit", 20.5, None, ""),
        ],
    ),
    "nmma-json, lists": ("", [(59800.25, "ztfg", "mag", 18.25, 0.05, "")]),
    "nmma-dat": (
        "",
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, ""),
            (59801.25, "2massks", "limit", 17.5, None, ""),
        ],
    ),
    "json": ("", [(59800.25, "ztfg", "mag", 18.25, 0.05, "")]),
    "table, .dat with a header": ("", [(59800.25, "ztfg", "mag", 18.25, 0.05, "")]),
    "table, flux": ("", [(59800.25, "ztfg", "flux", 121.5, 10.5, "")]),
} | {
    form: (
        "",
        [
            (59800.25, "ztfg", "mag", 18.25, 0.05, ""),
            (59801.25, "ztfr", "limit", 20.25, None, ""),
        ],
    )
    for form in ("ecsv", "votable", "fits", "parquet")
}


@pytest.mark.parametrize("sample", READ)
def test_a_file_is_read(sample, write):
    name, rows = READ[sample]
    found = parse(write(SAMPLES[sample], "x.any"))
    assert found.name == (name or "x")
    assert len(found.rows) == len(rows)
    for row, (mjd, band, kind, value, error, instrument) in zip(found.rows, rows, strict=True):
        assert (row.band, row.instrument) == (band, instrument)
        assert row.mjd == pytest.approx(mjd, abs=1e-8)
        assert math.isnan(row.flux) == (kind != "flux")
        assert row.measured == (kind != "limit")
        values = {"flux": row.flux, "mag": row.mag, "limit": row.limit}
        errors = {"flux": row.flux_err, "mag": row.mag_err, "limit": math.nan}
        assert values[kind] == pytest.approx(value, rel=1e-3)
        assert error is None or errors[kind] == pytest.approx(error, rel=1e-3)


@pytest.mark.parametrize(
    ("sample", "note"),
    [
        ("ztf-forced", "baseline: not corrected"),
        ("alert-avro", "left out 1 row with forced photometry of procstatus 61: row 4"),
        ("alert-avro", "without baseline correction"),
        ("broker-json, Fink", "left out 1 row with Fink's mark of bad quality (d:tag): row 3"),
        ("asassn", "heliocentric"),
        ("asassn", "converted from Vega to AB: bessellv +0.02 (1)"),
        ("rubin", "times are TAI: 37 s were subtracted"),
        ("snana", "zero point 27.5"),
        ("open-supernova", "left out 1 row with no magnitude (X-ray, radio or spectral flux)"),
        ("nmma-json", "left out 1 row with neither a magnitude nor a limit: row 3"),
    ],
)
def test_what_was_done_is_noted(sample, note, write):
    assert note in "; ".join(parse(write(SAMPLES[sample])).notes)


@pytest.mark.parametrize("sample", [one for one in READ if one.endswith(("json", "Fink"))])
def test_forced_photometry_is_told_from_an_alerts(sample, write):
    rows = parse(write(SAMPLES[sample])).rows
    assert all(row.forced == (not math.isnan(row.flux)) for row in rows)
