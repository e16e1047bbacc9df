"""A small file of each format, in the form in which its service documents it."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import numpy as np
import pyarrow
from astropy.table import Table
from pyarrow import parquet

ZFPS = (
    "index, field, ccdid, qid, filter, pid, infobitssci, sciinpseeing, scibckgnd, scisigpix, "
    "zpmaginpsci, zpmaginpsciunc, zpmaginpscirms, clrcoeff, clrcoeffunc, ncalmatches, exptime, "
    "adpctdif1, adpctdif2, diffmaglim, zpdiff, programid, jd, rfid, forcediffimflux, "
    "forcediffimfluxunc, forcediffimsnr, forcediffimchisq, forcediffimfluxap, "
    "forcediffimfluxuncap, forcediffimsnrap, aperturecorr, dnearestrefsrc, nearestrefmag, "
    "nearestrefmagunc, nearestrefchi, nearestrefsharp, refjdstart, refjdend, procstatus"
)
_ZFPS_DEFAULTS: dict[str, object] = {
    "field": 700, "ccdid": 3, "qid": 2, "filter": "ZTF_r", "infobitssci": 0, "sciinpseeing": 2.2,
    "scisigpix": 8.5, "zpdiff": 26.15, "forcediffimchisq": 1.0, "dnearestrefsrc": "null",
    "procstatus": 0,
}  # fmt: skip


def zfps_row(index: int, jd: float, flux: object, error: object, **other: object) -> str:
    """Line of ZTF's forced photometry."""
    names = [name.strip() for name in ZFPS.split(",")]
    values = _ZFPS_DEFAULTS | {"index": index, "jd": jd} | other
    values |= {"forcediffimflux": flux, "forcediffimfluxunc": error}
    return " " + " ".join(str(values.get(name, 1.5)) for name in names)


def zfps(*rows: str, header: str = f" {ZFPS},") -> str:
    """File of ZTF's forced photometry, its header no comment or one."""
    return "\n".join(["# Requested input R.A. = 150.1 degrees", "#", header, *rows]) + "\n"


ATLAS = "###MJD m dm uJy duJy F err chi/N RA Dec x y maj min phi apfit mag5sig Sky Obs\n"
ATLAS += "59800.1 18.6 0.05 131 6 o 0 1.2 150.1 2.1 900 800 2.3 2.2 60 -0.4 19.9 18.7 02a59800o01\n"
ATLAS += "59801.1 -20.3 0.9 -27 9 c 0 1.1 150.1 2.1 900 80 2.3 2.2 60 -0.4 19.6 18.7 02a59801o01\n"

SNANA = """SURVEY: DES
SNID: 90210
FILTERS: griz
REDSHIFT_FINAL: 0.21 +- 0.01
NOBS: 2
NVAR: 6
VARLIST: MJD FLT FIELD FLUXCAL FLUXCALERR PHOTFLAG
OBS: 57001.2 g C3 812.5 9.5 0
OBS: 57003.2 z C3 -3.25 7.5 0
END:
"""

CANDIDATE: dict[str, Any] = {
    "jd": 2459800.75, "fid": 1, "pid": 7, "diffmaglim": 20.5, "magpsf": 18.25, "sigmapsf": 0.05,
    "isdiffpos": "t", "candid": 11, "rb": 0.9, "ssnamenr": None,
}  # fmt: skip
_EARLIER = CANDIDATE | {"jd": 2459798.75, "fid": 2, "magpsf": None, "sigmapsf": None}
FORCED: dict[str, Any] = {
    "field": 700, "rcid": 9, "fid": 2, "jd": 2459799.75, "magzpsci": 26.4, "diffmaglim": 20.4,
    "forcediffimflux": -50.0, "forcediffimfluxunc": 25.0, "scisigpix": 7.5, "sciinpseeing": 2.1,
    "procstatus": "0",
}  # fmt: skip
ALERT: dict[str, Any] = {
    "schemavsn": "4.02", "publisher": "ZTF", "objectId": "ZTF22zzzzzzz", "candid": 11,
    "candidate": CANDIDATE, "prv_candidates": [_EARLIER | {"isdiffpos": None, "candid": None}],
    "fp_hists": [FORCED, FORCED | {"jd": 2459797.75, "forcediffimflux": -99999.0,
                                   "forcediffimfluxunc": -99999.0, "procstatus": "61"}],
}  # fmt: skip
RUBIN_ALERT = {
    "diaSourceId": 5,
    "diaSource": {"diaObjectId": 77, "midpointMjdTai": 61000.5, "band": "r", "psfFlux": 40000.0,
                  "psfFluxErr": 500.0},
    "prvDiaSources": None,
    "prvDiaForcedSources": [{"diaObjectId": 77, "midpointMjdTai": 60999.5, "band": "i",
                             "psfFlux": -300.0, "psfFluxErr": 400.0}],
}  # fmt: skip

_OPTIONAL = {"magpsf", "sigmapsf", "isdiffpos", "candid", "ssnamenr"}
_TYPES = {str: "string", int: "long", float: "double", type(None): "string"}


def record_type(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Avro type of values such as these."""
    fields = [
        {
            "name": key,
            "type": [_TYPES[type(one)], "null"] if key in _OPTIONAL else _TYPES[type(one)],
        }
        for key, one in values.items()
    ]
    return {"type": "record", "name": name, "namespace": "ztf.alert", "fields": fields}


SCHEMA = {
    "type": "record", "name": "alert", "namespace": "ztf",
    "fields": [
        {"name": "objectId", "type": "string"},
        {"name": "candidate", "type": record_type("candidate", CANDIDATE)},
        {"name": "prv_candidates", "type": [{"type": "array", "items": "ztf.alert.candidate"},
                                            "null"]},
        {"name": "fp_hists", "type": [{"type": "array", "items": record_type("fp_hist", FORCED)},
                                      "null"]},
        {"name": "cutoutScience", "type": ["bytes", "null"], "default": None},
    ],
}  # fmt: skip


def avro(*packets: dict[str, Any], codec: str = "null", schema: Any = SCHEMA) -> bytes:
    """Avro file of alert packets."""
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema), packets or (ALERT,), codec=codec)
    return out.getvalue()


FINK = [
    {"i:objectId": "ZTF22zzzzzzz", "i:jd": 2459800.75, "i:fid": 1, "i:magpsf": 18.25,
     "i:sigmapsf": 0.05, "i:diffmaglim": 20.5, "i:isdiffpos": "t", "d:tag": "valid"},
    {"i:objectId": "ZTF22zzzzzzz", "i:jd": 2459798.75, "i:fid": 2, "i:magpsf": None,
     "i:sigmapsf": None, "i:diffmaglim": 20.1, "i:isdiffpos": None, "d:tag": "upperlim"},
    {"i:objectId": "ZTF22zzzzzzz", "i:jd": 2459799.75, "i:fid": 2, "i:magpsf": 19.5,
     "i:sigmapsf": 0.2, "i:diffmaglim": 19.9, "i:isdiffpos": "t", "d:tag": "badquality"},
]  # fmt: skip
ALERCE = {
    "detections": [{"oid": "ZTF22zzzzzzz", "mjd": 59800.25, "fid": 1, "magpsf": 18.25,
                    "sigmapsf": 0.05, "isdiffpos": 1, "diffmaglim": 20.5}],
    "non_detections": [{"oid": "ZTF22zzzzzzz", "mjd": 59798.25, "fid": 2, "diffmaglim": 20.1}],
    "forced_photometry": [{"oid": "ZTF22zzzzzzz", "mjd": 59802.25, "fid": 2, "mag": 18.5,
                           "e_mag": 0.1, "isdiffpos": 1}],
}  # fmt: skip
LASAIR = {
    "objectId": "ZTF22zzzzzzz",
    "candidates": [{"jd": 2459800.75, "mjd": 59800.25, "fid": 1, "magpsf": 18.25, "sigmapsf": 0.05,
                    "isdiffpos": "t", "candid": 11},
                   {"jd": 2459798.75, "mjd": 59798.25, "fid": 2, "diffmaglim": 20.1}],
}  # fmt: skip
LASAIR_RUBIN = {
    "diaObjectId": 77,
    "diaSourcesList": [RUBIN_ALERT["diaSource"]],
    "diaForcedSourcesList": RUBIN_ALERT["prvDiaForcedSources"],
}
ANTARES = {
    "locus_id": "ANT2022zzzz",
    "alerts": [{"alert_id": "ztf_candidate:11", "mjd": 59800.25, "properties": {
        "ant_mag": 18.25, "ant_magerr": 0.05, "ant_passband": "g", "ant_maglim": 20.5}}],
}  # fmt: skip
TNS = {
    "id_code": 200,
    "data": {"reply": {"objname": "2022zzz", "name_prefix": "SN", "photometry": [
        {"obsdate": "2022-08-10 06:00:00", "jd": 2459801.75, "flux": 18.25, "fluxerr": 0.05,
         "limflux": "", "flux_unit": {"id": 1, "name": "ABMag"},
         "instrument": {"id": 196, "name": "ZTF-Cam"}, "telescope": {"id": 1, "name": "P48"},
         "filters": {"id": 110, "name": "g"}},
        {"obsdate": "2022-08-09 06:00:00", "jd": 2459800.75, "flux": "", "fluxerr": "",
         "limflux": 20.5, "flux_unit": {"id": 1, "name": "ABMag"},
         "instrument": {"id": 159, "name": "ATLAS-HKO"}, "telescope": {"name": "ATLAS1"},
         "filters": {"id": 72, "name": "orange"}}]}},
}  # fmt: skip
OSC = {
    "SN2022zzz": {"name": "SN2022zzz", "alias": [{"value": "SN2022zzz"}], "photometry": [
        {"time": "59800.25", "u_time": "MJD", "band": "g'", "magnitude": "18.25",
         "e_magnitude": "0.05", "system": "AB", "telescope": "P60", "source": "1"},
        {"time": "59798.25", "u_time": "MJD", "band": "R", "magnitude": "20.1",
         "upperlimit": True, "system": "Vega", "source": "1"},
        {"time": ["59801.1", "59801.2"], "u_time": "MJD", "energy": ["0.3", "10"],
         "u_energy": "keV", "flux": "1e-13", "source": "2"}]},
}  # fmt: skip
NMMA = {
    "ztfg": {"time": [59800.25, 59801.25], "mag": [18.25, 20.5], "mag_error": [0.05, "inf"]},
    "ztfr": {"time": [59800.5], "mag": ["inf"], "mag_error": [0.1]},
}
SNCOSMO = {
    "meta": {"name": "SN2022zzz", "z": 0.1},
    "data": {"time": [59800.25, 59801.25], "band": ["ztfg", "ztfr"], "flux": [100.0, -5.0],
             "fluxerr": [2.0, 4.0], "zp": [25.0, 25.0], "zpsys": ["ab", "ab"]},
}  # fmt: skip
_COLUMNS = ("mjd", "filter", "mag", "magerr", "limiting_mag")


def table() -> Table:
    """A table of two rows, with units."""
    rows = [(59800.25, "ztfg", 18.25, 0.05, 20.5), (59801.25, "ztfr", np.nan, np.nan, 20.25)]
    made = Table(rows=rows, names=_COLUMNS)
    made["mjd"].unit, made["mag"].unit = "d", "mag"
    return made


def flux_table(unit: str = "nJy") -> Table:
    """A table of one flux, with its unit."""
    made = Table(
        rows=[(59800.25, "ztfg", 5000.0, 100.0)], names=("mjd", "filter", "flux", "fluxerr")
    )
    made["flux"].unit = made["fluxerr"].unit = unit
    return made


def written(made: Table, form: str) -> bytes:
    """A table as a file of one of astropy's forms."""
    if form == "ascii.ecsv":
        text = io.StringIO()
        made.write(text, format=form)
        return text.getvalue().encode()
    out = io.BytesIO()
    made.write(out, format=form)
    return out.getvalue()


def in_parquet(columns: dict[str, Any] | None = None) -> bytes:
    """A Parquet file of columns, by default those of `table`."""
    made = table()
    columns = columns or {name: made[name].tolist() for name in _COLUMNS}
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


def samples() -> dict[str, bytes]:
    """Format and form to a file of it."""
    texts = {
        "ztf-forced": zfps(zfps_row(0, 2459800.75, 1500.0, 50.0)),
        "ztf-forced, header a comment": zfps(
            zfps_row(0, 2459800.75, 1500.0, 50.0), header=f"# {ZFPS}"
        ),
        "ztf-forced, CSV": "," + ZFPS.replace(" ", "") + "\n0"
        + ",".join(["", *zfps_row(0, 2459800.75, 1500.0, 50.0).split()]) + "\n",
        "atlas-forced": ATLAS,
        "atlas-forced, CSV": ATLAS.replace("###", "").replace(" ", ","),
        "alert-json": json.dumps(ALERT),
        "alert-json, several": json.dumps([ALERT, ALERT]),
        "alert-json, Rubin": json.dumps(RUBIN_ALERT),
        "broker-json, Fink": json.dumps(FINK),
        "broker-json, ALeRCE": json.dumps(ALERCE),
        "broker-json, Lasair": json.dumps(LASAIR),
        "broker-json, Lasair of Rubin": json.dumps(LASAIR_RUBIN),
        "broker-json, ANTARES": json.dumps(ANTARES),
        "broker-csv, Fink": ",".join(FINK[0])
        + "\nZTF22zzzzzzz,2459800.75,1,18.25,0.05,20.5,t,valid\n",
        "broker-csv, ANTARES": "time,alert_id,ant_mjd,ant_survey,ant_ra,ant_dec,ant_passband,"
        "ant_mag,ant_magerr,ant_maglim\n2022-08-09,ztf:1,59800.25,1,10.0,2.0,R,18.25,0.05,20.5\n"
        "2022-08-07,ztf:2,59798.25,2,,,g,,,20.1\n",
        "rubin": "diaObjectId,midpointMjdTai,band,psfFlux,psfFluxErr\n77,61000.5,r,40000.0,500.0\n",
        "asassn": "HJD,UT Date,Camera,FWHM,Limit,mag,mag_err,flux(mJy),flux_err,Filter\n"
        "2459800.75,2022-08-09.25,be,1.7,16.4,14.25,0.05,7.7,0.3,V\n",
        "asassn, version 2": "# ASAS-SN Sky Patrol light curve\n\n"
        "JD,Flux,Flux Error,Mag,Mag Error,Limit,FWHM,Filter,Quality,Camera\n"
        "2459800.75,7.5,0.1,14.25,0.05,17.5,1.7,g,G,bs\n",
        "asassn, client": "asas_sn_id,jd,flux,flux_err,mag,mag_err,limit,fwhm,image_id,camera,"
        "quality,phot_filter\n77,2459800.75,7.5,0.1,14.25,0.05,17.5,1.7,x,bs,G,g\n",
        "snana": SNANA,
        "snana, VARNAMES": SNANA.replace("VARLIST", "VARNAMES").replace("FLT", "BAND"),
        "sncosmo": "@name SN2022zzz\n@z 0.1\ntime band flux fluxerr zp zpsys\n"
        "59800.25 ztfg 100.0 2.0 25.0 ab\n59801.25 ztfr -5.0 4.0 25.0 ab\n",
        "sncosmo, JSON": json.dumps(SNCOSMO),
        "redback": "event,time,magnitude,e_magnitude,band,system,flux_density(mjy),"
        "flux_density_error,time (days)\nat2022zzz,59800.25,18.25,0.05,g,AB,0.18,0.008,1.5\n",
        "tom": "time,filter,magnitude,error,limit,source\n59800.25,r,18.25,0.05,,ZTF\n"
        "59801.25,r,,,20.5,ZTF\n",
        "tns-json": json.dumps(TNS),
        "tns-csv": "Obs-date,Mag. / Flux,Err,Lim. Mag / Flux,Units,Filter,Tel / Inst,Exp. Time,"
        "Observer/s,Remarks\n2022-08-10 06:00:00,18.25,0.05,20.5,ABMag,g-ZTF,P48_ZTF-Cam,30,x,\n",
        "open-supernova": json.dumps(OSC),
        "nmma-json": json.dumps(NMMA),
        "nmma-json, lists": json.dumps({"ztfg": [[59800.25, 18.25, 0.05]]}),
        "nmma-model": "# t[days] ztfg ztfr\n0.1 19.4 19.6\n0.6 19.1 19.3\n",
        "nmma-dat": "2022-08-09T06:00:00.000 ztfg 18.25 0.05\n59801.25 2massks 17.5 inf\n",
        "json": json.dumps([{"mjd": 59800.25, "filter": "ztfg", "mag": 18.25, "magerr": 0.05}]),
        "json, of something else": '{"elements": [1, 2], "e": 0.1}',
        "json, cut short": json.dumps(OSC)[:80],
    }  # fmt: skip
    files = {name: text.encode() for name, text in texts.items()}
    return files | {
        "alert-avro": avro(),
        "alert-avro, deflate": avro(codec="deflate"),
        "ecsv": written(table(), "ascii.ecsv"),
        "votable": written(table(), "votable"),
        "fits": written(table(), "fits"),
        "parquet": in_parquet(),
        "table": b"mjd,filter,mag,magerr,limiting_mag\n59800.25,ztfg,18.25,0.05,20.5\n",
        "table, .dat with a header": b"mjd filter mag mag_error\n59800.25 ztfg 18.25 0.05\n",
        "table, survey": b",jd,mag,mag_unc,filter,limmag,programid\n0,2459800.7,18.2,0.1,g,20,1\n",
        "table, flux": b"filter,mjd,flux,zp,magsys,fluxerr\nztfg,59800.25,121.5,23.9,ab,10.5\n",
    }
