"""What the fits of `calibrate.py` say: ranks that may be uniform, a table, and a figure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import records
from scipy.stats import kstest

LEVEL = 0.01  # of all tests of one file together (Holm 1979, Scand. J. Stat. 6, 65)
NARROW = 0.5  # posterior width over prior width below which the data say much
LOG_L = "log likelihood"


@dataclass(frozen=True)
class Verdict:
    """What the fits of one file say."""

    name: str
    identity: records.Record
    draws: int
    seen: int
    converged: int
    seconds: float
    p_values: dict[str, float]
    narrow: list[str]
    failed: list[str]

    @property
    def uniform(self) -> bool:
        """Whether every rank may be uniform."""
        return not self.failed

    @property
    def as_expected(self) -> bool:
        """All converged, uniform and narrow; or, of a control, found out."""
        if self.identity["control"]:
            return not self.uniform
        narrow = len(self.narrow) >= 2 or self.identity["sys_error"] > 0.5
        return self.uniform and self.converged == self.draws and narrow


def verdict(path: Path) -> Verdict:
    """Sum up one file."""
    found = records.read(path)
    fitted = [one for one in found if one["converged"]]
    keys = list(fitted[0]["rank"])
    p = {k: float(kstest([one["rank"][k] for one in fitted], "uniform").pvalue) for k in keys}
    ratio = {
        k: float(np.median([one["width_ratio"][k] for one in fitted])) for k in keys if k != LOG_L
    }
    return Verdict(
        name=path.stem,
        identity=found[0]["identity"],
        draws=len(found),
        seen=sum(one["detections"] >= 2 for one in found),
        converged=len(fitted),
        seconds=float(np.median([one["seconds"] for one in found])),
        p_values=p,
        narrow=[k for k, r in ratio.items() if r < NARROW],
        failed=holm(p, LEVEL),
    )


def holm(p_values: dict[str, float], level: float) -> list[str]:
    """Those that are refused at a level for all together."""
    failed: list[str] = []
    for number, (key, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if p > level / (len(p_values) - number):
            break
        failed.append(key)
    return failed


def summary(folder: Path) -> tuple[str, bool]:
    """Table in Markdown, and whether all is as it should be."""
    found = [verdict(path) for path in sorted(folder.glob("calibrate_*.jsonl"))]
    rows = []
    for one in found:
        who = one.identity
        least = min(one.p_values.items(), key=lambda item: item[1])
        rows.append(
            [
                f"{who['model']}, {who['sys_error']:g} mag, seed {who['seed']}",
                who["control"] or "",
                f"{one.draws} ({one.seen} seen)",
                f"{one.converged}",
                f"{least[1]:.2g} ({least[0]})",
                ", ".join(one.failed) or "uniform",
                ", ".join(one.narrow) or "none",
                f"{one.seconds:.1f}",
                "" if one.as_expected else "**not as expected**",
            ]
        )
    header = ["fits", "control", "draws", "converged", "least p of", "refused", "narrow", "s", ""]
    good = bool(found) and all(one.as_expected for one in found)
    return records.markdown(header, rows) if rows else f"{folder}: nothing there", good


def figure(folder: Path, path: Path) -> None:
    """Draw how far each parameter's ranks are from uniform, one panel per file."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    files = sorted(folder.glob("calibrate_*.jsonl"))
    columns = min(4, len(files))
    lines = -(-len(files) // columns)
    fig, axes = plt.subplots(
        lines, columns, figsize=(3.4 * columns, 2.6 * lines), squeeze=False, sharex=True
    )
    for axis, file in zip(axes.flat, files, strict=False):
        _panel(axis, records.read(file))
    for axis in axes.flat[len(files) :]:
        axis.set_visible(False)
    fig.supxlabel("rank of the truth in the posterior")
    fig.supylabel("share of draws below − rank")
    fig.tight_layout()
    fig.savefig(path, dpi=130)


def _panel(axis: Any, found: list[records.Record]) -> None:
    who, fitted = found[0]["identity"], [one for one in found if one["converged"]]
    n = len(fitted)
    grid = (np.arange(n) + 1) / n
    axis.axhspan(-1.63 / np.sqrt(n), 1.63 / np.sqrt(n), color="0.9")  # Kolmogorov's 1 %
    for key in fitted[0]["rank"]:
        ranks = np.sort([one["rank"][key] for one in fitted])
        style = {"color": "black", "lw": 1.4} if key == LOG_L else {"lw": 0.9}
        axis.step(ranks, grid - ranks, where="post", label=key, **style)
    title = f"{who['model']}, {who['sys_error']:g} mag, seed {who['seed']}"
    axis.set_title(f"{title}\n{who['control']}".strip(), fontsize=8)
    axis.legend(fontsize=5, ncols=2, frameon=False)
    axis.tick_params(labelsize=7)
