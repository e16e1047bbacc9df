"""NMMA's process: watched, stopped, never left behind, its end put into words."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from waiting import wait_until

from nmma_fitter.errors import BadInput, Interrupted, NmmaFitterError, NotConverged, Unavailable
from nmma_fitter.inference.sampled import Watch
from nmma_fitter.nmma_engine.process import NmmaFailed, explained, prepare, run
from nmma_fitter.nmma_engine.task import Task
from nmma_fitter.run_progress import Progress

TASK = Task({"light_curve.dat": "row\n"}, {"arguments": ["--a"]})


def program(folder: Path, body: str) -> str:
    """An interpreter that does something else with its arguments."""
    path = folder / "python"
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "attempt" / "nmma"
    prepare(folder, TASK)
    return folder


def test_the_task_can_be_repeated_by_hand_from_its_folder(work):
    assert json.loads((work / "task.json").read_text()) == {"arguments": ["--a"]}
    assert (work / "light_curve.dat").read_text() == "row\n"


def test_an_answer_comes_back(work, tmp_path):
    python = program(tmp_path, """echo '{"found": 1}' >answer.json""")
    assert run(python, "fit", work, Watch()) == {"found": 1}


def test_an_answer_of_an_earlier_run_is_not_taken(work, tmp_path):
    (work / "answer.json").write_text('{"found": 1}')
    with pytest.raises(NmmaFailed):
        run(program(tmp_path, "exit 0"), "fit", work, Watch())


def test_an_answer_is_not_taken_from_a_run_that_failed(work, tmp_path):
    python = program(tmp_path, """echo '{"found": 1}' >answer.json; exit 3""")
    with pytest.raises(NmmaFailed):
        run(python, "fit", work, Watch())


def test_progress_is_passed_on(work, tmp_path):
    told: list[Progress] = []
    body = """echo '{"evaluations": 42}' >progress.json; sleep 1.2; echo '{}' >answer.json"""
    run(program(tmp_path, body), "fit", work, Watch(on_progress=told.append))
    assert told[-1].evaluations == 42


def test_a_stopped_run_keeps_the_checkpoint_that_it_wrote_last(work, tmp_path):
    checkpoint = tmp_path / "attempt" / "checkpoint.h5"
    body = """\
mkdir -p out
trap 'echo last >out/new; mv out/new out/fit_resume.pickle; exit 130' TERM
echo first >out/fit_resume.pickle
while :; do sleep 0.1; done"""
    watch = Watch(checkpoint=checkpoint, should_stop=checkpoint.exists)
    with pytest.raises(Interrupted):
        run(program(tmp_path, body), "fit", work, watch)
    assert checkpoint.read_text() == "last\n"


def test_a_checkpoint_is_given_to_the_next_run(work, tmp_path):
    checkpoint = tmp_path / "checkpoint.h5"
    checkpoint.write_text("so far")
    body = """cp out/fit_resume.pickle seen; echo '{}' >answer.json"""
    run(program(tmp_path, body), "fit", work, Watch(checkpoint=checkpoint))
    assert (work / "seen").read_text() == "so far"


def test_nothing_is_left_running_when_we_are_interrupted(work, tmp_path):
    pid = work / "pid"

    def interrupt(progress: Progress) -> None:
        if pid.is_file() and pid.read_text().strip():
            raise KeyboardInterrupt

    body = f"echo $$ >{pid}; exec sleep 3600"
    with pytest.raises(KeyboardInterrupt):
        run(program(tmp_path, body), "fit", work, Watch(on_progress=interrupt))
    wait_until(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists())


def test_our_own_python_settings_do_not_reach_it(work, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setenv("VIRTUAL_ENV", "/ours")
    python = program(tmp_path, """env >seen; echo '{}' >answer.json""")
    run(python, "fit", work, Watch())
    assert "/ours" not in (work / "seen").read_text().replace(os.environ["PATH"], "")


@pytest.mark.parametrize(
    ("kind", "message", "expected", "said"),
    [
        ("ModuleNotFoundError", "No module named 'afterglowpy'", Unavailable, "install it"),
        ("ValueError", "No h5-model files found for X in /d", Unavailable, "not here"),
        ("CosmologyError", "Best guess z=1e-8 is close", BadInput, "prior on the distance"),
        ("KeyError", "'log10_mej'", BadInput, "prior file lacks"),
        ("ValueError", "Did not converge", NotConverged, "did not converge"),
        ("ValueError", "something new", NmmaFailed, "something new"),
    ],
)
def test_an_error_is_explained_and_its_log_named(tmp_path, kind, message, expected, said):
    error = explained({"error": {"kind": kind, "message": message}}, 1, tmp_path)
    assert type(error) is expected
    assert said in str(error) and str(tmp_path / "nmma.log") in str(error)


def test_an_end_without_an_answer_is_told_from_the_log(tmp_path):
    (tmp_path / "nmma.log").write_text("a\nrun: error: unrecognized arguments: --x\nb\n")
    assert "refuses an option" in str(explained(None, 2, tmp_path))


def test_a_run_that_said_nothing_names_its_status(tmp_path):
    found: NmmaFitterError = explained(None, -9, tmp_path)
    assert "exit status -9" in str(found) and found.reason == "nonzero_exit"
