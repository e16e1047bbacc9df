"""Files that make much of few bytes, point elsewhere, or are damaged, are refused in time."""

from __future__ import annotations

import gzip
import io
import json
import sys

import fastavro
import numpy as np
import pyarrow
import pytest
from astropy.io import fits
from astropy.table import Table
from pyarrow import parquet

from nmma_fitter.candidates.formats import parse
from nmma_fitter.errors import BadInput

from .samples import ALERT, CANDIDATE, avro, flux_table, in_parquet, record_type, table, written


def refused(path, message):
    with pytest.raises(BadInput, match=message) as error:
        parse(path)
    assert "\n" not in str(error.value)


def container(schema: object, block: bytes = b"", count: int = 1, codec: str = "null") -> bytes:
    """An Avro file of one block as it is given."""
    text = json.dumps(schema).encode()
    out = io.BytesIO()
    fastavro.schemaless_writer(
        out,
        {"type": "map", "values": "bytes"},
        {"avro.schema": text, "avro.codec": codec.encode()},
    )
    body = io.BytesIO()
    for number in (count, len(block)):
        fastavro.schemaless_writer(body, "long", number)
    return b"Obj\x01" + out.getvalue() + b"s" * 16 + body.getvalue() + block + b"s" * 16


def alert_schema(**fields: object) -> dict:
    made = [{"name": name, "type": one} for name, one in fields.items()]
    return {"type": "record", "name": "alert", "fields": made}


def test_an_avro_bomb_is_not_unpacked(write):
    packet = ALERT | {"cutoutScience": b"\0" * 60_000_000}
    data = avro(packet, codec="deflate")
    assert len(data) < 100_000
    refused(write(data), "more than 50 MB unpacked")


@pytest.mark.parametrize(
    "items",
    [
        "null",
        {"type": "record", "name": "r", "fields": []},
        {"type": "fixed", "name": "f", "size": 0},
        {"type": "record", "name": "r", "fields": [{"name": "n", "type": "null"}]},
    ],
)
def test_lists_of_nothing_are_refused(items, write):
    schema = alert_schema(candidate={"type": "array", "items": items})
    refused(write(container(schema, b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f\0")), "lists of nothing")


def test_a_schema_that_contains_itself_is_refused(write):
    schema = alert_schema(candidate="long", next=["null", "alert"])
    refused(write(container(schema, b"\2" * 1_000_000)), "contains itself")


def test_records_of_nothing_are_refused(write):
    refused(write(container(alert_schema(), count=1 << 60)), "empty records")


def test_a_deep_schema_is_refused(write):
    schema: object = "long"
    for _ in range(50):
        schema = {"type": "array", "items": schema}
    refused(write(container(alert_schema(candidate=schema))), "nested too deep")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (container(alert_schema(candidate="long"), b"\2", codec="xz"), "packed by 'xz'"),
        (container(alert_schema(candidate="long"), b"\2", codec="deflate"), "damaged Avro"),
        (container(alert_schema(candidate="other"), b"\2"), "damaged Avro"),
        (container(alert_schema(candidate=3), b"\2"), "damaged Avro"),
        (container("long", b"\2"), "no alert packet"),
        (container(alert_schema(candidate="long"), b"\2"), "no alert packet"),
        (container(alert_schema(x="long"), b"\2"), "no alert packet"),
        (container(alert_schema(candidate="string"), b"\xfe\xff\3"), "damaged|cut short"),
        (avro()[:-40], "cut short or damaged"),
        (avro()[:500], "cut short or damaged"),
        (avro().replace(b'"double"', b'"duoble"', 1), "damaged Avro"),
    ],
)
def test_a_damaged_avro_is_refused(data, message, write):
    refused(write(data), message)


def test_an_avro_alert_needs_no_history(write):
    packet = ALERT | {"prv_candidates": None, "fp_hists": None}
    assert len(parse(write(avro(packet))).rows) == 1


def test_several_packets_of_one_object_are_one_light_curve(write):
    later = ALERT | {"candidate": CANDIDATE | {"jd": 2459805.75}}
    assert len(parse(write(avro(ALERT, later))).rows) == 6
    refused(write(avro(ALERT, later | {"objectId": "ZTF22other"})), "several objects")


def test_a_rubin_alert_in_avro_is_read(write):
    source = {"midpointMjdTai": 61000.5, "band": "r", "psfFlux": 4e4, "psfFluxErr": 500.0}
    schema = alert_schema(diaSource=record_type("diaSource", source))
    (row,) = parse(write(avro({"diaSource": source}, schema=schema))).rows
    assert (row.band, row.flux) == ("lsstr", 40.0)


@pytest.mark.parametrize(
    ("package", "data"), [("fastavro", avro()), ("pyarrow", in_parquet())], ids=["avro", "parquet"]
)
def test_a_missing_package_is_named(package, data, write, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    refused(write(data), rf"needs the package {package}: pip install 'nmma-fitter\[formats\]'")


VOTABLE = written(table(), "votable").decode()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<TABLEDATA>", '<BINARY><STREAM href="http://x.org"/></BINARY><TABLEDATA>', "not fetched"),
        ("<TABLEDATA>", '<BINARY><v:STREAM xmlns:v="v" HREF="file:///etc/passwd"/></BINARY>'
         "<TABLEDATA>", "not fetched"),
        ("<TABLEDATA>", '<BINARY><STREAM encoding="gzip">x</STREAM></BINARY><TABLEDATA>', "packed"),
        ("<TABLEDATA>", "<FITS/><TABLEDATA>", "holds FITS"),
        ("<VOTABLE", '<!DOCTYPE x [<!ENTITY a "b">]><VOTABLE', "DOCTYPE"),
        ("</TABLE>", "", "row .*: is no complete XML"),
        ("<TD>ztfg</TD>", "", "damaged VOTable|band|filter"),
        ("</TABLEDATA>", "<TR/>" * 50_001 + "</TABLEDATA>", "more than 50000 rows"),
    ],
)  # fmt: skip
def test_a_votable_is_not_followed_elsewhere(old, new, message, write):
    assert old in VOTABLE
    refused(write(VOTABLE.replace(old, new, 1)), message)


@pytest.mark.parametrize("form", ["ascii.ecsv", "votable", "fits"])
@pytest.mark.parametrize(("unit", "flux"), [("nJy", 5.0), ("mJy", 5e6), ("Jy", 5e9)])
def test_units_of_a_table_count(form, unit, flux, write):
    (row,) = parse(write(written(flux_table(unit), form))).rows
    assert row.flux == pytest.approx(flux)


@pytest.mark.parametrize("form", ["ascii.ecsv", "votable", "fits"])
def test_a_unit_that_is_not_read_is_refused(form, write):
    refused(write(written(flux_table("erg s-1"), form)), "'flux' is in '.*', which is not read")


def test_a_magnitude_of_another_system_is_refused(write):
    made = table()
    made["mag"].unit = "mag(ST)"
    refused(write(written(made, "ascii.ecsv")), r"'mag' is in 'mag\(st\)', not AB or Vega")


@pytest.mark.parametrize(("scale", "seconds"), [("TAI", -37), ("UTC", 0), ("TDB", 0)])
def test_the_time_scale_of_a_fits_table_counts(scale, seconds, write):
    hdu = fits.BinTableHDU(table())
    hdu.header["TIMESYS"] = scale
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(out)
    found = parse(write(out.getvalue()))
    assert found.rows[0].mjd == pytest.approx(59800.25 + seconds / 86400, abs=1e-9)
    assert ("TDB" in "; ".join(found.notes)) == (scale == "TDB")


def in_fits(**cards: object) -> bytes:
    """The table's FITS with cards of its header changed in place."""
    data = written(table(), "fits").decode("latin-1")
    for key, value in cards.items():
        at = data.index(f"{key:8}=")
        data = data[:at] + f"{key:8}= {value!s:>20}".ljust(80) + data[at + 80 :]
    return data.encode("latin-1")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (in_fits(NAXIS2=10**12), "more than 50000 rows"),
        (in_fits(NAXIS2=-5), "more than 50000 rows|damaged"),
        (in_fits(NAXIS2=40000), "damaged FITS|cut short"),
        (in_fits(TFIELDS=999999), "columns|damaged"),
        (in_fits(NAXIS1=0), "empty rows|damaged"),
        (written(table(), "fits")[:4000], "damaged FITS|without a table"),
        (written(table(), "fits")[:-2880], "damaged FITS"),
    ],
)
def test_a_damaged_fits_is_refused(data, message, write):
    refused(write(data), message)


def hdus(*more: object) -> bytes:
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *more]).writeto(out)
    return out.getvalue()


def test_the_table_that_is_a_light_curve_is_found(write):
    other = fits.BinTableHDU(Table({"x": [1, 2]}))
    image = fits.ImageHDU(np.zeros((3, 3)))
    assert len(parse(write(hdus(image, other, fits.BinTableHDU(table())))).rows) == 2


def test_fits_without_a_table_is_refused(write):
    refused(write(hdus(fits.ImageHDU(np.zeros((3, 3))))), "FITS without a table")


def test_snanas_fits_is_refused_by_name(write):
    made = Table({"MJD": [1.0], "FLUXCAL": [2.0], "FLUXCALERR": [1.0], "BAND": ["g"]})
    refused(write(hdus(fits.BinTableHDU(made))), "SNANA's FITS of many objects")


def test_a_fits_of_many_rows_is_refused(write):
    refused(
        write(gzip.compress(written(Table({"mjd": np.zeros(50_001)}), "fits"))), "more than 50000"
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"mjd": [[1.0]], "filter": ["g"], "mag": [1.0], "magerr": [1.0]}, "'mjd' holds a list"),
        ({"mjd": [1.0] * 50_001}, "more than 50000 rows"),
        ({"mjd": [59800.0], "MJD": [1.0]}, "appears twice"),
        ({"x": [1]}, "no column gives"),
        (
            {
                "mjd": [59800.0] * 20,
                "filter": pyarrow.array(["ztfg" * 1_000_000] * 20),
                "mag": [18.0] * 20,
                "magerr": [0.1] * 20,
            },
            "longer than 1000 characters|larger than 50 MB",
        ),
    ],
)
def test_a_parquet_that_is_no_light_curve_is_refused(columns, message, write):
    refused(write(in_parquet(columns)), message)


@pytest.mark.parametrize("cut", [-10, 40])
def test_a_damaged_parquet_is_refused(cut, write):
    refused(write(in_parquet()[:cut]), "damaged Parquet")


def test_a_parquet_at_which_pyarrow_ends_its_process_is_refused(write):
    optional, required = b"%\x02\x18\x03mjd", b"%\x00\x18\x03mjd"
    assert optional in in_parquet()
    refused(write(in_parquet().replace(optional, required)), "damaged Parquet")


def test_a_parquet_may_hold_other_lists(write):
    out = io.BytesIO()
    made = pyarrow.table(
        {"mjd": [59800.0], "filter": ["ztfg"], "mag": [18.0], "magerr": [0.1], "cutout": [[1, 2]]}
    )
    parquet.write_table(made, out)
    assert len(parse(write(out.getvalue())).rows) == 1
