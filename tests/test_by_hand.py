"""``nmma-fit``: a fit by hand, interrupted, resumed, repeated, and with other settings."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from waiting import wait_until

from nmma_fitter.engine.attempt import read_run, runs_of
from nmma_fitter.engine.sentinel import SentinelState, read_sentinel
from nmma_fitter.engine.unit import read_unit

FIT = str(Path(sys.executable).with_name("nmma-fit"))
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"
ROWS = ("2459780.7,19.0,0.1,g,,2", "2459781.7,19.5,0.1,r,,2", "2459782.7,20.1,0.1,g,,2")
CHEAP = "[fits.settings]\nnlive = 50\nn_effective = 100\n"


NOT_NEEDED = ("jinja2", "nautilus", "plotly", "requests", "sklearn", "slack_sdk", "sncosmo")


def command(root: Path, *options: str) -> list[str]:
    path = root / "lc_ZTF1_forced1_stacked0.csv"
    path.write_text(HEADER + "".join(f"{i},{row}\n" for i, row in enumerate(ROWS)))
    (root / "cheap.toml").write_text(CHEAP)
    always = ("--model", "Piro2021", "--outdir", "out", "--config", "cheap.toml")
    return [FIT, path.name, *always, *options]


def fit(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(root, *options), capture_output=True, text=True, timeout=600, cwd=root, check=False
    )


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    root = tmp_path_factory.mktemp("by_hand")
    return root, fit(root)


def test_a_fit_by_hand_leaves_what_a_nights_fit_leaves(fitted):
    root, done = fitted
    assert done.returncode == 0, done.stderr
    folder = root / "out" / "ZTF1" / "Piro2021"
    unit = read_unit(folder)
    assert unit is not None
    assert read_sentinel(unit)[0] is SentinelState.VALID
    assert all((folder / name).stat().st_size for name in (*unit.outputs, "Piro2021.fin"))
    assert json.loads((folder.parent / "ranking.json").read_text())["object_name"] == "ZTF1"


def test_a_fit_imports_nothing_it_does_not_need(tmp_path):
    script = (
        "import sys\nfrom nmma_fitter.cli import nmma_fit_main\n"
        f"sys.argv = {command(tmp_path)!r}\n"
        "try: nmma_fit_main()\nexcept SystemExit as end: print(end.code)\n"
        f"print([name for name in {NOT_NEEDED!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-2:] == ["0", "[]"], done.stderr


def test_the_same_command_again_fits_nothing_and_says_so(fitted):
    root, _ = fitted
    before = len(runs_of(root / "out" / "ZTF1" / "Piro2021" / "attempts"))
    again = fit(root)
    assert again.returncode == 0
    assert "fitted already" in again.stdout + again.stderr
    assert len(runs_of(root / "out" / "ZTF1" / "Piro2021" / "attempts")) == before


def test_where_nothing_could_be_fitted_the_exit_status_says_so(fitted, monkeypatch):
    root, _ = fitted
    monkeypatch.setenv("NMMA_FITTER_DATA_DIR", str(root / "nothing"))
    words = [word.replace("Piro2021", "Bu2019lm") for word in command(root)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, cwd=root, check=False)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "nmma-fitter models fetch Bu2019lm" in done.stdout


def test_settings_put_back_show_the_first_result_again(fitted):
    root, _ = fitted
    result = root / "out" / "ZTF1" / "Piro2021" / "Piro2021_result.json"
    first = result.read_bytes()
    assert fit(root, "--sys-error", "0.5").returncode == 0
    assert result.read_bytes() != first
    assert fit(root).returncode == 0
    assert result.read_bytes() == first


def test_ctrl_c_leaves_a_checkpoint_and_the_same_command_goes_on_from_it(tmp_path):
    slow = command(tmp_path, "--nlive", "1500")
    (tmp_path / "cheap.toml").write_text(CHEAP + 'sampler = "nested"\n')
    attempts = tmp_path / "out" / "ZTF1" / "Piro2021" / "attempts"
    with subprocess.Popen(slow, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        wait_until((attempts / "1-hand-0" / "heartbeat").exists, 60, "no heartbeat")
        running.send_signal(signal.SIGINT)
        said = running.stdout.read()
    assert running.returncode == 75
    assert "The same command resumes Piro2021 from its checkpoint." in said
    left = (attempts / "1-hand-0" / "checkpoint.h5").stat().st_size
    assert left > 0
    with subprocess.Popen(slow, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        wait_until((attempts / "2-hand-0" / "heartbeat").exists, 60, "no heartbeat")
        running.terminate()
        running.communicate()
    assert running.returncode == 75
    first, second = (read_run(attempts / f"{n}-hand-0") for n in (1, 2))
    assert first is not None and second is not None
    assert second.evaluations >= first.evaluations


def test_the_verdict_names_what_it_rests_on(tmp_path):
    said = fit(tmp_path, "--sys-error", "0.7,ztfg=0.9", "--tmax", "60").stdout
    words = " ".join(said.split())
    assert "describes it (systematic error of 0.7 to 0.9 mag)" in words, said
    assert "% of the data lie outside the times where the model is valid" in words
    shown = said[said.index("\nZTF1: ") : said.index("\nresults: ")]
    assert all(len(line) < 80 for line in shown.splitlines()), said


def begun(root: Path) -> tuple[subprocess.Popen[str], Path]:
    """A fit that says in a file what it says."""
    said = root / "said"
    with said.open("w") as stream:
        process = subprocess.Popen(
            command(root), stdout=stream, stderr=stream, text=True, cwd=root, start_new_session=True
        )
    return process, said


def test_two_terminals_at_one_object_fit_it_once(tmp_path):
    folder = tmp_path / "out" / "ZTF1" / "Piro2021"
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"):
        process, said = begun(tmp_path)
        wait_until(lambda: "another nmma-fit is fitting it" in said.read_text(), 60, "a wait")
        assert not (folder / "attempts").exists()
    assert process.wait(600) == 0 and "Piro2021" in said.read_text()
    assert len(runs_of(folder / "attempts")) == 1
    again = fit(tmp_path)
    assert "fitted already" in again.stdout + again.stderr


def test_ctrl_c_ends_the_wait_for_another(tmp_path):
    folder = tmp_path / "out" / "ZTF1" / "Piro2021"
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"):
        process, said = begun(tmp_path)
        wait_until(lambda: "another nmma-fit is fitting it" in said.read_text(), 60, "a wait")
        process.send_signal(signal.SIGINT)
        assert process.wait(600) == 75
