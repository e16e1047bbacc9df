"""A fast stand-in for the Gaussian jet of `TrPi2018`, to sample with and then to correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import Unavailable
from nmma_fitter.models.base import FloatArray, Model
from nmma_fitter.models.blackbody import DAY, SPEED_OF_LIGHT
from nmma_fitter.models.trpi2018 import TrPi2018

Weights = NDArray[np.float32]
Layers = tuple[tuple[Weights, Weights], ...]

DATA = Path(__file__).parent / "data" / "afterglow_proxy.npz"

_PROTON_MASS = 1.67262192e-24
_ROWS = 2048  # at once: their hidden layers stay in a core's cache
_LN10 = float(np.log(10.0))
SATURATION = 4.0  # decades from a break within which the spectrum is not yet a power law
FLUX_UNIT = 3.0  # decades
_FLUX, _BREAK_M, _BREAK_C = 5.237, 11.632, 25.665  # log10, about a jet seen on its axis


class AfterglowProxy(TrPi2018):
    """Magnitudes of `TrPi2018` with ``jet="gaussian"``, some hundred times as fast.

    The blast wave has no scale of its own but the time (E0 / n0 m_p c^5)^(1/3) (van Eerten &
    MacFadyen 2012, ApJL 747, L30; Ryan et al. 2015, ApJ 799, 3), and without self-absorption the
    spectrum only compares ν with ν_m and ν_c. So the flux over E0 (ε_B n0)^(1/2) / d² is exactly
    one function of the scaled time, of ν over the scales of ν_m and ν_c, and of p, θ_obs, θ_c and
    θ_w. One small network finds, from time, geometry and p, the flux scale, both breaks and how
    round they are; a second, from these and the distances to the breaks, what a broken power law
    leaves over. Far from the breaks the slopes are exact, for any microphysics.

    It is to sample with: the samples are then weighed by the likelihood of `TrPi2018` itself.
    On draws of the shipped prior, 0.01 to 20 days after the explosion, it errs by 0.05 mag rms
    where the jet is seen from within 1.5 θ_w (99 % within 0.22), and by 0.15 (0.5) farther off.
    ``validation/train_afterglow.py`` makes its data.

    Points are nan under the same rules as in `TrPi2018`; only what makes a call of afterglowpy
    fail for its numbers is not foreseen, and a flux is never dark after the explosion.

    Parameters
    ----------
    max_wing_ratio : float
        As of `TrPi2018`.
    data : Path, optional
        Weights of the networks, another file than the packaged one.

    Attributes
    ----------
    trained : mapping of name to (float, float)
        Range of each parameter in the training, the others following from them. Beyond it the
        networks extrapolate, and err without bound.
    """

    trained: ClassVar[Mapping[str, tuple[float, float]]] = {
        "inclination_EM": (0.0, np.pi / 2),
        "thetaCore": (0.01, np.pi / 10),
        "wing_ratio": (1.0, 5.0),
        "log10_E0": (49.0, 56.0),
        "log10_n0": (-5.0, 3.0),
        "p": (2.0, 3.0),
    }
    valid_days: ClassVar[tuple[float, float]] = (3e-3, 30.0)
    costly: ClassVar[bool] = False
    model_error: float = 0.1  # mag, seen from near the wings; see above

    def __init__(self, max_wing_ratio: float = 60.0, data: Path | None = None) -> None:
        super().__init__(jet="gaussian", max_wing_ratio=max_wing_ratio)
        self._data = data or DATA

    def check_available(self) -> None:
        """Raise `Unavailable` when the networks' weights are missing."""
        if not self._data.is_file():
            raise Unavailable(f"{self._data} is missing: python validation/train_afterglow.py")

    def proxy(self) -> Model | None:
        """None: it is one."""
        return None

    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        """Apparent magnitudes of all points at once. See `Model.magnitudes`."""
        jets = self._jets(parameters, redshift, distance)
        allowed = np.flatnonzero(self._allowed(jets))
        result = np.full(days.shape, np.nan)
        frequencies = SPEED_OF_LIGHT / (wavelengths * 1e-8)
        step = max(1, _ROWS // max(1, days.shape[1]))
        for start in range(0, len(allowed), step):
            some = allowed[start : start + step]
            part = {name: values[some, None] for name, values in jets.items()}
            log_flux = log10_flux(part, days[some] * DAY, frequencies, self._data)
            result[some] = np.where(days[some] > 0, -2.5 * log_flux + 16.4, np.inf)
        return result

    def _allowed(self, jets: Mapping[str, FloatArray]) -> FloatArray:
        """Add what afterglowpy itself refuses."""
        view = jets["thetaObs"]
        accepted = [super()._allowed(jets), jets["p"] > 2, view >= 0, view <= np.pi]
        for name in ("thetaCore", "thetaWing", "E0", "n0", "epsilon_e", "epsilon_B", "d_L"):
            accepted.append(jets[name] > 0)
        return np.asarray(np.all(accepted, axis=0))


def log10_flux(
    jets: Mapping[str, FloatArray],
    seconds: FloatArray,
    frequencies: FloatArray,
    data: Path = DATA,
) -> FloatArray:
    """Flux density of Gaussian jets.

    Parameters
    ----------
    jets : mapping of afterglowpy's names to arrays, shape (points, 1)
        ``thetaObs``, ``E0``, ``thetaCore``, ``thetaWing``, ``n0``, ``p``, ``epsilon_e``,
        ``epsilon_B``, ``d_L`` (cm), ``z``.
    seconds : array, shape (points, observations)
        Since the explosion, observer frame.
    frequencies : array, shape (observations,)
        Hz, observer frame.

    Returns
    -------
    array, shape (points, observations)
        log10 of the flux density in mJy.
    """
    time, above_m, above_c, scale = scaled(jets, seconds, frequencies)
    breaks, shape = _load(data)
    rows = time.shape
    p = np.broadcast_to(jets["p"], rows).ravel()
    seen = features(jets, time).reshape(time.size, -1).astype(np.float32)
    flux, shift_m, shift_c, round_ = _network(breaks, seen).astype(float).T
    x, y = above_m.ravel() - shift_m, above_c.ravel() - shift_c
    near = np.stack([_saturate(x), _saturate(y), _saturate(x - y)], axis=1).astype(np.float32)
    rest = _network(shape, np.concatenate([seen, near], axis=1))[:, 0]
    spectrum = broken_power_law(x, y, p, 2.0 * np.exp(round_))
    return np.asarray(scale + (FLUX_UNIT * flux + spectrum + rest).reshape(rows))


def scaled(
    jets: Mapping[str, FloatArray], seconds: FloatArray, frequencies: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Reduce time, frequency and flux to what the geometry and p alone decide.

    Returns
    -------
    time, above_m, above_c, scale : arrays, shape (points, observations)
        log10 of the time over the blast wave's; of ν over ν_m and ν_c as they would be on the
        axis of a wide jet; of the flux in mJy that is proportional to energy and distance.
    """
    p, z = jets["p"], jets["z"]
    own_time = np.log10(jets["E0"] / (jets["n0"] * _PROTON_MASS * SPEED_OF_LIGHT**5)) / 3
    field = np.log10(jets["epsilon_B"] * jets["n0"])
    # before the explosion there is no light, and no logarithm
    time = np.log10(np.maximum(seconds, 1.0) / (1 + z)) - own_time
    frequency = np.log10(frequencies * (1 + z))
    scale_m = 2 * np.log10(jets["epsilon_e"] * (p - 2) / (p - 1)) + 0.5 * field - 1.5 * time
    scale_c = -1.5 * field - 2 * own_time - 0.5 * time
    scale = np.log10(jets["E0"] * (1 + z)) + 0.5 * field - 2 * np.log10(jets["d_L"]) + _FLUX
    return time, frequency - scale_m - _BREAK_M, frequency - scale_c - _BREAK_C, scale


def features(jets: Mapping[str, FloatArray], time: FloatArray) -> FloatArray:
    """Time and geometry as the networks are given them, shape (points, observations, 11)."""
    view, core, wing = jets["thetaObs"], jets["thetaCore"], jets["thetaWing"]
    ratio, outside = view / core, view - wing
    of_point = np.concatenate(
        [
            np.log10(core),
            np.log10(view**2 + core**2),
            wing / core,
            view,
            np.log10(1 + ratio),
            wing,
            np.logaddexp(0, 20 * outside) / 20,
            ratio / (1 + ratio / (wing / core)),
            jets["p"],
        ],
        axis=1,
    )
    wide = np.broadcast_to(of_point[:, None, :], (*time.shape, of_point.shape[1]))
    lorentz = 0.44 * 10 ** (-0.375 * time)  # of a blast wave seen head on: it beams into 1/Γ
    of_time = np.stack([time, np.arcsinh(lorentz * outside)], axis=2)
    return np.concatenate([of_time, wide], axis=2)


def broken_power_law(x: FloatArray, y: FloatArray, p: FloatArray, round_: FloatArray) -> FloatArray:
    """Synchrotron spectrum, slow or fast cooling, log10, with rounded breaks.

    It is the least of four power laws (Sari, Piran & Narayan 1998, ApJ 497, L17): below both
    breaks, between them in slow and in fast cooling, and above both.

    Parameters
    ----------
    x, y : array
        log10 of ν/ν_m and ν/ν_c.
    p : array
        Slope of the electrons' energies.
    round_ : array
        The greater, the sharper.
    """
    above_m, above_c = -0.5 * (p - 1) * x, -0.5 * y
    laws = np.stack([np.maximum(x, y) / 3, above_m, above_c, above_m + above_c])
    least = laws.min(axis=0)
    total = np.exp(-_LN10 * round_ * (laws - least)).sum(axis=0)
    return np.asarray(least - np.log(total) / (_LN10 * round_))


def _saturate(x: FloatArray) -> FloatArray:
    x = x / SATURATION
    return np.asarray(2.0 * x / np.sqrt(1 + x * x))


def _network(layers: Layers, h: Weights) -> Weights:
    for weight, bias in layers[:-1]:
        h = h @ weight
        h += bias
        h /= np.sqrt(1 + h * h)
    weight, bias = layers[-1]
    return h @ weight + bias


@lru_cache(maxsize=4)
def _load(path: Path) -> tuple[Layers, Layers]:
    """Weights and biases of the networks of the breaks and of the rest."""
    with np.load(path, allow_pickle=False) as stored:
        found = [
            tuple(
                (stored[f"{name}_weight_{i}"], stored[f"{name}_bias_{i}"])
                for i in range(sum(key.startswith(f"{name}_bias") for key in stored))
            )
            for name in ("breaks", "rest")
        ]
    return found[0], found[1]
