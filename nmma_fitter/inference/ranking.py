"""Which model describes a candidate: the fits of one light curve, compared by their evidence.

The evidence compares models with each other, never with the truth. So a fit must also *describe*
the data before it is named: its posterior predictive p-value must be at least `LOWEST_P`. A value
below 0.01 means that fewer than one in a hundred data sets drawn from the fitted model is as far
from it as the real one; as this p-value is pulled towards 1/2 by having seen the data, a true
model falls below 0.01 in fewer than one fit of a hundred.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any, Literal

from nmma_fitter.errors import RankingRefused
from nmma_fitter.inference.summary import MODEL_ERROR, Comparability, Summary
from nmma_fitter.labels import model_named, model_title, outside_words
from nmma_fitter.plain import one_line

LOWEST_P = 0.01
# Kass & Raftery 1995, JASA 90, 773: twice ln B below 2 is "not worth more than a bare mention".
BARE_MENTION = 1.0
NO_MODEL = "no model describes this"

State = Literal["failed", "skipped", "running"]


@dataclass(frozen=True)
class Ranked:
    """One fitted model.

    Attributes
    ----------
    model, kind : str
    log_z, log_z_err : float
        ln evidence and its error.
    log_bayes, log_bayes_err : float
        ln Bayes factor to the best model, 0 or negative, and its error.
    probability : float
        Among the models fitted, under equal prior odds.
    p_value : float
        Posterior predictive.
    describes : bool
        Whether `p_value` is at least `LOWEST_P`.
    chi2, rms : float or None
        Of the detections at the best fit, systematic error included; mag.
    information : float
        Nats from prior to posterior.
    outside_validity : float or None
    engine : str
        Who fitted: ``fast`` or ``nmma``.
    """

    model: str
    kind: str
    log_z: float
    log_z_err: float
    log_bayes: float
    log_bayes_err: float
    probability: float
    p_value: float
    describes: bool
    chi2: float | None
    rms: float | None
    information: float
    outside_validity: float | None
    engine: str = "fast"

    @property
    def title(self) -> str:
        """The model as a reader is told of it."""
        return model_title(self.model, self.kind, self.engine)


@dataclass(frozen=True)
class NotRanked:
    """A model without a fit: its state, the reason's name, and words for a person."""

    model: str
    state: State
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Ranking:
    """The ranked comparison of one light curve; best first."""

    object_name: str
    headline: str
    ranked: tuple[Ranked, ...]
    others: tuple[NotRanked, ...]
    data_digest: str
    comparability: Comparability

    def to_json(self) -> str:
        """Strict JSON text, with the rule of `describes`."""
        rule = f"posterior predictive p-value at least {LOWEST_P}"
        odds = "probability among the models fitted, under equal prior odds"
        return json.dumps(
            {"format": 1, **asdict(self), "describes_if": rule, "probability_is": odds},
            indent=2,
            allow_nan=False,
        )


def rank(
    summaries: Sequence[Summary], others: Sequence[NotRanked] = (), object_name: str = ""
) -> Ranking:
    """Order fits of one light curve by evidence.

    Parameters
    ----------
    summaries : sequence of Summary
        Fits; those that did not converge are listed with the others.
    others : sequence of NotRanked
        Models that failed, were skipped or are still running.
    object_name : str
        Instead of the name that the first was fitted under.

    Raises
    ------
    RankingRefused
        When the fits did not see the same data in the same way, saying what differs.
    """
    usable = [s for s in summaries if _usable(s)]
    spoilt = [_not_converged(s) for s in summaries if not _usable(s)]
    _check_comparable(usable)
    usable.sort(key=lambda s: (-s.log_z, s.model))
    ranked = _ranked(usable)
    comparable = shared(usable[0].comparability) if usable else {}
    systematic = systematic_words(comparable)
    return Ranking(
        object_name=object_name or (summaries[0].object_name if summaries else ""),
        headline=_headline(ranked, systematic),
        ranked=ranked,
        others=(*spoilt, *others),
        data_digest=usable[0].data_digest if usable else "",
        comparability=comparable,
    )


def _usable(summary: Summary) -> bool:
    return summary.converged and math.isfinite(summary.log_z) and math.isfinite(summary.log_z_err)


def _not_converged(summary: Summary) -> NotRanked:
    return NotRanked(summary.model, "failed", "not_converged", summary.reason)


def _check_comparable(summaries: Sequence[Summary]) -> None:
    models = [s.model for s in summaries]
    for model in models:
        if models.count(model) > 1:
            raise RankingRefused(f"{model} is given twice; rank one fit of each model")
    for other in summaries[1:]:
        apart = differences(seen(summaries[0]), seen(other))
        if apart:
            raise RankingRefused(
                f"the fits of {summaries[0].model} and {other.model} may not be compared: "
                f"{'; '.join(apart)}. Fit both again with the same data and settings"
            )


Seen = tuple[str, Comparability]


def seen(summary: Summary) -> Seen:
    """Digest of a fit's data, and what fits that are compared must share."""
    return summary.data_digest, shared(summary.comparability)


def differences(one: Seen, two: Seen) -> list[str]:
    """What keeps two fits from being compared; empty where they can be.

    Parameters
    ----------
    one, two : (str, mapping)
        As of `seen`.
    """
    found = []
    (data, ours), (other_data, theirs) = one, two
    if data != other_data:
        found.append(f"not the same data ({data[:12]}, {other_data[:12]})")
    for key in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(key), theirs.get(key)
        if a != b:
            found.append(f"{key} is {_worded(a)} and {_worded(b)}")
    return found


def shared(found: Comparability) -> Comparability:
    """What fits that are compared must share: all but the error that belongs to a model."""
    return {key: value for key, value in found.items() if key != MODEL_ERROR}


def _worded(value: object) -> str:
    return "not set" if value is None else str(value)


def _ranked(summaries: Sequence[Summary]) -> tuple[Ranked, ...]:
    """Summaries, best first, with their odds."""
    if not summaries:
        return ()
    best = summaries[0]
    odds = [math.exp(s.log_z - best.log_z) for s in summaries]
    return tuple(
        Ranked(
            model=s.model,
            kind=s.kind,
            log_z=s.log_z,
            log_z_err=s.log_z_err,
            log_bayes=s.log_z - best.log_z,
            log_bayes_err=0.0 if s is best else math.hypot(s.log_z_err, best.log_z_err),
            probability=chance / sum(odds),
            p_value=s.quality.p_value,
            describes=s.quality.p_value >= LOWEST_P,
            chi2=s.quality.chi2_total,
            rms=s.quality.rms,
            information=s.quality.information,
            outside_validity=s.quality.outside_validity,
            engine=s.engine,
        )
        for s, chance in zip(summaries, odds, strict=True)
    )


def _headline(ranked: Sequence[Ranked], systematic: str) -> str:
    """Which model describes the data, and what that rests on."""
    rests_on = f" ({systematic})" if systematic and any(r.describes for r in ranked) else ""
    return _verdict(ranked) + rests_on


def _verdict(ranked: Sequence[Ranked]) -> str:
    describing = [r for r in ranked if r.describes]
    if not ranked:
        return "no model was fitted"
    if not describing:
        return NO_MODEL
    best = describing[0]
    if best is not ranked[0]:
        above = _named(ranked[: ranked.index(best)])
        return f"{_named([best])} describes it; {above} with more evidence does not"
    equal = [r for r in describing if -r.log_bayes <= max(BARE_MENTION, r.log_bayes_err)]
    if len(equal) > 1:
        return f"{_named(equal)} describe it about equally well"
    return f"{_named([best])} describes it{' best' if len(ranked) > 1 else ''}"


def _named(rows: Sequence[Ranked]) -> str:
    """Models within a sentence: a kind stands between commas."""
    titles = [f"{row.title}," if ", " in row.title else row.title for row in rows]
    return " and ".join(titles)


# So few that a line fits into 80 columns; ranking.json and the pages have the rest.
COLUMNS: dict[str, Callable[[Ranked], str]] = {
    "ln Z": lambda r: f"{r.log_z:.2f} ± {r.log_z_err:.2f}",
    "ln B": lambda r: f"{r.log_bayes:.2f}",
    "prob.": lambda r: f"{r.probability:.3f}",
    "p-value": lambda r: f"{r.p_value:.3f}",
    "describes": lambda r: "yes" if r.describes else "no",
}
WIDEST_TITLE = 26
WIDEST_LINE = 79


def as_table(ranking: Ranking) -> str:
    """Plain aligned text for a terminal or a log, headline first."""
    headline = f"{one_line(ranking.object_name)}: {ranking.headline}"
    lines = wrap(headline, WIDEST_LINE, subsequent_indent="  ", break_long_words=False)
    if ranking.ranked:
        rows = [["model", *COLUMNS]]
        for one in ranking.ranked:
            title, *more = wrap(one.title, WIDEST_TITLE, subsequent_indent="  ")
            rows.append([title, *(show(one) for show in COLUMNS.values())])
            rows += [[line, *("" for _ in COLUMNS)] for line in more]
        lines += _aligned(rows)
        lines.append("prob.: among the models fitted, under equal prior odds")
        systematic = systematic_words(ranking.comparability)
        error = f", with a {systematic}" if systematic else ""
        lines.append(f"describes: p-value of at least {LOWEST_P:g}{error}")
        for one in ranking.ranked:
            if outside := outside_words(one.outside_validity):
                lines += wrap(f"{one.title}: {outside}", WIDEST_LINE, subsequent_indent="  ")
    lines += [_not_ranked_line(other) for other in ranking.others]
    return "\n".join(lines)


def systematic_words(comparable: Comparability) -> str:
    """The systematic error with which models were judged; empty where there is none."""
    errors = [
        float(value)
        for key, value in comparable.items()
        if key.startswith("sys_error[") and isinstance(value, int | float)
    ]
    if not any(errors):
        return ""
    low, high = min(errors), max(errors)
    span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"systematic error of {span} mag"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the first column flush left and the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        rest = [cell.rjust(w) for cell, w in zip(cells[1:], widths[1:], strict=True)]
        return "  ".join([cells[0].ljust(widths[0]), *rest]).rstrip()

    return [line(cells) for cells in rows]


def _not_ranked_line(other: NotRanked) -> str:
    detail = f": {one_line(other.detail)}" if other.detail else ""
    return f"{model_named(other.model)}  {other.state} ({other.reason}){detail}"


def from_json(text: str) -> Ranking:
    """Read a ranking that `Ranking.to_json` wrote."""
    stored: dict[str, Any] = json.loads(text)
    return Ranking(
        object_name=stored["object_name"],
        headline=stored["headline"],
        ranked=tuple(Ranked(**r) for r in stored["ranked"]),
        others=tuple(NotRanked(**o) for o in stored["others"]),
        data_digest=stored["data_digest"],
        comparability=stored["comparability"],
    )
