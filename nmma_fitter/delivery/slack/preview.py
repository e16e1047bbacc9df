"""What would be posted about a night, without a token and without a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nmma_fitter.delivery.slack.blocks import Block
from nmma_fitter.delivery.slack.courier import digest_of
from nmma_fitter.delivery.slack.settings import SlackSettings
from nmma_fitter.delivery.slack.thread import message_of
from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.files import Json, folder_name, read_json
from nmma_fitter.engine.ledger import NeedRow
from nmma_fitter.engine.outbox import Parcel
from nmma_fitter.engine.sentinel import SentinelState, is_exposed, read_sentinel
from nmma_fitter.engine.snapshot import snapshot_path
from nmma_fitter.engine.unit import State, read_unit
from nmma_fitter.errors import BadInput


def preview(parcel: Parcel, settings: SlackSettings) -> Json:
    """The blocks and fallback text of an object's message, or of a night's digest."""
    about = message_of if parcel.object else digest_of
    message = about(parcel, settings)
    blocks: list[Block] = message.blocks
    return {"night": parcel.night, "object": parcel.object, "text": message.text, "blocks": blocks}


def parcels(state: Path, outdir: Path, night: str, obj: str | None = None) -> Iterator[Parcel]:
    """A night's objects, then the night, as the last tick left them.

    Parameters
    ----------
    state, outdir : Path
    night : str
        Its name, or how that begins.
    obj : str, optional
        Only this object.

    Raises
    ------
    BadInput
        The snapshot does not list such a night, or object.
    """
    known = [
        one
        for one in (read_json(snapshot_path(state)) or {}).get("nights", [])
        if one["night"].startswith(night) and "units" in one
    ]
    if not known:
        where = snapshot_path(state)
        raise BadInput(f"no night {night!r} in {where}; nmma-fitter status lists them")
    stored = known[-1]
    folder = outdir / folder_name(stored["night"])
    endings = [_ending(outdir, stored["night"], unit) for unit in stored["units"]]
    names = dict.fromkeys(ending.need.object for ending in endings)
    if obj is not None and obj not in names:
        known_names = ", ".join(names)
        raise BadInput(f"no object {obj!r} in night {stored['night']}; there are: {known_names}")
    whole = Parcel(
        stored["night"], "", folder, endings, int(stored["revision"]), bool(stored["closed"])
    )
    for name in names if obj is None else [obj]:
        own = [ending for ending in endings if ending.need.object == name]
        yield replace(whole, object=name, folder=folder / folder_name(name), endings=own)
    if obj is None:
        yield whole


def _ending(outdir: Path, night: str, unit: Json) -> Ending:
    own = unit.get("unit_night") or (night if unit.get("digest") else None)
    folder = outdir / folder_name(own or night) / folder_name(unit["object"]) / unit["task"]
    need = NeedRow(
        night=night,
        object=unit["object"],
        task=unit["task"],
        digest=unit.get("digest"),
        state=State(unit["state"]),
        reason=unit["reason"],
        detail=unit["detail"],
        unit_night=own,
        folder=str(folder) if own else None,
        seconds=unit["seconds"],
    )
    found = read_unit(folder) if need.state is State.DONE else None
    if found is None or found.digest != need.digest:
        return Ending(need)
    state, proof = read_sentinel(found, deep=False)
    if state is not SentinelState.VALID:
        return Ending(need)
    run = found.attempts / str(proof["attempt"])
    return Ending(need, run, found.folder if is_exposed(found) else run)
