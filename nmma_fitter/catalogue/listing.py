"""The cards of the models as text for a terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence

from nmma_fitter.catalogue.cards import ModelCard, ParameterCard

WIDTH = 100  # columns, also of a wider terminal: longer lines are hard to read
_HEADER = ("model", "class", "engines", "parameters", "data", "paper")


def table(cards: Sequence[ModelCard], width: int = WIDTH) -> str:
    """One line a model; a paper that does not fit is cut.

    Parameters
    ----------
    cards : sequence of ModelCard
    width : int
        Columns of the longest line.
    """
    rows = [_HEADER, *(_row(card) for card in cards)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER) - 1)]
    left = max(20, width - sum(widths) - 2 * len(widths))
    return "\n".join(
        "  ".join(f"{cell:<{size}}" for cell, size in zip(row[:-1], widths, strict=True))
        + "  "
        + textwrap.shorten(row[-1], left, placeholder=" ...")
        for row in rows
    )


def _row(card: ModelCard) -> tuple[str, ...]:
    data = "missing" if not card.available else "here" if card.needs else "none"
    paper = card.paper.split(";")[0]
    number = str(len(card.parameters) or "-")
    return card.name, card.kind, ", ".join(card.engines), number, data, paper


def page(card: ModelCard, width: int = WIDTH) -> str:
    """All that a card says."""
    return "\n".join(line for part in _lines(card, width) for line in part)


def _lines(card: ModelCard, width: int) -> Iterator[list[str]]:
    in_nmma = f" (there {card.nmma_name})" if card.nmma_name not in (None, card.name) else ""
    state = "" if not card.needs else ": here" if card.available else ""
    yield [f"{card.name}: {card.kind}"]
    yield _told("paper", card.paper, width)
    yield _told("engines", ", ".join(card.engines) + in_nmma, width)
    yield _told("data", (card.needs or "none needed") + state, width)
    if not card.available:
        yield _told("missing", card.missing, width)
    yield _told("days", f"{card.first_day:g} to {card.last_day:g} after the explosion", width)
    yield _told("priors", card.priors, width)
    yield [*_parameters((*card.parameters, *card.shared), width)]


def _told(what: str, text: str, width: int) -> list[str]:
    label = f"  {what:<9}"
    return textwrap.wrap(
        text,
        width,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _parameters(parameters: Sequence[ParameterCard], width: int) -> Iterator[str]:
    rows = [(one.name, _range(one), one.unit, one.prior, one.meaning) for one in parameters]
    rows.insert(0, ("parameter", "range", "unit", "prior", "meaning"))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    indent = " " * (4 + sum(widths) + 2 * 4)
    for row in rows:
        cells = "  ".join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=False))
        text = f"    {cells}  {row[-1]}"
        yield from textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)


def _range(parameter: ParameterCard) -> str:
    if parameter.prior == "none":
        return "-"
    ends = ["unbounded" if end is None else f"{end:.6g}" for end in (parameter.low, parameter.high)]
    return ends[0] if parameter.prior == "fixed" else f"{ends[0]} to {ends[1]}"


def terminal_width() -> int:
    """Columns to write: the terminal's, at most `WIDTH`."""
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
