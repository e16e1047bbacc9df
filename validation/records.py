"""Files of JSON lines that a killed program can go on with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def read(path: Path) -> list[Record]:
    """Read all whole lines; one cut short by a kill is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            print(f"{path}: left out a line that was cut short")
    return found


def append(path: Path, record: Record) -> None:
    """Add a line, and return when it is on disk."""
    line = json.dumps(record, sort_keys=True, allow_nan=False) + "\n"
    with path.open("rb+" if path.exists() else "wb+") as stream:
        if stream.seek(0, os.SEEK_END):
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":  # the end of a line that was cut short
                stream.write(b"\n")
        stream.write(line.encode())
        stream.flush()
        os.fsync(stream.fileno())


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Format a table, first column left-aligned, the others right-aligned."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])
