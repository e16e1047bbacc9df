"""NMMA's models: what each one is, and what it needs; those of the fast engine describe themselves.

Names, parameters and papers as in NMMA 1.0.1, ``nmma/em/model.py``. A model that is not listed can
be fitted all the same when NMMA knows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nmma_fitter.errors import BadInput
from nmma_fitter.models import MODELS, Parameter

PHYSICS = "nmma 1"  # raised whenever NMMA is asked for something else
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
JOINED = "+"  # of a combination, such as Me2017+TrPi2018
KINDS = {
    "Bu2019nsbh": ("kilonova", "Anand et al. 2021, Nature Astronomy 5, 46"),
    "Bu2019lm_sparse": ("kilonova", "Dietrich et al. 2020, Science 370, 1450"),
    "Bu2022Ye": ("kilonova", "Anand et al. 2023, arXiv:2307.11080"),
    "Bu2022mv": ("kilonova", "Anand et al. 2023, arXiv:2307.11080"),
    "Bu2023Ye": ("kilonova", "Anand et al. 2023, arXiv:2307.11080"),
    "Ka2017": ("kilonova", "Kasen et al. 2017, Nature 551, 80"),
    "LANL2022": ("kilonova", "Wollaeger et al. 2021, ApJ 918, 10"),
    "LANLTP1": ("kilonova", "Wollaeger et al. 2021, ApJ 918, 10"),
    "LANLTP2": ("kilonova", "Wollaeger et al. 2021, ApJ 918, 10"),
    "LANLTS1": ("kilonova", "Wollaeger et al. 2021, ApJ 918, 10"),
    "LANLTS2": ("kilonova", "Wollaeger et al. 2021, ApJ 918, 10"),
    "HoNa2020": ("kilonova", "Hotokezaka & Nakar 2020, ApJ 891, 152"),
    "AnBa2022_log": ("supernova", "Barnes & Duffell 2023, arXiv:2302.09226"),
    "AnBa2022_linear": ("supernova", "Barnes & Duffell 2023, arXiv:2302.09226"),
    "AnBa2022_sparse": ("supernova", "Barnes & Duffell 2023, arXiv:2302.09226"),
    "nugent-sn1a": ("supernova", "Nugent, Kim & Perlmutter 2002, PASP 114, 803"),
    "nugent-sn2p": ("supernova", "Gilliland, Nugent & Phillips 1999, ApJ 521, 30"),
    "salt2": ("supernova", "Guy et al. 2007, A&A 466, 11"),
    "blackbody_fixedT": ("blackbody", "analytical"),
    "synchrotron_powerlaw": ("power law", "analytical"),
}
# Formulas, whose times may be chosen: the first day since explosion at which each may be asked.
FORMULAS = {
    **{"Me2017": 0.005, "Piro2021": 0.005, "HoNa2020": 0.05},
    **{"blackbody_fixedT": 0.005, "synchrotron_powerlaw": 0.005},
}
SUPERNOVAE = ("nugent-", "salt2", "s11-", "snana-", "v19-", "hsiao")
SURROGATE_ERROR = 0.3  # mag, as of Bu2019lm here (docs/kilonova_grids.md)
SURROGATES = {
    *("Bu2019lm", "Bu2019lm_sparse", "Bu2019nsbh", "Bu2022Ye", "Bu2022mv", "Bu2023Ye", "Ka2017"),
    *("LANL2022", "LANLTP1", "LANLTP2", "LANLTS1", "LANLTS2"),
    *("AnBa2022_log", "AnBa2022_linear", "AnBa2022_sparse"),
}
_PARAMETERS = (
    Parameter(
        "log10_mej_dyn", "M_sun", r"$\log_{10}M_\mathrm{dyn}/M_\odot$", "mass of dynamical ejecta"
    ),
    Parameter("log10_mej_wind", "M_sun", r"$\log_{10}M_\mathrm{wind}/M_\odot$", "mass of the wind"),
    Parameter("KNphi", "deg", r"$\Phi$ [deg]", "half-opening angle of the lanthanide-rich ejecta"),
    Parameter("KNtheta", "deg", r"$\iota$ [deg]", "viewing angle"),
    Parameter("inclination_EM", "rad", r"$\iota$ [rad]", "viewing angle"),
    Parameter("log10_mej", "M_sun", r"$\log_{10}M_\mathrm{ej}/M_\odot$", "ejecta mass"),
    Parameter("log10_vej", "c", r"$\log_{10}v_\mathrm{ej}/c$", "ejecta velocity"),
    Parameter("log10_Xlan", "", r"$\log_{10}X_\mathrm{lan}$", "lanthanide fraction"),
)


@dataclass(frozen=True)
class Described:
    """What a reader is told of a model; the attributes are those of `models.Model`."""

    name: str
    kind: str
    paper: str
    parameters: tuple[Parameter, ...]
    valid_days: tuple[float, float]
    model_error: float


def components(name: str) -> tuple[str, ...]:
    """The models of a combination, or the one.

    Raises
    ------
    BadInput
        When a part is no name; it would become a file's name and an argument.
    """
    parts = tuple(name.split(JOINED))
    for part in parts:
        if not NAME.fullmatch(part):
            raise BadInput(
                f"model {name!r}: {part!r} is no name of an NMMA model; join models by "
                f"{JOINED!r}, as in Me2017+TrPi2018"
            )
    if len(set(parts)) < len(parts):
        raise BadInput(f"model {name!r} holds one model twice; name each once")
    return parts


def described(name: str) -> Described:
    """Describe a model or a combination."""
    parts = [_one(part) for part in components(name)]
    parameters = {p.name: p for part in parts for p in part.parameters}
    first, last = zip(*(part.valid_days for part in parts), strict=True)
    return Described(
        name,
        " + ".join(dict.fromkeys(part.kind for part in parts)),
        "; ".join(dict.fromkeys(part.paper for part in parts)),
        tuple(parameters.values()),
        (min(first), max(last)),
        max(part.model_error for part in parts),
    )


def is_nmmas(name: str) -> bool:
    """Whether NMMA has it, as far as is known here: alone, or joined of such."""
    return all(p in KINDS or p in MODELS or is_supernova(p) for p in name.split(JOINED))


def is_supernova(name: str) -> bool:
    """Whether NMMA takes it from sncosmo's templates."""
    return name.startswith(SUPERNOVAE)


def _one(name: str) -> Described:
    error = SURROGATE_ERROR if name in SURROGATES else 0.0
    if name in MODELS:
        model = MODELS[name]
        return Described(name, model.kind, model.paper, model.parameters, model.valid_days, error)
    default = "supernova" if is_supernova(name) else "other"
    kind, paper = KINDS.get(name, (default, ""))
    return Described(name, kind, paper, _PARAMETERS, (0.0, float("inf")), error)
