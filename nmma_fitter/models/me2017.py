"""Kilonova of expanding, radioactively heated mass layers: Metzger (2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from nmma_fitter.errors import BadInput
from nmma_fitter.models import blackbody
from nmma_fitter.models.base import FloatArray, Model, Parameter
from nmma_fitter.models.blackbody import DAY, SPEED_OF_LIGHT
from nmma_fitter.models.me2017_grids import Grids
from nmma_fitter.models.me2017_layers import (
    KAPPA_PROTON,
    NEUTRON_HEATING,
    NEUTRON_LIFETIME,
    Layers,
    layers_of,
    r_process_heating,
)


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
        self._grids = Grids(self.layers)

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
        points = np.column_stack([parameters[p.name] for p in self.parameters])
        if self.integrator == "nmma":
            luminosity, radius = _euler_photosphere(layers_of(points, self.layers), rest)
        else:
            luminosity, radius = self._grids.photosphere(points, rest)
        return blackbody.magnitudes(
            luminosity, radius, wavelengths, redshift, distance, self.normalisation
        )


def _euler_photosphere(ejecta: Layers, days: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Luminosity and radius as NMMA 1.0.1 computes them on the grid of the times asked for."""
    luminosity, radius = np.zeros(days.shape), np.zeros(days.shape)
    for point, row in enumerate(days):
        times, where = np.unique(row[row > 0], return_inverse=True)
        if times.size:
            on_times = _euler(ejecta, point, times)
            luminosity[point, row > 0] = on_times[0][where]
            radius[point, row > 0] = on_times[1][where]
    return luminosity, radius


def _euler(ejecta: Layers, point: int, days: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Explicit Euler steps of one point; the last time is never reached and stays dark."""
    mass, velocity = ejecta.mass[point, :-1], ejecta.velocity[point, :-1]
    thickness = np.diff(ejecta.mass[point])
    neutrons = ejecta.neutrons[point, :-1]
    beta, kappa_r = ejecta.beta[point], ejecta.kappa_r[point]
    heating = r_process_heating(days)
    energy = np.zeros(mass.size)
    luminosity, radius = np.zeros(days.size), np.zeros(days.size)
    for k, t in enumerate(days[:-1] * DAY):
        free = neutrons * np.exp(-t / NEUTRON_LIFETIME)
        opacity = KAPPA_PROTON * (neutrons - free) + kappa_r * (1.0 - neutrons)
        escape = 0.24 * opacity * mass / (velocity * SPEED_OF_LIGHT * t * beta)
        lost = energy / (escape + t * velocity / SPEED_OF_LIGHT)
        luminosity[k] = abs(lost @ thickness)
        depth = mass * opacity / (4 * np.pi * (t * velocity) ** 2)
        radius[k] = velocity[np.argmin(np.abs(depth - 1.0))] * t
        step = (days[k + 1] - days[k]) * DAY
        energy = energy + step * (NEUTRON_HEATING * free + heating[k] - energy / t - lost)
    return luminosity, radius
