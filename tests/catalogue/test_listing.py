"""What ``nmma-fitter models`` lists."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nmma_fitter import models
from nmma_fitter.catalogue.cards import ModelCard, card, cards
from nmma_fitter.catalogue.listing import page, table
from nmma_fitter.config import load_config
from nmma_fitter.errors import BadInput
from nmma_fitter.nmma_engine import catalogue

FITS = load_config().fits
COMMAND = Path(sys.executable).parent / "nmma-fitter"


@pytest.fixture(scope="module")
def every() -> list[ModelCard]:
    return cards([], FITS)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), "models", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "NMMA_FITTER_DATA_DIR": str(folder)},
        check=False,
    )


def test_every_model_has_its_line_of_at_most_100_columns(every: list[ModelCard]) -> None:
    lines = [line for line in table(every, 80).splitlines() if not line.startswith(" ")]
    nmmas = [name for name in catalogue.KINDS if name not in models.names()]
    assert [line.split()[0] for line in lines] == ["model", *models.names(), *nmmas]
    for width in (80, 100):
        text = table(every, width)
        assert max(map(len, text.splitlines())) <= width
        assert all(one.paper.split(";")[0] in text for one in every)
        assert all(len(line) <= width for c in every for line in page(c, width).splitlines())


def test_a_page_keeps_to_100_columns_and_names_every_parameter(every: list[ModelCard]) -> None:
    for one in every:
        text = page(one)
        assert max(map(len, text.splitlines())) <= 100
        if one.name not in models.MODELS:
            continue
        own = [parameter.name for parameter in models.MODELS[one.name].parameters]
        assert all(f" {name} " in text for name in (*own, "luminosity_distance", "timeshift"))


def test_ranges_are_those_of_the_shipped_prior() -> None:
    mass = card("Bu2019lm", FITS).parameters[0]
    assert (mass.name, mass.low, mass.high, mass.prior) == (
        *("log10_mej_dyn", -3.0, -1.69897),
        "Uniform",
    )


def test_ranges_follow_a_prior_folder_of_ones_own(tmp_path: Path) -> None:
    text = "log10_Menv = -2\nlog10_Renv = Gaussian(mu=12, sigma=1)\nlog10_Ee = Uniform(48, 50)\n"
    (tmp_path / "Piro2021.prior").write_text(text)
    own = card("Piro2021", FITS.model_copy(update={"priors": str(tmp_path)}))
    fixed, unbounded, narrow = own.parameters
    assert (fixed.prior, fixed.low) == ("fixed", -2.0)
    assert (unbounded.low, unbounded.high) == (None, None)
    assert (narrow.low, narrow.high) == (48.0, 50.0)
    assert own.shared == ()


def test_a_prior_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "Piro2021.prior").write_text("log10_Menv = open('x')\n")
    with pytest.raises(BadInput, match=r"Piro2021.prior, line 1"):
        card("Piro2021", FITS.model_copy(update={"priors": str(tmp_path)}))


def test_a_model_that_nmma_has_is_fitted_by_it_too(every: list[ModelCard]) -> None:
    for one in every:
        fast = ("fast",) if one.name in models.MODELS else ()
        assert one.engines == (*fast, *(() if one.nmma_name is None else ("nmma",)))
    assert {"Me2017", "Ka2017"} <= {one.name for one in every if one.nmma_name}


def test_a_model_that_nmma_alone_has_is_listed_with_what_it_lacks(tmp_path: Path) -> None:
    done = run(tmp_path, "Bu2022Ye", "Bu2019nsbh")
    flat = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert "Bu2022Ye: kilonova" in flat and "none here: write Bu2022Ye.prior" in flat
    assert "log10_mej_dyn -2 to -1.04576" in flat


def test_missing_data_are_said_with_the_remedy(tmp_path: Path) -> None:
    done = run(tmp_path, "Bu2025")
    assert done.returncode == 0
    flat = " ".join(done.stdout.split())
    assert "missing the weights of Bu2025 are not here: nmma-fitter models fetch Bu2025" in flat


def test_missing_data_are_seen_in_the_table(every: list[ModelCard]) -> None:
    known = next(one for one in every if one.name == "Me2017")
    gone = dataclasses.replace(known, available=False, needs="weights", missing="fetch them")
    assert table([gone]).splitlines()[1].split()[5] == "missing"


def test_json_holds_what_the_table_says(tmp_path: Path) -> None:
    (found,) = json.loads(run(tmp_path, "--json", "Me2017").stdout)
    assert found["name"] == "Me2017"
    assert found["paper"] == models.MODELS["Me2017"].paper
    assert [one["unit"] for one in found["parameters"]][:2] == [
        "log10 solar mass",
        "log10 speed of light",
    ]


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = run(tmp_path, "Me2071")
    assert done.returncode == 2
    assert "unknown model 'Me2071' (did you mean 'Me2017'?); known: " in done.stderr
