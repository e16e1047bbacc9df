"""From ended units to products and closed nights, for as long as there is time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
from nmma_fitter.errors import GARBLED, NmmaFitterError


def nobody(night: str, obj: str) -> None:
    """Tell nobody."""


def collect(
    ledger: Ledger,
    campaign: Campaign,
    state: Path,
    enough: Callable[[], bool],
    changed: Callable[[str, str], None] = nobody,
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
    changed : callable
        Told of each object of a night whose product was made, and then of the night (object empty),
        before anything says that it need not be made again.

    Returns
    -------
    list of str
        What a person should know.
    """
    path = state / "collecting.json"
    before = read_json(path) or {}
    work = _Collecting(ledger, campaign, enough, changed, dict(before))
    for night in ledger.dirty_nights():
        if not (work.cut_off and enough()):
            work.night(night)
    work.show_all()
    if work.marks != before:
        write_json(path, work.marks)
    return work.notes


@dataclass
class _Collecting:
    """One call of `collect`."""

    ledger: Ledger
    campaign: Campaign
    enough: Callable[[], bool]
    changed: Callable[[str, str], None]
    marks: dict[str, Json]
    cut_off: bool = False
    notes: list[str] = field(default_factory=list)
    _shown: list[str] = field(default_factory=list)

    def night(self, night: str) -> None:
        """Make a night's products, as far as there is time, and close it if all has ended."""
        done = self.marks[night] = dict(self.marks.get(night, {}))
        problems, whole = self.objects(night, done)
        self.notes += problems
        self.cut_off = not whole
        if self.cut_off:
            self.notes.append(f"{night}: no time left to rank every object; the next tick goes on")
        elif not problems:
            self._show(night)

    def _show(self, night: str) -> None:
        """Close a night whose products are up to date if all has ended, and show it as it is."""
        try:
            with synced_together():
                close_night(self.ledger, night)
                self.campaign.show(self.ledger, night)
        except (NmmaFitterError, OSError, *GARBLED) as error:
            self.notes.append(f"{night}: its page is not up to date, tried again: {error}")
        else:
            self._shown.append(night)

    def show_all(self) -> None:
        """Show all nights together, and note which of them need nothing more."""
        try:
            if self._shown:
                self.campaign.show_all(self.ledger)
        except (NmmaFitterError, OSError, *GARBLED) as error:
            self.notes.append(f"the index is not up to date, tried again: {error}")
            return
        for night in self._shown:
            self.changed(night, "")
            self.ledger.set_collected(night)
            if self.ledger.night(night)[2]:
                del self.marks[night]

    def objects(self, night: str, done: Json) -> tuple[list[str], bool]:
        """Make the products of a night's objects, all of them on disk at the end.

        Returns the problems, and whether there was time for all.
        """
        try:
            with synced_together():
                return self._objects(night, done)
        except OSError as error:
            done.clear()
            return [f"{night}: no products, tried again at the next tick: {error}"], True

    def _objects(self, night: str, done: Json) -> tuple[list[str], bool]:
        folder, _, _ = self.ledger.night(night)
        objects: dict[str, list[NeedRow]] = {}
        for need in self.ledger.needs(night):
            objects.setdefault(need.object, []).append(need)
        problems: list[str] = []
        worked = False
        for name, needs in objects.items():
            endings = [ending_of(self.ledger, need) for need in needs]
            mark = _mark(endings, self.ledger.stands(name))
            if done.get(name) == mark:
                continue
            if worked and self.enough():
                return problems, False
            worked = True
            try:
                self._object(folder / folder_name(name), name, endings)
            except (NmmaFitterError, OSError, *GARBLED) as error:
                problems.append(
                    f"{night} {name}: no product, tried again at the next tick: {error}"
                )
            else:
                self.changed(night, name)
                done[name] = mark
        return problems, True

    def _object(self, folder: Path, name: str, endings: Sequence[Ending]) -> None:
        self.campaign.collect(folder, name, endings, self.ledger.history(name))


def _mark(endings: Sequence[Ending], history: Sequence[Sequence[str]]) -> str:
    """Changes whenever an object's product must be made again."""
    needs = [ending.need for ending in endings]
    parts = [[n.task, n.digest, n.state.value, n.reason, n.detail, n.unit_night] for n in needs]
    runs = [[str(one.run), str(one.shown)] for one in endings]
    return canonical_digest([parts, runs, [list(one) for one in history]])
