from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nmma_fitter.cli.common import spread

BIN = Path(sys.executable).parent
HEADER = ",jd,mag,mag_unc,filter,limmag,programid\n"


def run(command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / command), *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=cwd,
        check=False,
    )


@pytest.mark.parametrize("command", ["nmma-fit", "make-jobs", "nmma-fitter"])
def test_help_and_version_answer(command, tmp_path):
    assert "Usage" in run(command, "--help", cwd=tmp_path).stdout
    assert run(command, "--version", cwd=tmp_path).stdout.startswith("0.2.0 (commit ")


def test_help_imports_nothing_heavy():
    heavy = ("numpy", "bilby", "matplotlib", "sklearn", "astropy", "pydantic", "rich")
    script = (
        "import sys\nfrom nmma_fitter.cli.fit import fit_app\n"
        "try: fit_app(['--help'])\nexcept SystemExit: pass\n"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_one_option_takes_several_values():
    assert spread(["lc.csv", "--model", "A", "B", "--seed", "1"], {"--model"}) == (
        ["lc.csv", "--model", "A", "--model", "B", "--seed", "1"]
    )


def test_a_file_after_the_models_is_the_light_curve(tmp_path):
    path = tmp_path / "lc.csv"
    path.touch()
    assert spread(["--model", "A", "B", str(path)], {"--model"}) == (
        ["--model", "A", "--model", "B", str(path)]
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.csv", "--model", "Piro2021"], "none.csv"),
        (["lc.csv", "--model", "Piro2012"], "Piro2021"),
        (["lc.csv", "--model", "Piro2021"], "no measurement"),
        (["lc.csv", "--model", "Piro2021", "--redshift", "high"], "--redshift"),
        (["lc.csv", "--model", "Piro2021", "--distance", "-3"], "positive"),
        (["lc.csv", "--model", "Piro2021", "--trigger-time", "noon"], "first-detection"),
        (["lc.csv", "--model", "Piro2021", "--sys-error", "1,zz=2"], "zz"),
        (["lc.csv", "--model", "Piro2021", "--preset", "orignal"], "original"),
        (["lc.csv", "--model", "Me2017", "--preset", "original"], "Me2017"),
        (["lc.csv", "--model", "Piro2021", "TrPi2018", "--priors", "p.prior"], "one model"),
    ],
)
def test_a_mistake_ends_in_one_line_and_status_2(arguments, said, tmp_path):
    (tmp_path / "lc.csv").write_text(HEADER)
    done = run("nmma-fit", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_flag_is_named(tmp_path):
    done = run("make-jobs", "--modles", "A", cwd=tmp_path)
    assert done.returncode == 2 and "--modles" in done.stderr


def test_no_night_is_one_line(tmp_path):
    done = run("make-jobs", cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and "candidates" in done.stderr


def test_models_lists_each_with_its_parameters(tmp_path):
    done = run("nmma-fitter", "models", "--long", cwd=tmp_path)
    assert done.returncode == 0
    for word in ("Me2017", "Piro2021", "TrPi2018", "nugent-hyper", "log10_mej", "kilonova"):
        assert word in done.stdout


def test_status_before_any_tick_says_what_to_do(tmp_path):
    done = run("nmma-fitter", "status", cwd=tmp_path)
    assert done.returncode == 2 and "make-jobs" in done.stderr


def test_dry_run_changes_nothing(tmp_path):
    night = tmp_path / "candidates" / "2459778-2459785"
    night.mkdir(parents=True)
    rows = "0,2459780.7,19.0,0.1,g,,2\n1,2459781.7,19.5,0.1,r,,2\n"
    (night / "lc_ZTF1_forced1_stacked0.csv").write_text(HEADER + rows)
    (tmp_path / "my.toml").write_text("[fits]\nmodels = ['Piro2021']\n")
    done = run("make-jobs", "--config", "my.toml", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert "ZTF1  Piro2021  would fit" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["candidates", "my.toml"]
