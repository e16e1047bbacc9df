"""From ended units to products and closed nights, for as long as there is time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nmma_fitter.engine.campaign import Campaign, Ending, ending_of
from nmma_fitter.engine.files import (
    Json,
    canonical_digest,
    folder_name,
    read_json,
    synced_together,
    write_json,
)
from nmma_fitter.engine.ledger import Ledger, NeedRow
from nmma_fitter.engine.night import close_night
from nmma_fitter.errors import NmmaFitterError


def collect(
    ledger: Ledger, campaign: Campaign, state: Path, enough: Callable[[], bool]
) -> list[str]:
    """Make the products of every night in which something changed, and close those that ended.

    What there is no time for is done by the next call, which goes on where this one stopped. Of
    an open night only objects that changed are done: those done are kept, with a mark of how they
    stood, in ``<state>/collecting.json`` until their night is closed. One object whose product
    cannot be made keeps its night open, not the others'.

    Parameters
    ----------
    enough : callable
        Whether to stop; at least one object is done all the same.

    Returns
    -------
    list of str
        What a person should know.
    """
    path = state / "collecting.json"
    before = read_json(path) or {}
    marks = dict(before)
    notes: list[str] = []
    cut_off = False
    for night in ledger.dirty_nights():
        if cut_off and enough():
            continue
        done = marks[night] = dict(before.get(night, {}))
        problems, whole = _synced_night(ledger, campaign, night, done, enough)
        notes += problems
        cut_off = not whole
        if cut_off:
            notes.append(f"{night}: no time left to rank every object; the next tick goes on")
        elif not problems and _close(ledger, night):
            del marks[night]
    if marks != before:
        write_json(path, marks)
    return notes


def _close(ledger: Ledger, night: str) -> bool:
    """Note that a night's products are up to date; returns whether it is closed."""
    close_night(ledger, night)
    ledger.set_collected(night)
    return ledger.night(night)[2]


def _synced_night(
    ledger: Ledger, campaign: Campaign, night: str, done: Json, enough: Callable[[], bool]
) -> tuple[list[str], bool]:
    """As `_night`, with all products on disk at the end."""
    try:
        with synced_together():
            return _night(ledger, campaign, night, done, enough)
    except OSError as error:
        done.clear()
        return [f"{night}: no products, tried again at the next tick: {error}"], True


def _night(
    ledger: Ledger, campaign: Campaign, night: str, done: Json, enough: Callable[[], bool]
) -> tuple[list[str], bool]:
    """Collect a night's objects; returns the problems, and whether there was time for all."""
    folder, _, _ = ledger.night(night)
    objects: dict[str, list[NeedRow]] = {}
    for need in ledger.needs(night):
        objects.setdefault(need.object, []).append(need)
    problems: list[str] = []
    worked = False
    for name, needs in objects.items():
        endings = [ending_of(ledger, need) for need in needs]
        mark = _mark(endings)
        if done.get(name) == mark:
            continue
        if worked and enough():
            return problems, False
        worked = True
        try:
            campaign.collect(folder / folder_name(name), name, endings)
        except (NmmaFitterError, OSError) as error:
            problems.append(f"{night} {name}: no product, tried again at the next tick: {error}")
        else:
            done[name] = mark
    return problems, True


def _mark(endings: Sequence[Ending]) -> str:
    """Changes whenever an object's product must be made again."""
    needs = [ending.need for ending in endings]
    parts = [[n.task, n.digest, n.state.value, n.reason, n.detail, n.unit_night] for n in needs]
    return canonical_digest([parts, [[str(one.run), str(one.shown)] for one in endings]])
