"""One night: what became of each object, and of each of its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nmma_fitter.delivery.report.history import as_number
from nmma_fitter.delivery.report.pages import PAGE, link, write_page
from nmma_fitter.delivery.statistics import night_date, task_title
from nmma_fitter.engine.files import Json, folder_name, read_json
from nmma_fitter.engine.ledger import NeedRow
from nmma_fitter.engine.night import counts, standing
from nmma_fitter.labels import model_title
from nmma_fitter.plain import shortened, without_tokens

LONGEST_DETAIL = 200


@dataclass(frozen=True)
class FitRow:
    """One object and model; `outcome` is in the words of `night.standing`."""

    object: str
    href: str
    model: str
    outcome: str
    reason: str
    detail: str
    log_z: float | None
    log_z_err: float | None
    probability: float | None
    describes: bool | None
    seconds: float | None


@dataclass(frozen=True)
class ObjectRow:
    """One object: its verdict, and how many models have not ended, or failed."""

    object: str
    href: str
    headline: str
    describes: bool
    model: str
    probability: float | None
    running: int
    failed: int


def write_night_page(
    outdir: Path,
    folder: Path,
    night: str,
    needs: Sequence[NeedRow],
    *,
    revision: int = 0,
    closed: bool = False,
) -> None:
    """Write ``<folder>/index.html`` of one night, after its objects' ``ranking.json``.

    Parameters
    ----------
    outdir : Path
        Where the index and the assets lie.
    folder : Path
        The night's folder.
    night : str
    needs : sequence of NeedRow
        Everything the night wants.
    revision, closed
        Of the night.
    """
    objects: dict[str, list[NeedRow]] = {}
    for need in needs:
        objects.setdefault(need.object, []).append(need)
    summaries: list[ObjectRow] = []
    rows: list[FitRow] = []
    for name, own in objects.items():
        place = folder / folder_name(name)
        ranking = read_json(place / "ranking.json") or {}
        href = link(place / PAGE, folder)
        fits = [_fit_row(need, href, ranking) for need in own]
        rows += fits
        summaries.append(_object_row(name, href, ranking, own))
    write_page(
        outdir,
        folder,
        "night.html.j2",
        {
            "night": night,
            "date": str(night_date(night) or ""),
            "revision": revision,
            "closed": closed,
            "counts": counts(needs),
            "objects": summaries,
            "rows": rows,
            "models": list(dict.fromkeys(row.model for row in rows)),
            "outcomes": list(dict.fromkeys(row.outcome for row in rows)),
            "reasons": sorted({row.reason for row in rows} - {""}),
        },
    )


def _ranked(ranking: Json) -> list[Json]:
    rows = ranking.get("ranked")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _fit_row(need: NeedRow, href: str, ranking: Json) -> FitRow:
    said = next((row for row in _ranked(ranking) if row.get("model") == need.task), {})
    return FitRow(
        object=need.object,
        href=href,
        model=task_title(need.task),
        outcome=standing(need),
        reason=need.reason or "",
        detail=shortened(without_tokens(need.detail), LONGEST_DETAIL),
        log_z=as_number(said.get("log_z")),
        log_z_err=as_number(said.get("log_z_err")),
        probability=as_number(said.get("probability")),
        describes=said.get("describes") is True if said else None,
        seconds=need.seconds,
    )


def _object_row(name: str, href: str, ranking: Json, needs: Sequence[NeedRow]) -> ObjectRow:
    ranked = _ranked(ranking)
    best = next((row for row in ranked if row.get("describes") is True), {})
    return ObjectRow(
        object=name,
        href=href,
        headline=str(ranking.get("headline") or ranking.get("refused") or "no ranking yet"),
        describes=bool(best),
        model=model_title(str(best.get("model", "")), str(best.get("kind", ""))),
        probability=as_number(best.get("probability")),
        running=sum(not need.state.ended for need in needs),
        failed=sum(need.state.value == "failed" for need in needs),
    )
