"""What is wrong with settings, in words; and settings that contradict each other."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from nmma_fitter.fit_settings import MAX_DISTANCE, FitSettings, Measured
from nmma_fitter.nearest import did_you_mean

SPEED_OF_LIGHT = 299_792.458  # km/s
PECULIAR = 1000.0  # km/s that an object may move besides the expansion
HUBBLE = 0.1  # a distance may rest on another Hubble constant, by this share
SIGMAS = 3.0

# Bounds by pydantic's name of the error: how it is said, with the bound in its context.
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
    "too_short": ("not empty; it needs at least", "min_length"),
}
_UNITS = {"redshift": "", "distance": " Mpc", "tmin": " d", "tmax": " d"} | dict.fromkeys(
    ("sys_error", "limit_error", "galactic_ebv", "detection_limit"), " mag"
)
QUOTE = "'"  # in which pydantic puts names
LONGEST_VALUE = 60  # characters shown of what was given


# Kinds of value by pydantic's name of the error.
_KINDS = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("string_type", "path_type"), "text in quotes"),
    "list_type": "a list in square brackets",
}
_TABLES = ("dict_type", "model_type", "model_attributes_type")


def problem_of(error: ValidationError, *, show: bool = True, section: str = "") -> str:
    """The first problem of some settings, without the key: what is wrong and what was given.

    What was given is left out where it may be a secret. The `section` is the head of the key's
    table in its file, where it has one.
    """
    problem = error.errors()[0]
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":
        return _one_line(str(context.get("error", problem["msg"])))
    given = f"(got {_shown(problem['input'])})" if show else ""
    if problem["loc"][:1] == ("trigger",):
        return f"must be first-detection, day-before or an MJD {given}".rstrip()
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        unit = next((_UNITS[k] for k in map(str, problem["loc"]) if k in _UNITS), "")
        return f"must be {words} {context[bound]:g}{unit} {given}{_remedy(problem)}"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]} {given}".rstrip()
    if kind in _TABLES:
        return f"must be a table{f' ({section})' if section else ''} {given}".rstrip()
    if said := _of_a_choice(problem):
        return said
    if kind == "missing":
        return "is missing; set it"
    if kind == "finite_number":
        return f"must be a number that is not nan or infinite {given}".rstrip()
    return f"{_one_line(problem['msg']).lower()} {given}".rstrip()


def _of_a_choice(problem: Any) -> str:
    """What is wrong where one of some names is wanted; empty for another problem."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "union_tag_not_found":
        return f"needs a {context['discriminator'].strip(QUOTE)}; set it"
    choices = context.get("expected_tags", context.get("expected"))
    if kind not in ("literal_error", "union_tag_invalid") or not choices:
        return ""
    given = context.get("tag", problem["input"])
    known = re.findall(r"'([^']*)'", choices)
    key = f"{context['discriminator'].strip(QUOTE)} " if kind == "union_tag_invalid" else ""
    close = did_you_mean(given, known) if isinstance(given, str) else ""
    return f"{key}must be {' or '.join(known)} (got {_shown(given)}){close}"


def _remedy(problem: Any) -> str:
    """What may have been meant: a distance in pc or kpc."""
    given = problem["input"]
    if "distance" in map(str, problem["loc"]) and isinstance(given, float) and given >= 1e6:
        return f"; {given:g} pc are {given / 1e6:g} Mpc"
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def contradiction(settings: FitSettings) -> str:
    """Why a redshift and a distance cannot belong to one object; empty where they can.

    The distance's redshift in the Planck 2018 cosmology may differ from the measured one by a
    peculiar velocity, by both errors, and by another Hubble constant.
    """
    redshift, distance = settings.redshift, settings.distance
    if redshift is None or distance is None:
        return ""
    import numpy as np  # takes as long as all the rest of a configuration

    from nmma_fitter.models import cosmology

    expected = float(cosmology.luminosity_distance(np.asarray(redshift.value)))
    cosmic, far = (_redshift(distance, sigmas) for sigmas in (0.0, 1.0))
    apart = SPEED_OF_LIGHT * abs(redshift.value - cosmic) / (1 + cosmic)
    errors = SPEED_OF_LIGHT * (redshift.error + abs(far - cosmic)) / (1 + cosmic)
    allowed = PECULIAR + HUBBLE * SPEED_OF_LIGHT * cosmic / (1 + cosmic) + SIGMAS * errors
    if apart <= allowed:
        return ""
    return (
        f"redshift {redshift.value:g} is a distance of {expected:.4g} Mpc, not of "
        f"{distance.value:g} Mpc; a peculiar velocity of {PECULIAR:g} km/s does not explain that. "
        "Give one of the two, or an error that covers the difference (NUMBER±ERROR)"
    )


def _redshift(distance: Measured, sigmas: float) -> float:
    import numpy as np

    from nmma_fitter.models import cosmology

    value = min(distance.value + sigmas * distance.error, MAX_DISTANCE)
    return float(cosmology.redshift(np.asarray(value)))
