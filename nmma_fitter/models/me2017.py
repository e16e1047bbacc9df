"""Kilonova of expanding, radioactively heated mass layers: Metzger (2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nmma_fitter.errors import BadInput
from nmma_fitter.models import blackbody
from nmma_fitter.models.base import FloatArray, Model, Parameter
from nmma_fitter.models.blackbody import DAY, SOLAR_MASS, SPEED_OF_LIGHT

_OUTERMOST = 1e-8  # solar masses: where the layers start, and the mass cut of free neutrons
_ELECTRON_FRACTION = 0.1
_NEUTRON_LIFETIME = 900.0  # s
_NEUTRON_HEATING = 3.2e14  # erg/s/g
_KAPPA_PROTON = 0.4  # cm²/g, electron scattering once free neutrons have decayed
_CHUNK = 100  # points at a time, so that their layers stay in the processor's cache


class Me2017(Model):
    """Kilonova as a stack of mass layers (Metzger 2017, Living Rev. Relativ. 20, 3, section 4).

    The ejecta's layers, from 1e-8 solar masses at the front to the whole mass, equally spaced in
    ln m, have velocities v(m) = v0 (m/M)^(-1/β), below that of light. The energy per
    gram of each obeys

        dE/dt = ė - E/t - E / (t_d + v t / c),

    with losses to expansion and to radiation, t_d = 0.24 κ m / (v c t β). Heating ė:
    r-process 2.1e10 ε_th t_day^-1.3 erg/s/g with the thermalisation of Barnes
    et al. (2016, eq. 34; a = 0.56, b = 0.17, d = 0.74, times 0.36) and the free neutrons of the
    outermost layers (Y_e = 0.1, 3.2e14 erg/s/g, lifetime 900 s). Light comes as a blackbody
    from the layer with τ = κ m / (4π v² t²) = 1.

    Parameters
    ----------
    integrator : {"exponential", "nmma"}
        How the layers are integrated. "exponential": on this model's own grid in ln t, with an
        integrator that is exact for constant coefficients, starting from each layer's balance of
        heating and losses, the luminosity's sum over layers by the trapezoidal rule, and the
        photosphere interpolated between layers. "nmma" repeats NMMA 1.0.1 number by number:
        explicit Euler from zero energy on the times asked for, a left-hand sum, the photosphere
        at the nearest layer, and no light at the first and last of the times.
    normalisation : {"published", "nmma"}
        See `blackbody.magnitudes`.
    layers : float, optional
        Number of mass layers; by default 300 for "nmma", its own number, and 100 otherwise,
        which the trapezoidal rule brings to within 0.002 mag of thousands of layers up to 2 days
        and 0.04 mag at 12 days.
    """

    name: ClassVar[str] = "Me2017"
    kind: ClassVar[str] = "kilonova"
    paper: ClassVar[str] = "Metzger 2017, Living Rev. Relativ. 20, 3"
    nmma_name: ClassVar[str | None] = "Me2017"
    physics: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "log10_mej",
            "log10 solar mass",
            r"$\log_{10} M_{\rm ej}/M_\odot$",
            "mass of the ejecta",
        ),
        Parameter(
            "log10_vej",
            "log10 speed of light",
            r"$\log_{10} v_{\rm ej}/c$",
            "velocity of the innermost, slowest layer",
        ),
        Parameter("beta", "", r"$\beta$", "slope of the mass above a velocity, M(>v) ∝ v^-β"),
        Parameter(
            "log10_kappa_r",
            "log10 cm^2/g",
            r"$\log_{10} \kappa_r/{\rm cm^2\,g^{-1}}$",
            "opacity of the r-process material",
        ),
    )
    valid_days: ClassVar[tuple[float, float]] = (0.01, 14.0)

    def __init__(
        self,
        integrator: str = "exponential",
        normalisation: str = "published",
        layers: float | None = None,
    ) -> None:
        if integrator not in ("exponential", "nmma"):
            raise BadInput(f"integrator {integrator!r} is none of exponential, nmma")
        self.integrator = integrator
        self.normalisation = blackbody.check_normalisation(normalisation)
        self.layers = (300 if integrator == "nmma" else 100) if layers is None else int(layers)

    def magnitudes(
        self,
        parameters: Mapping[str, FloatArray],
        days: FloatArray,
        bands: Sequence[str],
        wavelengths: FloatArray,
        redshift: FloatArray,
        distance: FloatArray,
    ) -> FloatArray:
        """Apparent magnitudes; +inf at and before the explosion. See `Model.magnitudes`."""
        rest = days / (1.0 + redshift[:, None])
        photosphere = _euler_photosphere if self.integrator == "nmma" else _photosphere
        luminosity, radius = np.empty(days.shape), np.empty(days.shape)
        for start in range(0, len(rest), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            own = {p.name: parameters[p.name][chunk] for p in self.parameters}
            ejecta = _layers(own, self.layers)
            luminosity[chunk], radius[chunk] = photosphere(ejecta, rest[chunk])
        return blackbody.magnitudes(
            luminosity, radius, wavelengths, redshift, distance, self.normalisation
        )


@dataclass(frozen=True, eq=False)
class _Layers:
    """Mass layers of each point, the outermost first; CGS, shape (points, layers)."""

    mass: FloatArray
    velocity: FloatArray
    neutrons: FloatArray
    log_step: FloatArray  # of ln m between layers, shape (points, 1)
    beta: FloatArray  # (points, 1)
    kappa_r: FloatArray  # (points, 1)

    def opacity(self, free: FloatArray) -> FloatArray:
        """Opacity (cm²/g) when the mass fraction `free` of a layer is free neutrons."""
        r_process = 1.0 - self.neutrons
        return _KAPPA_PROTON * (self.neutrons - free) + self.kappa_r * r_process


def _layers(parameters: Mapping[str, FloatArray], count: int) -> _Layers:
    total, slowest, kappa_r = (
        10.0 ** parameters[name][:, None] for name in ("log10_mej", "log10_vej", "log10_kappa_r")
    )
    beta = parameters["beta"][:, None]
    span = np.log(total / _OUTERMOST)
    mass = _OUTERMOST * np.exp(span * np.linspace(0.0, 1.0, count))
    velocity = slowest * (mass / total) ** (-1.0 / beta)
    free = 2.0 / np.pi * (1.0 - 2.0 * _ELECTRON_FRACTION) * np.arctan(_OUTERMOST / mass)
    return _Layers(
        mass=mass * SOLAR_MASS,
        velocity=np.minimum(velocity, 1.0) * SPEED_OF_LIGHT,
        neutrons=free,
        log_step=span / (count - 1),
        beta=beta,
        kappa_r=kappa_r,
    )


def r_process_heating(days: FloatArray) -> FloatArray:
    """Heating by the r-process that stays in the ejecta, erg/s/g, at days after the merger.

    2.1e10 ε_th t_day^-1.3 (Metzger 2017, section 4), with the thermalisation efficiency of
    Barnes et al. (2016) eq. 34.
    """
    x = 2.0 * 0.17 * days**0.74
    efficiency = 0.36 * (np.exp(-0.56 * days) + np.log1p(x) / x)
    return np.asarray(2.1e10 * efficiency * days**-1.3)


def _photosphere(ejecta: _Layers, days: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Luminosity (erg/s) and radius (cm) at source-frame days, both (points, observations).

    0 up to the merger and at infinity, nan where days or layers are.
    """
    from nmma_fitter.models import me2017_kernel as kernel  # not at once: it takes 0.4 s

    luminosity, radius = np.zeros(days.shape), np.zeros(days.shape)
    luminosity[np.isnan(days)] = radius[np.isnan(days)] = np.nan
    latest = np.max(days, where=np.isfinite(days), initial=0.0)
    if latest > 0:
        last = max(int(np.ceil(np.log(latest) / kernel.STEP)), kernel.FIRST) + 3
        layers, clock = _rows(ejecta), _clock(kernel.FIRST, last, kernel.STEP)
        mass, beta = ejecta.mass[:, -1].copy(), ejecta.beta[:, 0].astype(float)
        kernel.light(layers, mass, beta, clock, np.ascontiguousarray(days), luminosity, radius)
    return luminosity, radius


def _rows(ejecta: _Layers) -> NDArray[np.float32]:
    """What the kernel needs of each layer; see `me2017_kernel.light`."""
    diffusion = 0.24 * ejecta.mass / (ejecta.velocity * SPEED_OF_LIGHT * ejecta.beta)
    weight = ejecta.mass * (ejecta.log_step / ejecta.mass[:, -1:])
    weight[:, [0, -1]] *= 0.5
    settled, free = ejecta.opacity(np.zeros(1)), _KAPPA_PROTON * ejecta.neutrons
    crossing = ejecta.velocity / SPEED_OF_LIGHT
    rows = (diffusion * settled, diffusion * free, crossing, ejecta.neutrons, weight)
    return np.stack(rows, axis=1, dtype=np.float32, casting="same_kind")


@lru_cache(maxsize=32)
def _clock(first: int, last: int, step: float) -> NDArray[np.float32]:
    """What the kernel needs of each node of its grid; see `me2017_kernel.light`."""
    days = np.exp(np.arange(first, last + 1) * step)
    t = days * DAY
    left = np.exp(-t / _NEUTRON_LIFETIME)
    heating = r_process_heating(days), _NEUTRON_HEATING * left
    columns = (1.0 / t**2, left / t**2, *(step * t * one for one in heating))
    return np.stack(columns, axis=1, dtype=np.float32, casting="same_kind")


def _euler_photosphere(ejecta: _Layers, days: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Luminosity and radius as NMMA 1.0.1 computes them on the grid of the times asked for."""
    luminosity, radius = np.zeros(days.shape), np.zeros(days.shape)
    for point, row in enumerate(days):
        times, where = np.unique(row[row > 0], return_inverse=True)
        if times.size:
            on_times = _euler(ejecta, point, times)
            luminosity[point, row > 0] = on_times[0][where]
            radius[point, row > 0] = on_times[1][where]
    return luminosity, radius


def _euler(ejecta: _Layers, point: int, days: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Explicit Euler steps of one point; the last time is never reached and stays dark."""
    mass, velocity = ejecta.mass[point, :-1], ejecta.velocity[point, :-1]
    thickness = np.diff(ejecta.mass[point])
    neutrons = ejecta.neutrons[point, :-1]
    beta, kappa_r = ejecta.beta[point], ejecta.kappa_r[point]
    heating = r_process_heating(days)
    energy = np.zeros(mass.size)
    luminosity, radius = np.zeros(days.size), np.zeros(days.size)
    for k, t in enumerate(days[:-1] * DAY):
        free = neutrons * np.exp(-t / _NEUTRON_LIFETIME)
        opacity = _KAPPA_PROTON * (neutrons - free) + kappa_r * (1.0 - neutrons)
        escape = 0.24 * opacity * mass / (velocity * SPEED_OF_LIGHT * t * beta)
        lost = energy / (escape + t * velocity / SPEED_OF_LIGHT)
        luminosity[k] = abs(lost @ thickness)
        depth = mass * opacity / (4 * np.pi * (t * velocity) ** 2)
        radius[k] = velocity[np.argmin(np.abs(depth - 1.0))] * t
        step = (days[k + 1] - days[k]) * DAY
        energy = energy + step * (_NEUTRON_HEATING * free + heating[k] - energy / t - lost)
    return luminosity, radius
