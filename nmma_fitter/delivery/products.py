"""From an object's fits to its product: the ranked comparison of models, and its picture."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmma_fitter.candidates.lightcurve import LightCurve
from nmma_fitter.delivery.ranges import BandCurves, curves_from_json
from nmma_fitter.engine.files import folder_name, read_json, write_atomic, write_json
from nmma_fitter.errors import GARBLED, NmmaFitterError, RankingRefused
from nmma_fitter.fit_request import read_request
from nmma_fitter.fits import result_path
from nmma_fitter.inference.ranking import NotRanked, Ranking, rank
from nmma_fitter.inference.summary import Summary, read_summary

log = logging.getLogger(__name__)

PICTURES = ("lightcurves.png", "corner.png")  # of a fit


@dataclass(frozen=True)
class Finished:
    """One model's place in an object's product.

    Attributes
    ----------
    model : str
    folder : Path or None
        Where its result, curves and configuration lie, when it ended with a result.
    state, reason, detail : str
        How it stands otherwise.
    shown : Path or None
        The folder people are pointed to, when that is another.
    """

    model: str
    folder: Path | None
    state: str = ""
    reason: str = ""
    detail: str = ""
    shown: Path | None = None


def write_product(
    folder: Path, name: str, fits: Sequence[Finished], *, points_to: str | None = None
) -> Ranking | None:
    """Write ``ranking.json`` and, where two models can be compared, ``comparison.png``.

    Parameters
    ----------
    folder : Path
        The object's folder, which is there.
    name : str
        The object.
    fits : sequence of Finished
    points_to : str, optional
        Night that holds the fits of an unchanged light curve.

    Returns
    -------
    Ranking or None
        None when the fits may not be compared; the file then says why.
    """
    others = [_not_ranked(fit) for fit in fits if fit.folder is None]
    summaries, unreadable = _summaries(fits)
    try:
        ranking = rank(summaries, [*others, *unreadable], name)
    except RankingRefused as refusal:
        log.warning("%s: %s", name, refusal)
        write_json(folder / "ranking.json", {"object_name": name, "refused": str(refusal)})
        (folder / "comparison.png").unlink(missing_ok=True)
        return None
    value: dict[str, Any] = json.loads(ranking.to_json())
    value["results"] = {
        fit.model: _relative(fit.shown or fit.folder, folder) for fit in fits if fit.folder
    }
    if points_to is not None:
        value["unchanged_since"] = points_to
    text = json.dumps(value, indent=1, sort_keys=False, allow_nan=False) + "\n"
    path, picture = folder / "ranking.json", folder / "comparison.png"
    if not path.exists() or path.read_bytes() != text.encode():
        write_atomic(path, text)
    renamed = _draw_renamed(folder, name, fits, summaries)
    if (points_to is None or renamed) and not _is_newer(picture, path):
        try:
            _draw_comparison(picture, name, fits, ranking)
        except (NmmaFitterError, OSError, *GARBLED) as error:
            log.warning("%s: no comparison.png: %s", name, error)
    return ranking


def own_picture(folder: Path, model: str, picture: str) -> Path:
    """Where an object has a fit's picture under its own name, when it was fitted as another."""
    return folder / f"{folder_name(model)}-{picture}"


def _draw_renamed(
    folder: Path, name: str, fits: Sequence[Finished], summaries: Sequence[Summary]
) -> bool:
    """Draw the pictures of fits that bear another's name once more; whether there are any."""
    fitted_as = {one.model: one.object_name for one in summaries}
    renamed = [fit for fit in fits if fit.folder and fitted_as.get(fit.model, name) != name]
    for fit in fits:
        own = own_picture(folder, fit.model, "")
        pictures = [own.with_name(own.name + picture) for picture in PICTURES]
        if fit not in renamed:
            for picture in pictures:
                picture.unlink(missing_ok=True)
        elif fit.folder and not all(
            _is_newer(p, result_path(fit.folder, fit.model)) for p in pictures
        ):
            try:
                from nmma_fitter.redraw import draw_again

                draw_again(fit.folder, fit.model, name, folder, own.name)
            except (NmmaFitterError, OSError, *GARBLED) as error:
                log.warning("%s: no pictures of %s: %s", name, fit.model, error)
    return bool(renamed)


def _is_newer(picture: Path, than: Path) -> bool:
    """Whether a picture was drawn after a file was written: else something ended in between."""
    return picture.exists() and picture.stat().st_mtime_ns >= than.stat().st_mtime_ns


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder)


def _not_ranked(fit: Finished) -> NotRanked:
    # How far an unfinished fit is changes too often to be written down: status says it.
    ended = fit.state in ("failed", "skipped")
    state, reason = (fit.state, fit.reason) if ended else ("running", "has not ended")
    return NotRanked(fit.model, state, reason or fit.state, fit.detail)  # type: ignore[arg-type]


def _summaries(fits: Sequence[Finished]) -> tuple[list[Summary], list[NotRanked]]:
    good: list[Summary] = []
    bad: list[NotRanked] = []
    for fit in fits:
        if fit.folder is None:
            continue
        try:
            good.append(read_summary(result_path(fit.folder, fit.model)))
        except (NmmaFitterError, *GARBLED) as error:
            bad.append(NotRanked(fit.model, "failed", "invalid_output", str(error)))
    return good, bad


def _draw_comparison(picture: Path, name: str, fits: Sequence[Finished], ranking: Ranking) -> None:
    """All models over the same data; a picture that fails loses nothing else."""
    from nmma_fitter.delivery.plots import ModelCurves, plot_comparison

    folders = {fit.model: fit.folder for fit in fits if fit.folder is not None}
    entries = [
        ModelCurves(row.model, row.log_z, load_curves(folders[row.model]), row.kind, row.engine)
        for row in ranking.ranked
        if row.model in folders
    ]
    if len(entries) < 2:
        picture.unlink(missing_ok=True)  # of fits that are compared no more
        return
    request = read_request(folders[entries[0].model])
    window: LightCurve = request.window
    about = (request.known_distance, request.sys_error)
    plot_comparison(picture, name, window, request.trigger, entries, *about)


def load_curves(folder: Path) -> list[BandCurves]:
    """The posterior's light curves as a fit left them."""
    return curves_from_json(read_json(folder / "lightcurves.json") or {})
