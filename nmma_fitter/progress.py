"""What a person sees in the terminal: progress, tables, the end. Plain lines where it is a log."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmma_fitter.engine.files import folder_name, read_json
from nmma_fitter.engine.night import standing

if TYPE_CHECKING:
    from nmma_fitter.poller.rehearsal import Plan
    from nmma_fitter.poller.tick import TickReport

log = logging.getLogger(__name__)


class Display:
    """Progress of a night: a live view on a terminal, a line per change elsewhere.

    Parameters
    ----------
    changes_only : bool
        Say nothing of what had ended before the first tick shown: for a poller that takes over.
    """

    def __init__(self, *, changes_only: bool = False) -> None:
        self._changes_only = changes_only
        self._seen: dict[tuple[str, str], str] = {}
        self._live: Any = None
        self._began = time.monotonic()

    def __enter__(self) -> Display:
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(auto_refresh=False, transient=True)
            self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.__exit__(None, None, None)

    def show(self, report: TickReport) -> None:
        """Show a tick's report."""
        for note in report.notes:
            self._line(note)
        for need in report.needs:
            state = need.state.value if need.state.ended else ""
            key = (need.object, need.task)
            if state and self._seen.get(key) != state:
                self._seen[key] = state
                if self._changes_only and need.digest and need.digest not in report.ended:
                    continue
                if not (report.unchanged and standing(need) == "unchanged"):
                    self._line(_ended_line(need))
        self._summary(report)

    def _line(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            log.info("%s", text)

    def _summary(self, report: TickReport) -> None:
        counts = Counter(need.state.value for need in report.needs)
        ended = sum(need.state.ended for need in report.needs)
        text = ", ".join(f"{number} {state}" for state, number in counts.items()) or "nothing"
        line = f"{report.night}: {ended}/{len(report.needs)} ended ({text})"
        if self._live is None:
            if self._seen.get(("", "")) != line:
                self._seen["", ""] = line
                log.info("%s", line)
            return
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        view = Table.grid()
        waited = time.monotonic() - self._began
        view.add_row(Text(f"{line}, {waited:.0f} s"))
        total = max(1, len(report.needs))
        view.add_row(ProgressBar(total=total, completed=ended, width=60))
        for key, beat in report.running.items():
            view.add_row(Text("  " + _running_line(key, beat)))
        self._live.update(view, refresh=True)


def _ended_line(need: Any) -> str:
    why = f" ({need.reason}: {need.detail})" if need.reason else ""
    took = f" in {need.seconds:.0f} s" if need.seconds is not None else ""
    return f"{need.object} {need.task}: {need.state.value}{took}{why}"


def _running_line(key: tuple[str, str], beat: dict[str, Any]) -> str:
    if not beat:
        return f"{key[0]} {key[1]}: starting"
    log_z = beat.get("log_z")
    shown = "" if log_z is None else f", ln Z {log_z:.1f}"
    return f"{key[0]} {key[1]}: {beat.get('evaluations', 0)} evaluations, {beat['phase']}{shown}"


class Bar:
    """Progress of one fit on a terminal; nothing elsewhere, where the log has its lines."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._status: Any = None
        self._shown = 0.0

    def __enter__(self) -> Bar:
        if sys.stdout.isatty():
            from rich.console import Console
            from rich.markup import escape

            self._label = escape(self._label)
            self._status = Console().status(f"{self._label}: starting")
            self._status.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._status is not None:
            self._status.__exit__(None, None, None)

    def show(self, progress: Any) -> None:
        """Show where the sampler stands."""
        if self._status is None or time.monotonic() - self._shown < 0.2:
            return
        self._shown = time.monotonic()
        self._status.update(f"{self._label}: {progress}")


def print_end(report: TickReport, folder: Path) -> bool:
    """Print the ranked models of each object and where the pictures are; True if one failed."""
    from nmma_fitter.inference.ranking import as_table, from_json

    names = list(dict.fromkeys(need.object for need in report.needs))
    for name in names:
        path = folder / folder_name(name) / "ranking.json"
        value = read_json(path)
        print()
        if value is None:
            mine = [need for need in report.needs if need.object == name]
            print("\n".join(_ended_line(need) for need in mine))
        elif "refused" in value:
            print(f"{name}: {value['refused']}")
        else:
            print(as_table(from_json(json.dumps(value))))
            if "unchanged_since" in value:
                print(f"light curve unchanged since {value['unchanged_since']}")
            print(f"pictures: {path.parent}")
    counts = Counter(standing(need) for need in report.needs)
    print(f"\n{report.night}: " + ", ".join(f"{n} {state}" for state, n in counts.items()))
    if report.waiting:
        print("\n".join([*report.waiting, "what waits is tried again by the ticks to come"]))
    if report.new == 0 and report.finished:
        print("nothing was started: every light curve is as it was (--force fits again)")
    return any(need.state.value == "failed" for need in report.needs)


def print_counts(reports: Sequence[TickReport]) -> int:
    """Print how each night stands; returns the exit status, 1 when something failed."""
    for report in reports:
        counts = Counter(standing(need) for need in report.needs)
        print(f"{report.night}: " + (", ".join(f"{n} {s}" for s, n in counts.items()) or "nothing"))
    return int(any(need.state.value == "failed" for one in reports for need in one.needs))


def print_plan(plan: Plan) -> None:
    """Print what a tick would do for each candidate and model, and why; then each submit."""
    widths = [max((len(row[i]) for row in plan.rows), default=0) for i in (0, 1)]
    for row in plan.rows:
        print(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}")
    for line in (*plan.batches, *plan.notes):
        print(line)
    for post in plan.posts:
        print(f"Slack would be told of {post['object']}:")
        print(json.dumps(post["blocks"], indent=1))
    refused = f", {plan.refused} refused" if plan.refused else ""
    print(f"{plan.night}: {plan.starts} fits would be started{refused}; nothing was changed")
