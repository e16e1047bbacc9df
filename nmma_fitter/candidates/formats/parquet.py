"""Parquet tables (read by pyarrow): only flat columns, only those that a light curve has."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ...errors import BadInput
from ..columns import check_columns, chosen
from ..rows import Place
from ..textfile import LARGEST_FILE
from .base import Content, Format, Photometry
from .column_table import check_rows, rows_of_columns

_MARK = b"PAR1"


def _read(content: Content, bands: str) -> Photometry:
    place = content.place
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise place.error(
            "is Parquet, which needs the package pyarrow: pip install 'nmma-fitter[formats]'"
        ) from None
    try:
        file = parquet.ParquetFile(io.BytesIO(content.data), memory_map=False)
        wanted = _wanted(place, file)
        table = file.read(columns=wanted, use_threads=False)
        columns = {name: table.column(name).to_pylist() for name in wanted}
    except BadInput:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError):
        raise place.error("is a damaged Parquet file, or cut short; deliver it again") from None
    return rows_of_columns(place, columns, bands)


def _wanted(place: Place, file: Any) -> list[str]:
    """Flat columns that mean something, once the file's own account of its size is in bounds."""
    meta = file.metadata
    check_rows(place, meta.num_rows)
    schema = file.schema_arrow
    names = [name.strip().lower() for name in schema.names]
    check_columns(place, names)
    means = set(chosen(names).values())
    wanted = [
        field.name
        for field, name in zip(schema, names, strict=True)
        if name in means and not field.type.num_fields
    ]
    nested = [name for name in means if name not in {one.strip().lower() for one in wanted}]
    if nested:
        raise place.error(
            f"column {nested[0][:40]!a} holds a list in each row; write one row a measurement"
        )
    _check_size(place, meta, wanted)
    return wanted


def _check_size(place: Place, meta: Any, wanted: Sequence[str]) -> None:
    size = 0
    for group in range(meta.num_row_groups):
        chunks = meta.row_group(group)
        for index in range(chunks.num_columns):
            chunk = chunks.column(index)
            if chunk.path_in_schema not in wanted:
                continue
            check_rows(place, chunk.num_values)
            size += chunk.total_uncompressed_size
            if chunk.total_uncompressed_size < 0 or size > LARGEST_FILE:
                raise place.error(
                    f"is larger than {LARGEST_FILE / 1e6:.0f} MB unpacked, so not one object's; "
                    "deliver one file per object"
                )


FORMAT = Format(
    name="parquet",
    title="Parquet (needs pyarrow)",
    columns="as of a table with a header",
    recognises=lambda content: content.data.startswith(_MARK),
    read=_read,
    suffixes=(".parquet", ".parq"),
)
