"""JSON files: parsed once, within bounds, and told apart by what their keys are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ...errors import BadInput
from .base import Content

LARGEST_JSON = 20_000_000  # bytes; parsed, it takes some ten times as much
DAMAGED: Final = "damaged"
OTHER: Final = "other"


def is_json(content: Content) -> bool:
    """Whether a file starts as a JSON object or array does; never raises."""
    start = content.data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start[:1] in (b"{", b"[") and bool(content.head)


def parsed(content: Content) -> Any:
    """The file's value.

    Raises
    ------
    BadInput
        When it is too large, or no JSON.
    """
    if len(content.data) > LARGEST_JSON:
        raise content.place.error(
            f"is JSON of more than {LARGEST_JSON / 1e6:.0f} MB, so not one object's light curve; "
            "deliver one file per object, without images and spectra"
        )
    found = _loaded(content.data)
    if isinstance(found, str):
        raise content.place.error(found)
    return found[0]


@lru_cache(maxsize=1)
def _loaded(data: bytes) -> tuple[Any] | str:
    """The value in a tuple, or why there is none: a file is asked for it by several formats."""
    try:
        return (json.loads(data.decode("utf-8-sig")),)
    except UnicodeDecodeError:
        return "is not UTF-8 text; save the file as UTF-8"
    except json.JSONDecodeError as error:
        return (
            f"is not complete JSON ({error.msg}, row {error.lineno}, column {error.colno}); "
            "it may be cut short, deliver it again"
        )
    except RecursionError:
        return "is JSON nested too deep to be a light curve; deliver it again"
    except ValueError:  # a number of thousands of digits
        return "is JSON with a number too long to be one; deliver it again"


def kind(content: Content) -> str:
    """Which kind of JSON a file is; empty where it is none. Never raises.

    ``ztf-alert``, ``rubin-alert``, ``broker``, ``tns``, ``osc``, ``nmma``, ``sncosmo``,
    ``records`` (a list of flat objects), `DAMAGED` or `OTHER`.
    """
    if not is_json(content):
        return ""
    try:
        value = parsed(content)
    except BadInput:
        return DAMAGED
    return _kind_of(value)


def _kind_of(value: Any) -> str:
    if isinstance(value, list):
        first = next((one for one in value if isinstance(one, dict)), None)
        if first is None:
            return OTHER
        found = _kind_of_object(first)
        return found if found in ("ztf-alert", "rubin-alert") else _of_records(first)
    return _kind_of_object(value) if isinstance(value, dict) else OTHER


def _kind_of_object(value: Mapping[str, Any]) -> str:
    if isinstance(value.get("candidate"), dict):
        return "ztf-alert"
    if isinstance(value.get("diaSource"), dict):
        return "rubin-alert"
    if broker_lists(value):
        return "broker"
    if "photometry" in tns_object(value):
        return "tns"
    if is_osc(value):
        return "osc"
    if isinstance(value.get("data"), dict) and "meta" in value:
        return "sncosmo"
    if value and all(map(_is_nmma_band, value.values())):
        return "nmma"
    return OTHER


def _of_records(first: Mapping[str, Any]) -> str:
    if any(key.startswith(("i:", "r:")) for key in first):
        return "broker"
    if isinstance(first.get("properties"), dict):
        return "broker"
    return "records"


BROKER_LISTS: Final = {
    "detections": "detection",
    "non_detections": "limit",
    "forced_photometry": "forced",
    "candidates": "detection",
    "forcedphot": "forced",
    "diaSourcesList": "detection",
    "diaForcedSourcesList": "forced",
    "alerts": "detection",
}
"""Lists of measurements in a broker's answer, and what they hold."""


def broker_lists(value: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Lists of measurements of ALeRCE's, Lasair's and ANTARES's answers."""
    return {
        key: value[key]
        for key in BROKER_LISTS
        if isinstance(value.get(key), list) and all(isinstance(one, dict) for one in value[key])
    }


def tns_object(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """TNS's object of an answer, in its older form below ``reply``; empty for another file."""
    for key in ("data", "reply"):
        inner = value.get(key)
        value = inner if isinstance(inner, dict) else value
    if "objname" in value and isinstance(value.get("photometry"), list):
        return value
    return {}


def is_osc(value: Mapping[str, Any]) -> bool:
    """Whether each value is an event of the Open Supernova Catalog."""
    return bool(value) and all(
        isinstance(event, dict)
        and isinstance(event.get("photometry"), list)
        and ("name" in event or "schema" in event)
        for event in value.values()
    )


def _is_nmma_band(value: Any) -> bool:
    if isinstance(value, dict):
        return {"time", "mag"} <= value.keys() and isinstance(value["time"], list)
    return isinstance(value, list) and all(isinstance(one, list) and len(one) == 3 for one in value)


def text_of(value: Any) -> str:
    """A value as a table's field has it; empty for none and for what is no single value."""
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, (bool, int, float)) else ""
