"""The cards of the models as text for a terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence

from nmma_fitter.catalogue.cards import ModelCard, ParameterCard

WIDTH = 100  # columns, also of a wider terminal: longer lines are hard to read
LEAST_ROOM = 24  # columns in which a parameter's meaning can be read
_HEADER = ("model", "class", "engines", "parameters", "data", "paper")


def table(cards: Sequence[ModelCard], width: int = WIDTH) -> str:
    """One line a model; where there is no room beside it, its paper stands below.

    Parameters
    ----------
    cards : sequence of ModelCard
    width : int
        Columns of the longest line.
    """
    rows = [_HEADER, *(_row(card) for card in cards)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER) - 1)]
    left = width - sum(widths) - 2 * len(widths)
    beside = left >= max(len(row[-1]) for row in rows)
    lines = []
    for row in rows:
        cells = zip(row[:-1], widths, strict=True)
        line = "  ".join(f"{cell:<{size}}" for cell, size in cells)
        if beside:
            lines.append(f"{line}  {row[-1]}")
        elif row is _HEADER:
            lines.append(line.rstrip())
        else:
            lines += [line.rstrip(), *_told("", row[-1], width)]
    return "\n".join(lines)


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
    return _folded(text, width, label, " " * len(label))


def _parameters(parameters: Sequence[ParameterCard], width: int) -> Iterator[str]:
    rows = [(one.name, _range(one), one.unit, one.prior, one.meaning) for one in parameters]
    rows.insert(0, ("parameter", "range", "unit", "prior", "meaning"))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    taken = 4 + sum(widths) + 2 * 4
    beside = width - taken >= LEAST_ROOM
    for row in rows:
        cells = "  ".join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=False))
        if beside:
            text, first, more = f"{cells}  {row[-1]}", "    ", " " * taken
            yield from _folded(text, width, first, more)
        else:
            yield f"    {cells}".rstrip()
            if row is not rows[0]:
                yield from _folded(row[-1], width, " " * 8, " " * 8)


def _folded(text: str, width: int, first: str, more: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=more,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _range(parameter: ParameterCard) -> str:
    if parameter.prior == "none":
        return "-"
    ends = ["unbounded" if end is None else f"{end:.6g}" for end in (parameter.low, parameter.high)]
    return ends[0] if parameter.prior == "fixed" else f"{ends[0]} to {ends[1]}"


def terminal_width() -> int:
    """Columns to write: the terminal's, at most `WIDTH`."""
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
