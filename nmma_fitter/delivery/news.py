"""How an object and a night stand, from the runs whose sentinels stand.

A ranking that shows other runs, since it has not been made anew yet, is not quoted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmma_fitter.engine.attempt import RunRecord, runs_of
from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.files import Json, canonical_digest, folder_name, read_json
from nmma_fitter.engine.night import counts
from nmma_fitter.engine.outbox import Parcel
from nmma_fitter.engine.unit import State
from nmma_fitter.errors import GARBLED
from nmma_fitter.labels import model_named
from nmma_fitter.plain import counted, short_line, without_tokens

if TYPE_CHECKING:
    from nmma_fitter.inference.ranking import Ranked, Ranking

LONGEST_DETAIL = 300


@dataclass(frozen=True)
class Other:
    """A task without a place in the ranking: `state` is failed, skipped, running or done."""

    task: str
    state: str
    reason: str
    detail: str

    @property
    def words(self) -> str:
        """How it stands, on one line."""
        name = "the file" if self.task == "*" else short_line(model_named(self.task), 60)
        if self.state in ("running", "done"):
            return f"{name}: {self.reason}"
        reason = self.reason.replace("_", " ")
        detail = f": {short_line(self.detail, LONGEST_DETAIL)}" if self.detail else ""
        return f"{name}: {self.state} ({reason}){detail}"


@dataclass(frozen=True)
class ObjectNews:
    """How an object stands.

    Attributes
    ----------
    night, object : str
        The object's name on one line, whatever was in it.
    headline : str
        Which model describes it, or why none is named.
    ranked : tuple of Ranked
        Best first.
    others : tuple of Other
    earlier : str
        The night in which all of it was fitted, when that is an earlier one.
    refused : bool
        Whether the fits may not be compared.
    """

    night: str
    object: str
    headline: str
    ranked: tuple[Ranked, ...]
    others: tuple[Other, ...]
    earlier: str = ""
    refused: bool = False

    def having(self, *states: str) -> list[Other]:
        """Tasks in these states."""
        return [other for other in self.others if other.state in states]

    @property
    def ended(self) -> bool:
        """Whether nothing is still running."""
        return not self.having("running")

    @property
    def settled(self) -> bool:
        """Whether nothing is still running, and what was fitted has its place."""
        return self.ended and (self.refused or not self.having("done"))

    @property
    def title(self) -> str:
        """The headline, with how much of the fitting it rests on."""
        total = len(self.ranked) + len(self.others)
        so_far = "" if self.ended else f" ({total - len(self.having('running'))} of {total} ended)"
        return self.headline + so_far


@dataclass(frozen=True)
class NightNews:
    """How a night stands, its objects in their order."""

    night: str
    revision: int
    counts: Mapping[str, int]
    objects: tuple[ObjectNews, ...]

    @cached_property
    def failures(self) -> list[tuple[str, list[str]]]:
        """Reasons, most frequent first, each with what failed for it."""
        found: dict[str, list[str]] = {}
        for news in self.objects:
            for other in news.having("failed"):
                label = news.object if other.task == "*" else f"{news.object} {other.task}"
                found.setdefault(other.reason.replace("_", " "), []).append(label)
        return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))

    @property
    def title(self) -> str:
        """Counts on one line."""
        many = ", ".join(f"{number} {word}" for word, number in sorted(self.counts.items()))
        return f"{counted(len(self.objects), 'object')}; fits: {many or 'none'}"


def object_news(parcel: Parcel) -> ObjectNews:
    """How an object stands, from its endings and the ranking they add up to."""
    ranking, refused = _ranking(parcel)
    ranked = ranking.ranked if ranking else ()
    known = {row.model for row in ranked}
    others = tuple(other_of(one) for one in parcel.endings if one.need.task not in known)
    nights = {one.need.unit_night for one in parcel.endings if one.need.digest}
    earlier = nights.pop() if len(nights) == 1 else None
    return ObjectNews(
        night=short_line(parcel.night, 60),
        object=short_line(parcel.object, 100) or "(an object without a name)",
        headline=refused or (ranking.headline if ranking and ranked else _without_fit(others)),
        ranked=ranked,
        others=others,
        earlier=short_line(earlier, 60) if earlier not in (None, parcel.night) else "",
        refused=bool(refused),
    )


def night_news(parcel: Parcel) -> NightNews:
    """How a night stands."""
    objects: dict[str, list[Ending]] = {}
    for ending in parcel.endings:
        objects.setdefault(ending.need.object, []).append(ending)
    news = [
        object_news(
            replace(parcel, object=name, folder=parcel.folder / folder_name(name), endings=endings)
        )
        for name, endings in objects.items()
    ]
    many = counts([ending.need for ending in parcel.endings])
    return NightNews(short_line(parcel.night, 60), parcel.revision, many, tuple(news))


def data_mark(endings: Sequence[Ending]) -> str:
    """Another for each light curve of an object; empty where there was none to be fitted."""
    for one in endings:
        folder = work_folder(one)
        config = read_json(folder / "config.json") if folder else None
        if config and isinstance(config.get("lightcurve"), dict):
            return canonical_digest(config["lightcurve"])[:32]
    return ""


def work_folder(ending: Ending) -> Path | None:
    """The work folder of an ending's unit, while it is still for that unit."""
    if ending.need.folder is None:
        return None
    folder = Path(ending.need.folder)
    wanted = read_json(folder / "unit.json") or {}
    return folder if wanted.get("digest") == ending.need.digest else None


def generation_of(ending: Ending) -> int:
    """Generation in which an ending's unit is wanted now."""
    folder = work_folder(ending)
    known = (read_json(folder / "unit.json") or {}).get("generation") if folder else None
    return known if isinstance(known, int) else 0


def other_of(ending: Ending) -> Other:
    """How a task stands that has no place in the ranking."""
    need = ending.need
    if need.state is State.DONE:
        return Other(need.task, "done", "done", "")
    if need.state in (State.FAILED, State.SKIPPED):
        detail = without_tokens(need.detail)
        return Other(need.task, need.state.value, need.reason or "no reason", detail)
    return Other(need.task, "running", need.state.value, "")


def _without_fit(others: Sequence[Other]) -> str:
    states = Counter(other.state for other in others)
    if states["running"]:
        return "being fitted"
    if states["done"]:
        return "fitted, not ranked"
    return "every fit failed" if states["failed"] else "not fitted"


def _ranking(parcel: Parcel) -> tuple[Ranking | None, str]:
    """The ranking of the runs that stand, or why there is none."""
    from nmma_fitter.inference.ranking import from_json

    path = parcel.folder / "ranking.json"
    try:
        text = path.read_text(encoding="utf-8")
        stored: Json = read_json(path) or {}
        if "refused" in stored:
            return None, f"the fits may not be compared: {short_line(str(stored['refused']), 300)}"
        ranking = from_json(text)
    except (OSError, *GARBLED):
        return None, ""
    return (ranking, "") if _is_current(ranking, parcel.endings) else (None, "")


def _is_current(ranking: Ranking, endings: Sequence[Ending]) -> bool:
    """Whether a ranking is that of the runs that stand, and of all of them."""
    runs = {one.need.task: one.run for one in endings if one.run is not None}
    known = {row.model for row in ranking.ranked}
    known |= {row.model for row in ranking.others if row.state == "failed"}
    try:
        same = all(_is_of(runs.get(row.model), row.log_z) for row in ranking.ranked)
        numbers = [(r.log_z_err, r.log_bayes, r.log_bayes_err, r.p_value) for r in ranking.ranked]
        return same and set(runs) <= known and all(map(math.isfinite, chain(*numbers)))
    except TypeError:
        return False


def _is_of(run: Path | None, log_z: float) -> bool:
    """Whether a run's own proof tells of this evidence."""
    summary: Any = ((read_json(run / "sentinel.json") or {}) if run else {}).get("summary")
    known = summary.get("log_z") if isinstance(summary, dict) else None
    return isinstance(known, int | float) and math.isclose(known, log_z, rel_tol=1e-9)


def newest_run(ending: Ending) -> RunRecord | None:
    """The last run of an ending's unit in its generation, whatever became of it."""
    need = ending.need
    if need.folder is None or need.digest is None:
        return None
    wanted = (need.digest, generation_of(ending))
    runs = runs_of(Path(need.folder) / "attempts")
    own = [r for r in runs if (r.started.get("digest"), r.started.get("generation")) == wanted]
    return own[-1] if own else None
