"""Which nights a tick looks at, and what it wants of their candidates."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Container, Sequence
from pathlib import Path

from nmma_fitter.candidates.nights import (
    candidate_files,
    check_night,
    newest_night,
    nights_in,
    nights_to_look_at,
    other_files,
)
from nmma_fitter.candidates.sources.arrivals import arrived
from nmma_fitter.config import Config
from nmma_fitter.engine.campaign import Campaign
from nmma_fitter.engine.files import read_json
from nmma_fitter.engine.ledger import Ledger, NeedRow
from nmma_fitter.engine.night import night_fin
from nmma_fitter.engine.track import TrackSettings
from nmma_fitter.engine.want import Wanted
from nmma_fitter.errors import BadInput, Unavailable
from nmma_fitter.poller.tick import Order

log = logging.getLogger(__name__)

SHOWN = 5  # names of files, of however many


class NightChoice:
    """The night that is looked at, and what was asked for of it.

    Parameters
    ----------
    config : Config
    order : Order
    now : callable
        This host's clock.

    Attributes
    ----------
    left_out : str
        What is wrong among the candidates: folders that look like nights and cannot be, or none.

    Raises
    ------
    BadInput
        The order's folder is none, or there is no night and nothing from which one could come.
    """

    def __init__(self, config: Config, order: Order, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.left_out = ""
        self._candidates = config.paths.candidates
        self._state = config.paths.state
        self._order = order
        self._folder: Path | None = None
        self._asked: set[tuple[str, str]] = set()
        self._other_files: dict[str, list[str]] = {}
        if order.night_dir is not None or not (order.follow or config.sources):
            self.take(order.night_dir or newest_night(self._candidates, self._now()))

    def take(self, folder: Path) -> None:
        """Look at a night from now on."""
        check_night(folder)
        self._folder = folder.resolve()
        self._asked = set()

    @property
    def folder(self) -> Path:
        """Folder of the night that is looked at, or else the newest; `BadInput` if none is."""
        return self._folder or newest_night(self._candidates, self._now())

    @property
    def name(self) -> str:
        """Name of that night."""
        return self.folder.name

    @property
    def taken(self) -> str:
        """Name of the night that is looked at, empty while there is none."""
        return self._folder.name if self._folder else ""

    def folders(
        self, ledger: Ledger, notes: list[str], available: Callable[[str], bool]
    ) -> list[Path]:
        """Folders to look at: the newest last, before it those into which something was pulled.

        So are those of which a task was skipped that is `available` now. Notes are added for nights
        that were missed.
        """
        order = self._order
        pulled = [] if order.night_dir or order.candidates else self._arrived()
        if not order.follow:
            return [*(night for night in pulled if night != self.folder), self.folder]
        known = [*(night for night, _, _ in ledger.nights()), *(night.name for night in pulled)]
        try:
            nights = nights_in(self._candidates, self._now())
        except BadInput as error:  # no night yet, or none any more: the jobs go on
            read = f"; nights read before: {len(known)}; is it mounted?" if known else ""
            self.left_out = f"{error}{read}"
            return []
        self.left_out = nights.left_out
        folders, missed = nights_to_look_at(nights, known)
        if missed:
            first, last = missed[0], missed[-1]
            notes.append(f"nights were missed; to fit them: nmma-fitter catch-up {first} {last}")
        lacked = self._lacked(ledger, available)
        return sorted({*pulled, *folders, *lacked}, key=lambda night: night.name)

    def _arrived(self) -> list[Path]:
        folders = map(self._candidates.joinpath, arrived(self._state))
        return [folder for folder in folders if folder.is_dir()]

    def _lacked(self, ledger: Ledger, available: Callable[[str], bool]) -> list[Path]:
        """Nights that lacked what has come since, unless they were closed too long ago."""
        lacking = ledger.lacking(Unavailable.reason)
        come = {task for task in dict.fromkeys(task for _, task in lacking) if available(task)}
        names = dict.fromkeys(night for night, task in lacking if task in come)
        folders = [self._candidates / night for night in names if not self._is_past(ledger, night)]
        return [folder for folder in folders if folder.is_dir()]

    def _is_past(self, ledger: Ledger, night: str) -> bool:
        folder, _, closed = ledger.night(night)
        when = (read_json(night_fin(folder, night)) or {}).get("closed", 0) if closed else None
        return when is not None and self._now() - when > TrackSettings.late_days * 86400.0

    def wanted(self, campaign: Campaign, known: Container[str] = frozenset()) -> Sequence[Wanted]:
        """What a campaign wants of the night's candidates; `known` are digests of units."""
        wanted = campaign.wanted(self.name, candidate_files(self.folder), known)
        self._say_other_files()
        # What the files hold is said once; from the second tick on only what is wrong with them.
        logging.getLogger("nmma_fitter.candidates").setLevel(logging.WARNING)
        chosen = set(self._order.candidates)
        unknown = chosen - {want.object for want in wanted}
        if unknown:
            raise BadInput(
                f"{self.folder}: no candidate {', '.join(sorted(unknown))}; "
                f"there are: {', '.join(sorted({want.object for want in wanted}))}"
            )
        wanted = [want for want in wanted if not chosen or want.object in chosen]
        self._asked = {(want.object, want.task) for want in wanted}
        return wanted

    def _say_other_files(self) -> None:
        """Name once, while they stay the same, the files that nobody looks at."""
        names = other_files(self.folder)
        if not names or self._other_files.get(self.name) == names:
            return
        self._other_files[self.name] = names
        some = ", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
        are = "file is no light curve" if len(names) == 1 else "files are no light curves"
        log.warning("%s: %d %s: %s", self.name, len(names), are, some)

    def asked_of(self, needs: Sequence[NeedRow]) -> list[NeedRow]:
        """Those of a night's needs that were asked for."""
        return [need for need in needs if (need.object, need.task) in self._asked]
