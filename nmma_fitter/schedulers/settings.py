"""What the settings of all schedulers have in common: plain values, and errors that help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError

from nmma_fitter.errors import ConfigError

M = TypeVar("M", bound=BaseModel)


def check_value(what: str, text: str) -> None:
    """Refuse line breaks, NUL and other characters that cannot be printed.

    Raises
    ------
    ValueError
        Says where the character is.
    """
    for place, character in enumerate(text):
        if not character.isprintable():
            raise ValueError(f"{what}: character {place + 1} of {text!r} is not printable")


def _value(text: str) -> str:
    check_value("this setting", text)
    return text


Value = Annotated[str, AfterValidator(_value)]


def checked(scheduler: str, kind: type[M], settings: Mapping[str, Any]) -> M:
    """The settings of a scheduler.

    Raises
    ------
    ConfigError
        One is unknown or out of range; the message lists those that there are.
    """
    try:
        return kind(**settings)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise ConfigError(
            f"scheduler {scheduler!r}: {key}: {problem['msg']}; its settings are: "
            f"{', '.join(kind.model_fields)}"
        ) from error
