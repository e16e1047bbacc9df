"""How near the fast stand-in comes to afterglowpy, on draws of the shipped prior."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nmma_fitter.errors import Unavailable
from nmma_fitter.inference.prior_files import load_priors
from nmma_fitter.inference.priors import sampled_keys, transform
from nmma_fitter.models import cosmology
from nmma_fitter.models.afterglow_proxy import DATA, AfterglowProxy
from nmma_fitter.models.base import FloatArray, Model
from nmma_fitter.models.trpi2018 import TrPi2018

PRIOR = Path(__file__).parents[2] / "config" / "priors" / "TrPi2018.prior"
DRAWS, OBSERVATIONS = 150, 15
BANDS = ("ztfg", "ztfr", "ztfi") * 5
LAMBDA = np.tile([4813.95, 6421.81, 7883.03], 5)


@dataclass(frozen=True)
class Draws:
    """Points of the prior, when each is looked at, and what afterglowpy says."""

    parameters: dict[str, FloatArray]
    days: FloatArray
    exact: FloatArray

    def light(self, model: Model) -> FloatArray:
        distance = self.parameters["luminosity_distance"]
        redshift = cosmology.redshift(distance)
        return model.magnitudes(self.parameters, self.days, BANDS, LAMBDA, redshift, distance)

    @property
    def near(self) -> NDArray[np.bool_]:
        """Whether a point is seen from within 1.5 times the wings' edge."""
        wing = self.parameters["thetaCore"] * self.parameters["wing_ratio"]
        return np.asarray(self.parameters["inclination_EM"] < 1.5 * wing)


@pytest.fixture(scope="module")
def draws() -> Draws:
    rng = np.random.default_rng(8)
    priors = load_priors(PRIOR)
    points = transform(priors, rng.random((DRAWS, len(sampled_keys(priors)))))
    # a third of the prior is near enough to be seen: bring half of the rest there
    wing = points["thetaCore"] * points["wing_ratio"]
    closer = np.arange(DRAWS) % 2 == 0
    points["inclination_EM"] = np.where(
        closer, points["inclination_EM"] / (np.pi / 2) * 1.5 * wing, points["inclination_EM"]
    )
    days = 10 ** rng.uniform(-2, np.log10(20), (DRAWS, OBSERVATIONS))
    blank = Draws(points, days, np.empty(0))
    return Draws(points, days, blank.light(TrPi2018()))


def worst(draws: Draws, model: Model, which: NDArray[np.bool_]) -> FloatArray:
    """Quantiles 50, 90 and 99 % of the errors in magnitudes."""
    error = np.abs(draws.light(model) - draws.exact)[which]
    return np.asarray(np.quantile(error[np.isfinite(error)], (0.5, 0.9, 0.99)))


NEAR = (0.018, 0.095, 0.28)
FAR = (0.06, 0.19, 0.5)


def test_accuracy_seen_from_within_or_near_the_wings(draws: Draws) -> None:
    assert (worst(draws, AfterglowProxy(), draws.near) < NEAR).all()


def test_accuracy_far_off_the_axis(draws: Draws) -> None:
    assert (worst(draws, AfterglowProxy(), ~draws.near) < FAR).all()


def test_half_of_its_networks_would_not_do(draws: Draws, tmp_path: Path) -> None:
    with np.load(DATA) as stored:
        weights = {k: v * (0 if k.startswith("rest") else 1) for k, v in stored.items()}
    np.savez(tmp_path / "half.npz", **weights)
    assert (worst(draws, AfterglowProxy(data=tmp_path / "half.npz"), draws.near) > NEAR).all()


def test_nan_where_afterglowpy_gives_nan(draws: Draws) -> None:
    points = {name: values[:7].copy() for name, values in draws.parameters.items()}
    points["log10_epsilon_e"][0] = points["log10_epsilon_B"][0] = -0.2
    points["wing_ratio"][1] = 70.0
    points["thetaCore"][2], points["wing_ratio"][2] = 0.5, 4.0
    points["p"][3] = 2.0
    points["log10_E0"][4] = np.nan
    points["inclination_EM"][5] = -0.1
    some = Draws(points, draws.days[:7], draws.exact[:7])
    missing = np.isnan(some.light(AfterglowProxy()))
    np.testing.assert_array_equal(missing, np.isnan(some.light(TrPi2018())))
    assert missing[:6].all() and not missing[6].any()


def test_no_light_before_the_explosion(draws: Draws) -> None:
    early = Draws(draws.parameters, draws.days - 1.0, draws.exact)
    light = early.light(AfterglowProxy())
    allowed = np.isfinite(draws.exact).all(axis=1, keepdims=True)
    np.testing.assert_array_equal(light == np.inf, allowed & (early.days <= 0))


def test_a_point_does_not_depend_on_its_company(draws: Draws) -> None:
    alone = Draws({k: v[-1:] for k, v in draws.parameters.items()}, draws.days[-1:], np.empty(0))
    together = draws.light(AfterglowProxy())[-1:]
    np.testing.assert_allclose(alone.light(AfterglowProxy()), together, atol=1e-4)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="train_afterglow"):
        AfterglowProxy(data=tmp_path / "none.npz").check_available()
