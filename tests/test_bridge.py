"""Random walks and a bridge find a known evidence; a walk that misses a region is found out."""

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from nmma_fitter.errors import NotConverged
from nmma_fitter.inference.mixture import fit_mixture, log_normal

VALIDATION = Path(__file__).parent.parent / "validation"
FloatArray = NDArray[np.float64]
DIMENSIONS = 3
MODES = np.array([[1.5, 0.0, 0.0], [-1.5, 0.5, 0.0]])
HEIGHTS = np.array([0.0, 1.0])


@pytest.fixture
def bridge(monkeypatch) -> Any:
    monkeypatch.syspath_prepend(str(VALIDATION))
    found = importlib.import_module("bridge")
    for name, value in (("WALKERS", 40), ("STEPS", 300), ("FITTED", 1000), ("FRESH", 4000)):
        monkeypatch.setattr(found, name, value)
    return found


def log_likelihood(z: FloatArray, modes: FloatArray = MODES, width: float = 0.2) -> FloatArray:
    """Two narrow peaks that no small step leads between."""
    distances = np.sum((z[:, None, :] - modes) ** 2, axis=-1)
    return np.logaddexp.reduce(HEIGHTS - distances / (2 * width**2), axis=1)


def known(modes: FloatArray = MODES, width: float = 0.2) -> float:
    """Ln Z of `log_likelihood` over standard normal coordinates."""
    wide = 1 + width**2
    each = HEIGHTS - np.sum(modes**2, axis=1) / (2 * wide)
    volume = DIMENSIONS * np.log(width / np.sqrt(wide))
    return float(np.logaddexp.reduce(each) + volume)


class Peaks:
    """As `Aligned`, of coordinates that need no alignment."""

    likelihood = SimpleNamespace(dimensions=DIMENSIONS)

    def __call__(self, cube: FloatArray) -> FloatArray:
        return np.column_stack([log_likelihood(ndtri(cube)), np.zeros(len(cube)), cube])


def posterior(size: int, shares: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draws of the posterior with so much at each peak."""
    wide = 1 + 0.2**2
    centres = MODES[rng.choice(2, size, p=shares)] / wide
    return centres + 0.2 / np.sqrt(wide) * rng.standard_normal((size, DIMENSIONS))


def bridged(bridge: Any, shares: FloatArray, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    q = fit_mixture(posterior(2000, np.array([0.5, 0.5]), rng), 4, 1.4, 0.1, rng)
    points, drawn = posterior(2000, shares, rng), q.draw(4000, rng)
    log_p = [log_likelihood(z) + log_normal(z) for z in (points, drawn)]
    log_q = [q.log_density(z) for z in (points, drawn)]
    walk = log_p[0].reshape(20, -1), log_q[0].reshape(20, -1)
    return bridge.bridge((walk[0], log_p[1]), (walk[1], log_q[1]))


def right_shares() -> FloatArray:
    each = HEIGHTS - np.sum(MODES**2, axis=1) / (2 * (1 + 0.2**2))
    return np.exp(each - np.logaddexp.reduce(each))


def test_a_bridge_finds_the_known_evidence_with_the_error_it_states(bridge):
    found = [bridged(bridge, right_shares(), seed) for seed in range(30)]
    pulls = np.array([(log_z - known()) / error for log_z, error in found])
    assert 12 < np.sum(pulls**2) < 60  # of 30: 0.1 and 99.9 %
    assert abs(np.mean(pulls)) < 4 / np.sqrt(30)


def test_points_with_wrong_shares_of_the_peaks_give_another_evidence(bridge):
    found = [bridged(bridge, right_shares()[::-1], seed) for seed in range(30)]
    pulls = np.array([(log_z - known()) / error for log_z, error in found])
    assert abs(np.mean(pulls)) > 4 / np.sqrt(30)


@pytest.fixture
def model() -> Any:
    """A costly model, of peaks that are narrower and elsewhere than the stand-in's."""
    calls = []

    def raw(cube: FloatArray) -> FloatArray:
        calls.append(len(cube))
        return log_likelihood(ndtri(cube), MODES + 0.05, 0.18)

    return SimpleNamespace(raw=raw, calls=calls)


def run(bridge: Any, model: Any, points: int, file: Path) -> Any:
    flat = bridge.Flattened(Peaks(), 0.7)
    return bridge.run(flat, model, points, bridge.Course(1, "this fit", file))


def test_the_models_evidence_is_found_by_way_of_a_stand_in_that_is_off(bridge, model, tmp_path):
    found = run(bridge, model, 1200, tmp_path / "walk.h5")
    wanted = known(MODES + 0.05, 0.18)
    assert found.log_z_err < 0.1
    assert abs(found.log_z - wanted) < 4 * found.log_z_err
    assert abs(known() - wanted) > 4 * found.log_z_err  # the stand-in's own would be refused


def test_a_walk_that_never_leaves_a_peak_finds_too_little(bridge, model, tmp_path, monkeypatch):
    start = bridge._start
    monkeypatch.setattr(bridge, "_start", lambda flat, rng: 0.1 * start(flat, rng) + MODES[0])
    monkeypatch.setattr(bridge, "PRIOR_SHARE", 0.0)
    found = run(bridge, model, 1200, tmp_path / "walk.h5")
    assert found.log_z < known(MODES + 0.05, 0.18) - 0.3


@pytest.mark.parametrize("stop", [300, 900], ids=["in the first walk", "in the second"])
def test_what_was_stopped_goes_on_to_the_same_end(bridge, model, tmp_path, monkeypatch, stop):
    whole = run(bridge, model, 600, tmp_path / "whole.h5")
    calls, log_density = [], bridge.Flattened.log_density

    def stops(self: Any, points: FloatArray) -> FloatArray:
        calls.append(1)
        if len(calls) == stop:
            raise KeyboardInterrupt
        return log_density(self, points)

    monkeypatch.setattr(bridge.Flattened, "log_density", stops)
    with pytest.raises(KeyboardInterrupt):
        run(bridge, model, 600, tmp_path / "walk.h5")
    assert run(bridge, model, 600, tmp_path / "walk.h5").log_z == whole.log_z


def test_a_prior_of_which_hardly_a_point_is_possible_is_said_and_not_searched_for_ever(bridge):
    flat = bridge.Flattened(Nowhere(), 0.7)
    with pytest.raises(NotConverged, match="only 0 of 20000 points"):
        bridge._start(flat, np.random.default_rng(1))


class Nowhere(Peaks):
    def __call__(self, cube: FloatArray) -> FloatArray:
        return np.column_stack([np.full(len(cube), -np.inf), np.zeros(len(cube)), cube])
