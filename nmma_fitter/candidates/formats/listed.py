"""The formats that are read, as they are asked whether a file is theirs."""

from __future__ import annotations

from . import (
    alert_avro,
    alert_json,
    asassn,
    atlas_forced,
    broker_csv,
    broker_json,
    ecsv,
    fits_table,
    header_table,
    json_records,
    nmma_dat,
    nmma_json,
    nmma_model,
    open_supernova,
    parquet,
    redback,
    rubin,
    snana,
    sncosmo_table,
    tns,
    tns_csv,
    tom_toolkit,
    votable,
    ztf_forced,
)
from .base import Format

FORMATS: tuple[Format, ...] = (
    ztf_forced.FORMAT,
    atlas_forced.FORMAT,
    alert_avro.FORMAT,
    alert_json.FORMAT,
    broker_json.FORMAT,
    broker_csv.FORMAT,
    rubin.FORMAT,
    asassn.FORMAT,
    snana.FORMAT,
    sncosmo_table.FORMAT,
    redback.FORMAT,
    tom_toolkit.FORMAT,
    tns.FORMAT,
    tns_csv.FORMAT,
    open_supernova.FORMAT,
    nmma_json.FORMAT,
    nmma_model.FORMAT,
    nmma_dat.FORMAT,
    ecsv.FORMAT,
    votable.FORMAT,
    fits_table.FORMAT,
    parquet.FORMAT,
    json_records.FORMAT,
    header_table.FORMAT,
)
"""In the order in which they are asked; the last one says what is wrong with an unknown file."""
