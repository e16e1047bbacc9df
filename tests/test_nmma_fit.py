"""One fit in an attempt's folder: what it says of itself however it ends."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nmma_fitter.engine.files import write_json
from nmma_fitter.errors import (
    BadInput,
    Interrupted,
    NmmaFitterError,
    NotConverged,
    TooFewDetections,
    Unavailable,
)
from nmma_fitter.fit_watch import Heartbeat, StopFlag
from nmma_fitter.nmma_fit import few_collections, outcome_of
from nmma_fitter.run_progress import Progress


def run_fit_of(work: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    attempt = work / "attempts" / "1-7-0"
    attempt.mkdir(parents=True)
    command = [sys.executable, "-P", "-m", "nmma_fitter.nmma_fit", str(work), str(attempt)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    return done, attempt


@pytest.mark.parametrize("content", [None, {}, {"object": "a", "model": "nothing"}])
def test_without_a_good_config_json_a_run_ends_in_bad_input(tmp_path, content):
    if content is not None:
        write_json(tmp_path / "config.json", content)
    done, attempt = run_fit_of(tmp_path)
    outcome = json.loads((attempt / "outcome.json").read_text())
    assert done.returncode == 2
    assert (outcome["reason"], outcome["final"]) == ("bad_input", True)
    assert "Traceback" not in done.stdout + done.stderr


def test_a_job_that_has_nothing_to_fit_imports_nothing_heavy(tmp_path):
    heavy = ("scipy", "matplotlib", "bilby", "pandas", "astropy", "sncosmo", "requests", "rich")
    script = (
        "import sys; from pathlib import Path; from nmma_fitter.nmma_fit import run_in_attempt\n"
        f"run_in_attempt(Path({str(tmp_path)!r}), Path({str(tmp_path)!r}))\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize(
    ("error", "final"),
    [(BadInput, True), (Unavailable, True), (TooFewDetections, True), (NotConverged, False)],
)
def test_only_what_another_try_cannot_mend_is_final(error, final):
    assert outcome_of(error("why")) == {
        "outcome": "failed",
        "reason": error.reason,
        "message": "why",
        "final": final,
    }


def test_an_interrupted_fit_is_a_time_out_and_not_final():
    said = outcome_of(Interrupted("stopped"))
    assert (said["outcome"], said["reason"], said["final"]) == ("interrupted", "timeout", False)


def test_every_error_has_a_reason_with_a_policy():
    import nmma_fitter.fits  # noqa: F401  (registers its own)
    from nmma_fitter.engine.reasons import REASONS

    assert {error.reason for error in NmmaFitterError.__subclasses__()} <= set(REASONS)


def test_the_heartbeat_counts_and_holds_no_nan(tmp_path):
    now = [0.0]
    beat = Heartbeat(tmp_path, clock=lambda: now[0])
    for at, done in ((10.0, 10.0), (11.0, 11.0), (90.0, 90.0), (91.0, float("nan"))):
        now[0] = at
        beat(Progress(done, 100, "sampling", 10))
    said = json.loads((tmp_path / "heartbeat").read_text())
    del said["time"]
    known = {"done": 90.0, "total": 100, "text": "sampling", "left": 10.0}
    assert said == {"count": 2, "evaluations": 10, **known}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_signal_asks_the_fit_to_stop(number):
    script = (
        "import os\nfrom nmma_fitter.nmma_fit import StopFlag\n"
        f"stop = StopFlag()\nassert not stop()\nos.kill(os.getpid(), {int(number)})\n"
        "assert stop()\n"
    )
    subprocess.run([sys.executable, "-c", script], timeout=600, check=True)


def test_a_stop_flag_belongs_to_its_process():
    previous = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)}
    try:
        stop = StopFlag()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert stop()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def test_who_fits_by_import_collects_garbage_afterwards_as_before():
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), few_collections():
        assert gc.get_threshold() != before
        1 / 0  # noqa: B018
    assert gc.get_threshold() == before
