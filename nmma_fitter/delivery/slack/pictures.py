"""The pictures of a fit and of an object, as a thread gets them: whole, named, and described."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmma_fitter.delivery.news import ObjectNews
from nmma_fitter.delivery.products import own_picture
from nmma_fitter.delivery.statistics import task_title
from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.files import canonical_digest, read_json

COMPARISON = "comparison.png"
_AWKWARD = re.compile(r"[^A-Za-z0-9+-]+")
WORDS = {
    "lightcurves": (
        "light curves",
        "{name}: measurements, light curves and residuals of {what}.",
    ),
    "corner": ("corner plot", "{name}: corner plot of the posterior of {what}."),
}


@dataclass(frozen=True)
class Picture:
    """A picture to upload; `name` is found again in the thread, so it tells one from all others."""

    name: str
    title: str
    description: str
    content: bytes


def unit_key(ending: Ending) -> str:
    """Digest and generation of the run whose outputs stand, as names carry them."""
    proof = read_json(ending.run / "sentinel.json") if ending.run else None
    generation = (proof or {}).get("generation", 0)
    return f"{(ending.need.digest or '')[:32]}-g{generation}"


def of_fit(ending: Ending, news: ObjectNews, plots: Collection[str], folder: Path) -> list[Picture]:
    """Pictures of a fit that the sentinel vouches for, as it vouches for them.

    Of a fit that bears another object's name, those that `folder` has under this one's.
    """
    run = ending.run
    proof: Any = (read_json(run / "sentinel.json") if run else None) or {}
    found = []
    for stem, (words, description) in WORDS.items():
        told = proof.get("outputs", {}).get(f"{stem}.png")
        content = _vouched(run / f"{stem}.png", told) if run and told and stem in plots else None
        own = own_picture(folder, ending.need.task, f"{stem}.png")
        if content is not None and own.is_file():
            content = own.read_bytes()
        if content is not None:
            title = task_title(ending.need.task)
            about = description.format(what=title, name=news.object)
            name = file_name(news.object, ending.need.task, stem, unit_key(ending))
            found.append(Picture(name, f"{title}: {words}", about, content))
    return found


def comparison_key(endings: Sequence[Ending]) -> str:
    """Another for each set of fits that are compared."""
    return canonical_digest(sorted(unit_key(one) for one in endings if one.run))[:32]


def comparison(folder: Path, news: ObjectNews, key: str) -> Picture | None:
    """All models over the same data, when the picture is of the ranking beside it."""
    picture, ranking = folder / COMPARISON, folder / "ranking.json"
    try:
        # Drawn after the ranking was written; an older one shows other fits.
        if picture.stat().st_mtime_ns < ranking.stat().st_mtime_ns:
            return None
        content = picture.read_bytes()
    except OSError:
        return None
    models = "; ".join(row.title for row in news.ranked)
    about = f"Every model's light curves over the measurements of {news.object}: {models}."
    name = file_name(news.object, "comparison", key)
    return Picture(name, "all models", about[:1000], content)


def file_name(*parts: str) -> str:
    """A name that Slack keeps as it is; the last part is never cut."""
    clean = [_AWKWARD.sub("_", part)[:40] for part in parts]
    return "-".join(clean) + ".png"


def _vouched(path: Path, told: Any) -> bytes | None:
    """A file's content, when it is the one that was published."""
    try:
        content = path.read_bytes()
        good = hashlib.sha256(content).hexdigest() == told["sha256"]
    except (OSError, KeyError, TypeError):
        return None
    return content if good else None
