"""The distance, sampled as how far it leaves a light curve from the data.

A distance moves all of a light curve up or down. Given everything else, the data therefore fix it
to a few per cent, so that in all parameters together a posterior is a thin sheet, bent wherever
another parameter makes the source brighter. A proposal made of ellipsoids does not find its way
along such a sheet. Here the sampler's coordinate is the distance in units of its conditional
width, from the distance at which the light curve meets the data on average: the sheet lies flat.
The change of variables is exact, its derivative part of the density.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from nmma_fitter.inference.cube import CubeLikelihood
from nmma_fitter.inference.likelihood import Likelihood
from nmma_fitter.inference.mixture import Mixture, log_normal
from nmma_fitter.inference.priors import sampled_keys, transform
from nmma_fitter.inference.weights import Weighted, possible

if TYPE_CHECKING:
    from bilby.core.prior import PriorDict

FloatArray = NDArray[np.float64]

KEY = "luminosity_distance"
PER_MAG = np.log(10) / 5  # of ln distance
STEPS_OF_A_STAND_IN, MOST_STEPS = 2, 8  # towards the distance that fits, which moves the redshift
WIDER = 1.2  # than the conditional standard deviation
FARTHEST = float(-ndtri(1e-15))  # widths
NEAREST = 1e-6  # of the prior's median: what priors without an edge have below is no distance
LEAST = 4.0  # widths between the prior's 5 and 95 %, below which nothing is gained
PRIOR_SHARE = 0.1  # of the points
CHUNK = 500  # points per call of a cheap model
CODE = 1  # raised when the same settings give other points


class Alignment:
    """Maps the cube with the aligned coordinate onto that of the priors, and back.

    Parameters
    ----------
    likelihood : Likelihood
        Cheap to predict from.
    priors : PriorDict
        Samples `KEY`; see `alignment_of`.
    steps : int, optional
        Towards the distance that fits; by default as many as it takes to come within a width of
        it, since nothing farther than `FARTHEST` widths is drawn from the aligned cube.
    """

    def __init__(self, likelihood: Likelihood, priors: PriorDict, steps: int | None = None) -> None:
        self._predict, self._priors, self._steps = likelihood.predict, priors, steps
        self._column = sampled_keys(priors).index(KEY)
        noise = likelihood.noise
        self._detected = noise.detected
        self._value = noise.value[noise.detected]
        weight = noise.multiplicity[noise.detected] / noise.total[noise.detected] ** 2
        self._share = weight / weight.sum()
        self.width = float(WIDER * PER_MAG / np.sqrt(weight.sum()))
        ends = self._prior.rescale(np.array([1e-12, 0.5, 1 - 1e-12]))
        self._low, self._middle, self._high = np.log(np.maximum(ends, NEAREST * ends[1]))

    @property
    def decisive(self) -> str:
        """All settings that decide which points are drawn."""
        return repr((WIDER, PRIOR_SHARE, NEAREST, self._steps, MOST_STEPS, CODE))

    @property
    def _prior(self) -> Any:
        return self._priors[KEY]

    def forward(self, cube: FloatArray) -> tuple[FloatArray, FloatArray]:
        """To the priors' cube.

        Returns
        -------
        cube : array, shape (P, D)
        log_stretch : array, shape (P,)
            ln of the volume there over the volume here; -inf outside the prior.
        """
        z = np.clip(ndtri(cube[:, self._column]), -FARTHEST, FARTHEST)
        log_distance = self._centre(cube) + self.width * z
        there = cube.copy()
        there[:, self._column] = self._prior.cdf(np.exp(log_distance))
        return there, self._log_stretch(log_distance, z)

    def backward(self, cube: FloatArray) -> tuple[FloatArray, FloatArray]:
        """From the priors' cube; the stretch is that of `forward` at the same point."""
        log_distance = np.log(self._prior.rescale(cube[:, self._column]))
        z = (log_distance - self._centre(cube)) / self.width
        here = cube.copy()
        here[:, self._column] = ndtr(z)
        return here, self._log_stretch(log_distance, z)

    def _log_stretch(self, log_distance: FloatArray, z: FloatArray) -> FloatArray:
        log_density = self._prior.ln_prob(np.exp(log_distance)) + log_distance
        log_normal = -(z**2) / 2 - np.log(self.width * np.sqrt(2 * np.pi))
        return np.asarray(log_density - log_normal)

    def _centre(self, cube: FloatArray) -> FloatArray:
        """Ln distance, shape (P,), at which the magnitudes meet the data on average."""
        parameters = transform(self._priors, cube)
        centre, moving = np.full(len(cube), self._middle), np.arange(len(cube))
        for number in range(self._steps or MOST_STEPS):
            now = {key: value[moving] for key, value in parameters.items()}
            now[KEY] = np.exp(centre[moving])
            missed = self._value - self._predict(now)[:, self._detected]
            step = PER_MAG * (missed * self._share).sum(axis=1)
            before = centre[moving]
            after = np.clip(before + np.where(np.isfinite(step), step, 0), self._low, self._high)
            centre[moving] = after
            if self._steps is None and number > 0:
                moving = moving[np.abs(after - before) > self.width]
            if not len(moving):
                break
        return centre


def alignment_of(
    likelihood: Likelihood, priors: PriorDict, steps: int | None = None
) -> Alignment | None:
    """The alignment of a light curve, or None where there is nothing to align."""
    if KEY not in sampled_keys(priors) or not likelihood.noise.detected.any():
        return None
    found = Alignment(likelihood, priors, steps)
    known = np.diff(np.log(priors[KEY].rescale(np.array([0.05, 0.95]))))[0]
    return found if known > LEAST * found.width else None


@dataclass(frozen=True, eq=False)
class Aligned:
    """What is evaluated at points of the aligned cube."""

    likelihood: CubeLikelihood
    alignment: Alignment

    def __call__(self, cube: FloatArray) -> FloatArray:
        """Log likelihood, ln stretch, and the place in the priors' cube, shape (P, 2 + D)."""
        with np.errstate(all="ignore"):
            there, log_stretch = self.alignment.forward(cube)
            return np.column_stack([self.likelihood.raw(there), log_stretch, there])

    @staticmethod
    def density(values: FloatArray) -> FloatArray:
        """What a sampler of the aligned cube takes for the log likelihood, shape (P,)."""
        return possible(values[:, 0] + values[:, 1])

    def with_the_prior(
        self,
        points: Weighted,
        values: FloatArray,
        proposal: Mixture | None,
        rng: np.random.Generator,
    ) -> tuple[Weighted, FloatArray]:
        """All in the priors' cube: what was drawn in the aligned one, and points of the prior.

        Each is weighted by both (balance heuristic), so that no weight exceeds `PRIOR_SHARE`'s
        inverse times the likelihood, also where no light curve comes near the data.

        Parameters
        ----------
        points : Weighted
            Drawn from the proposal.
        values : array, shape (N, 2 + D)
            Of them, as when called.
        proposal : Mixture or None
            None where no point is possible; nothing is drawn then.
        rng : numpy.random.Generator

        Returns
        -------
        points : Weighted
        values : array, shape (M, 2 + D)
            Of the prior's points.
        """
        excess = -points.log_ratio - values[:, 1]
        parts = []
        if proposal is not None:
            count = int(np.ceil(len(values) * PRIOR_SHARE / (1 - PRIOR_SHARE)))
            cubes = np.array_split(rng.random((count, points.cube.shape[1])), -(-count // CHUNK))
            parts = [self._of_the_prior(there, proposal) for there in cubes]
        both = np.concatenate([values, *(found for found, _ in parts)])
        share = 1 - len(values) / len(both)
        with np.errstate(divide="ignore"):
            excess = np.concatenate([excess, *(more for _, more in parts)])
            log_ratio = -np.logaddexp(np.log1p(-share) + excess, np.log(share))
        inside = np.isfinite(both[:, 1])
        log_l = possible(np.where(inside, both[:, 0], -np.inf))
        weighted = Weighted(both[:, 2:], log_l, np.where(inside, log_ratio, -np.inf), len(both))
        return weighted, both[len(values) :]

    def _of_the_prior(self, there: FloatArray, proposal: Mixture) -> tuple[FloatArray, FloatArray]:
        """Values at points of the priors' cube, and ln of the proposal over the prior there."""
        with np.errstate(all="ignore"):
            here, log_stretch = self.alignment.backward(there)
            z = ndtri(np.clip(here, 1e-15, 1 - 1e-15))
            excess = proposal.log_density(z) - log_normal(z) - log_stretch
            return np.column_stack([self.likelihood.raw(there), log_stretch, there]), excess
