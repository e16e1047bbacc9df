"""Afterglow of a relativistic jet, evaluated by afterglowpy: Ryan et al. (2020)."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.models.base import FloatArray, Model, Parameter
from nmma_fitter.models.blackbody import DAY, MEGAPARSEC, SPEED_OF_LIGHT

_JET_TYPES = {"gaussian": 0, "tophat": -1}  # afterglowpy's codes
_MILLIJANSKY_ZERO = 16.4  # AB magnitude of 1 mJy, as NMMA rounds it (16.40006 exactly)
_FIXED: Mapping[str, float] = {"b": 6.0, "xi_N": 1.0, "L0": 0.0, "q": 0.0, "ts": 0.0}
_CAREFUL_TIME_STEPS = 1000  # afterglowpy's default: a coarser shock sometimes runs away
_MAX_SECTIONS = 60.0  # thetaWing / thetaCore; the cost of a call grows with it


class TrPi2018(Model):
    """Afterglow of a structured jet in a uniform medium (Troja et al. 2018; Ryan et al. 2020).

    Ryan, van Eerten, Piro & Troja (2020, ApJ 896, 166): single-shell forward shock with lateral
    spreading, energy E(θ) = E0 exp(-θ²/2θ_c²) out to θ_w (Gaussian) or constant to
    θ_c (top-hat), and broken power-law synchrotron radiation. afterglowpy works in the
    observer's frame: it applies time dilation and the (1+z) of f_ν itself, and so is given the
    real distance and redshift. b = 6, ξ_N = 1 and no energy injection (L0 = q = ts = 0).

    A point is nan throughout where the microphysics is impossible (ε_e + ε_B > 1), where the
    wings reach beyond π/2, where afterglowpy refuses or fails, or where
    θ_w/θ_c exceeds `max_wing_ratio`. A failing call is tried again with finer time steps; it also
    makes afterglowpy print, and write ``afterglowpy_*.txt`` into the working directory.

    Seen from within 1.5 θ_w, the defaults of latRes, tRes and rtol err by 0.013 mag rms and at
    most 0.05 from a fine run; afterglowpy's own (latRes 5, tRes 1000, rtol 0.01) by 0.037 and
    0.22, and cost more. Farther off the axis, where the jet is some ten magnitudes fainter, both
    err about three times as much. The error is that of the cones, nearly as 1/latRes.

    Parameters
    ----------
    jet : {"gaussian", "tophat"}
        Angular structure. The top-hat has no wings and ignores their parameters.
    max_wing_ratio : float
        Largest θ_w/θ_c that is evaluated; the original pipeline's rule was 12. The conical
        sections afterglowpy integrates, and so its time, grow in proportion.
    refuse_dark : bool
        Exclude a point when any of its fluxes is not positive, the original pipeline's rule;
        otherwise such a flux is no light, +inf.
    latRes, tRes : float
        afterglowpy's conical sections per θ_c, and time steps of the shock's evolution per
        decade.
    rtol : float
        Relative tolerance of its integrals (rtolStruct, rtolTheta and rtolPhi alike).
    """

    name: ClassVar[str] = "TrPi2018"
    kind: ClassVar[str] = "afterglow"
    paper: ClassVar[str] = "Ryan et al. 2020, ApJ 896, 166; Troja et al. 2018, MNRAS 478, L18"
    nmma_name: ClassVar[str | None] = "TrPi2018"
    physics: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "inclination_EM", "rad", r"$\iota$ [rad]", "angle between the jet and the line of sight"
        ),
        Parameter(
            "log10_E0",
            "log10 erg",
            r"$\log_{10} E_0/{\rm erg}$",
            "isotropic-equivalent kinetic energy on the jet's axis",
        ),
        Parameter("thetaCore", "rad", r"$\theta_{\rm c}$ [rad]", "half-width of the jet's core"),
        Parameter(
            "wing_ratio",
            "",
            r"$\theta_{\rm w}/\theta_{\rm c}$",
            "outer edge of the jet over its core; thetaWing (rad) may be given instead",
        ),
        Parameter(
            "log10_n0", "log10 cm^-3", r"$\log_{10} n_0/{\rm cm}^{-3}$", "density of the medium"
        ),
        Parameter("p", "", r"$p$", "slope of the electrons' energy distribution"),
        Parameter(
            "log10_epsilon_e",
            "log10",
            r"$\log_{10} \epsilon_{\rm e}$",
            "share of the shock's energy in electrons",
        ),
        Parameter(
            "log10_epsilon_B",
            "log10",
            r"$\log_{10} \epsilon_{\rm B}$",
            "share of the shock's energy in magnetic fields",
        ),
    )
    also_read: ClassVar[tuple[str, ...]] = ("thetaWing",)
    valid_days: ClassVar[tuple[float, float]] = (1e-3, 1e4)
    costly: ClassVar[bool] = True

    def __init__(
        self,
        jet: str = "gaussian",
        max_wing_ratio: float = _MAX_SECTIONS,
        refuse_dark: bool = False,
        latRes: float = 12.0,
        tRes: float = 100.0,
        rtol: float = 3e-2,
    ) -> None:
        if jet not in _JET_TYPES:
            raise BadInput(f"jet {jet!r} is none of {', '.join(_JET_TYPES)}")
        self.jet = jet
        self.max_wing_ratio = float(max_wing_ratio)
        self.refuse_dark = bool(refuse_dark)
        self._settings: dict[str, object] = {
            "jetType": _JET_TYPES[jet],
            "specType": 0,
            "latRes": int(latRes),
            "tRes": int(tRes),
            "rtolStruct": float(rtol),
            "rtolTheta": float(rtol),
            "rtolPhi": float(rtol),
            **_FIXED,
        }

    def check_available(self) -> None:
        """Raise `Unavailable` when afterglowpy is not installed."""
        if importlib.util.find_spec("afterglowpy") is None:
            raise Unavailable("TrPi2018 needs afterglowpy: pip install 'afterglowpy>=0.8.1'")

    def proxy(self) -> Model | None:
        """A trained stand-in for the Gaussian jet; the top-hat has none."""
        if self.jet != "gaussian":
            return None
        from nmma_fitter.models.afterglow_proxy import AfterglowProxy

        proxy = AfterglowProxy(self.max_wing_ratio)
        proxy.check_available()
        return proxy

    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        """Apparent magnitudes, one afterglowpy call per point. See `Model.magnitudes`."""
        jets = self._jets(parameters, redshift, distance)
        frequencies = SPEED_OF_LIGHT / (wavelengths * 1e-8)
        flux = np.full(days.shape, np.nan)
        for point in np.flatnonzero(self._allowed(jets)):
            one_jet = {name: float(values[point]) for name, values in jets.items()}
            flux[point] = self._flux(days[point] * DAY, frequencies, one_jet)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(flux == 0, np.inf, -2.5 * np.log10(flux) + _MILLIJANSKY_ZERO)

    def _jets(
        self, parameters: Mapping[str, FloatArray], redshift: FloatArray, distance: FloatArray
    ) -> dict[str, FloatArray]:
        """Arguments of afterglowpy that differ between points, each of shape (points,)."""
        core = parameters["thetaCore"]
        if self.jet == "tophat":
            wing = core
        elif "thetaWing" in parameters:
            wing = parameters["thetaWing"]
        else:
            wing = core * parameters["wing_ratio"]
        return {
            "thetaObs": parameters["inclination_EM"],
            "E0": 10.0 ** parameters["log10_E0"],
            "thetaCore": core,
            "thetaWing": wing,
            "n0": 10.0 ** parameters["log10_n0"],
            "p": parameters["p"],
            "epsilon_e": 10.0 ** parameters["log10_epsilon_e"],
            "epsilon_B": 10.0 ** parameters["log10_epsilon_B"],
            "d_L": distance * MEGAPARSEC,
            "z": redshift,
        }

    def _allowed(self, jets: Mapping[str, FloatArray]) -> FloatArray:
        ratio = jets["thetaWing"] / jets["thetaCore"]
        finite = np.all([np.isfinite(values) for values in jets.values()], axis=0)
        return np.asarray(
            finite
            & (ratio <= self.max_wing_ratio)
            & (jets["thetaWing"] <= np.pi / 2)
            & (jets["epsilon_e"] + jets["epsilon_B"] <= 1)
        )

    def _flux(
        self, seconds: FloatArray, frequencies: FloatArray, jet: Mapping[str, float]
    ) -> FloatArray:
        """Flux density in mJy at each time; 0 before the explosion, nan where it failed."""
        import afterglowpy

        after = seconds > 0
        flux = np.zeros(seconds.shape)
        if not after.any():
            return flux
        for settings in (self._settings, {**self._settings, "tRes": _CAREFUL_TIME_STEPS}):
            try:
                flux[after] = afterglowpy.fluxDensity(
                    seconds[after], frequencies[after], **jet, **settings
                )
                break
            except (ValueError, ArithmeticError, RuntimeError):
                continue
        else:
            return np.full(seconds.shape, np.nan)
        dark = ~(flux[after] > 0)
        if (self.refuse_dark and dark.any()) or not np.isfinite(flux).all() or (flux < 0).any():
            return np.full(seconds.shape, np.nan)
        return flux
