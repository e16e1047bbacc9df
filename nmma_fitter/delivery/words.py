"""Plain words for an object's and a night's news: what mail, webhook and Slack share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from nmma_fitter.engine.files import folder_name
from nmma_fitter.labels import outside_words

if TYPE_CHECKING:
    from nmma_fitter.delivery.news import NightNews, ObjectNews
    from nmma_fitter.inference.ranking import Ranked

LISTED = 30  # objects of a night, and reasons, that are named


def ranked_words(row: Ranked) -> str:
    """Evidence, Bayes factor and fit quality of a ranked model."""
    quality = "describes it" if row.describes else "does not describe it"
    chance = f"p = {row.p_value:.3f}" if row.p_value >= 0.0005 else "p < 0.001"
    outside = outside_words(row.outside_validity)
    return (
        f"ln Z {row.log_z:.2f} ± {row.log_z_err:.2f}, ln B {row.log_bayes:.2f} ± "
        f"{row.log_bayes_err:.2f}, {quality} ({chance}){f'; {outside}' if outside else ''}"
    )


def object_text(news: ObjectNews) -> str:
    """Plain text of some lines."""
    night = f"fitted in night {news.earlier}" if news.earlier else f"night {news.night}"
    lines = [f"{news.object}: {news.title}", night]
    lines += [f"{n}. {row.title}: {ranked_words(row)}" for n, row in enumerate(news.ranked, 1)]
    return "\n".join([*lines, *(f"- {other.words}" for other in news.others)])


def night_text(news: NightNews) -> str:
    """Plain text of some lines."""
    head = f"Night {news.night}" + (f", revision {news.revision}" if news.revision > 1 else "")
    lines = [f"{head}: {news.title}", *(f"- {line}" for line in best_lines(news))]
    return "\n".join([*lines, *(f"! {line}" for line in failure_lines(news))])


def best_lines(news: NightNews) -> list[str]:
    """One line for each object that was fitted, and one for those that are not named."""
    fitted = [one for one in news.objects if one.ranked]
    lines = [f"{one.object}: {one.headline}" for one in fitted]
    return _shortened(lines) or ["nothing was fitted"]


def failure_lines(news: NightNews) -> list[str]:
    """One line for each reason."""
    return _shortened(
        [f"{len(labels)} failed ({reason}): {_some(labels)}" for reason, labels in news.failures]
    )


def _shortened(lines: Sequence[str]) -> list[str]:
    more = len(lines) - LISTED
    return [*lines[:LISTED], *([f"and {more} more"] if more > 0 else [])]


def _some(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(labels[:3]) + more


def link_of(base: str, *parts: str) -> str:
    """The address of a page below another."""
    return "/".join([base.rstrip("/"), *(quote(folder_name(part)) for part in parts), ""])
