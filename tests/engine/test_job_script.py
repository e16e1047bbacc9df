"""The job script, rendered by the real template and run by a real bash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from waiting import wait_until

from nmma_fitter.engine.attempt import runs_of
from nmma_fitter.engine.render import PUBLISH, render, write_script
from nmma_fitter.engine.sentinel import SentinelState, read_sentinel, sentinel_path
from nmma_fitter.engine.unit import Unit, prepare_folder
from nmma_fitter.engine.witness import IN_USE
from nmma_fitter.errors import ConfigError
from nmma_fitter.schedulers.base import Resources
from nmma_fitter.shipped import shipped

WELL = 'echo data >out.dat; echo \'{"outcome": "done"}\' >outcome.json'
HOSTILE = 'a\'b "c" $(touch pwned) `touch pwned` ; touch pwned \n touch pwned #\\ é'


def unit_in(folder: Path, script: str = WELL, name: str = "object") -> Unit:
    unit = Unit(
        *("tests", "night", name, "task", "a" * 64, 0),
        folder=folder,
        command=("/bin/sh", "-c", script),
        outputs=("out.dat",),
        resources=Resources(),
    )
    prepare_folder(unit)
    return unit


def script_of(unit: Unit, number: int = 1, **options: object) -> Path:
    text = render(
        unit,
        number,
        templates=shipped("templates"),
        scheduler="local",
        environment=options.pop("environment", {}),  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )
    return write_script(unit, number, text)


def start(path: Path, job: str = "7", restart: str = "0") -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "NMMA_FITTER_JOB_ID": job}
    return subprocess.Popen(
        ["bash", str(path)],
        env={**environment, "NMMA_FITTER_RESTART": restart},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=path.parent,
    )


def run(path: Path, **given: str) -> tuple[int, str]:
    process = start(path, **given)
    output, _ = process.communicate(timeout=600)
    return process.returncode, output.decode()


def wait_for(path: Path) -> None:
    wait_until(path.exists, 30, f"{path} did not appear")


def test_a_run_that_ends_well_is_published(tmp_path):
    unit = unit_in(tmp_path / "unit")
    assert run(script_of(unit)) == (0, "")
    state, proof = read_sentinel(unit)
    assert state is SentinelState.VALID and proof["job_id"] == "7"
    assert (unit.folder / "out.dat").read_text() == "data\n"
    assert unit.fin.samefile(sentinel_path(unit))
    (record,) = runs_of(unit.attempts)
    assert record.exit_code == 0 and record.started["digest"] == unit.digest


def test_the_script_is_the_golden_one(tmp_path):
    unit = replace(unit_in(tmp_path), folder=Path("/out/night/object/task"))
    text = render(
        unit,
        2,
        templates=shipped("templates"),
        scheduler="local",
        environment={"OMP_NUM_THREADS": "1"},
        resume_from=Path("/out/night/object/task/attempts/1-6-0"),
    )
    golden = Path(__file__).with_name("job.golden.sh")
    assert text.replace(PUBLISH[0], "/venv/bin/python") == golden.read_text()
    subprocess.run(["bash", "-n", str(golden)], check=True, timeout=600)


def test_hostile_names_cannot_break_out(tmp_path):
    unit = unit_in(tmp_path / HOSTILE, name=HOSTILE)
    path = script_of(unit, environment={"VALUE": HOSTILE})
    subprocess.run(["bash", "-n", str(path)], check=True, timeout=600)
    assert run(path)[0] == 0
    assert read_sentinel(unit)[0] is SentinelState.VALID
    assert not list(tmp_path.rglob("pwned"))


def test_the_environment_reaches_the_run_as_it_is(tmp_path):
    unit = unit_in(tmp_path / "unit", f'printf %s "$VALUE" >seen; {WELL}')
    run(script_of(unit, environment={"VALUE": HOSTILE}))
    assert (runs_of(unit.attempts)[0].folder / "seen").read_text() == HOSTILE


@pytest.mark.parametrize("name", ["A B", "A;B", "1A", ""])
def test_a_variable_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="environment variable"):
        script_of(unit_in(tmp_path), environment={name: "x"})


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", 137)])
def test_a_failed_run_leaves_its_code_and_no_sentinel(tmp_path, script, code):
    unit = unit_in(tmp_path / "unit", script)
    assert run(script_of(unit))[0] == code
    assert runs_of(unit.attempts)[0].exit_code == code
    assert read_sentinel(unit)[0] is SentinelState.NONE


def test_a_command_that_cannot_start_leaves_an_exit_record(tmp_path):
    unit = replace(unit_in(tmp_path / "unit"), command=("/nowhere/python", "x"))
    prepare_folder(unit)
    assert run(script_of(unit))[0] == 127
    assert runs_of(unit.attempts)[0].exit_code == 127


@pytest.mark.parametrize("name", ["TERM", "USR1"])
def test_a_signal_to_the_script_reaches_the_run(tmp_path, name):
    waits = f"trap 'echo {name} >got; exit 75' {name}; touch ready; while :; do sleep 0.05; done"
    unit = unit_in(tmp_path / "unit", waits)
    process = start(script_of(unit))
    attempt = unit.attempts / "1-7-0"
    wait_for(attempt / "ready")
    process.send_signal(getattr(signal, f"SIG{name}"))
    process.communicate(timeout=600)
    assert (attempt / "got").read_text().strip() == name
    assert process.returncode == 75
    assert json.loads((attempt / "exit").read_text())["signal"] == name


def test_without_its_outputs_a_run_is_not_published(tmp_path):
    unit = unit_in(tmp_path / "unit", 'echo \'{"outcome": "done"}\' >outcome.json')
    assert run(script_of(unit))[0] == 66
    assert read_sentinel(unit)[0] is SentinelState.NONE


def test_of_two_copies_at_once_one_is_published(tmp_path):
    unit = unit_in(tmp_path / "unit", f"echo $$ >out.dat; sleep 0.3; {WELL.split(';')[1]}")
    path = script_of(unit)
    copies = [start(path, restart=str(n)) for n in range(4)]
    for copy in copies:
        copy.communicate(timeout=600)
    assert [copy.returncode for copy in copies] == [0, 0, 0, 0]
    state, proof = read_sentinel(unit)
    assert state is SentinelState.VALID
    winner = unit.attempts / proof["attempt"] / "out.dat"
    assert (unit.folder / "out.dat").read_text() == winner.read_text()
    assert len(runs_of(unit.attempts)) == 4
    assert len(list((unit.folder / "sentinels").iterdir())) == 1


def test_two_copies_under_one_id_do_not_share_a_folder(tmp_path):
    unit = unit_in(tmp_path / "unit", f"sleep 0.3; {WELL}")
    copies = [start(script_of(unit)) for _ in range(2)]
    for copy in copies:
        copy.communicate(timeout=600)
    assert sorted(copy.returncode for copy in copies) == [0, IN_USE]
    assert read_sentinel(unit)[0] is SentinelState.VALID


def test_a_second_copy_touches_nothing(tmp_path):
    unit = unit_in(tmp_path / "unit", "touch ready; while [ ! -e go ]; do sleep 0.05; done")
    path, attempt = script_of(unit), unit.attempts / "1-7-0"
    first = start(path)
    wait_for(attempt / "ready")
    before = {p: p.stat().st_mtime_ns for p in unit.folder.rglob("*")}
    assert run(path)[0] == IN_USE
    assert {p: p.stat().st_mtime_ns for p in unit.folder.rglob("*")} == before
    (attempt / "go").touch()
    first.communicate(timeout=600)


def test_a_run_for_another_digest_does_not_publish(tmp_path):
    unit = unit_in(tmp_path / "unit", f"touch ready; sleep 0.5; {WELL}")
    process = start(script_of(unit))
    wait_for(unit.attempts / "1-7-0" / "ready")
    wanted = replace(unit, digest="b" * 64)
    prepare_folder(wanted)
    process.communicate(timeout=600)
    assert read_sentinel(wanted)[0] is SentinelState.NONE
    assert read_sentinel(unit)[0] is SentinelState.NONE


def test_a_final_failure_is_published_with_its_reason(tmp_path):
    said = '{"outcome": "failed", "reason": "bad_input", "message": "no", "final": true}'
    unit = unit_in(tmp_path / "unit", f"echo '{said}' >outcome.json; exit 2")
    assert run(script_of(unit))[0] == 2
    state, proof = read_sentinel(unit)
    assert (state, proof["reason"]) == (SentinelState.VALID, "bad_input")


def test_a_resumed_run_starts_from_a_copy_of_the_checkpoint(tmp_path):
    unit = unit_in(
        tmp_path / "unit", f"cat checkpoint.h5 >resumed; echo more >>checkpoint.h5; {WELL}"
    )
    dead = unit.attempts / "1-6-0"
    dead.mkdir()
    (dead / "checkpoint.h5").write_text("state\n")
    run(script_of(unit, 2, resume_from=dead))
    assert (unit.attempts / "2-7-0" / "resumed").read_text() == "state\n"
    assert (dead / "checkpoint.h5").read_text() == "state\n"


def test_a_restarted_job_goes_on_from_its_own_earlier_run(tmp_path):
    unit = unit_in(tmp_path / "unit", f"cat checkpoint.h5 >resumed; {WELL}")
    for name, state in (("1-6-0", "old"), ("2-7-0", "newer"), ("2-7-1", None), ("2-8-0", "other")):
        (unit.attempts / name).mkdir()
        if state:
            (unit.attempts / name / "checkpoint.h5").write_text(state)
    path = script_of(unit, 2, resume_from=unit.attempts / "1-6-0")
    assert run(path, restart="2")[0] == 0
    assert (unit.attempts / "2-7-2" / "resumed").read_text() == "newer"
    assert (unit.attempts / "2-7-0" / "checkpoint.h5").read_text() == "newer"


def test_a_restarted_job_without_a_checkpoint_of_its_own_resumes_what_it_was_told(tmp_path):
    unit = unit_in(tmp_path / "unit", f"cat checkpoint.h5 >resumed; {WELL}")
    for name in ("1-6-0", "2-7-0"):
        (unit.attempts / name).mkdir()
    (unit.attempts / "1-6-0" / "checkpoint.h5").write_text("old")
    run(script_of(unit, 2, resume_from=unit.attempts / "1-6-0"), restart="1")
    assert (unit.attempts / "2-7-1" / "resumed").read_text() == "old"


def test_a_run_that_still_writes_its_checkpoint_can_be_copied(tmp_path):
    big = "while :; do head -c 3000000 /dev/zero >c; echo end >>c; mv c checkpoint.h5; done"
    unit = unit_in(tmp_path / "unit", f"[ -e checkpoint.h5 ] && {{ {WELL}; exit; }}; {big}")
    path = script_of(unit)
    writer = start(path)
    wait_for(unit.attempts / "1-7-0" / "checkpoint.h5")
    for restart in range(1, 6):
        assert run(path, restart=str(restart))[0] == 0
        copy = unit.attempts / f"1-7-{restart}" / "checkpoint.h5"
        assert copy.read_bytes().endswith(b"end\n") and copy.stat().st_size == 3000004
        copy.unlink()  # so that the next takes the living one's
    writer.terminate()
    writer.communicate(timeout=600)


def test_a_work_folder_that_is_gone_ends_in_73(tmp_path):
    unit = unit_in(tmp_path / "unit")
    path = tmp_path / "job.sh"
    path.write_text(script_of(unit).read_text())
    unit.folder.rename(tmp_path / "moved")
    assert run(path)[0] == 73
