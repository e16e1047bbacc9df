"""One object of a night: which model describes it, how sure that is, and everything behind it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nmma_fitter.delivery.products import PICTURES, Finished, load_curves
from nmma_fitter.delivery.ranges import BandCurves
from nmma_fitter.delivery.report.chart import chart
from nmma_fitter.delivery.report.fit_view import FitView, Picture, fit_view, picture
from nmma_fitter.delivery.report.history import Refit, as_number
from nmma_fitter.delivery.report.pages import PAGE, link, write_page
from nmma_fitter.engine.files import Json, folder_name, read_json
from nmma_fitter.errors import BadInput, NmmaFitterError
from nmma_fitter.fit_request import FitRequest, read_request
from nmma_fitter.inference.ranking import LOWEST_P, NO_MODEL, systematic_words
from nmma_fitter.labels import model_title, outside_words

log = logging.getLogger(__name__)


def write_object_page(
    outdir: Path,
    folder: Path,
    name: str,
    night: str,
    fits: Sequence[Finished],
    history: Sequence[Refit] = (),
) -> None:
    """Write ``<folder>/index.html`` of one object, after its ``ranking.json``.

    What cannot be read of one model is said in that model's place.

    Parameters
    ----------
    outdir : Path
        Where the index and the assets lie.
    folder : Path
        The object's folder.
    name, night : str
    fits : sequence of Finished
        As given to `write_product`.
    history : sequence of Refit
        All fits that the object ever had (see `refits`).
    """
    ranking = read_json(folder / "ranking.json") or {}
    ranked = _rows(ranking, "ranked")
    said = {str(row.get("model")): row for row in _rows(ranking, "others")}
    places = {str(row.get("model")): place for place, row in enumerate(ranked)}
    ordered = sorted(fits, key=lambda fit: places.get(fit.model, len(places)))  # best first
    views = [
        fit_view(fit, said.get(fit.model), places.get(fit.model), folder, name) for fit in ordered
    ]
    pictured = _comparison(outdir, folder, name, ranking, views)
    write_page(
        outdir,
        folder,
        "object.html.j2",
        {
            "name": name,
            "night": night,
            "up": link(folder.parent / PAGE, folder),
            "headline": _headline(ranking),
            "described": any(row.get("describes") is True for row in ranked),
            "no_model": NO_MODEL,
            "lowest_p": LOWEST_P,
            "refused": str(ranking.get("refused", "")),
            "since": str(ranking.get("unchanged_since", "")),
            "ranked": [_numbers(row) for row in ranked],
            "views": views,
            "no_light_curve": _no_light_curve(fits),
            "picture": pictured,
            "systematic": _systematic(ranking),
            "chart": chart_data(ordered, folder),
            "history": [(fit, link(fit.folder / PAGE, folder)) for fit in history],
        },
    )


def _rows(ranking: Json, key: str) -> list[Json]:
    rows = ranking.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _numbers(row: Json) -> dict[str, Any]:
    """A row of the ranking: text stays, numbers are finite or None."""
    names = ("log_z", "log_z_err", "log_bayes", "log_bayes_err", "probability", "p_value", "chi2")
    numbers = {name: as_number(row.get(name)) for name in (*names, "rms", "information")}
    outside = as_number(row.get("outside_validity"))
    words = (str(row.get(key) or "") for key in ("model", "kind", "engine"))
    described = row.get("describes") is True
    return {
        **numbers,
        "outside": outside,
        "outside_words": outside_words(outside),
        "title": model_title(*words),
        "describes": described,
    }


def _headline(ranking: Json) -> str:
    if "refused" in ranking:
        return "the models could not be compared"
    return str(ranking.get("headline") or "no ranking yet")


def _systematic(ranking: Json) -> str:
    found = ranking.get("comparability")
    return systematic_words(found) if isinstance(found, dict) else ""


def _no_light_curve(fits: Sequence[Finished]) -> str:
    """Why there is none to be seen, where that is so."""
    if any(fit.folder for fit in fits):
        return "The light curve that was fitted cannot be read."
    if any(fit.reason == BadInput.reason for fit in fits):
        return "The light curve cannot be read; the reason is below."
    return "No light curve is shown because no model was fitted; the reasons are below."


def chart_data(fits: Sequence[Finished], folder: Path) -> Json | None:
    """What the interactive chart draws; None when no photometry can be read."""
    request: FitRequest | None = None
    curves: dict[str, Sequence[BandCurves]] = {}
    for fit in fits:
        place = fit.folder or fit.shown or folder / folder_name(fit.model)
        try:
            request = request or read_request(place)
            if fit.folder is not None:
                curves[fit.model] = load_curves(fit.folder)
        except (NmmaFitterError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            log.debug("%s: no curves in the chart: %r", place, error)
    try:
        if request is None:
            return None
        return chart(request.window, request.trigger, curves, request.sys_error)
    except (NmmaFitterError, ValueError) as error:
        log.warning("%s: no chart: %s", folder, error)
        return None


def _comparison(
    outdir: Path, folder: Path, name: str, ranking: Json, views: Sequence[FitView]
) -> Picture | None:
    """All models over the data, from where it was drawn; else the best model's picture."""
    places = [folder]
    renamed = next(folder.glob(f"*-{PICTURES[0]}"), None) is not None
    if (night := str(ranking.get("unchanged_since", ""))) and not renamed:
        places.insert(0, outdir / folder_name(night) / folder_name(name))
    alt = (
        f"Light curve of {name} with the posterior median and 90 % band of each fitted model in "
        "each passband"
    )
    for place in places:
        if found := picture(place / "comparison.png", place / "comparison.png", folder, alt):
            return found
    return next((one for view in views for one in view.pictures), None)
