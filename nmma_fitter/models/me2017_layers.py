"""The mass layers of `Me2017`, and what heats them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nmma_fitter.models.base import FloatArray
from nmma_fitter.models.blackbody import SOLAR_MASS, SPEED_OF_LIGHT

OUTERMOST = 1e-8  # solar masses: where the layers start, and the mass cut of free neutrons
ELECTRON_FRACTION = 0.1
NEUTRON_LIFETIME = 900.0  # s
NEUTRON_HEATING = 3.2e14  # erg/s/g
KAPPA_PROTON = 0.4  # cm²/g, electron scattering once free neutrons have decayed


@dataclass(frozen=True, eq=False)
class Layers:
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
        return KAPPA_PROTON * (self.neutrons - free) + self.kappa_r * r_process


def layers_of(points: FloatArray, count: int) -> Layers:
    """Layers of points of shape (points, 4), whose columns are the parameters of `Me2017`."""
    log_total, log_slowest, beta, log_kappa_r = np.split(points, 4, axis=1)
    total, slowest, kappa_r = 10.0**log_total, 10.0**log_slowest, 10.0**log_kappa_r
    span = np.log(total / OUTERMOST)
    mass = OUTERMOST * np.exp(span * np.linspace(0.0, 1.0, count))
    velocity = slowest * (mass / total) ** (-1.0 / beta)
    free = 2.0 / np.pi * (1.0 - 2.0 * ELECTRON_FRACTION) * np.arctan(OUTERMOST / mass)
    return Layers(
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
