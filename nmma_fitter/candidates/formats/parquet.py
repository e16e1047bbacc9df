"""Parquet tables, read by pyarrow in a process of its own (see `parquet_child`)."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

from ...errors import BadInput
from ..rows import Place
from .base import Content, Format, Photometry
from .column_table import rows_of_columns

_MARK = b"PAR1"
LONGEST_WAIT = 120.0  # seconds, on a machine that is slow
_DAMAGED = "is a damaged Parquet file, or cut short; deliver it again"
_CHILD = "nmma_fitter.candidates.formats.parquet_child"


def _read(content: Content, bands: str) -> Photometry:
    place = content.place
    if importlib.util.find_spec("pyarrow") is None:
        raise place.error(
            "is Parquet, which needs the package pyarrow: pip install 'nmma-fitter[formats]'"
        )
    if not content.data.endswith(_MARK):
        raise place.error(_DAMAGED)
    answer = _answer(place, content.data)
    if "problem" in answer:
        raise BadInput(answer["problem"])
    return rows_of_columns(place, answer["columns"], bands)


def _answer(place: Place, data: bytes) -> dict[str, Any]:
    """What the process that reads it says; a file that ends the process is damaged."""
    command = [sys.executable, "-P", "-m", _CHILD, str(place.path)]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=LONGEST_WAIT, check=False
        )
        return dict(json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        raise place.error(f"takes over {LONGEST_WAIT:.0f} s to read; deliver it again") from None
    except ValueError:  # it ended without an answer
        raise place.error(_DAMAGED) from None
    except OSError as error:
        raise place.error(f"cannot be read: no process for it ({error}); try again") from None


FORMAT = Format(
    name="parquet",
    title="Parquet (needs pyarrow)",
    columns="as of a table with a header",
    recognises=lambda content: content.data.startswith(_MARK),
    read=_read,
    suffixes=(".parquet", ".parq"),
)
