"""``python -m nmma_fitter.engine.publish WORK ATTEMPT``: the last act of a run.

Called by the job script after the run has ended and its exit record is written; and by the poller
for a run that came to its end where the work folder is not seen, and was brought home. What the run
says of itself (``outcome.json``) decides: ``done`` needs its outputs; a failure that trying again
cannot mend is published too, so that it is known without the batch system; anything else leaves
only the attempt's own records.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from nmma_fitter.engine.attempt import RunRecord, read_run
from nmma_fitter.engine.files import Json
from nmma_fitter.engine.sentinel import InvalidOutput, publish
from nmma_fitter.engine.unit import Unit, read_unit

EX_NO_OUTPUT = 66
EX_SUPERSEDED = 0


def main(arguments: list[str] | None = None) -> int:
    """Publish one run; the exit status says what came of it (0, or 66 without valid outputs)."""
    work, attempt = map(Path, arguments if arguments is not None else sys.argv[1:])
    unit, run = read_unit(work), read_run(attempt)
    if unit is None or run is None:
        print(f"publish: {work} holds no unit, or {attempt.name} is no attempt", file=sys.stderr)
        return EX_NO_OUTPUT
    return publish_run(unit, run)


def publish_run(unit: Unit, run: RunRecord) -> int:
    """Publish a run of the unit that is wanted now, if there is something to publish."""
    ran_for = (run.started.get("digest"), run.started.get("generation"))
    if ran_for != (unit.digest, unit.generation):
        print("publish: superseded, this run's result stays in its folder")
        return EX_SUPERSEDED
    outcome = run.outcome.get("outcome")
    if outcome not in ("done", "failed"):
        return EX_NO_OUTPUT if run.exit_code == 0 else 0
    if outcome == "failed" and run.outcome.get("final") is not True:
        return 0
    try:
        first = publish(unit, run.folder, record_of(run))
    except InvalidOutput as problem:
        print(f"publish: {problem}", file=sys.stderr)
        return EX_NO_OUTPUT
    print("publish: done" if first else "publish: another run of this unit was first")
    return 0


def publish_brought(unit: Unit, runs: Sequence[RunRecord]) -> bool:
    """Publish for the newest run that has ended and did not do so here; whether that was possible.

    The caller knows that its job is over, and that nothing vouches for the unit.
    """
    for run in reversed(runs):
        if run.exit_code is not None and run.outcome:
            with redirect_stdout(StringIO()) as said, redirect_stderr(said):
                publish_run(unit, run)
            return True
    return False


def record_of(run: RunRecord) -> Json:
    """What a sentinel says besides the unit and its outputs."""
    return {
        "outcome": run.outcome["outcome"],
        "reason": run.outcome.get("reason"),
        "message": run.outcome.get("message", ""),
        "job_id": run.job_id,
        "restart": run.restart,
        "exit_code": run.exit_code,
        "host": run.started.get("host"),
        "started": run.started.get("time"),
        "ended": run.exit.get("time"),
        "versions": run.outcome.get("versions", {}),
        "seed": run.outcome.get("seed"),
        "summary": run.outcome.get("summary", {}),
    }


if __name__ == "__main__":
    sys.exit(main())
