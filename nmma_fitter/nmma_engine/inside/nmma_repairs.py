"""What NMMA gets wrong, found by asking it and mended in memory; its files stay as they are.

This runs in NMMA's interpreter. Each repair first asks the installed NMMA whether it has the fault,
so that a version without it is left alone. The magnitudes are those of NMMA 1.0.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

Task = Mapping[str, Any]
PEAK_BAND, PEAK_MAGNITUDE = "sdssu", -19.0
CHECKPOINT_SECONDS = 60


@dataclass(frozen=True)
class Repair:
    """A fault: its name, what to tell a person, whether it is there, and how it is mended."""

    name: str
    says: str
    needed: Callable[[Task], bool]
    mend: Callable[[Task], None]


def pairing(filters: Sequence[str]) -> dict[str, str]:
    """Bandpass whose wavelength NMMA gives each filter; no network is needed.

    NMMA loads every bandpass that sncosmo knows and pairs two lists by position. Here stand-ins,
    whose wavelengths are numbers in sequence, are loaded in their place.
    """
    from nmma.em import utils

    with _stand_ins() as names:
        found, wavelengths = utils.get_default_filts_lambdas(list(filters))
    numbers = np.asarray(wavelengths, dtype=float)
    return {
        name: names[round(number)] if number >= 0.5 else f"{1e10 * number:.1f} ångström"
        for name, number in zip(found, numbers, strict=False)
    }


@contextmanager
def _stand_ins() -> Iterator[list[str]]:
    import sncosmo

    names = [""]  # so that the first number is 1, which no wavelength in metres comes near

    class StandIn:
        def __init__(self, name: str, *_: object) -> None:
            names.append(name)
            self.name, self.wave_eff = name, 1e10 * (len(names) - 1)

    original, sncosmo.get_bandpass = sncosmo.get_bandpass, StandIn
    try:
        yield names
    finally:
        sncosmo.get_bandpass = original


def use_wavelengths(angstrom: Mapping[str, float]) -> None:
    """Let NMMA evaluate bands at these wavelengths."""
    from nmma.em import utils

    def filts_lambdas(filters: Sequence[str] | None = None) -> tuple[list[str], Any]:
        names = list(angstrom if filters is None else filters)
        return names, 1e-10 * np.array([angstrom[name] for name in names])

    utils.get_default_filts_lambdas = filts_lambdas


def _paired_wrongly(task: Task) -> bool:
    pairs = pairing(list(task["wavelengths"]))
    return any(pairs.get(name) != name for name in task["wavelengths"])


def _as_installed(pairs: Mapping[str, str], known: Mapping[str, float]) -> dict[str, float]:
    strange = [f"{given} for {name}" for name, given in pairs.items() if given not in known]
    if strange:
        raise ValueError(f"NMMA would use the wavelength of {strange[0]}, which is not known here")
    return {name: known[given] for name, given in pairs.items()}


def _radiates_too_little(task: Task) -> bool:
    """A sphere's flux against π B_ν R²/d² at 10 pc."""
    from astropy import constants
    from astropy import units as u
    from astropy.modeling.models import BlackBody
    from nmma.em import lightcurve_generation

    nu, temperature, radius = 6e14, 1e4, 1e14
    brightness = BlackBody(temperature * u.K)(nu * u.Hz).to_value("erg / (s cm2 Hz sr)")
    right = math.pi * brightness * (radius / (10 * constants.pc.cgs.value)) ** 2
    found = lightcurve_generation.bb_flux_from_inv_temp(nu, 1 / temperature, radius)
    return bool(abs(float(found) / right - 1) > 0.01)


def _radiate_pi(task: Task) -> None:
    from nmma.em import lightcurve_generation

    original = lightcurve_generation.bb_flux_from_inv_temp

    def flux(*arguments: Any, **named: Any) -> Any:
        return math.pi * original(*arguments, **named)

    lightcurve_generation.bb_flux_from_inv_temp = flux


AFTERGLOW = {
    **{"inclination_EM": 0.2, "log10_E0": 52.0, "thetaCore": 0.1, "thetaWing": 0.2},
    **{"log10_n0": 0.0, "p": 2.2, "log10_epsilon_e": -1.0, "log10_epsilon_B": -2.0},
}


def _counts_redshift_twice(task: Task) -> bool:
    """The afterglow at z = 1 in one band, against afterglowpy asked directly."""
    import afterglowpy
    from nmma.em import model

    band = next(iter(task["wavelengths"]))
    light = model.GRBLightCurveModel(filters=[band])
    times, curves = light.gen_detector_lc(AFTERGLOW | {"redshift": 1.0, "timeshift": 0.0})
    jet = {
        **{"jetType": 0, "specType": 0, "z": 1.0, "xi_N": 1.0, "d_L": 3.086e19},
        **{"thetaObs": 0.2, "E0": 1e52, "thetaCore": 0.1, "thetaWing": 0.2, "p": 2.2},
        **{"n0": 1.0, "epsilon_e": 0.1, "epsilon_B": 0.01},
    }
    at = np.array([1.0, 3.0])
    frequency = 299792458.0 / (1e-10 * task["wavelengths"][band])
    millijansky = afterglowpy.fluxDensity(at * 86400, np.full(2, frequency), **jet)
    right = -2.5 * np.log10(1e-26 * millijansky) - 48.6
    found = np.interp(at, times, curves[band]) - light.distmod
    return bool(np.abs(found - right).max() > 0.05)


def _count_redshift_once(task: Task) -> None:
    """Afterglowpy's days are the observer's, and its flux has its 1+z: NMMA applies both again."""
    from nmma.em import model

    class Repaired(model.GRBLightCurveModel):  # type: ignore[misc]
        def gen_detector_lc(self, parameters: Any = None, sample_times: Any = None) -> Any:
            times = self.model_times if sample_times is None else sample_times
            stretch = 1 + float(self.redshift_func(parameters))
            light = self.generate_lightcurve(times * stretch, parameters)
            seen, curves = self.combine_detector_data(light, times * stretch + self.timeshift)
            added = 2.5 * np.log10(1 + self.redshift)
            return seen, {band: magnitudes + added for band, magnitudes in curves.items()}

    model.GRBLightCurveModel = Repaired


def _ignores_magnitude(task: Task) -> bool:
    from nmma.em import model

    first = next(iter(task["wavelengths"]))
    light = model.SupernovaLightCurveModel(model=task["model"], filters=[first])
    place = {"luminosity_distance": 100.0, "redshift": 0.02}
    peaks = []
    for boost in (0.0, 1.0):
        _, curves = light.gen_detector_lc({**place, "supernova_mag_boost": boost})
        peaks.append(min(float(np.min(c[np.isfinite(c)])) for c in curves.values()))
    return abs(peaks[1] - peaks[0] - 1) > 0.01


def repair_supernova(task: Task | None = None) -> None:
    """Give NMMA's supernova its magnitude and its distance, and divide time by 1+z once."""
    from nmma.em import lightcurve_generation, model

    class Repaired(model.SupernovaLightCurveModel):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.unscaled = self.sn_model.source.peakmag(PEAK_BAND, "ab")

        def em_parameter_setup(self, parameters: dict[str, float]) -> None:
            super().em_parameter_setup(parameters)
            peak = PEAK_MAGNITUDE + parameters.get("supernova_mag_boost", 0.0) + self.distmod
            self.sn_model.set(amplitude=10 ** (-0.4 * (peak - self.unscaled)))

        def gen_detector_lc(self, parameters: Any = None, sample_times: Any = None) -> Any:
            times = self.model_times if sample_times is None else sample_times
            self.em_parameter_setup(parameters)
            magnitudes = lightcurve_generation.sn_lc(
                times / self.stretch, self.sn_model, self.default_filts, self.lambdas
            )
            dust = self.get_extinction_mags()
            dusty = self.apply_extinction_correction(magnitudes, dust, self.default_filts)
            return times + self.timeshift, dusty

    model.SupernovaLightCurveModel = Repaired


def _leave_times_alone(task: Task) -> None:
    """The times were chosen to cover the data; a band with limits only has no first detection."""
    from nmma.em import utils

    utils.check_model_time_consistency = lambda data, *_: data


def _give_limits_an_error(task: Task) -> None:
    from nmma.em.em_likelihood import BasicEMTransient

    original, own = BasicEMTransient.chisquare_gaussianlog_from_lc_data, task["limit_error"]

    def terms(self: Any, expected: Any, seen: Any, sigma: Any, systematic: Any, lim: Any) -> Any:
        return original(self, expected, seen, sigma, np.hypot(systematic, own), lim=lim)

    BasicEMTransient.chisquare_gaussianlog_from_lc_data = terms


def _seed_and_keep(task: Task) -> None:
    """Bilby's dynesty draws from bilby's own generator, and NMMA asks for a checkpoint an hour."""
    from bilby.core.utils import random
    from nmma.core import base

    original = base.run_sampler

    def run_sampler(*arguments: Any, **named: Any) -> Any:
        random.seed(task["seed"])
        if named.get("sampler") == "dynesty":
            named["check_point_delta_t"] = CHECKPOINT_SECONDS
        return original(*arguments, **named)

    base.run_sampler = run_sampler


def _always(task: Task) -> bool:
    return True


def _has(*names: str) -> Callable[[Task], bool]:
    return lambda task: any(name in names for name in task["components"])


def _both(one: Callable[[Task], bool], other: Callable[[Task], bool]) -> Callable[[Task], bool]:
    return lambda task: one(task) and other(task)


REPAIRS = (
    Repair(
        "wavelengths",
        "filters are paired with the wavelengths of other bandpasses",
        _paired_wrongly,
        lambda task: use_wavelengths(task["wavelengths"]),
    ),
    Repair(
        "blackbody",
        "a blackbody radiates 1/π of its luminosity, 1.243 mag too faint",
        _both(_has("Me2017", "Piro2021", "HoNa2020", "blackbody_fixedT"), _radiates_too_little),
        _radiate_pi,
    ),
    Repair(
        "afterglow-redshift",
        "the afterglow's redshift is counted twice, in time and in flux",
        _both(_has("TrPi2018"), _counts_redshift_twice),
        _count_redshift_once,
    ),
    Repair(
        "supernova",
        "a supernova's magnitude and distance have no effect, time is divided by 1+z twice",
        lambda task: task["supernova"] and _ignores_magnitude(task),
        repair_supernova,
    ),
    Repair(
        "limits",
        "limits have the systematic error alone",
        lambda task: task["limit_error"] > 0,
        _give_limits_an_error,
    ),
    Repair(
        "times",
        "a prior on the time shift that starts before the model's first time is refused, and a "
        "band with limits only ends the run",
        _always,
        _leave_times_alone,
    ),
    Repair(
        "sampler",
        "the seed has no effect on dynesty, and a checkpoint is written once an hour",
        _always,
        _seed_and_keep,
    ),
)


def repair(task: Task) -> list[dict[str, Any]]:
    """Mend what is broken, but for what the task leaves; what was done, for the record.

    The wavelengths are set first and always: NMMA's own way loads every bandpass there is over the
    network. Where they are to be left, they are set to those NMMA would have used.
    """
    pairs = pairing(list(task["wavelengths"]))
    wrong = _paired_wrongly(task)
    use_wavelengths(task["wavelengths"])
    done = []
    for one in REPAIRS:
        needed = wrong if one.name == "wavelengths" else one.needed(task)
        left = one.name in task["leave"]
        if needed and not left:
            one.mend(task)
        done.append({"name": one.name, "fault": needed, "repaired": needed and not left})
    if "wavelengths" in task["leave"]:
        use_wavelengths(_as_installed(pairs, task["known"]))
    return [{**entry, "says": one.says} for entry, one in zip(done, REPAIRS, strict=True)]
