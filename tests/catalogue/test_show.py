"""``models show``: light curves over the prior."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nmma_fitter import models
from nmma_fitter.catalogue.curves import prior_light
from nmma_fitter.catalogue.show import show
from nmma_fitter.config import load_config
from nmma_fitter.delivery.plots.prior_light import last_day, magnitude_ends
from nmma_fitter.errors import BadInput, Unavailable, UnsupportedData
from nmma_fitter.fit_settings import FitSettings

FITS = load_config().fits
ONE = "log10_Menv = -1.5\nlog10_Renv = 12.5\nlog10_Ee = 49.5\n"
SETTINGS = FitSettings()
PNG = b"\x89PNG"


def test_at_one_point_all_quantiles_are_its_light_curve() -> None:
    (found,) = prior_light("Piro2021", SETTINGS, ONE, ["ztfr"], 100.0, draws=20).curves
    assert np.isfinite(found.quantiles).all()
    np.testing.assert_array_equal(found.quantiles, found.quantiles[:1].repeat(5, axis=0))
    np.testing.assert_array_equal(found.single[0], found.quantiles[2])


def test_ten_times_the_distance_is_five_magnitudes_fainter() -> None:
    near, far = (
        prior_light("Piro2021", SETTINGS, ONE, ["ztfr"], mpc, draws=10, days=(0.5, 2.0)).curves[0]
        for mpc in (1.0, 10.0)
    )
    np.testing.assert_allclose(far.quantiles - near.quantiles, 5.0, atol=0.02)  # and redshift


def test_the_prior_of_the_explosion_does_not_shift_the_curves() -> None:
    shifted = f"{ONE}timeshift = Uniform(-10, 0)\nluminosity_distance = Uniform(10, 9000)\n"
    two = [
        prior_light("Piro2021", SETTINGS, text, ["ztfg"], 40.0, draws=15).curves[0].quantiles
        for text in (ONE, shifted)
    ]
    np.testing.assert_array_equal(*two)


def test_quantiles_are_ordered_and_wide_over_the_shipped_prior() -> None:
    path = Path(__file__).parents[2] / "config" / "priors" / "Piro2021.prior"
    light = prior_light("Piro2021", SETTINGS, str(path), ["ztfg", "ztfi"], 100.0, draws=300)
    for one in light.curves:
        assert np.all(one.quantiles[:-1] <= one.quantiles[1:])
        assert np.median(one.quantiles[3] - one.quantiles[1]) > 1.0


def test_impossible_points_are_counted_and_left_out() -> None:
    text = (
        "inclination_EM = 0.1\nlog10_E0 = 52\nthetaCore = 0.1\nwing_ratio = 3\nlog10_n0 = -1\n"
        "p = 2.3\nlog10_epsilon_e = Uniform(-0.6, 0.0)\nlog10_epsilon_B = -0.3\n"
    )
    light = prior_light("TrPi2018", SETTINGS, text, ["ztfr"], 100.0, draws=12)
    assert 0 < light.impossible < 12
    assert np.isfinite(light.curves[0].quantiles).all()


def test_what_has_no_light_does_not_stretch_the_axis() -> None:
    (found,) = prior_light("Me2017", SETTINGS, _me2017(), ["ztfg"], 40.0, draws=50).curves
    faint, bright = magnitude_ends([found])
    assert faint - bright < 15
    assert last_day([found], faint) <= found.days[-1]


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"bands": []}, "no band to show"),
        ({"bands": ["radio"]}, "unknown band 'radio'"),
        ({"distance": 0.0}, "distance of 0 Mpc"),
        ({"days": (3.0, 1.0)}, "days 3 to 1"),
        ({"out": Path("nowhere/x.png")}, "there is no folder nowhere"),
    ],
)
def test_unusable_arguments_are_refused(changed: dict[str, object], match: str) -> None:
    given = {"out": Path("x.png"), "bands": ["ztfg"], "distance": 100.0} | changed
    with pytest.raises(BadInput, match=match):
        show("Piro2021", FITS, given.pop("out"), **given)  # type: ignore[arg-type]


def test_a_band_the_model_cannot_predict_is_refused(tmp_path: Path) -> None:
    try:
        models.get("Bu2019lm").check_available()
    except Unavailable as error:
        pytest.skip(str(error))
    with pytest.raises(UnsupportedData, match="cannot predict uvot::uvw2"):
        show("Bu2019lm", FITS, tmp_path / "x.png", bands=["uvw2"], distance=40.0, draws=10)


@pytest.mark.parametrize("name", ["Piro2021", "Me2017"])
def test_a_picture_is_written_with_what_it_shows(name: str, tmp_path: Path) -> None:
    out = tmp_path / "x.png"
    told = show(name, FITS, out, bands=["g", "r", "J"], distance=40.0, draws=30)
    assert out.read_bytes()[:4] == PNG
    assert told == (
        f"{out}: 30 draws of {name}.prior at 40 Mpc (z = 0.0090), the explosion at day 0."
    )


def _me2017() -> str:
    return str(Path(__file__).parents[2] / "config" / "priors" / "Me2017.prior")
