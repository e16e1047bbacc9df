"""The tables of ``long_runs.py``: differences, their chi-squared, posteriors and scatter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import records
from scipy.special import chdtrc, ndtr

LEVELS = (0.05, 0.16, 0.5, 0.84, 0.95)
LEAST_P = 0.01  # of the chi-squared of the differences, and of what they have in common
MOST_OFF = 0.25  # of the stated error from the scatter, relative
LEAST_EFFECTIVE = 10  # points: fewer know neither ln Z nor its error; shown, but held against none
AGAINST = ("bridge", "long", "plain", "dynesty")
CONTROL = "kept"
Pair = tuple[records.Record, records.Record]


def tables(found: Sequence[records.Record]) -> tuple[str, bool]:
    """All tables in Markdown, and whether what is there is as it should be."""
    runs = {name: [r for r in found if r["run"] == name and r["converged"]] for name in _names()}
    failed = [r for r in found if not r["converged"]]
    parts, good = [evidence_table(runs)], not failed
    text, agrees = chi_squared_table(runs)
    posteriors = [*runs["long"], *runs["bridge"]]
    parts += [text, posterior_table(pairs(runs["product"], posteriors))]
    scatter, fits = scatter_table(runs["scatter"])
    parts += [scatter, average_table(pairs(runs["scatter"], posteriors))]
    parts += ["\n".join(f"- **{_where(r)}: {r['reason']}**" for r in failed)]
    return "\n\n".join(part for part in parts if part), good and agrees and fits


def _names() -> tuple[str, ...]:
    return ("product", *AGAINST, CONTROL, "scatter")


def _where(record: records.Record) -> str:
    return f"{record['run']} {record['curve']} {record['model']}"


def pairs(some: Sequence[records.Record], others: Sequence[records.Record]) -> list[Pair]:
    """Runs of the same fit (digest), each with the last of the others."""
    by_digest = {one["digest"]: one for one in others}
    return [(one, by_digest[one["digest"]]) for one in some if one["digest"] in by_digest]


def telling(some: Sequence[records.Record]) -> list[records.Record]:
    """Runs with enough effective points to be held against."""
    return [one for one in some if one["ess"] >= LEAST_EFFECTIVE]


def pull(one: records.Record, other: records.Record) -> float:
    """Difference of ln Z in units of both errors."""
    error = math.hypot(one["log_z_err"], other["log_z_err"])
    return float((one["log_z"] - other["log_z"]) / error)


def chi_squared(pulls: Sequence[float]) -> tuple[float, float]:
    """Sum of squares and the probability of a larger one."""
    total = float(np.sum(np.square(pulls)))
    return total, float(chdtrc(len(pulls), total))


def common(pulls: Sequence[float]) -> tuple[float, float]:
    """Sum over its error, and the probability of one as far from zero: what all have in common."""
    total = float(np.sum(pulls) / math.sqrt(len(pulls)))
    return total, float(2 * ndtr(-abs(total)))


def _tail(some: Sequence[records.Record]) -> str:
    """Median Pareto k; weights that are much alike have none."""
    known = [-math.inf if one["tail"] is None else one["tail"] for one in some]
    middle = sorted(known)[len(known) // 2]
    return f"{middle:.2f}" if math.isfinite(middle) else "none"


def evidence_table(runs: Mapping[str, Sequence[records.Record]]) -> str:
    """One line for each product's fit: ln Z of each run, and how far it is from the first."""
    lines = []
    against = [name for name in AGAINST if runs[name]]
    for one in runs["product"]:
        matched = {name: pairs([one], runs[name]) for name in against}
        cells = [f"{one['curve']}, {one['points']}", one["model"], log_z_text(one)]
        cells += [log_z_text(found[0][1]) if found else "" for found in matched.values()]
        others = telling([found[0][1] for found in matched.values() if found])
        other = others[0] if others else None
        off = one["log_z"] - other["log_z"] if other else 0.0
        cells += [f"{off:+.3f}", f"{pull(one, other):+.1f}"] if other else ["", ""]
        cells += [one["method"], _tail([one]), f"{one['seconds']:.1f}"]
        lines.append(cells)
    header = ["light curve, points", "model", "ln Z", *against, "difference", "in errors"]
    return records.markdown([*header, "method", "Pareto k", "s"], lines) if lines else ""


def log_z_text(record: records.Record) -> str:
    """The evidence and its error; in brackets where too few points are effective."""
    text = f"{record['log_z']:.3f} ± {record['log_z_err']:.3f}"
    return text if telling([record]) else f"({text})"


def chi_squared_table(runs: Mapping[str, Sequence[records.Record]]) -> tuple[str, bool]:
    """Agreement for each model and all of them, with controls that must disagree."""
    lines, good = [], True
    comparisons = [("product", name) for name in AGAINST] + [(CONTROL, "long")]
    for one, other in comparisons:
        both = pairs(runs[one], telling(runs[other]))
        for name in [*sorted({a["model"] for a, _ in both}), "all"] if both else []:
            some = [(a, b) for a, b in both if name in ("all", a["model"])]
            cells, agree = agreement([pull(a, b) for a, b in some])
            good = good and (name != "all" or agree == (one != CONTROL))
            mean = np.mean([a["log_z"] - b["log_z"] for a, b in some])
            lines.append([f"{one} - {other}", name, str(len(some)), f"{mean:+.3f}", *cells])
        if both and one == "product":
            cells, agree = agreement([2 * pull(a, b) for a, b in both])
            good = good and not agree
            lines.append([f"{one} - {other}, errors halved", "all", str(len(both)), "", *cells])
    header = ["runs", "model", "fits", "mean difference", "chi²", "p", "common, in its error", "p"]
    return (records.markdown([*header, ""], lines) if lines else ""), good


def agreement(pulls: Sequence[float]) -> tuple[list[str], bool]:
    """Both tests of some pulls, and whether they pass."""
    (total, p), (shift, q) = chi_squared(pulls), common(pulls)
    agree = min(p, q) >= LEAST_P
    said = "agree" if agree else "disagree"
    return [f"{total:.1f}", f"{p:.2g}", f"{shift:+.1f}", f"{q:.2g}", said], agree


def posterior_shifts(one: records.Record, other: records.Record) -> dict[str, tuple[float, float]]:
    """For each parameter the difference of medians in the other's sd, and the ratio of widths."""
    found = {}
    for key, mine in one["quantiles"].items():
        theirs = other["quantiles"][key]
        shift = (mine[2] - theirs[2]) / other["sd"][key]
        found[key] = shift, (mine[-1] - mine[0]) / (theirs[-1] - theirs[0])
    return found


def posterior_table(both: Sequence[Pair]) -> str:
    """For each model and parameter the rms and the largest of both."""
    lines = []
    for model in sorted({one["model"] for one, _ in both}):
        found = [(a["curve"], posterior_shifts(a, b)) for a, b in both if a["model"] == model]
        for key in found[0][1]:
            shift = {curve: one[key][0] for curve, one in found}
            width = {curve: one[key][1] for curve, one in found}
            worst = max(shift, key=lambda curve: abs(shift[curve]))
            apart = max(width, key=lambda curve: abs(math.log(width[curve])))
            cells = [model, key, str(len(found)), f"{_rms(list(shift.values())):.3f}"]
            cells += [f"{shift[worst]:+.3f} ({worst})", f"{np.mean(list(width.values())):.3f}"]
            lines.append([*cells, f"{width[apart]:.3f} ({apart})"])
    header = ["model", "parameter", "fits", "median off by, rms sd", "most"]
    return records.markdown([*header, "width, mean ratio", "farthest"], lines) if lines else ""


def average_table(both: Sequence[Pair]) -> str:
    """How far the posteriors of many seeds are from the long run's in the mean."""
    lines = []
    for curve, model in sorted({(a["curve"], a["model"]) for a, _ in both}):
        found = [
            posterior_shifts(a, b) for a, b in both if (a["curve"], a["model"]) == (curve, model)
        ]
        mean = {key: np.mean([one[key] for one in found], axis=0) for key in found[0]}
        worst = max(mean, key=lambda key: abs(mean[key][0]))
        apart = max(mean, key=lambda key: abs(math.log(mean[key][1])))
        cells = [curve, model, str(len(found)), f"{mean[worst][0]:+.3f} ({worst})"]
        lines.append([*cells, f"{mean[apart][1]:.3f} ({apart})"])
    header = ["light curve", "model", "seeds", "median off by, sd, at most", "width, ratio"]
    return records.markdown(header, lines) if lines else ""


def _rms(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def scatter_table(found: Sequence[records.Record]) -> tuple[str, bool]:
    """Scatter of ln Z over seeds beside the stated error, for each model and systematic error."""
    lines, good = [], True
    fits = {(one["curve"], one["model"], one["sys_error"]): one["digest"] for one in found}
    for (curve, model, sys_error), digest in sorted(fits.items()):
        some = [one for one in found if one["digest"] == digest]
        if len(some) < 2:
            continue
        scatter = float(np.std([r["log_z"] for r in some], ddof=1))
        stated = float(np.median([r["log_z_err"] for r in some]))
        ratio, error = scatter / stated, scatter / stated / math.sqrt(2 * (len(some) - 1))
        within = abs(ratio - 1) <= MOST_OFF
        good = good and within
        cells = [curve, f"{model}, {sys_error:g} mag", str(len(some))]
        cells += [f"{np.mean([r['log_z'] for r in some]):.3f}", f"{scatter:.4f}", f"{stated:.4f}"]
        pulls = [(r["log_z"] - np.mean([s["log_z"] for s in some])) / r["log_z_err"] for r in some]
        cells += [f"{ratio:.2f} ± {error:.2f}", f"{_rms(pulls):.2f}"]
        cells += [f"{np.median([r['ess'] for r in some]):.0f}"]
        cells += [_tail(some)]
        lines.append([*cells, "within 25 %" if within else "off"])
    header = ["light curve", "model", "seeds", "mean ln Z", "scatter", "stated", "ratio"]
    return (
        records.markdown([*header, "pulls, rms", "ESS", "Pareto k", ""], lines) if lines else ""
    ), good
