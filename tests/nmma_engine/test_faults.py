"""What NMMA gets wrong, seen in the installed one; a test fails when NMMA has mended it.

Then the repair of that name in ``nmma_engine/inside/nmma_repairs.py`` can go.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nmma_fitter.models import cosmology
from nmma_fitter.nmma_engine import place
from nmma_fitter.nmma_engine.process import INSIDE

pytestmark = pytest.mark.nmma
ASKED = Path(__file__).with_name("faults_inside.py")


SHARED = Path(__file__).parents[3] / "shared" / "data" / "sncosmo"


def sncosmo_template() -> bool:
    """Whether the template of nugent-hyper is on this machine."""
    if SHARED.is_dir():
        os.environ.setdefault("SNCOSMO_DATA_DIR", str(SHARED))
    folder = os.environ.get("SNCOSMO_DATA_DIR", "")
    return bool(folder) and any(Path(folder).rglob("*hyper*"))


@pytest.fixture(scope="module")
def answer(nmma_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("faults")
    words = [nmma_python, "-P", str(ASKED), str(INSIDE.parent), str(folder / "answer.json")]
    words += ["supernova"] if sncosmo_template() else []
    with (folder / "log").open("wb") as log:
        done = subprocess.run(
            words, stdout=log, stderr=log, timeout=600, cwd=folder, env=place.environment()
        )
    assert done.returncode == 0, (folder / "log").read_text(errors="replace")[-3000:]
    found: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    return found


@pytest.fixture(scope="module")
def faults(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["faults"]
    assert not [name for name, one in found.items() if isinstance(one, dict) and "failed" in one]
    return found


def test_the_version_is_one_that_the_repairs_were_tested_with(answer):
    assert answer["versions"]["nmma"] in place.TESTED


def test_filters_have_the_wavelengths_of_other_bandpasses(faults):
    pairs = faults["wavelengths"]
    assert pairs["ztfg"] == "ps1::open" and pairs["ztfr"] == "ps1::g" and pairs["ztfi"] == "ps1::r"
    assert all(given != name for name, given in pairs.items())


def test_every_bandpass_is_loaded_for_one(faults):
    assert faults["bandpasses_loaded"] > 100


def test_a_distance_prior_from_zero_ends_the_run(faults):
    assert faults["distance_from_zero"].startswith("CosmologyError")


def test_a_time_shift_past_the_models_first_time_is_refused(faults):
    assert "First data point is at" in faults["time_shift_past_first_time"]


def test_a_band_with_limits_only_ends_the_run(faults):
    assert faults["band_with_limits_only"].startswith("ValueError: zero-size array")


def test_without_an_error_budget_limits_make_everything_impossible(faults):
    assert faults["no_error_budget"]["0"] < -1e308 < faults["no_error_budget"]["0.01"]


def test_a_redshift_without_a_distance_is_at_ten_parsec(faults):
    assert faults["redshift_without_distance"] == 1e-5


def test_the_hubble_constant_makes_the_distance_follow(faults):
    wanted = float(cosmology.luminosity_distance([0.1])[0])  # type: ignore[arg-type]
    assert faults["redshift_with_hubble_constant"] == pytest.approx(wanted, rel=1e-4)


def test_a_trigger_in_iso_is_read_as_gps(faults):
    assert "gps" in str(faults["trigger_in_iso"])


def test_options_of_the_sampler_are_not_handed_on(faults):
    handed = faults["options_handed_on"]
    assert not {"dlogz", "walks", "naccept"} & set(handed)
    assert handed["check_point_delta_t"] == "3600"


def test_the_default_sampler_lacks_its_library(faults):
    assert faults["default_sampler"]["name"] == "pymultinest"
    assert faults["default_sampler"]["import"] is not None


def test_a_stale_result_is_taken_for_the_new_one(faults):
    assert faults["stale_result"]["again"] == 123.0


def test_a_seed_has_no_effect_on_dynesty_until_repaired(faults):
    first, second = faults["seeds"]["as it comes"]
    assert first != second
    first, second = faults["seeds"]["repaired"]
    assert first == second


@pytest.mark.parametrize("name", ["blackbody", "afterglow_redshift"])
def test_light_is_wrong_until_repaired(faults, name):
    assert faults[name] is True
    assert faults["repaired"][name] is False


def test_a_supernovas_magnitude_and_distance_have_no_effect_until_repaired(faults):
    if "supernova" not in faults:
        pytest.skip("sncosmo's template nugent-hyper is not on this machine")
    assert len(set(faults["supernova"].values())) == 1
    one, fainter, farther = faults["repaired"]["supernova"].values()
    assert fainter - one == pytest.approx(1.0, abs=1e-6)
    assert farther - one == pytest.approx(5.0, abs=1e-3)


def test_times_and_bands_are_accepted_once_repaired(faults):
    repaired = faults["repaired"]
    assert repaired["time_shift"] is None and repaired["band_with_limits_only"] is None


def test_limits_have_an_error_of_their_own_once_repaired(faults):
    assert faults["repaired"]["no_error_budget"]["0"] > -1e5
