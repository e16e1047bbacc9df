"""Results of earlier calls of ``nmma-fit`` in an object's folder, beside those of this one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nmma_fitter.candidates.lightcurve import photometry_digest
from nmma_fitter.delivery.products import Finished
from nmma_fitter.engine.files import read_json
from nmma_fitter.engine.sentinel import SentinelState, is_exposed, read_sentinel
from nmma_fitter.engine.unit import Unit, read_unit
from nmma_fitter.errors import GARBLED, NmmaFitterError
from nmma_fitter.fit_request import FitRequest
from nmma_fitter.fits import result_path
from nmma_fitter.inference.ranking import Seen, differences, seen
from nmma_fitter.inference.summary import read_summary

OTHER = "not_comparable"


def with_earlier(
    folder: Path, requests: Sequence[FitRequest], finished: Sequence[Finished]
) -> list[Finished]:
    """This call's fits, and those of other models that lie in the object's folder.

    A fit of other data, or with other settings that a comparison depends on, is named with what
    differs, and not ranked.
    """
    now = {one.model for one in finished}
    fitted = {one.model for one in finished if one.folder is not None}
    # Those that were fitted are compared among themselves anyway: any of them will do.
    request = next((one for one in requests if one.model in fitted), requests[0])
    try:
        mine = _seen(request)
    except NmmaFitterError:  # it has no day zero: there is nothing to compare with
        return list(finished)
    earlier = [unit for unit in _published(folder) if unit.task not in now]
    return [*finished, *(_judged(unit, mine) for unit in earlier)]


def _seen(request: FitRequest) -> Seen:
    """What a request's fits see, as their results will say."""
    from nmma_fitter.inference.likelihood import comparability

    window = request.window
    found = comparability(window, request.trigger, request.settings)
    return photometry_digest(window), found


def _published(folder: Path) -> Iterator[Unit]:
    """Units of which a whole result lies open in an object's folder."""
    for path in sorted(folder.glob("*/unit.json")):
        unit = read_unit(path.parent)
        public = read_json(unit.fin) if unit else None
        if unit is None or public is None:
            continue
        try:  # what is wanted there now may be another fit, which was interrupted
            shown = replace(
                unit, digest=str(public["digest"]), generation=int(public["generation"])
            )
            state, proof = read_sentinel(shown)
            done = state is SentinelState.VALID and proof.get("outcome") == "done"
            if done and is_exposed(shown):
                yield shown
        except (OSError, *GARBLED):
            continue


def _judged(unit: Unit, mine: Seen) -> Finished:
    try:
        theirs = seen(read_summary(result_path(unit.folder, unit.task)))
    except (NmmaFitterError, *GARBLED) as error:
        return Finished(unit.task, None, "failed", "invalid_output", str(error))
    apart = differences(theirs, mine)
    if not apart:
        return Finished(unit.task, unit.folder, "done")
    why = f"an earlier fit of other data or settings (then and now): {'; '.join(apart)}"
    return Finished(unit.task, None, "skipped", OTHER, why)
