"""The process that reads candidate files for a poller: see `bounded`, which starts it.

A request is one line of JSON on standard input, its answer one line on standard output. The limits
are the process's own: over its time the kernel ends it, over its memory it says so.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nmma_fitter.candidates.formats import read
from nmma_fitter.candidates.records import to_dict
from nmma_fitter.errors import BadInput

SECONDS = 10  # of the processor for one file; the largest that is allowed takes two
MEMORY = 1 << 30  # bytes, beside what the program itself takes

_said: list[tuple[str, int, str]] = []


class _Remember(logging.Handler):
    """Keeps what the readers log, for the poller to say."""

    def emit(self, record: logging.LogRecord) -> None:
        _said.append((record.name, record.levelno, record.getMessage()))


def main() -> None:
    """Answer requests until there are no more."""
    log = logging.getLogger("nmma_fitter")
    log.addHandler(_Remember())
    log.setLevel(logging.INFO)
    _limit(resource.RLIMIT_AS, _memory_in_use() + MEMORY)
    print("ready", flush=True)
    for line in sys.stdin:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + 1 + SECONDS)
        _said.clear()
        answer = _answer(**json.loads(line))
        print(json.dumps({**answer, "said": _said}), flush=True)


def _answer(path: str, **how: Any) -> dict[str, Any]:
    try:
        lightcurve, merged, notes = read(Path(path), **how)
        rows = [asdict(one) for one in merged]
        return {"lightcurve": to_dict(lightcurve), "merged": rows, "notes": notes}
    except BadInput as error:
        return {"bad_input": str(error)}
    except MemoryError:
        return {"beyond": f"reading it takes more than {MEMORY >> 20} MiB of memory"}
    except Exception as error:  # an error of ours; the other files go on
        what = f"{type(error).__name__}: {str(error)[:200]}"
        return {"beyond": f"reading it meets an unexpected error, please report it ({what})"}


def _limit(which: int, value: int) -> None:
    """Set a limit that can be raised again, for the next file, as far as the system allows."""
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _memory_in_use() -> int:
    """Bytes of address space; where the system does not say, what the libraries may take."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 2 << 30
    return pages * resource.getpagesize()


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):  # nobody reads the answers any more
        os._exit(1)
