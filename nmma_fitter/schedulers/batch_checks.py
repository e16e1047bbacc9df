"""What is wrong with a batch, whichever scheduler it is for."""

from __future__ import annotations

import re

from nmma_fitter.errors import SchedulerError
from nmma_fitter.schedulers.base import BatchRequest

TOKEN = re.compile(r"[A-Za-z0-9-]{1,128}")


def check_batch(batch: BatchRequest) -> None:
    """Refuse a batch that nobody could run.

    Raises
    ------
    SchedulerError
        Names the batch and what is wrong with it.
    """
    asked = batch.resources
    problems = {
        "its token must be 1 to 128 letters, digits and dashes": not TOKEN.fullmatch(batch.token),
        "it has no script": not batch.scripts,
        "it needs one folder per script": len(batch.scripts) != len(batch.folders),
        "its paths must be absolute": not all(
            path.is_absolute() for path in (*batch.scripts, *batch.folders)
        ),
        "its cores, memory and time limit must be positive": min(
            asked.cores, asked.memory_mb, asked.seconds
        )
        <= 0,
    }
    for problem, is_so in problems.items():
        if is_so:
            raise SchedulerError(f"batch {batch.token}: {problem}")
