"""A night as a whole, closed by a sentinel of its own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nmma_fitter.engine.files import Json, folder_name, read_json, write_json
from nmma_fitter.engine.folders import make_below
from nmma_fitter.engine.ledger import Ledger, NeedRow


def night_fin(folder: Path, night: str) -> Path:
    """The night's sentinel."""
    return folder / f"{folder_name(night)}.fin"


def withdraw_night(ledger: Ledger, night: str) -> None:
    """Take back the sentinel of a night that has work again, before any of it is submitted."""
    if _ended(ledger.needs(night)):
        return
    folder, revision, closed = ledger.night(night)
    path = night_fin(folder, night)
    if closed or path.exists():
        path.unlink(missing_ok=True)
        ledger.set_night(night, revision, closed=False)


def close_night(ledger: Ledger, night: str) -> None:
    """Close a night whose units have all ended, at the next revision when it was closed before."""
    folder, revision, _ = ledger.night(night)
    needs = ledger.needs(night)
    if not _ended(needs):
        return
    path = night_fin(folder, night)
    content = _content(night, needs)
    known = read_json(path) or {}
    if all(known.get(key) == value for key, value in content.items()):
        ledger.set_night(night, int(known["revision"]), closed=True)
        return
    path.unlink(missing_ok=True)
    revision = max(revision, int(known.get("revision", 0))) + 1
    make_below(folder.parent, folder)
    write_json(path, {**content, "revision": revision, "closed": int(time.time())})
    ledger.set_night(night, revision, closed=True)


def _ended(needs: Sequence[NeedRow]) -> bool:
    return bool(needs) and all(need.state.ended for need in needs)


def _content(night: str, needs: Sequence[NeedRow]) -> Json:
    return {
        "night": night,
        "counts": counts(needs),
        "units": [
            {
                "object": need.object,
                "task": need.task,
                "digest": need.digest,
                "state": need.state.value,
                "reason": need.reason,
                "night": need.unit_night or night,
            }
            for need in needs
        ],
    }


def counts(needs: Sequence[NeedRow]) -> dict[str, int]:
    """How many needs stand how; those met by an earlier night are ``unchanged``."""
    return dict(Counter(standing(need) for need in needs))


def standing(need: NeedRow) -> str:
    """One word for a need."""
    earlier = need.unit_night is not None and need.unit_night != need.night
    return "unchanged" if earlier and need.state.ended else need.state.value
