"""The shipped priors: complete for their model, and drawn as they declare."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nmma_fitter import models

CONFIG = Path(__file__).parents[2] / "config"
PHYSICAL = sorted((CONFIG / "priors").glob("*.prior"))
ORIGINAL = sorted((CONFIG / "presets" / "original").glob("*.prior"))
SHARED = ("luminosity_distance", "timeshift", "Ebv")


def read(path: Path):  # type: ignore[no-untyped-def]
    from bilby.core.prior import PriorDict

    return PriorDict(filename=str(path))


@pytest.mark.parametrize("path", PHYSICAL + ORIGINAL, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_rescale_draws_the_declared_density(path: Path) -> None:
    u = (np.arange(100_000) + 0.5) / 100_000
    for name, prior in read(path).items():
        drawn = np.asarray(prior.rescale(u))
        edges = np.quantile(drawn, np.linspace(0, 1, 21))
        pieces = [np.linspace(low, high, 201) for low, high in pairwise(edges)]
        mass = np.array([np.trapezoid(prior.prob(x), x) for x in pieces])
        # shares, as bilby's Sine divides by 2 whatever its range (rescale, which samples, is right)
        np.testing.assert_allclose(mass / mass.sum(), 0.05, rtol=0.02, err_msg=name)


# Models that NMMA alone has; its KNtheta is the inclination in degrees.
OF_NMMA = {"Bu2019nsbh": {"log10_mej_dyn", "log10_mej_wind", "inclination_EM"}}


@pytest.mark.parametrize("path", PHYSICAL, ids=lambda p: p.stem)
def test_prior_covers_every_parameter_of_its_model(path: Path) -> None:
    name = path.stem.removesuffix("_tophat")
    own = OF_NMMA.get(name) or {parameter.name for parameter in models.MODELS[name].parameters}
    if path.stem.endswith("_tophat"):
        own -= {"wing_ratio"}
    assert set(read(path)) == own | set(SHARED)


@pytest.mark.parametrize("name", SHARED)
def test_compared_models_share_their_common_priors(name: str) -> None:
    first = read(PHYSICAL[0])[name]
    assert all(read(path)[name] == first for path in PHYSICAL[1:])


def test_every_model_has_a_prior() -> None:
    assert set(models.names()) <= {path.stem for path in PHYSICAL}


def test_wings_lie_between_the_core_and_a_right_angle() -> None:
    priors = read(CONFIG / "priors" / "TrPi2018.prior")
    assert priors["wing_ratio"].minimum >= 1.0
    assert priors["wing_ratio"].maximum * priors["thetaCore"].maximum <= np.pi / 2 + 1e-12


@pytest.mark.parametrize("path", PHYSICAL, ids=lambda p: p.stem)
def test_every_line_names_its_source_above_it(path: Path) -> None:
    lines = path.read_text().splitlines()
    for above, line in pairwise(lines):
        if line and not line.startswith("#"):
            assert above.startswith("#"), line


def test_the_check_finds_bilbys_interped_of_two_points() -> None:
    from bilby.core.prior import Interped

    prior = Interped(np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    assert prior.rescale(0.5) == pytest.approx(0.5)  # its declared density has its median at 0.29
