"""From ended units to products and closed nights, for as long as there is time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nmma_fitter.engine.campaign import Campaign, Ending, ending_of
from nmma_fitter.engine.files import Json, canonical_digest, folder_name, read_json, write_json
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.night import close_night
from nmma_fitter.errors import NmmaFitterError


def collect(
    ledger: Ledger, campaign: Campaign, state: Path, enough: Callable[[], bool]
) -> list[str]:
    """Make the products of every night in which something changed, and close those that ended.

    What there is no time for is done by the next call, which goes on where this one stopped: the
    objects done are kept in ``<state>/collecting.json`` until their night is through. One object
    whose product cannot be made keeps its night open, not the others'.

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
    memory: Json = {}
    notes: list[str] = []
    for night in ledger.dirty_nights():
        done = dict(before.get(night, {}))
        if memory and enough():  # cut off in an earlier night already
            memory[night] = done
            continue
        problems, whole = _night(ledger, campaign, night, done, enough)
        notes += problems
        if not whole:
            notes.append(f"{night}: no time left to rank every object; the next tick goes on")
        if whole and not problems:
            close_night(ledger, night)
            ledger.set_collected(night)
        else:
            memory[night] = done
    if memory != before:
        write_json(path, memory)
    return notes


def _night(
    ledger: Ledger, campaign: Campaign, night: str, done: Json, enough: Callable[[], bool]
) -> tuple[list[str], bool]:
    """Collect a night's objects; returns the problems, and whether there was time for all."""
    folder, _, _ = ledger.night(night)
    needs = ledger.needs(night)
    problems: list[str] = []
    worked = False
    for name in dict.fromkeys(need.object for need in needs):
        endings = [ending_of(ledger, need) for need in needs if need.object == name]
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
    return canonical_digest([parts, [str(ending.run) for ending in endings]])
