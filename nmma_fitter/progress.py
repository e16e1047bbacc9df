"""What a person sees in the terminal: progress, tables, the end. Plain lines where it is a log."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmma_fitter.durations import in_words
from nmma_fitter.engine.files import folder_name, read_json
from nmma_fitter.engine.night import standing
from nmma_fitter.plain import counted, one_line
from nmma_fitter.run_progress import Progress, Steady, TimeLeft, read_heartbeat
from nmma_fitter.terminal import LiveLines, Showing, bar, can_redraw

if TYPE_CHECKING:
    from nmma_fitter.engine.ledger import NeedRow
    from nmma_fitter.poller.rehearsal import Plan
    from nmma_fitter.poller.tick import TickReport

log = logging.getLogger(__name__)

REDRAW_SECONDS = 0.3  # of the bar of a fit by hand


class Display:
    """Progress of a night: a live view on a terminal, a line per change elsewhere.

    Used as a context. Whatever goes wrong here ends nothing but the view.

    Parameters
    ----------
    changes_only : bool
        Say nothing of what had ended before the first tick shown: for a poller that takes over.
    """

    def __init__(self, *, changes_only: bool = False) -> None:
        self._changes_only = changes_only
        self._seen: dict[tuple[str, str], str] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._live: LiveLines | None = None
        self._left = Steady()
        self._began = time.monotonic()
        self._showing = Showing("the jobs go on, and so does this command")

    def __enter__(self) -> Display:
        if can_redraw(sys.stdout):
            self._live = LiveLines(sys.stdout)
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._showing.safely(self._live.close)

    def show(self, report: TickReport) -> None:
        """Show a tick's report."""
        self._showing.safely(lambda: self._show(report))

    def _show(self, report: TickReport) -> None:
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
            print(one_line(text))
        else:
            log.info("%s", text)

    def _summary(self, report: TickReport) -> None:
        counts = Counter(need.state.value for need in report.needs)
        ended = sum(need.state.ended for need in report.needs)
        text = ", ".join(f"{number} {state}" for state, number in counts.items()) or "nothing"
        line = f"{one_line(report.night)}: {ended}/{len(report.needs)} ended ({text})"
        if self._live is None:
            if self._seen.get(("", "")) != line:
                self._seen["", ""] = line
                log.info("%s", line)
            return
        beats = {key: read_heartbeat(beat) for key, beat in report.running.items()}
        at = time.monotonic()
        self._since = {key: self._since.get(key, at) for key in beats}
        running = {
            key: Running(at - self._since[key], beat[1] if beat else None)
            for key, beat in beats.items()
        }
        now = Progress(ended, len(report.needs), f"{in_words(at - self._began)} so far")
        said = now.in_words(self._left(time_left(report.needs, running), at))
        lines = [line, f"{bar(now.share or 0.0, sys.stdout)} {said}"]
        lines += [f"  {name} {task}: {_how_far(beat)}" for (name, task), beat in beats.items()]
        self._live.draw(lines)


@dataclass(frozen=True)
class Running:
    """What is known of a fit that runs: seconds since it was seen to, and left by its own word."""

    seconds: float
    left: float | None


def time_left(needs: Sequence[NeedRow], running: Mapping[tuple[str, str], Running]) -> float | None:
    """Seconds until a night has ended, at the pace so far; None where that cannot be told.

    It can once a fit of each model that is still to come has ended, while some run, and as long as
    an earlier fit of the model took longer than each has by now: only those are its like. It is
    never less than what one of them says of itself.
    """
    took: dict[str, list[float]] = {}
    for need in needs:
        if need.seconds is not None and need.state.value == "done":
            took.setdefault(need.task, []).append(need.seconds)
    work, longest = 0.0, 0.0
    for need in needs:
        if need.state.ended:
            continue
        now = running.get((need.object, need.task), Running(0.0, None))
        left = now.left
        if left is None:
            alike = [one for one in took.get(need.task, ()) if one > now.seconds]
            if not alike:
                return None
            left = sum(alike) / len(alike) - now.seconds
        work, longest = work + left, max(longest, left)
    return max(work / len(running), longest) if running and work else None


def _ended_line(need: Any) -> str:
    why = f" ({need.reason}: {need.detail})" if need.reason else ""
    took = f" in {need.seconds:.0f} s" if need.seconds is not None else ""
    return one_line(f"{need.object} {need.task}: {need.state.value}{took}{why}")


def _how_far(beat: tuple[Progress, float | None] | None) -> str:
    return beat[0].in_words(beat[1]) if beat else "starting"


class Bar:
    """Progress of one fit on a terminal; nothing elsewhere, where the log has its lines.

    It is drawn again and again by a thread, so that a fit that compiles or reads shows life too.

    Parameters
    ----------
    label : str
        What is fitted.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._now = Progress(0.0, None, "starting")
        self._seconds_left: float | None = None
        self._estimate = TimeLeft()
        self._began = time.monotonic()
        self._live: LiveLines | None = None
        self._showing = Showing("the fit goes on")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._redraw, name="bar", daemon=True)

    def __enter__(self) -> Bar:
        if can_redraw(sys.stdout):
            self._live = LiveLines(sys.stdout)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._over.set()
            self._thread.join()
            self._showing.safely(self._live.close)

    def show(self, progress: Progress) -> None:
        """Show where the fit stands; a stage that begins is drawn at once, however short it is."""
        begins = (progress.total is None) != (self._now.total is None)
        self._now, self._seconds_left = progress, self._estimate(progress)
        if begins and self._live is not None:
            self._showing.safely(self._draw)

    def _redraw(self) -> None:
        while self._showing.safely(self._draw) and not self._over.wait(REDRAW_SECONDS):
            pass

    def _draw(self) -> None:
        assert self._live is not None
        now, waited = self._now, in_words(time.monotonic() - self._began)
        lines = [f"{self._label}: {waited}, {now.text}"]
        if now.share is not None:
            said = replace(now, text="").in_words(self._seconds_left).removesuffix(", ")
            lines.append(f"{bar(now.share, sys.stdout)} {said}")
        self._live.draw(lines)


def print_end(report: TickReport, folder: Path) -> None:
    """Print the ranked models of each object and where the pictures are."""
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
            print(one_line(f"{name}: {value['refused']}"))
        else:
            print(as_table(from_json(json.dumps(value))))
            if "unchanged_since" in value:
                print(one_line(f"light curve unchanged since {value['unchanged_since']}"))
            if value.get("ranked"):
                print(one_line(f"pictures: {path.parent}"))
    counts = Counter(standing(need) for need in report.needs)
    print(
        f"\n{one_line(report.night)}: "
        + (", ".join(f"{n} {state}" for state, n in counts.items()) or "nothing")
    )
    if report.waiting:
        print("\n".join(map(one_line, report.waiting)))
        print("what waits is tried again by the ticks to come")
    if not report.needs:
        print("nothing to fit: the night's folder has no light curve (see nmma-fitter formats)")
    elif skipped := all_skipped(report.needs):
        print(one_line(skipped))
    elif report.new == 0 and report.finished and any(need.digest for need in report.needs):
        print("nothing was started: no light curve has changed (--force fits again)")


def all_skipped(needs: Sequence[NeedRow]) -> str:
    """What to say where no fit of a night could be made; empty where one could."""
    if not needs or any(need.state.value != "skipped" for need in needs):
        return ""
    why = Counter((need.reason or "", need.detail) for need in needs)
    (reason, detail), _ = why.most_common(1)[0]
    most = "most " if len(why) > 1 else ""
    return f"nothing was fitted: {counted(len(needs), 'fit')} skipped, {most}as {reason}: {detail}"


def print_counts(reports: Sequence[TickReport]) -> int:
    """Print how each night stands; returns the exit status, 1 when something failed."""
    for report in reports:
        counts = Counter(standing(need) for need in report.needs)
        night = one_line(report.night)
        print(f"{night}: " + (", ".join(f"{n} {s}" for s, n in counts.items()) or "nothing"))
        if skipped := all_skipped(report.needs):
            print(one_line(skipped))
    return int(any(need.state.value == "failed" for one in reports for need in one.needs))


def print_plan(plan: Plan) -> None:
    """Print what a tick would do for each candidate and model, and why; then each submit."""
    widths = [max((len(row[i]) for row in plan.rows), default=0) for i in (0, 1)]
    for row in (tuple(map(one_line, row)) for row in plan.rows):
        print(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}")
    for line in (*plan.batches, *plan.notes):
        print(one_line(line))
    for post in plan.posts:
        print(f"Slack would be told of {post['object']}:")
        print(json.dumps(post["blocks"], indent=1))
    refused = f", {plan.refused} refused" if plan.refused else ""
    starts = f"{counted(plan.starts, 'fit')} would be started{refused}"
    print(f"{one_line(plan.night)}: {starts}; nothing was changed")
