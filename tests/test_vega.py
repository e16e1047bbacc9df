"""Vega to AB: published differences, and the same of Vega's spectrum through the curves."""

from __future__ import annotations

import pytest

from nmma_fitter.band_table import ALL
from nmma_fitter.errors import BadInput
from nmma_fitter.vega import DIFFERENCES, ab_minus_vega


@pytest.mark.parametrize(
    ("band", "published"),
    [
        ("bessellux", 0.79),
        ("bessellb", -0.09),
        ("bessellv", 0.02),
        ("bessellr", 0.21),
        ("besselli", 0.45),
        ("2massj", 0.91),
        ("2massh", 1.39),
        ("2massks", 1.85),
        ("standard::r", 0.21),
        ("4shooter2::us", 0.79),
        ("uvot::uvw2", 1.73),
        ("uvot::b", -0.13),
        ("gaia::grp", 0.356),
        ("wise::w2", 3.339),
        ("cspb", -0.125),
    ],
)
def test_the_difference_is_the_published_one(band: str, published: float) -> None:
    assert ab_minus_vega(band) == published


@pytest.mark.parametrize("band", DIFFERENCES)
def test_vegas_spectrum_through_the_curve_gives_it_too(band: str) -> None:
    """Within what the zero points of Vega differ by: 0.00 to 0.03 mag in V."""
    assert ALL[band].vega == pytest.approx(ab_minus_vega(band), abs=0.035)


@pytest.mark.parametrize("band", ["ztfg", "tess", "euclidvis"])
def test_a_band_without_a_published_difference_is_refused_by_name(band: str) -> None:
    with pytest.raises(BadInput, match=f"known for band '{band}'; convert them to AB"):
        ab_minus_vega(band)


def test_an_unknown_band_is_refused_with_advice() -> None:
    with pytest.raises(BadInput, match=r"band 'besellb'; did you mean bessellb"):
        ab_minus_vega("besellb")
