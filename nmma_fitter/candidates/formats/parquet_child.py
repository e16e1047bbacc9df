"""The process that reads one Parquet file, since pyarrow can end the process that it is in.

The file is its standard input, its path (for messages) its argument. It answers one JSON object:
``columns``, of texts by name, or ``problem``, a line for a person.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nmma_fitter.candidates.columns import check_columns, chosen
from nmma_fitter.candidates.formats.column_table import check_rows, field_text
from nmma_fitter.candidates.rows import Place
from nmma_fitter.candidates.textfile import LARGEST_FILE
from nmma_fitter.errors import BadInput

SECONDS = 10  # of the processor
MEMORY = 2 << 30  # bytes of address space, pyarrow's own included


def main() -> None:
    """Answer for the file on standard input."""
    _limit(resource.RLIMIT_CPU, SECONDS)
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_CORE, 0)
    place = Place(Path(sys.argv[1]))
    try:
        answer: dict[str, Any] = {"columns": columns(place, sys.stdin.buffer.read())}
    except BadInput as error:
        answer = {"problem": str(error)}
    print(json.dumps(answer))


def _limit(which: int, value: int) -> None:
    """Lower a limit, as far as it is not lower already."""
    now, hard = resource.getrlimit(which)
    lowest = [one for one in (now, hard, value) if one != resource.RLIM_INFINITY]
    resource.setrlimit(which, (min(lowest), hard))


def columns(place: Place, data: bytes) -> dict[str, list[str]]:
    """Texts of the flat columns that a light curve has, by name.

    Raises
    ------
    BadInput
        When it is damaged or too large, or a needed column holds lists.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        pyarrow.set_memory_pool(pyarrow.system_memory_pool())
        file = parquet.ParquetFile(io.BytesIO(data), memory_map=False)
        wanted = _wanted(place, file)
        table = file.read(columns=wanted, use_threads=False)
        values = {name: table.column(name).to_pylist() for name in wanted}
    except BadInput:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError):
        raise place.error("is a damaged Parquet file, or cut short; deliver it again") from None
    return {
        name: [field_text(Place(place.path, i), name, one) for i, one in enumerate(column, start=1)]
        for name, column in values.items()
    }


def _wanted(place: Place, file: Any) -> list[str]:
    """Flat columns that mean something, once the file's own account of its size is in bounds."""
    check_rows(place, file.metadata.num_rows)
    schema = file.schema_arrow
    names = [name.strip().lower() for name in schema.names]
    check_columns(place, names)
    means = set(chosen(names).values())
    wanted = [
        field.name
        for field, name in zip(schema, names, strict=True)
        if name in means and not field.type.num_fields
    ]
    nested = sorted(means - {one.strip().lower() for one in wanted})
    if nested:
        raise place.error(
            f"column {nested[0][:40]!a} holds a list in each row; write one row a measurement"
        )
    _check_size(place, file.metadata, wanted)
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


if __name__ == "__main__":
    main()
