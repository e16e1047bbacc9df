"""Slips of the hand: one line that says what is wrong and what to do, before anything is fitted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mistakes import NIGHT, call, call_here, light_curve

SLIP = "log10_Renv = 13\nlog10_Menv = -1\nlog10_Eee = 49\nluminosity_distance = 40\ntimeshift = 0\n"
FLUXES = tuple(f"24597{80 + i}.7,{12 + 9 * i}.3,4.2,g,,2" for i in range(3))


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A folder with a light curve, a night, and no data of models."""
    monkeypatch.setenv("NMMA_FITTER_DATA_DIR", str(tmp_path / "nothing"))
    light_curve(tmp_path / "lc.csv")
    (tmp_path / "bad.prior").write_text("timeshift = 0\nEbv = Unifrom(0, 1)\n")
    (tmp_path / "slip.prior").write_text(SLIP)
    return tmp_path


def a_night(root: Path, settings: str = "") -> None:
    light_curve(root / "candidates" / NIGHT / "lc_ZTF1_forced1_stacked0.csv")
    cheap = "[fits]\nmodels = ['Piro2021']\n[fits.settings]\nnlive = 50\nn_effective = 100\n"
    (root / "my.toml").write_text(f"{cheap}{settings}\n[tick]\ninterval = 0.5\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lc.csv --model Piro2021 --redshift nan", "--redshift: must be a number"),
        ("lc.csv --model Piro2021 --redshift 300", "--redshift: must be at most 15"),
        ("lc.csv --model Piro2021 --distance inf", "--distance: must be a number"),
        ("lc.csv --model Piro2021 --distance 40e6", "4e+07 pc are 40 Mpc"),
        ("lc.csv --model Piro2021 --redshift 0.5 --distance 40", "--redshift, --distance: "),
        ("lc.csv --model Piro2021 --redshift 0.03 --distance 40", "135.9 Mpc, not of 40 Mpc"),
        ("lc.csv --model Piro2021 --galactic-ebv 30", "--galactic-ebv: must be at most 10 mag"),
        ("lc.csv --model Piro2021 --sys-error inf", "--sys-error: must be a number"),
        ("lc.csv --model Piro2021 --tmin 5 --tmax 3", "tmin (5 d) must be below tmax (3 d)"),
        ("lc.csv --model Piro2021 --tmax -3", "leaves out every detection"),
        ("lc.csv --model Piro2021 --seed -1", "--seed: must be at least 0"),
        ("lc.csv --model Piro2021 --trigger-time nan", "--trigger-time: must be first-detection"),
        ("lc.csv --model Piro2021 --jet tophat", "--jet is an option of TrPi2018"),
        ("lc.csv --model Piro2021 --priors none.prior", "none.prior: cannot read"),
        ("lc.csv --model Piro2021 --priors bad.prior", "bad.prior, line 2: Unifrom is not allowed"),
        ("lc.csv --model Piro2021 --outdir /proc/none", "--outdir /proc/none: "),
        ("lc.csv --model Piro2020", "unknown model 'Piro2020' (did you mean 'Piro2021'?)"),
        ("lc.csv --model Piro2021 --sampler nestd", "must be importance or nested"),
        ("--model Piro2021 cl.csv", "'cl.csv' is neither a file nor a model"),
        ("--model Piro2021", "no light curve: give its file"),
        ("lc.csv", "add --model NAME"),
    ],
)
def test_an_option_that_cannot_be_is_named_in_one_line(root, words, said):
    found = call_here(root, "nmma-fit", *words.split())
    assert found.status == 2
    assert said in found.err and len(found.err.strip().splitlines()) == 1
    assert not (root / "outdir").exists()


@pytest.mark.parametrize("places", ["0.0098 40.7", "0.1 441", "0.03±0.01 100", "0.03 40±40"])
def test_a_redshift_and_a_distance_that_may_belong_together_are_taken(root, places):
    redshift, distance = places.split()
    options = ("--redshift", redshift, "--distance", distance)
    found = call_here(root, "nmma-fit", "lc.csv", "--model", "Bu2019lm", *options)
    assert found.status == 3 and "models fetch Bu2019lm" in found.out


def test_the_models_of_the_configuration_are_fitted_where_none_is_named(root):
    (root / "my.toml").write_text('[fits]\nmodels = ["Bu2019lm"]\n')
    found = call_here(root, "nmma-fit", "lc.csv", "--config", "my.toml")
    assert found.status == 3 and "models fetch Bu2019lm" in found.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fits = 3", "fits: "),
        ("[fits]\npreset = 3", "fits.preset: "),
        ("[fits]\nmodels = []", "fits.models: must be not empty"),
        ("[fits.settings]\nsys_error = inf", "fits.settings.sys_error: must be a number"),
        ("[tick]\ninterval = nan", "tick.interval: must be a number"),
        ("[fits.settings]\ntmin = 3\ntmax = 1", "tmin (3 d) must be below tmax (1 d)"),
        ("[fits.model.Me2071]\ncores = 2", "did you mean 'Me2017'?"),
        ("[paths]\noutdir = 'a'\nstate = './a'", "paths.state and paths.outdir are both"),
        ("[paths]\ncandidates = 'outdir'", "paths.outdir and paths.candidates are both"),
    ],
)
@pytest.mark.parametrize(
    "command", ["nmma-fit lc.csv --model Piro2021", "nmma-fit lc.csv", "make-jobs"]
)
def test_a_setting_that_cannot_be_is_named_with_file_and_key(root, command, text, said):
    (root / "my.toml").write_text(text + "\n")
    (root / "candidates" / NIGHT).mkdir(parents=True)
    name, *words = command.split()
    found = call_here(root, name, *words, "--config", "my.toml")
    assert found.status == 2
    assert said in found.err and len(found.err.strip().splitlines()) == 1


def test_fluxes_in_a_magnitude_column_are_asked_about(root):
    light_curve(root / "lc.csv", FLUXES)
    found = call_here(root, "nmma-fit", "lc.csv", "--model", "Piro2021")
    assert found.status == 2
    assert "if these are fluxes, convert them to AB mag" in found.out


def test_an_outdir_with_control_characters_is_shown_without_them(root):
    (root / "x\x1b[31m").touch()
    found = call(root, "nmma-fit", "lc.csv", "--model", "Piro2021", "--outdir", "x\x1b[31m")
    assert (found.status, found.out) == (2, "")
    assert found.err == "nmma-fit: --outdir x\ufffd[31m: is not a folder; choose another\n"


def test_an_outdir_that_holds_the_candidates_is_refused(root):
    a_night(root)
    found = call_here(root, "make-jobs", "--config", "my.toml", "--outdir", "candidates")
    assert found.status == 2 and "both" in found.err


def test_catching_up_takes_only_beginnings_of_nights(root):
    a_night(root)
    found = call_here(root, "nmma-fitter", "catch-up", "1", "2", "--config", "my.toml")
    assert found.status == 2
    assert f"no night begins with '1'; there are {NIGHT} to {NIGHT}" in found.err
    assert not (root / "state").exists()


def test_a_window_without_any_detection_is_said_and_no_success(root):
    a_night(root, "tmin = 100\ntmax = 200")
    found = call(root, "make-jobs", "--config", "my.toml")
    assert found.status == 3
    last = found.out.strip().splitlines()[-1]
    assert last.startswith("nothing was fitted: 1 fit skipped, as too_few_detections: ")
    assert "3 outside it: check tmin and tmax" in last
    status = call(root, "nmma-fitter", "status", "--config", "my.toml", "--night", NIGHT[:5])
    assert status.status == 0 and "! nothing could be fitted" in status.out


def test_files_of_a_night_that_nobody_reads_are_named(root):
    a_night(root)
    night = root / "candidates" / NIGHT
    night.joinpath("lc_ZTF1_forced1_stacked0.csv").rename(night / "lc_ZTF1.csv.old")
    night.joinpath("README.txt").write_text("These are light curves.\n")
    found = call_here(root, "make-jobs", "--config", "my.toml")
    assert found.both.count("2 files are no light curves: 'README.txt', 'lc_ZTF1.csv.old'") == 1
    assert "no light curve has changed" not in found.out
    assert found.out.strip().endswith(
        "the night's folder has no light curve (see nmma-fitter formats)"
    )


def test_a_prior_that_nothing_reads_is_named(root):
    priors = root / "mine"
    priors.mkdir()
    lines = "log10_Menv = Uniform(-5, 0)\nHubble_constant = Uniform(60, 80)\n"
    (priors / "Piro2021.prior").write_text(lines)
    a_night(root)
    text = (root / "my.toml").read_text().replace("[fits]\n", f"[fits]\npriors = '{priors}'\n")
    (root / "my.toml").write_text(text)
    found = call_here(root, "make-jobs", "--dry-run", "--config", "my.toml")
    assert "Piro2021 does not use Hubble_constant" in found.out


def test_another_outdir_for_a_night_with_results_is_refused_with_both_places(root):
    a_night(root)
    asked = ("--config", "my.toml", "--data-dir", f"candidates/{NIGHT}")
    assert call(root, "make-jobs", *asked).status == 0
    found = call_here(root, "make-jobs", *asked, "--outdir", "new")
    assert found.status == 2
    assert str(root / "new") in found.err and str(root / "outdir" / NIGHT) in found.err
    assert call_here(root, "make-jobs", *asked, "--outdir", "outdir", "--dry-run").status == 0


def test_the_ranking_by_hand_is_of_what_lies_in_the_folder(root):
    a_night(root)
    ranking = root / "outdir" / "lc" / "ranking.json"

    def fit(*words: str) -> tuple[int, list[str], str]:
        found = call(root, "nmma-fit", "lc.csv", "--config", "my.toml", "--model", *words)
        ranked = json.loads(ranking.read_text())["ranked"]
        return found.status, sorted(one["model"] for one in ranked), found.out

    both = ["Me2017", "Piro2021"]
    assert fit("Me2017", "Piro2021")[:2] == (0, both)
    assert fit("Piro2021")[:2] == (0, both)
    assert fit("Bu2019lm")[:2] == (3, both)
    status, ranked, said = fit("Piro2021", "--sys-error", "0.5")
    assert (status, ranked) == (0, ["Piro2021"])
    assert "skipped (not_comparable)" in said and "sys_error[ztfg] is 1.0 and 0.5" in said
    assert not (ranking.parent / "comparison.png").exists()

    # A slip takes no answer away.
    status, ranked, said = fit("Piro2021", "--trigger-time", "2459782")
    assert (status, ranked) == (2, ["Piro2021"])
    assert "ranking.json and its pictures are kept" in said
    status, ranked, _ = fit("Piro2021", "--sys-error", "0.5", "--priors", "slip.prior")
    assert (status, ranked) == (2, ["Piro2021"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--trigger-time 2459782", "it looks like a JD, whose MJD is 59781.5"),
        ("--priors slip.prior", "slip.prior: Piro2021 has no log10_Eee; log10_Ee is missing"),
    ],
)
def test_what_a_fit_cannot_use_is_named_before_it_starts(root, words, said):
    found = call(root, "nmma-fit", "lc.csv", "--model", "Piro2021", *words.split())
    assert found.status == 2 and said in found.err + found.out
    assert not list((root / "outdir").rglob("attempts"))
